"""The register of log sources with their retention (PCI DSS 10.2.1, 10.5.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import counted
from pcistack.evidence.values import NONE, shown, text
from pcistack.evidence.wording import claim
from pcistack.pci_dss.accepted import LOG_DAYS
from pcistack.template.view import Reference, Resource, Value, View

_CONTENT: Final[Mapping[str, str]] = {
    "audit": claim("Database audit"),
    "error": claim("Database errors"),
    "slowquery": claim("Database statements slower than the limit"),
    "general": claim("Every database statement, card data in them included"),
    "postgresql": claim("Database log"),
}
_EXPORT: Final = claim("Database log: {}")
_BY_AWS: Final = claim("AWS makes this log group itself: it never ends, without a key of yours.")
_ELSEWHERE: Final = claim("Not part of this template: show its retention and its key yourself.")
NOT_HERE: Final = claim("not set by the template")
_NAMED: Final = claim("see the name")
UNCLAIMED: Final = claim("Log")
_FOR_EVER: Final = claim("for ever")
_AWS_KEY: Final = claim("CloudWatch's own key")
_S3_KEY: Final = claim("S3's own")
_SHORT: Final = claim("Shorter than the 12 months of 10.5.1.")
_FLOWS: Final = claim("Network flows ({})")
_ALL_FLOWS: Final = claim("accepted and refused")
_OUTPUT: Final = claim("Output of container {}")
NOWHERE: Final = claim("nowhere")
_LOST: Final = claim("The container's output is not recorded.")
_DRIVER: Final = claim("the log driver {}")
_PERFORMANCE: Final = claim("Container performance")
_REQUESTS: Final = claim("Requests to the load balancer")
_HANDSHAKES: Final = claim("TLS connections to the load balancer")
_JUDGED: Final = claim("Requests judged by the web ACL")
_OF_FUNCTION: Final = claim("Output of the function")
_NAMES: Final = claim("Names that are asked for")
_API_CALLS: Final = claim("Calls of the AWS API")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSource:
    """Where one kind of event is recorded.

    Attributes:
        source: Logical id of what produces the log.
        records: What is recorded.
        destination: Log group or bucket, by logical id or name.
        retention: How long it is kept.
        encryption: Key that encrypts it.
        attention: Why it wants a look; empty if it does not.
    """

    source: str
    records: str
    destination: str
    retention: str
    encryption: str
    attention: str


def log_sources(view: View) -> tuple[LogSource, ...]:
    """Return every log that the template's resources produce, and log groups without a source."""
    groups = _Destinations(view)
    rows = [
        *_flow_logs(view, groups),
        *_database_logs(view, groups),
        *_container_logs(view, groups),
        *_container_insights(view, groups),
        *_load_balancer_logs(view, groups),
        *_web_acl_logs(view, groups),
        *_function_logs(view, groups),
        *_name_queries(view, groups),
        *_trails(view, groups),
    ]
    rows += groups.unclaimed()
    return tuple(sorted(rows, key=lambda row: (row.source, row.records, row.destination)))


class _Destinations:
    """The log groups and buckets of a template, and which of them a source was found for."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.groups = view.of_type("AWS::Logs::LogGroup")
        self.claimed: set[str] = set()

    def find(self, value: Value) -> Resource | None:
        """Return the log group or bucket that a reference, an ARN or a name stands for."""
        target = self.view.target(value)
        if target is None and isinstance(value, str):
            name = value.partition(":log-group:")[2].removesuffix(":*") or value
            target = next(
                (group for group in self.groups if group.text("LogGroupName") == name), None
            )
        if target is not None:
            self.claimed.add(target.logical_id)
        return target

    def row(self, source: str, records: str, value: Value, *, made: bool = False) -> LogSource:
        """Return the row of a log; ``made`` if AWS makes its log group where there is none."""
        target = self.find(value)
        if target is None:
            return LogSource(
                source=source,
                records=records,
                destination=shown(value),
                retention=NOT_HERE,
                encryption=NOT_HERE,
                attention=_BY_AWS if made else _ELSEWHERE,
            )
        return _destination_row(self.view, source, records, target)

    def unclaimed(self) -> Iterator[LogSource]:
        known = self.view.referrers
        for group in self.groups:
            if group.logical_id in self.claimed:
                continue
            users = known.get(group.logical_id, ())
            source = ", ".join(user.logical_id for user in users[:3]) or _NAMED
            yield _destination_row(self.view, source, UNCLAIMED, group)


def _destination_row(view: View, source: str, records: str, target: Resource) -> LogSource:
    if target.type == "AWS::Logs::LogGroup":
        days = target.number("RetentionInDays")
        absent = text(target, "RetentionInDays", absent=_FOR_EVER)
        encryption = text(target, "KmsKeyId", absent=_AWS_KEY)
    elif target.type == "AWS::S3::Bucket":
        days, absent = _bucket_days(target), _FOR_EVER
        encryption = _bucket_encryption(target)
    else:
        days, absent, encryption = None, NOT_HERE, NOT_HERE
    name = target.get("LogGroupName") if target.type == "AWS::Logs::LogGroup" else None
    return LogSource(
        source=source,
        records=records,
        destination=shown(name) if isinstance(name, str) else target.logical_id,
        retention=counted(days, "day") if days is not None else absent,
        encryption=encryption,
        attention=_SHORT if days is not None and days < LOG_DAYS else _lasting(target),
    )


def _lasting(target: Resource) -> str:
    return "" if target.type in ("AWS::Logs::LogGroup", "AWS::S3::Bucket") else _ELSEWHERE


def _bucket_days(bucket: Resource) -> float | None:
    """Days after which a bucket's lifecycle deletes objects; None if it never does."""
    found = [
        float(rule["ExpirationInDays"])
        for rule in bucket.items("LifecycleConfiguration.Rules")
        if isinstance(rule, dict)
        and rule.get("Status") == "Enabled"
        and isinstance(rule.get("ExpirationInDays"), int | float)
        and isinstance(rule["ExpirationInDays"], int | float)
    ]
    return min(found) if found else None


def _bucket_encryption(bucket: Resource) -> str:
    default = "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault"
    key = bucket.get(f"{default}.KMSMasterKeyID")
    return shown(key) if key is not None else text(bucket, f"{default}.SSEAlgorithm", _S3_KEY)


def _flow_logs(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for flow in view.of_type("AWS::EC2::FlowLog"):
        destination = flow.get("LogDestination")
        if destination is None:
            destination = flow.get("LogGroupName")
        traffic = text(flow, "TrafficType", "ALL").lower()
        what = _FLOWS.format(_ALL_FLOWS if traffic == "all" else traffic)
        yield groups.row(flow.logical_id, what, destination)


def _database_logs(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for database in view.of_type("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"):
        kind = "cluster" if database.type.endswith("Cluster") else "instance"
        name = database.text(f"DB{kind.capitalize()}Identifier") or "<name>"
        for export in database.items("EnableCloudwatchLogsExports"):
            if isinstance(export, str):
                yield groups.row(
                    database.logical_id,
                    _CONTENT.get(export, _EXPORT.format(export)),
                    f"/aws/rds/{kind}/{name}/{export}",
                    made=True,
                )


def _container_logs(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for task in view.of_type("AWS::ECS::TaskDefinition"):
        for index, container in enumerate(task.items("ContainerDefinitions")):
            if not isinstance(container, dict):
                continue
            what = _OUTPUT.format(shown(container.get("Name")))
            path = f"ContainerDefinitions.{index}.LogConfiguration"
            destination = task.get(f"{path}.Options.awslogs-group")
            if destination is not None:
                yield groups.row(task.logical_id, what, destination)
            elif task.get(path) is not None:
                driver = _DRIVER.format(text(task, f"{path}.LogDriver"))
                yield groups.row(task.logical_id, what, driver)
            else:
                yield LogSource(
                    source=task.logical_id,
                    records=what,
                    destination=NOWHERE,
                    retention=NONE,
                    encryption=NONE,
                    attention=_LOST,
                )


def _container_insights(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for cluster in view.of_type("AWS::ECS::Cluster"):
        for setting in cluster.items("ClusterSettings"):
            if not isinstance(setting, dict) or setting.get("Name") != "containerInsights":
                continue
            if setting.get("Value") in ("enabled", "enhanced"):
                name = cluster.text("ClusterName") or "<cluster>"
                yield groups.row(
                    cluster.logical_id,
                    _PERFORMANCE,
                    f"/aws/ecs/containerinsights/{name}/performance",
                    made=True,
                )


def _load_balancer_logs(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for balancer in view.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        attributes = {
            str(item.get("Key")): item.get("Value")
            for item in balancer.items("LoadBalancerAttributes")
            if isinstance(item, dict)
        }
        for prefix, what in (
            ("access_logs", _REQUESTS),
            ("connection_logs", _HANDSHAKES),
        ):
            if attributes.get(f"{prefix}.s3.enabled") in ("true", True):
                yield groups.row(balancer.logical_id, what, attributes.get(f"{prefix}.s3.bucket"))


def _web_acl_logs(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for logging in view.of_type("AWS::WAFv2::LoggingConfiguration"):
        acl = logging.get("ResourceArn")
        source = acl.logical_id if isinstance(acl, Reference) else logging.logical_id
        for destination in logging.items("LogDestinationConfigs"):
            yield groups.row(source, _JUDGED, destination)


def _function_logs(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for function in view.of_type("AWS::Lambda::Function"):
        destination = function.get("LoggingConfig.LogGroup")
        made = destination is None
        if made:
            name = function.text("FunctionName") or f"<{function.logical_id}>"
            destination = f"/aws/lambda/{name}"
        yield groups.row(function.logical_id, _OF_FUNCTION, destination, made=made)


def _name_queries(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for logging in view.of_type("AWS::Route53Resolver::ResolverQueryLoggingConfig"):
        yield groups.row(logging.logical_id, _NAMES, logging.get("DestinationArn"))


def _trails(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for trail in view.of_type("AWS::CloudTrail::Trail"):
        yield groups.row(trail.logical_id, _API_CALLS, trail.get("S3BucketName"))
