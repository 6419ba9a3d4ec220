"""Events that no service ever sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import is_open
from pcistack.template.view import Reference

_ALARM: Final = "AWS::CloudWatch::Alarm"


@rule(
    "DEPLOY-SILENT-EVENTS",
    "An event rule, a topic or a scaling target that leads nowhere",
    types=("AWS::Events::Rule", "AWS::SNS::Topic", "AWS::ApplicationAutoScaling::ScalableTarget"),
    severity=Severity.WARNING,
    source="EventBridge, SNS and Application Auto Scaling user guides",
)
def nowhere_rule(context: Context) -> Iterator[Hit]:
    for event in context.of_type("AWS::Events::Rule"):
        if event.get("Targets") in (None, []):
            yield hit(event, "Targets", "the rule has no target: nothing happens", "add Targets")
    outputs = str(
        [
            output
            for output in context.view.template.section("Outputs").values()
            if isinstance(output, dict) and "Export" in output
        ]
    )
    heard, sent = _heard(context), _sent(context)
    for topic in context.of_type("AWS::SNS::Topic") if heard is not None else ():
        name = topic.logical_id
        if (
            name in sent - (heard or set())
            and name not in outputs
            and not topic.items("Subscription")
        ):
            yield hit(
                topic,
                "",
                "alarms or events are sent to the topic, and nobody subscribes to it in this "
                "template",
                "add an AWS::SNS::Subscription, or subscribe by hand after the deployment",
            )
    policies = context.of_type("AWS::ApplicationAutoScaling::ScalingPolicy")
    used = {policy.referenced("ScalingTargetId") for policy in policies}
    by_id = any(policy.get("ResourceId") is not None for policy in policies)
    for target in context.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
        if target.logical_id not in used and not by_id and not target.items("ScheduledActions"):
            yield hit(
                target,
                "",
                "no scaling policy uses the target: nothing is scaled",
                "add an AWS::ApplicationAutoScaling::ScalingPolicy",
            )


def _heard(context: Context) -> set[str] | None:
    """Return the topics that somebody subscribes to; None if one of them is not known."""
    heard: set[str] = set()
    for subscription in context.of_type("AWS::SNS::Subscription"):
        value = subscription.get("TopicArn")
        target = context.target(value)
        if target is None and is_open(value):
            return None
        heard.add(target.logical_id if target else "")
    return heard


def _sent(context: Context) -> set[str]:
    """Return the topics that an alarm or an event of the template is sent to."""
    paths = {_ALARM: "AlarmActions", "AWS::RDS::EventSubscription": "SnsTopicArn"}
    return {
        value.logical_id
        for kind, path in paths.items()
        for resource in context.of_type(kind)
        for value in resource.items(path)
        if isinstance(value, Reference)
    }
