"""Requirement 10.7.2: alarms show that a control fails, and reach somebody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit, hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.log_groups import exported_group
from pcistack.pci_dss.pack import rule
from pcistack.policies.statements import Statement
from pcistack.template.references import name_of
from pcistack.template.view import Reference, Resource, walk

_ALARMS: Final = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")


@rule(
    "PCI-10.7.2-ALARM-ACTIONS",
    "Every alarm acts",
    asks="Failures of critical security controls are detected, alerted and dealt with promptly.",
    requirements=("10.7.2", "12.10.1"),
    related=(
        "CloudWatch.15",
        "CloudWatch.17",
    ),
    types=_ALARMS,
    extent=Extent.FULL,
    fix="Name a topic in AlarmActions; leave ActionsEnabled true.",
)
def alarm_actions(context: Context) -> Iterator[Hit]:
    heeded = _heeded(context)
    for alarm in context.of_type(*_ALARMS):
        if not alarm.items("AlarmActions") and f"<{alarm.logical_id}" not in heeded:
            yield hit(alarm, "AlarmActions", "the alarm tells nobody")
        if alarm.flag("ActionsEnabled") is False:
            yield hit(alarm, "ActionsEnabled", "the alarm's actions are off")


_HEEDING: Final = (
    ("AWS::CloudWatch::CompositeAlarm", "AlarmRule"),
    ("AWS::CodeDeploy::DeploymentGroup", "AlarmConfiguration"),
    ("AWS::ECS::Service", "DeploymentConfiguration.Alarms"),
    ("AWS::Serverless::Function", "DeploymentPreference"),
    ("AWS::AppConfig::Environment", "Monitors"),
    ("AWS::Route53::HealthCheck", "HealthCheckConfig"),
)
"""Where an alarm is named by what acts on it: another alarm, or a deployment that goes back."""


def _heeded(context: Context) -> str:
    return " ".join(
        str(value) if not isinstance(value, Reference) else f"<{value.logical_id}>"
        for kind, path in _HEEDING
        for resource in context.of_type(kind)
        for _, value in walk(resource.get(path), path)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _WatchedControl:
    """A security control whose failure an alarm has to show.

    An alarm that asks for another unit than AWS documents for the metric never sees a value.
    """

    resource: str
    what: str
    namespace: str
    metrics: tuple[str, ...]
    dimension: str
    names: frozenset[str]
    silent: bool
    others: frozenset[str] = frozenset()
    unit: str | None = None


def _controls(context: Context) -> Iterator[_WatchedControl]:
    for log in context.of_type("AWS::EC2::FlowLog"):
        group = name_of(log.get("LogGroupName"))
        if group:
            yield _silence(log.logical_id, "the flow log", group)
    for cluster in context.of_type("AWS::RDS::DBCluster"):
        exported = "audit" in cluster.items("EnableCloudwatchLogsExports")
        audit = exported_group(context, cluster, "audit") if exported else None
        if audit is not None:
            yield _silence(cluster.logical_id, "the database's audit log", audit.logical_id)
    for schedule in context.of_type("AWS::SecretsManager::RotationSchedule"):
        function = name_of(schedule.get("RotationLambdaARN"))
        if function:
            yield _WatchedControl(
                resource=schedule.logical_id,
                what="the rotation",
                namespace="AWS/Lambda",
                metrics=("Errors",),
                dimension="FunctionName",
                names=frozenset({function}),
                silent=False,
                unit="Count",
            )
    for acl in context.of_type("AWS::WAFv2::WebACL"):
        metric = acl.get("VisibilityConfig.MetricName")
        yield _WatchedControl(
            resource=acl.logical_id,
            what="the web ACL",
            namespace="AWS/WAFV2",
            metrics=("BlockedRequests", "AllowedRequests", "CountedRequests"),
            dimension="WebACL",
            names=frozenset({str(acl.get("Name")), str(metric), acl.logical_id}),
            silent=False,
            others=frozenset({"Region", "Rule"}),
        )


def _silence(resource: str, what: str, group: str) -> _WatchedControl:
    return _WatchedControl(
        resource=resource,
        what=what,
        namespace="AWS/Logs",
        metrics=("IncomingLogEvents", "IncomingBytes"),
        dimension="LogGroupName",
        names=frozenset({group}),
        silent=True,
    )


@rule(
    "PCI-10.7.2-CONTROL-FAILURE",
    "The failure of a security control raises an alarm",
    asks="Failures of critical security controls are detected, alerted and dealt with promptly: "
    "a log that falls silent, a rotation that fails, a web ACL under attack.",
    requirements=("10.7.2", "10.4.1.1", "10.7.3"),
    severity=Severity.WARNING,
    types=(
        "AWS::EC2::FlowLog",
        "AWS::RDS::DBCluster",
        "AWS::SecretsManager::RotationSchedule",
        "AWS::WAFv2::WebACL",
    ),
    fix="Alarm on AWS/Logs IncomingLogEvents below 1 with TreatMissingData breaching, on "
    "AWS/Lambda Errors of the rotation above 0, and on AWS/WAFV2 BlockedRequests.",
)
def control_failure(context: Context) -> Iterator[Hit]:
    alarms = context.of_type("AWS::CloudWatch::Alarm")
    for control in _controls(context):
        if not any(_watches(alarm, control) for alarm in alarms):
            yield Hit(
                resource=control.resource,
                message=f"no alarm of the template shows that {control.what} fails",
            )


_STATISTICS: Final = ("Sum", "Maximum", "Average")
_DAY: Final = 86_400
_SURGE: Final = 100_000
"""Blocked requests in one period that no web ACL reaches without being under attack."""


def _watches(alarm: Resource, control: _WatchedControl) -> bool:
    """Whether an alarm is on the control's metric, and goes off when the control fails."""
    dimensions = {
        str(item.get("Name")) for item in alarm.items("Dimensions") if isinstance(item, dict)
    }
    return (
        alarm.get("Namespace") == control.namespace
        and alarm.get("MetricName") in control.metrics
        and _dimension(alarm, control.dimension) in control.names
        and dimensions >= control.others
        and alarm.flag("ActionsEnabled") is not False
        and bool(alarm.items("AlarmActions"))
        and alarm.get("Unit") in (None, control.unit)
        and alarm.get("Statistic") in _STATISTICS
        and _prompt(alarm)
        and _goes_off(alarm, control)
    )


def _prompt(alarm: Resource) -> bool:
    """Whether the alarm looks back a day at most."""
    period, periods = alarm.number("Period"), alarm.number("EvaluationPeriods")
    return period is not None and periods is not None and period * periods <= _DAY


def _goes_off(alarm: Resource, control: _WatchedControl) -> bool:
    comparison = alarm.get("ComparisonOperator")
    threshold = alarm.number("Threshold")
    if threshold is None:
        return False
    if control.silent:
        below = comparison == "LessThanThreshold" and threshold >= 1
        none = comparison == "LessThanOrEqualToThreshold" and threshold >= 0
        return (below or none) and alarm.get("TreatMissingData") == "breaching"
    limit = 1 if control.namespace == "AWS/Lambda" else _SURGE
    above = comparison in ("GreaterThanThreshold", "GreaterThanOrEqualToThreshold")
    return above and threshold <= limit


def _dimension(alarm: Resource, name: str) -> str:
    for item in alarm.items("Dimensions"):
        if isinstance(item, dict) and item.get("Name") == name:
            return name_of(item.get("Value"))
    return ""


_PUBLISHERS: Final = {
    "cloudwatch.amazonaws.com": "CloudWatch alarms",
    "events.rds.amazonaws.com": "RDS events",
}


@rule(
    "PCI-10.7.2-ALARM-ARRIVES",
    "Alarms can reach the topic that they are sent to",
    asks="Failures of critical security controls are alerted; a topic whose key or policy keeps "
    "CloudWatch out drops alarms without a word.",
    requirements=("10.7.2",),
    types=("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::KMS::Key"),
    extent=Extent.FULL,
    fix="Let the service use the key (kms:Decrypt, kms:GenerateDataKey*) and publish "
    "(sns:Publish), each with aws:SourceAccount.",
)
def alarm_arrives(context: Context) -> Iterator[Hit]:
    senders = _senders(context)
    for topic in context.of_type("AWS::SNS::Topic"):
        for service in sorted(senders.get(topic.logical_id, ())):
            yield from _blocked(context, topic, service)


def _senders(context: Context) -> dict[str, set[str]]:
    """Map topics to the services that publish to them."""
    found: dict[str, set[str]] = {}
    for alarm in context.of_type(*_ALARMS):
        for path in ("AlarmActions", "OKActions"):
            for action in alarm.items(path):
                found.setdefault(name_of(action), set()).add("cloudwatch.amazonaws.com")
    for subscription in context.of_type("AWS::RDS::EventSubscription"):
        topic = name_of(subscription.get("SnsTopicArn"))
        found.setdefault(topic, set()).add("events.rds.amazonaws.com")
    return found


def _blocked(context: Context, topic: Resource, service: str) -> Iterator[Hit]:
    key_value = topic.get("KmsMasterKeyId")
    key = context.target(key_value)
    if isinstance(key_value, str) and str(key_value).endswith("alias/aws/sns"):
        yield hit(
            topic, "KmsMasterKeyId", f"the key alias/aws/sns keeps {_PUBLISHERS[service]} out"
        )
    if key is not None and key.type == "AWS::KMS::Key":
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            if not _allowed(context, [key], service, action):
                yield hit(
                    key,
                    "KeyPolicy",
                    f"{action} is not allowed to {service}, so {_PUBLISHERS[service]} do "
                    f"not arrive at {topic.logical_id}",
                )
    policies = context.pointing("AWS::SNS::TopicPolicy", "Topics", topic.logical_id)
    if policies and not _allowed(context, policies, service, "sns:Publish"):
        yield hit(
            policies[0],
            "PolicyDocument",
            f"sns:Publish is not allowed to {service}, so {_PUBLISHERS[service]} do not arrive",
        )


def _allowed(context: Context, holders: list[Resource], service: str, action: str) -> bool:
    return any(
        statement.allows
        and _is_for(statement, service)
        and (statement.allows_action(action) or f"{action.lower()}*" in statement.actions)
        for holder in holders
        for statement in context.statements.get(holder.logical_id, ())
    )


def _is_for(statement: Statement, service: str) -> bool:
    if service in statement.services or statement.everyone:
        return True
    # a topic policy of CDK's older kind: the account's own principals, which alarms act as
    return bool(statement.accounts) and "aws:sourceowner" in statement.condition
