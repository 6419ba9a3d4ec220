"""The register of log sources with their retention (PCI DSS 10.2.1, 10.5.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import counted
from pcistack.evidence.values import referrers, shown, text
from pcistack.pci_dss.accepted import LOG_DAYS
from pcistack.template.view import Reference, Resource, Value, View

_CONTENT: Final[Mapping[str, str]] = {
    "audit": "Database audit: connections, privilege and schema changes",
    "error": "Database errors",
    "slowquery": "Database statements slower than the limit",
    "general": "Every database statement, card data in them included",
    "postgresql": "Database log",
}


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

    def row(self, source: str, records: str, value: Value) -> LogSource:
        target = self.find(value)
        if target is None:
            missing = "The destination is not in the template, so AWS creates it: unencrypted, "
            return LogSource(
                source=source,
                records=records,
                destination=shown(value),
                retention="not set by the template",
                encryption="not set by the template",
                attention=missing + "kept for ever, left behind.",
            )
        return _destination_row(self.view, source, records, target)

    def unclaimed(self) -> Iterator[LogSource]:
        known = referrers(self.view)
        for group in self.groups:
            if group.logical_id in self.claimed:
                continue
            users = known.get(group.logical_id, ())
            source = ", ".join(user.logical_id for user in users[:3]) or "see the name"
            yield _destination_row(self.view, source, "Log", group)


def _destination_row(view: View, source: str, records: str, target: Resource) -> LogSource:
    if target.type == "AWS::Logs::LogGroup":
        days = target.number("RetentionInDays")
        retention = counted(days, "day") if days is not None else text(target, "RetentionInDays")
        retention = "for ever" if retention == "not set" else retention
        encryption = text(target, "KmsKeyId", absent="CloudWatch's own key")
        short = days is not None and days < LOG_DAYS
    else:
        days = _bucket_days(target)
        retention = counted(days, "day") if days is not None else "for ever"
        encryption = _bucket_encryption(target)
        short = days is not None and days < LOG_DAYS
    name = target.get("LogGroupName") if target.type == "AWS::Logs::LogGroup" else None
    return LogSource(
        source=source,
        records=records,
        destination=shown(name) if isinstance(name, str) else target.logical_id,
        retention=retention,
        encryption=encryption,
        attention="Shorter than the 12 months of 10.5.1." if short else "",
    )


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
    return shown(key) if key is not None else text(bucket, f"{default}.SSEAlgorithm", "S3's own")


def _flow_logs(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for flow in view.of_type("AWS::EC2::FlowLog"):
        destination = flow.get("LogDestination")
        if destination is None:
            destination = flow.get("LogGroupName")
        traffic = text(flow, "TrafficType", "ALL").lower()
        what = f"Network flows ({'accepted and refused' if traffic == 'all' else traffic})"
        yield groups.row(flow.logical_id, what, destination)


def _database_logs(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for database in view.of_type("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"):
        kind = "cluster" if database.type.endswith("Cluster") else "instance"
        name = database.text(f"DB{kind.capitalize()}Identifier") or "<name>"
        for export in database.items("EnableCloudwatchLogsExports"):
            if isinstance(export, str):
                yield groups.row(
                    database.logical_id,
                    _CONTENT.get(export, f"Database log: {export}"),
                    f"/aws/rds/{kind}/{name}/{export}",
                )


def _container_logs(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for task in view.of_type("AWS::ECS::TaskDefinition"):
        for index, container in enumerate(task.items("ContainerDefinitions")):
            if not isinstance(container, dict):
                continue
            name = shown(container.get("Name"))
            destination = task.get(
                f"ContainerDefinitions.{index}.LogConfiguration.Options.awslogs-group"
            )
            if destination is not None:
                yield groups.row(task.logical_id, f"Output of container {name}", destination)
        if task.get("ContainerDefinitions.0.LogConfiguration") is None:
            yield LogSource(
                source=task.logical_id,
                records="Output of the containers",
                destination="nowhere",
                retention="none",
                encryption="none",
                attention="The containers' output is not recorded.",
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
                    "Container performance",
                    f"/aws/ecs/containerinsights/{name}/performance",
                )


def _load_balancer_logs(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for balancer in view.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        attributes = {
            str(item.get("Key")): item.get("Value")
            for item in balancer.items("LoadBalancerAttributes")
            if isinstance(item, dict)
        }
        for prefix, what in (
            ("access_logs", "Requests to the load balancer"),
            ("connection_logs", "TLS connections to the load balancer"),
        ):
            if attributes.get(f"{prefix}.s3.enabled") in ("true", True):
                yield groups.row(balancer.logical_id, what, attributes.get(f"{prefix}.s3.bucket"))


def _web_acl_logs(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for logging in view.of_type("AWS::WAFv2::LoggingConfiguration"):
        acl = logging.get("ResourceArn")
        source = acl.logical_id if isinstance(acl, Reference) else logging.logical_id
        for destination in logging.items("LogDestinationConfigs"):
            yield groups.row(source, "Requests judged by the web ACL", destination)


def _function_logs(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for function in view.of_type("AWS::Lambda::Function"):
        destination = function.get("LoggingConfig.LogGroup")
        if destination is None:
            name = function.text("FunctionName") or f"<{function.logical_id}>"
            destination = f"/aws/lambda/{name}"
        yield groups.row(function.logical_id, "Output of the function", destination)


def _name_queries(view: View, groups: _Destinations) -> Iterator[LogSource]:
    for logging in view.of_type("AWS::Route53Resolver::ResolverQueryLoggingConfig"):
        yield groups.row(
            logging.logical_id, "Names that are asked for", logging.get("DestinationArn")
        )
