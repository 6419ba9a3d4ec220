"""Asking the AWS APIs whether the deployed stack keeps its promises.

The template only tells which resources to look for; what they are like comes from the services.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from pcistack.checks.findings import counted
from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.embedded.collisions import NAMED
from pcistack.rehearsal.emulator import Emulator
from pcistack.rehearsal.sdk import Client

_PASSWORD_LENGTH = 32
_PUBLIC_PORTS = {80, 443}
_ANYWHERE = {"0.0.0.0/0", "::/0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One promise that was looked into.

    Attributes:
        promise: What should hold.
        problems: One line per resource that breaks it, named first; empty when it holds.
        looked_at: How many resources were asked about.
    """

    promise: str
    problems: tuple[str, ...]
    looked_at: int

    @property
    def passed(self) -> bool:
        """Whether the promise holds."""
        return not self.problems


class Deployed:
    """A deployed stack, seen through the AWS APIs."""

    def __init__(
        self, emulator: Emulator, assembly: Assembly, physical_ids: Mapping[str, str]
    ) -> None:
        """Look at ``assembly`` as it is deployed under ``physical_ids``."""
        self._emulator = emulator
        self.assembly = assembly
        self._physical_ids = physical_ids

    def api(self, service: str) -> Client:
        """Return a client for a service."""
        return self._emulator.client(service, self.assembly.region)

    def of_type(self, *types: str) -> dict[str, str]:
        """Return logical id to physical id for resources of these types."""
        return {
            name: self._physical_ids[name]
            for name in self.assembly.of_type(*types)
            if name in self._physical_ids
        }

    @property
    def physical_ids(self) -> Mapping[str, str]:
        """Logical id to physical id for every resource."""
        return self._physical_ids

    @cached_property
    def clusters(self) -> dict[str, Any]:
        """The database clusters by logical id, as RDS describes them."""
        rds = self.api("rds")
        return {
            name: rds.describe_db_clusters(DBClusterIdentifier=identifier)["DBClusters"][0]
            for name, identifier in self.of_type("AWS::RDS::DBCluster").items()
        }

    @cached_property
    def instances(self) -> dict[str, Any]:
        """The database instances by logical id, as RDS describes them."""
        rds = self.api("rds")
        return {
            name: rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
            for name, identifier in self.of_type("AWS::RDS::DBInstance").items()
        }

    @cached_property
    def security_groups(self) -> dict[str, Any]:
        """Every security group of the stack's VPCs by its id."""
        vpcs = list(self.of_type("AWS::EC2::VPC").values())
        groups = self.api("ec2").describe_security_groups(
            Filters=[{"Name": "vpc-id", "Values": vpcs}]
        )["SecurityGroups"]
        return {group["GroupId"]: group for group in groups}

    def routes_out(self, subnets: list[str]) -> list[str]:
        """Return the subnets that have a default route."""
        tables = self.api("ec2").describe_route_tables()["RouteTables"]
        open_tables = {
            association.get("SubnetId")
            for table in tables
            for association in table["Associations"]
            if any(
                route.get("DestinationCidrBlock") in _ANYWHERE
                or route.get("DestinationIpv6CidrBlock") in _ANYWHERE
                for route in table["Routes"]
            )
        }
        return [subnet for subnet in subnets if subnet in open_tables]


Problems = Iterator[str]
Examine = Callable[[Deployed], tuple[int, list[str]]]


# --- Database -------------------------------------------------------------------------------------


def _serverless_v2(stack: Deployed) -> tuple[int, list[str]]:
    problems: list[str] = []
    for name, cluster in stack.clusters.items():
        capacity = cluster.get("ServerlessV2ScalingConfiguration") or {}
        low, high = capacity.get("MinCapacity"), capacity.get("MaxCapacity")
        if cluster["EngineMode"] != "provisioned":
            problems.append(f"{name}: has the engine mode {cluster['EngineMode']}")
        if low is None or high is None or not 0 <= low <= high:
            problems.append(f"{name}: has no Serverless v2 capacity range, but {capacity}")
    for name, instance in stack.instances.items():
        if instance["DBInstanceClass"] != "db.serverless":
            problems.append(f"{name}: is a {instance['DBInstanceClass']}, not db.serverless")
    return len(stack.clusters) + len(stack.instances), problems


def _instance_name(stack: Deployed) -> tuple[int, list[str]]:
    wanted = f"-instance-{stack.assembly.suffix}"
    names = [instance["DBInstanceIdentifier"] for instance in stack.instances.values()]
    found = ", ".join(names) or "none"
    named = any(name.endswith(wanted) for name in names)
    return len(names), [] if named else [f"*{wanted}: is missing; there is {found}"]


def _private(stack: Deployed) -> tuple[int, list[str]]:
    problems = [
        f"{name}: {instance['DBInstanceIdentifier']} is publicly accessible"
        for name, instance in stack.instances.items()
        if instance["PubliclyAccessible"]
    ]
    rds, ec2 = stack.api("rds"), stack.api("ec2")
    for name, cluster in stack.clusters.items():
        group = rds.describe_db_subnet_groups(DBSubnetGroupName=cluster["DBSubnetGroup"])
        subnets = [item["SubnetIdentifier"] for item in group["DBSubnetGroups"][0]["Subnets"]]
        described = ec2.describe_subnets(SubnetIds=subnets)["Subnets"]
        if len({subnet["AvailabilityZone"] for subnet in described}) < 2:
            problems.append(f"{name}: its subnets lie in one zone")
        problems += [
            f"{name}: its subnet {subnet} has a route to the internet"
            for subnet in stack.routes_out(subnets)
        ]
    return len(stack.clusters) + len(stack.instances), problems


def _encrypted(stack: Deployed) -> tuple[int, list[str]]:
    keys = _own_keys(stack)
    problems: list[str] = []
    for name, cluster in stack.clusters.items():
        if not cluster["StorageEncrypted"]:
            problems.append(f"{name}: its storage is not encrypted")
        elif not _is_own_key(cluster.get("KmsKeyId", ""), keys):
            problems.append(f"{name}: its storage is not encrypted with a key of this stack")
    groups = stack.api("logs")
    for name, group_name in stack.of_type("AWS::Logs::LogGroup").items():
        described = groups.describe_log_groups(logGroupNamePrefix=group_name)["logGroups"]
        group = next(item for item in described if item["logGroupName"] == group_name)
        if not _is_own_key(group.get("kmsKeyId", ""), keys):
            problems.append(f"{name}: {group_name} is not encrypted with a key of this stack")
        if not group.get("retentionInDays"):
            problems.append(f"{name}: {group_name} keeps its events for ever")
    topics = stack.of_type("AWS::SNS::Topic")
    for name, arn in topics.items():
        attributes = stack.api("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
        if not attributes.get("KmsMasterKeyId"):
            problems.append(f"{name}: the topic is not encrypted")
    looked_at = len(stack.clusters) + len(stack.of_type("AWS::Logs::LogGroup")) + len(topics)
    return looked_at, problems


def _own_keys(stack: Deployed) -> set[str]:
    return set(stack.of_type("AWS::KMS::Key").values())


def _is_own_key(arn: str, keys: set[str]) -> bool:
    return arn.rsplit("/", 1)[-1] in {key.rsplit("/", 1)[-1] for key in keys}


def _rotating_keys(stack: Deployed) -> tuple[int, list[str]]:
    kms = stack.api("kms")
    keys = stack.of_type("AWS::KMS::Key")
    problems = [
        f"{name}: the key does not rotate"
        for name, key in keys.items()
        if not kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    ]
    return len(keys), problems


def _secret(stack: Deployed) -> tuple[int, list[str]]:
    manager = stack.api("secretsmanager")
    secrets = stack.of_type("AWS::SecretsManager::Secret")
    keys = _own_keys(stack)
    hosts = {cluster["Endpoint"] for cluster in stack.clusters.values()}
    problems: list[str] = []
    attached = 0
    for name, arn in secrets.items():
        if not _is_own_key(manager.describe_secret(SecretId=arn).get("KmsKeyId", ""), keys):
            problems.append(f"{name}: is not encrypted with a key of this stack")
        value = json.loads(manager.get_secret_value(SecretId=arn)["SecretString"])
        if len(value.get("password", "")) != _PASSWORD_LENGTH:
            length = len(value.get("password", ""))
            problems.append(f"{name}: its password has {length} characters")
        attached += value.get("host") in hosts
    if hosts and not attached:
        problems.append(f"{', '.join(secrets) or 'no secret'}: is not attached to the cluster")
    return len(secrets), problems


# --- Network --------------------------------------------------------------------------------------


def _flow_logs(stack: Deployed) -> tuple[int, list[str]]:
    vpcs = stack.of_type("AWS::EC2::VPC")
    logs = stack.api("ec2").describe_flow_logs()["FlowLogs"]
    problems = [
        f"{name}: has no active flow log of all its traffic"
        for name, vpc in vpcs.items()
        if not any(
            log["ResourceId"] == vpc
            and log["FlowLogStatus"] == "ACTIVE"
            and log["TrafficType"] == "ALL"
            for log in logs
        )
    ]
    return len(vpcs), problems


def _security_groups(stack: Deployed) -> tuple[int, list[str]]:
    names = {identifier: name for name, identifier in stack.physical_ids.items()}
    balancers = _load_balancer_groups(stack)
    problems: list[str] = []
    for identifier, group in stack.security_groups.items():
        name = names.get(identifier, f"default security group {identifier}")
        if group["GroupName"] == "default" and _rules(group):
            problems.append(f"{name}: the default security group still has rules")
        for rule in group["IpPermissions"]:
            allowed = identifier in balancers and rule.get("FromPort") in _PUBLIC_PORTS
            if _from_anywhere(rule) and not allowed:
                problems.append(f"{name}: admits the internet to port {rule.get('FromPort')}")
    for name, cluster in stack.clusters.items():
        problems += _database_groups(stack, name, cluster)
    return len(stack.security_groups), problems


def _rules(group: Mapping[str, Any]) -> bool:
    return bool(group["IpPermissions"] or group["IpPermissionsEgress"])


def _from_anywhere(rule: Mapping[str, Any]) -> bool:
    ranges = [item.get("CidrIp") for item in rule.get("IpRanges", [])]
    ranges += [item.get("CidrIpv6") for item in rule.get("Ipv6Ranges", [])]
    return bool(_ANYWHERE & set(ranges))


def _load_balancer_groups(stack: Deployed) -> set[str]:
    arns = list(stack.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer").values())
    if not arns:
        return set()
    found = stack.api("elbv2").describe_load_balancers(LoadBalancerArns=arns)["LoadBalancers"]
    return {group for balancer in found for group in balancer.get("SecurityGroups", [])}


def _database_groups(stack: Deployed, name: str, cluster: Mapping[str, Any]) -> Problems:
    for membership in cluster["VpcSecurityGroups"]:
        group = stack.security_groups[membership["VpcSecurityGroupId"]]
        if not group["IpPermissions"]:
            yield f"{name}: nothing is admitted to the database"
        if any(_from_anywhere(rule) for rule in group["IpPermissionsEgress"]):
            yield f"{name}: the database may open connections to the internet"
        for rule in group["IpPermissions"]:
            if not rule.get("UserIdGroupPairs") or rule.get("IpRanges"):
                yield f"{name}: the database admits addresses instead of a security group"
            if not rule.get("FromPort") == rule.get("ToPort") == cluster["Port"]:
                yield f"{name}: the database admits more than its port {cluster['Port']}"


# --- Service --------------------------------------------------------------------------------------


def _service(stack: Deployed) -> tuple[int, list[str]]:
    services = stack.of_type("AWS::ECS::Service")
    problems: list[str] = []
    for name, arn in services.items():
        cluster, identifier = arn.split("/")[-2:]
        found = stack.api("ecs").describe_services(cluster=cluster, services=[identifier])
        service = found["services"][0]
        network = service["networkConfiguration"]["awsvpcConfiguration"]
        if service["status"] != "ACTIVE" or service["desiredCount"] < 1:
            problems.append(f"{name}: is {service['status']}, {service['desiredCount']} desired")
        if network.get("assignPublicIp", "DISABLED") != "DISABLED":
            problems.append(f"{name}: its tasks have public addresses")
        breaker = service["deploymentConfiguration"].get("deploymentCircuitBreaker", {})
        if not (breaker.get("enable") and breaker.get("rollback")):
            problems.append(f"{name}: a failed deployment does not roll back by itself")
    return len(services), problems


def _desired(stack: Deployed, arn: str) -> int:
    """Return how many tasks of a service are to run."""
    cluster, name = arn.split("/")[-2:]
    found = stack.api("ecs").describe_services(cluster=cluster, services=[name])["services"]
    return int(found[0]["desiredCount"])


def _autoscaling(stack: Deployed) -> tuple[int, list[str]]:
    api = stack.api("application-autoscaling")
    problems: list[str] = []
    services = stack.of_type("AWS::ECS::Service")
    for name, arn in services.items():
        properties = stack.assembly.resources.get(name, {}).get("Properties")
        if isinstance(properties, dict) and "DesiredCount" in properties:
            continue  # its number of tasks is fixed
        resource = "service/" + "/".join(arn.split("/")[-2:])
        targets = api.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])
        policies = api.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)
        if not targets["ScalableTargets"]:
            problems.append(f"{name}: nothing scales it")
        for target in targets["ScalableTargets"]:
            low, high = target["MinCapacity"], target["MaxCapacity"]
            if low >= high:
                problems.append(f"{name}: has no room to scale above {low}")
            count = _desired(stack, arn)
            if not low <= count <= high:
                tasks = counted(count, "task")
                problems.append(f"{name}: {tasks} desired, outside of {low} to {high}")
        if not policies["ScalingPolicies"]:
            problems.append(f"{name}: has no scaling policy")
    return len(services), problems


# --- Monitoring and names -------------------------------------------------------------------------


def _alarms(stack: Deployed) -> tuple[int, list[str]]:
    names = stack.of_type("AWS::CloudWatch::Alarm")
    topics = {topic["TopicArn"] for topic in stack.api("sns").list_topics()["Topics"]}
    pages = stack.api("cloudwatch").get_paginator("describe_alarms").paginate()
    alarms = {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}
    problems = [
        f"{name}: reaches no topic"
        for name, identifier in names.items()
        if not topics & set(alarms.get(identifier, {}).get("AlarmActions", []))
    ]
    # An alarm that its topic's key does not let publish is dropped without a word.
    for name, topic in stack.of_type("AWS::SNS::Topic").items():
        problems += [
            f"{name}: its key does not let {service} publish"
            for service in _publishers(stack)
            if not _lets_publish(stack, topic, service)
        ]
    return len(names), problems


def _publishers(stack: Deployed) -> list[str]:
    """Return the services that publish to a topic of the stack."""
    kinds = {
        "AWS::CloudWatch::Alarm": "cloudwatch.amazonaws.com",
        "AWS::RDS::EventSubscription": "events.rds.amazonaws.com",
    }
    return [service for kind, service in kinds.items() if stack.of_type(kind)]


def _lets_publish(stack: Deployed, topic: str, service: str) -> bool:
    attributes = stack.api("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    key = attributes.get("KmsMasterKeyId")
    if not key:
        return True
    policy = json.loads(stack.api("kms").get_key_policy(KeyId=key)["Policy"])
    return any(_grants(statement, service) for statement in policy["Statement"])


def _grants(statement: Mapping[str, Any], service: str) -> bool:
    """Whether a statement lets a service encrypt for a topic."""
    principal = statement.get("Principal", {})
    services = principal.get("Service", []) if isinstance(principal, Mapping) else []
    actions = statement["Action"]
    given = {actions} if isinstance(actions, str) else set(actions)
    needed = {"kms:Decrypt", "kms:GenerateDataKey"}
    covered = {action for action in needed if any(fnmatchcase(action, item) for item in given)}
    return (
        statement["Effect"] == "Allow"
        and service in ([services] if isinstance(services, str) else services)
        and covered == needed
    )


def _outputs(stack: Deployed) -> tuple[int, list[str]]:
    suffix, name = stack.assembly.suffix, stack.assembly.stack
    pages = stack.api("cloudformation").get_paginator("list_exports").paginate()
    exports = {export["Name"] for page in pages for export in page["Exports"]}
    described = stack.api("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    outputs = described.get("Outputs", [])
    problems = [
        f"{output['OutputKey']}: is not exported under the suffix {suffix}"
        for output in outputs
        if "ExportName" in output
        and not (
            output["ExportName"].rpartition(":")[2].startswith(f"{suffix}-")
            and output["ExportName"] in exports
        )
    ]
    exported = [output for output in outputs if "ExportName" in output]
    return len(outputs), problems if exported else [f"{name}: exports nothing"]


# Types whose physical id is a name that a template can choose.
_NAMED = (
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::ECS::Cluster",
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBClusterParameterGroup",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::RDS::EventSubscription",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SecretsManager::Secret",
    "AWS::WAFv2::WebACL",
)


def _chosen(stack: Deployed) -> dict[str, str]:
    """Return the physical id of each resource whose template chooses its name."""
    properties = {
        name: (resource.get("Properties", {}), NAMED.get(str(resource["Type"]), ""))
        for name, resource in stack.assembly.resources.items()
    }
    chosen = [name for name, (values, path) in properties.items() if path in values]
    return {name: stack.physical_ids[name] for name in chosen if name in stack.physical_ids}


def _names(stack: Deployed) -> tuple[int, list[str]]:
    named = {**stack.of_type(*_NAMED), **_chosen(stack)}
    problems = [
        f"{name}: the name {identifier} does not contain the suffix {stack.assembly.suffix}"
        for name, identifier in named.items()
        if not _carries_suffix(identifier.lower(), stack.assembly)
    ]
    return len(named), problems


def _carries_suffix(identifier: str, assembly: Assembly) -> bool:
    """Whether the suffix stands in a name by itself, or the stack's name as CloudFormation has it.

    CloudFormation writes the stack's name without hyphens where a service takes none.
    """
    alone = rf"(?<![a-z0-9]){re.escape(assembly.suffix)}(?![a-z0-9])"
    stack = assembly.stack.lower().replace("-", "")
    return bool(re.search(alone, identifier)) or stack in identifier.replace("-", "")


# --- Ingress --------------------------------------------------------------------------------------


def _ingress(stack: Deployed) -> tuple[int, list[str]]:
    balancers = stack.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")
    problems: list[str] = []
    for name, arn in balancers.items():
        problems += _listeners(stack, name, arn)
        problems += _firewall(stack, name, arn)
        attributes = stack.api("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)
        values = {item["Key"]: item["Value"] for item in attributes["Attributes"]}
        if values.get("access_logs.s3.enabled") != "true":
            problems.append(f"{name}: writes no access logs")
    return len(balancers), problems


def _listeners(stack: Deployed, name: str, arn: str) -> Problems:
    listeners = stack.api("elbv2").describe_listeners(LoadBalancerArn=arn)["Listeners"]
    secure = [item for item in listeners if item["Protocol"] == "HTTPS"]
    if not secure:
        yield f"{name}: does not listen for HTTPS"
    for listener in secure:
        if not listener.get("Certificates"):
            yield f"{name}: listens for HTTPS without a certificate"
    for listener in listeners:
        kinds = {action["Type"] for action in listener["DefaultActions"]}
        if listener["Protocol"] == "HTTP" and kinds != {"redirect"}:
            yield f"{name}: answers plain HTTP on port {listener['Port']}"


def _firewall(stack: Deployed, name: str, arn: str) -> Problems:
    waf = stack.api("wafv2")
    try:
        web_acl = waf.get_web_acl_for_resource(ResourceArn=arn).get("WebACL")
    except waf.exceptions.WAFNonexistentItemException:
        web_acl = None
    if not web_acl:
        yield f"{name}: no web ACL protects it"
        return
    try:
        waf.get_logging_configuration(ResourceArn=web_acl["ARN"])
    except waf.exceptions.WAFNonexistentItemException:
        yield f"{name}: its web ACL {web_acl['Name']} does not log"


_PROMISES: tuple[tuple[str, Examine], ...] = (
    ("Aurora Serverless v2: no engine mode, capacity range, db.serverless", _serverless_v2),
    ("The writer is named ...-instance-<suffix>", _instance_name),
    ("The database is private: not public, isolated subnets, two zones", _private),
    ("Storage, logs and topics are encrypted, and logs expire", _encrypted),
    ("Customer-managed keys rotate", _rotating_keys),
    ("The database secret: 32 characters, own key, attached", _secret),
    ("Flow logs of all traffic are active", _flow_logs),
    ("Security groups admit groups, and the default one is closed", _security_groups),
    ("The service runs without public addresses and rolls back", _service),
    ("The service scales", _autoscaling),
    ("Every alarm reaches a topic, through a key that lets it", _alarms),
    ("Outputs are exported under the suffix", _outputs),
    ("Every name contains the suffix", _names),
    ("What faces the internet: HTTPS, web ACL, both with logs", _ingress),
)


def figures(stack: Deployed) -> dict[str, object]:
    """Return what may be changed without replacing anything, as the services tell it."""
    capacities = [c["ServerlessV2ScalingConfiguration"] for c in stack.clusters.values()]
    counts: list[int] = []
    images: list[str] = []
    ecs = stack.api("ecs")
    for arn in stack.of_type("AWS::ECS::Service").values():
        counts.append(_desired(stack, arn))
        cluster, name = arn.split("/")[-2:]
        service = ecs.describe_services(cluster=cluster, services=[name])["services"][0]
        task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
        images += [item["image"] for item in task["taskDefinition"]["containerDefinitions"]]
    targets = stack.api("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs"
    )["ScalableTargets"]
    own = [t for t in targets if t["ResourceId"].split("/")[-1] in _service_names(stack)]
    return {
        "the database's capacity": capacities,
        "the service's count": counts,
        "the task's image": images,
        "the scaling limits": [(target["MinCapacity"], target["MaxCapacity"]) for target in own],
    }


def _service_names(stack: Deployed) -> set[str]:
    return {arn.split("/")[-1] for arn in stack.of_type("AWS::ECS::Service").values()}


def verify(stack: Deployed) -> list[Check]:
    """Look into every promise.

    A promise about a type that the stack does not have is left out, except that a database, a
    service and a VPC must be there.
    """
    checks: list[Check] = []
    for promise, examine in _PROMISES:
        looked_at, problems = examine(stack)
        if looked_at or problems:
            checks.append(Check(promise=promise, problems=tuple(problems), looked_at=looked_at))
    missing = [
        kind
        for kind in ("AWS::EC2::VPC", "AWS::ECS::Service", "AWS::RDS::DBCluster")
        if not stack.of_type(kind)
    ]
    present = "There are a VPC, a service and a database"
    problems = [f"{kind}: the stack has none" for kind in missing]
    return [Check(promise=present, problems=tuple(problems), looked_at=3), *checks]
