"""What is in use or protected is not deleted; the engine deletes it.

What a template alone decides is a rule of the pack `deployment`; what is here needs state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded._engine import Untyped
from pcistack.rehearsal.embedded.api import Answer, NotFoundError, call

# Refuses by raising.
DeleteGuard = Callable[[str], None]


def install() -> None:
    """Put a guard before the engine's own types."""
    handlers = _engine.resource_handlers()
    for name, guard in _DELETE_GUARDS.items():
        handlers[name]["delete"] = _guarded_delete(handlers[name]["delete"], guard)
    _engine.module("services.alb")._ACTION_MAP["DeleteLoadBalancer"] = _delete_load_balancer


def _guarded_delete(delete: Untyped, guard: DeleteGuard) -> Untyped:
    def run(physical_id: str, *rest: Untyped) -> None:
        with suppress(NotFoundError):  # what is gone already counts as deleted
            guard(physical_id)
        delete(physical_id, *rest)

    return run


def _in_use(what: str, users: list[str], code: str) -> None:
    if users:
        raise ValueError(f"{what} is in use by {', '.join(sorted(users))} (Error code: {code})")


# --- Network --------------------------------------------------------------------------------------


def _services() -> Iterator[tuple[str, Answer]]:
    for cluster in call("ecs", "list_clusters")["clusterArns"]:
        names = call("ecs", "list_services", cluster=cluster)["serviceArns"]
        if names:
            found = call("ecs", "describe_services", cluster=cluster, services=names)["services"]
            for service in found:
                network = service.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
                if service["status"] == "ACTIVE":
                    yield service["serviceName"], network


def _security_group(identifier: str) -> None:
    users = [
        cluster["DBClusterIdentifier"]
        for cluster in call("rds", "describe_db_clusters")["DBClusters"]
        if any(g["VpcSecurityGroupId"] == identifier for g in cluster["VpcSecurityGroups"])
    ]
    users += [name for name, network in _services() if identifier in network["securityGroups"]]
    users += [
        balancer["LoadBalancerName"]
        for balancer in call("elbv2", "describe_load_balancers")["LoadBalancers"]
        if identifier in balancer.get("SecurityGroups", [])
    ]
    users += [
        endpoint["VpcEndpointId"]
        for endpoint in call("ec2", "describe_vpc_endpoints")["VpcEndpoints"]
        if any(group["GroupId"] == identifier for group in endpoint.get("Groups", []))
    ]
    users += [
        group["GroupId"]
        for group in call("ec2", "describe_security_groups")["SecurityGroups"]
        for rule in [*group["IpPermissions"], *group["IpPermissionsEgress"]]
        if group["GroupId"] != identifier
        and any(pair.get("GroupId") == identifier for pair in rule.get("UserIdGroupPairs", []))
    ]
    _in_use(f"The security group {identifier}", users, "DependencyViolation")


def _subnet(identifier: str) -> None:
    users = [
        gateway["NatGatewayId"]
        for gateway in call("ec2", "describe_nat_gateways")["NatGateways"]
        if gateway["SubnetId"] == identifier and gateway["State"] != "deleted"
    ]
    users += [name for name, network in _services() if identifier in network["subnets"]]
    users += [
        group["DBSubnetGroupName"]
        for group in call("rds", "describe_db_subnet_groups")["DBSubnetGroups"]
        if any(subnet["SubnetIdentifier"] == identifier for subnet in group["Subnets"])
    ]
    users += [
        balancer["LoadBalancerName"]
        for balancer in call("elbv2", "describe_load_balancers")["LoadBalancers"]
        if any(zone["SubnetId"] == identifier for zone in balancer["AvailabilityZones"])
    ]
    _in_use(f"The subnet {identifier}", users, "DependencyViolation")


def _vpc(identifier: str) -> None:
    scope = [{"Name": "vpc-id", "Values": [identifier]}]
    users = [item["SubnetId"] for item in call("ec2", "describe_subnets", Filters=scope)["Subnets"]]
    groups = call("ec2", "describe_security_groups", Filters=scope)["SecurityGroups"]
    users += [group["GroupId"] for group in groups if group["GroupName"] != "default"]
    attached = [{"Name": "attachment.vpc-id", "Values": [identifier]}]
    gateways = call("ec2", "describe_internet_gateways", Filters=attached)["InternetGateways"]
    users += [gateway["InternetGatewayId"] for gateway in gateways]
    _in_use(f"The vpc {identifier}", users, "DependencyViolation")


# --- Services -------------------------------------------------------------------------------------


def _subnet_group(name: str) -> None:
    users = [
        cluster["DBClusterIdentifier"]
        for cluster in call("rds", "describe_db_clusters")["DBClusters"]
        if cluster["DBSubnetGroup"].lower() == name.lower()
    ]
    _in_use(f"The DB subnet group {name}", users, "InvalidDBSubnetGroupStateFault")


def _parameter_group(name: str) -> None:
    users = [
        cluster["DBClusterIdentifier"]
        for cluster in call("rds", "describe_db_clusters")["DBClusters"]
        if cluster["DBClusterParameterGroup"] == name
    ]
    _in_use(f"The DB cluster parameter group {name}", users, "InvalidDBParameterGroupState")


def _cluster(name: str) -> None:
    services = call("ecs", "list_services", cluster=name)["serviceArns"]
    users = [arn.rsplit("/", 1)[-1] for arn in services]
    _in_use(f"The cluster {name}", users, "ClusterContainsServicesException")


def _target_group(arn: str) -> None:
    groups = call("elbv2", "describe_target_groups", TargetGroupArns=[arn])["TargetGroups"]
    users = [user for group in groups for user in group.get("LoadBalancerArns", [])]
    listeners = [
        listener["ListenerArn"]
        for user in users
        for listener in call("elbv2", "describe_listeners", LoadBalancerArn=user)["Listeners"]
        if any(action.get("TargetGroupArn") == arn for action in listener["DefaultActions"])
    ]
    _in_use(f"The target group {arn}", listeners, "ResourceInUse")


def _web_acl(identifier: str) -> None:
    acls = call("wafv2", "list_web_acls", Scope="REGIONAL")["WebACLs"]
    for acl in acls:
        if acl["Id"] in identifier or acl["ARN"] == identifier:
            used = call(
                "wafv2",
                "list_resources_for_web_acl",
                WebACLArn=acl["ARN"],
                ResourceType="APPLICATION_LOAD_BALANCER",
            )["ResourceArns"]
            _in_use(f"The web ACL {acl['Name']}", used, "WAFAssociatedItemException")


def _load_balancer(arn: str) -> None:
    answer = call("elbv2", "describe_load_balancer_attributes", LoadBalancerArn=arn)
    values = {item["Key"]: item["Value"] for item in answer["Attributes"]}
    if values.get("deletion_protection.enabled") == "true":
        raise ValueError(
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled "
            "(Error code: OperationNotPermitted)"
        )


def _delete_load_balancer(data: Mapping[str, Any]) -> _engine.Response:
    """Refuse the call for a protected load balancer, which the engine deletes."""
    balancing = _engine.module("services.alb")
    arn = balancing._p(data, "LoadBalancerArn")
    attributes = {item["Key"]: item["Value"] for item in balancing._lb_attrs.get(arn, [])}
    if attributes.get("deletion_protection.enabled") == "true":
        message = f"Load balancer '{arn}' cannot be deleted: deletion protection is enabled"
        refused: _engine.Response = balancing._error("OperationNotPermitted", message)
        return refused
    answer: _engine.Response = balancing._delete_lb(data)
    return answer


_DELETE_GUARDS: Mapping[str, DeleteGuard] = {
    "AWS::EC2::SecurityGroup": _security_group,
    "AWS::EC2::Subnet": _subnet,
    "AWS::EC2::VPC": _vpc,
    "AWS::ECS::Cluster": _cluster,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::ElasticLoadBalancingV2::TargetGroup": _target_group,
    "AWS::RDS::DBClusterParameterGroup": _parameter_group,
    "AWS::RDS::DBSubnetGroup": _subnet_group,
    "AWS::WAFv2::WebACL": _web_acl,
}
