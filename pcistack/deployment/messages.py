"""Who publishes to the topics and queues of a template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.deployment.context import Context
from pcistack.deployment.paths import expand
from pcistack.template.references import name_of
from pcistack.template.view import Resource

TOPIC: Final = "AWS::SNS::Topic"
QUEUE: Final = "AWS::SQS::Queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A resource whose service publishes to a topic or queue of the template.

    Attributes:
        resource: What publishes.
        path: Property that names the topic or queue.
        target: The topic or queue.
        service: The service's principal.
        source: ARN that it sends as ``aws:SourceArn``; empty if not known.
        severity: What it means when it may not.
        by_default: Whether the policy that a topic has without any other lets it.
    """

    resource: Resource
    path: str
    target: Resource
    service: str
    source: str
    severity: Severity
    by_default: bool


@dataclass(frozen=True, slots=True)
class _Kind:
    type: str
    path: str
    service: str
    severity: Severity = Severity.WARNING
    by_default: bool = False


_KINDS: Final = (
    *(
        _Kind(kind, f"{actions}.*", "cloudwatch", by_default=True)
        for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        for actions in ("AlarmActions", "OKActions", "InsufficientDataActions")
    ),
    _Kind("AWS::RDS::EventSubscription", "SnsTopicArn", "events.rds", by_default=True),
    _Kind("AWS::Events::Rule", "Targets.*.Arn", "events"),
    _Kind("AWS::Events::Rule", "Targets.*.DeadLetterConfig.Arn", "events"),
    _Kind(
        "AWS::S3::Bucket",
        "NotificationConfiguration.TopicConfigurations.*.Topic",
        "s3",
        Severity.FATAL,
    ),
    _Kind(
        "AWS::S3::Bucket",
        "NotificationConfiguration.QueueConfigurations.*.Queue",
        "s3",
        Severity.FATAL,
    ),
    _Kind(
        "AWS::Budgets::Budget", "NotificationsWithSubscribers.*.Subscribers.*.Address", "budgets"
    ),
    _Kind("AWS::Backup::BackupVault", "Notifications.SNSTopicArn", "backup"),
    _Kind("AWS::CloudTrail::Trail", "SnsTopicName", "cloudtrail", Severity.FATAL),
    _Kind(
        "AWS::CodeStarNotifications::NotificationRule",
        "Targets.*.TargetAddress",
        "codestar-notifications",
    ),
    _Kind("AWS::CE::AnomalySubscription", "Subscribers.*.Address", "costalerts"),
    _Kind("AWS::SNS::Subscription", "Endpoint", "sns"),
    _Kind("AWS::SNS::Topic", "Subscription.*.Endpoint", "sns"),
)
KINDS: Final = tuple(dict.fromkeys(kind.type for kind in _KINDS))
"""Types whose services publish."""


def publishers(context: Context) -> Iterator[Publisher]:
    """Yield who publishes to what, as far as both are in the template."""
    if context.grants_more or not context.of_type(TOPIC, QUEUE):
        return
    for kind in _KINDS:
        for resource in context.of_type(kind.type):
            for path, value in expand(resource, kind.path):
                target = context.access.names.found(value)
                if target is None or target.type not in (TOPIC, QUEUE):
                    continue
                yield Publisher(
                    resource=resource,
                    path=path,
                    target=target,
                    service=f"{kind.service}.amazonaws.com",
                    source=_source(context, resource, path),
                    severity=kind.severity,
                    by_default=kind.by_default and target.type == TOPIC,
                )


def _source(context: Context, resource: Resource, path: str) -> str:
    if resource.type == "AWS::SNS::Subscription":
        topic = context.access.names.target(resource.get("TopicArn"))
        return (context.access.names.arn(topic) or "") if topic else ""
    return context.access.names.arn(resource) or ""


def policies_of(context: Context, target: Resource) -> list[Resource]:
    """Return the policies of the template for a topic or queue."""
    places = (
        ("AWS::SNS::TopicPolicy", "Topics"),
        ("AWS::SNS::TopicInlinePolicy", "TopicArn"),
        ("AWS::SQS::QueuePolicy", "Queues"),
        ("AWS::SQS::QueueInlinePolicy", "Queue"),
    )
    return [
        policy
        for kind, path in places
        for policy in context.of_type(kind)
        if any(name_of(item) in (target.logical_id, "unknown") for item in policy.items(path))
    ]
