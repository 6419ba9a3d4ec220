"""What AWS refuses and the engine lets pass: names and things in use, and unusable keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from pcistack.regions import partition_of
from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded._engine import Untyped
from pcistack.rehearsal.embedded.api import Answer, call
from pcistack.rehearsal.embedded.registry import Values

# Refuses by raising.
DeleteGuard = Callable[[str], None]


def install() -> None:
    """Put a guard before the engine's own types."""
    handlers = _engine.resource_handlers()
    for name, guard in _DELETE_GUARDS.items():
        handlers[name]["delete"] = _guarded_delete(handlers[name]["delete"], guard)
    group = handlers["AWS::Logs::LogGroup"]
    group["create"] = _guarded_create(group["create"])
    _engine.module("services.alb")._ACTION_MAP["DeleteLoadBalancer"] = _delete_load_balancer


def _guarded_delete(delete: Untyped, guard: DeleteGuard) -> Untyped:
    def run(physical_id: str, *rest: Untyped) -> None:
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


# --- Keys of log groups ---------------------------------------------------------------------------


def _guarded_create(create: Untyped) -> Untyped:
    def run(logical_id: str, values: Values, stack: str) -> Untyped:
        key, name = values.get("KmsKeyId"), values.get("LogGroupName")
        if key is not None:
            _require_log_key(str(key), f"{stack}-{logical_id}-x" if name is None else str(name))
        if name is not None:
            _require_free(str(name))
        return create(logical_id, values, stack)

    return run


def _require_free(name: str) -> None:
    """Refuse the name of a log group that is there already, in the words of CloudFormation.

    Raises:
        ValueError: It is.
    """
    groups = call("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    if any(group["logGroupName"] == name for group in groups):
        raise ValueError(
            f"Resource of type 'AWS::Logs::LogGroup' with identifier '{name}' already exists. "
            "(HandlerErrorCode: AlreadyExists)"
        )


def _require_log_key(key: str, name: str) -> None:
    """Refuse a key whose policy does not let CloudWatch Logs encrypt this group.

    Raises:
        ValueError: No statement of the policy does, in the words of CloudWatch Logs.
    """
    arn = f"arn:aws:logs:{_engine.region()}:{_engine.account_id()}:log-group:{name}"
    policy = json.loads(call("kms", "get_key_policy", KeyId=key, PolicyName="default")["Policy"])
    region = _engine.region()
    service = f"logs.{region}.{partition_of(region)[1]}"
    if not any(_lets(statement, service, arn) for statement in policy["Statement"]):
        raise ValueError(
            "The specified KMS key does not exist or is not allowed to be used with Arn "
            f"'{arn}' (Service: CloudWatchLogs, Error code: InvalidParameterException)"
        )


def _lets(statement: Mapping[str, Any], service: str, arn: str) -> bool:
    principal = statement.get("Principal", {})
    services = principal.get("Service", []) if isinstance(principal, Mapping) else []
    named = [services] if isinstance(services, str) else services
    if statement["Effect"] != "Allow" or not {service, "logs.amazonaws.com"} & set(named):
        return False
    patterns = [
        pattern
        for conditions in statement.get("Condition", {}).values()
        for key, value in conditions.items()
        if key == "kms:EncryptionContext:aws:logs:arn"
        for pattern in ([value] if isinstance(value, str) else value)
    ]
    return not patterns or any(fnmatchcase(arn, pattern) for pattern in patterns)
