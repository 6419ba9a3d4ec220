"""It will not silently not work: alarms on what nothing emits."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, listed, objects, text
from pcistack.deployment.services import COMPLETE, DIMENSIONS, metrics, namespaces
from pcistack.template.view import Reference, Resource, Value

_ALARM: Final = "AWS::CloudWatch::Alarm"
_FILTER: Final = "AWS::Logs::MetricFilter"
# Namespace -> dimension -> type of what it names, and the property with its name.
_NAMED: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("AWS/RDS", "DBClusterIdentifier"): ("AWS::RDS::DBCluster", "DBClusterIdentifier"),
    ("AWS/RDS", "DBInstanceIdentifier"): ("AWS::RDS::DBInstance", "DBInstanceIdentifier"),
    ("AWS/ECS", "ClusterName"): ("AWS::ECS::Cluster", "ClusterName"),
    ("AWS/ECS", "ServiceName"): ("AWS::ECS::Service", "ServiceName"),
    ("ECS/ContainerInsights", "ClusterName"): ("AWS::ECS::Cluster", "ClusterName"),
    ("ECS/ContainerInsights", "ServiceName"): ("AWS::ECS::Service", "ServiceName"),
    ("AWS/Lambda", "FunctionName"): ("AWS::Lambda::Function", "FunctionName"),
    ("AWS/SQS", "QueueName"): ("AWS::SQS::Queue", "QueueName"),
    ("AWS/SNS", "TopicName"): ("AWS::SNS::Topic", "TopicName"),
    ("AWS/DynamoDB", "TableName"): ("AWS::DynamoDB::Table", "TableName"),
    ("AWS/Logs", "LogGroupName"): ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS/Events", "RuleName"): ("AWS::Events::Rule", "Name"),
    ("AWS/WAFV2", "WebACL"): ("AWS::WAFv2::WebACL", "VisibilityConfig.MetricName"),
}
# What a dimension takes of a resource, where a Ref gives something else.
_ATTRIBUTE: Final[Mapping[tuple[str, str], str]] = {
    ("LoadBalancer", "AWS::ElasticLoadBalancingV2::LoadBalancer"): "LoadBalancerFullName",
    ("TargetGroup", "AWS::ElasticLoadBalancingV2::TargetGroup"): "TargetGroupFullName",
    ("QueueName", "AWS::SQS::Queue"): "QueueName",
    ("TopicName", "AWS::SNS::Topic"): "TopicName",
    ("ServiceName", "AWS::ECS::Service"): "Name",
}


def _series(context: Context) -> Iterator[tuple[Resource, str, dict[str, Value]]]:
    """Yield every metric that an alarm watches, with the path of what holds its name."""
    for alarm in context.of_type(_ALARM):
        if alarm.get("MetricName") is not None:
            yield alarm, "", dict(alarm.properties)
        for path, query in objects(alarm, "Metrics"):
            metric = fields(fields(query.get("MetricStat")).get("Metric"))
            if metric:
                yield alarm, f"{path}.MetricStat.Metric.", metric


@rule(
    "DEPLOY-ALARM-SILENT-METRIC",
    "An alarm on a metric that nothing emits",
    types=(_ALARM,),
    severity=Severity.WARNING,
    source="CloudWatch user guide: AWS services that publish CloudWatch metrics",
)
def metric_rule(context: Context) -> Iterator[Hit]:
    ours = _published(context)
    for alarm, at, metric in _series(context):
        name, namespace = text(metric.get("MetricName")), text(metric.get("Namespace"))
        if name is None or namespace is None:
            continue
        meant = next((n for n in namespaces() if n.lower() == namespace.lower()), namespace)
        if meant != namespace:
            yield hit(
                alarm,
                f"{at}Namespace",
                f"there is no namespace {namespace}; {meant} is meant? The alarm never has data",
                f"write {meant}",
            )
        known = metrics(namespace) or ours.get(namespace, frozenset())
        if not known or name in known:
            continue
        same = [one for one in known if one.lower() == name.lower()]
        near = same or difflib.get_close_matches(name, sorted(known), 1, 0.85)
        if not near and namespace not in COMPLETE and namespace not in ours:
            continue
        yield hit(
            alarm,
            f"{at}MetricName",
            f"{namespace} has no metric {name}: the alarm never has data"
            + (f"; {near[0]} is meant?" if near else ""),
            f"write {near[0]}" if near else "look the name up",
        )


def _published(context: Context) -> dict[str, frozenset[str]]:
    """Metrics that filters of the template make, by namespace; none where one is not known."""
    found: dict[str, set[str | None]] = {}
    for filter_ in context.of_type(_FILTER):
        for item in listed(filter_.get("MetricTransformations")):
            namespace = text(fields(item).get("MetricNamespace"))
            if namespace is not None and not namespace.startswith("AWS/"):
                found.setdefault(namespace, set()).add(text(fields(item).get("MetricName")))
    return {
        namespace: frozenset(name for name in names if name)
        for namespace, names in found.items()
        if None not in names
    }


@rule(
    "DEPLOY-ALARM-SILENT-DIMENSION",
    "An alarm on dimensions with which nothing is emitted",
    types=(_ALARM,),
    severity=Severity.WARNING,
    source="CloudWatch user guide: dimensions of AWS services' metrics",
)
def dimension_rule(context: Context) -> Iterator[Hit]:
    for alarm, at, metric in _series(context):
        namespace = text(metric.get("Namespace")) or ""
        for index, item in enumerate(listed(metric.get("Dimensions"))):
            name, value = text(fields(item).get("Name")), fields(item).get("Value")
            path = f"{at}Dimensions.{index}"
            known = DIMENSIONS.get(namespace)
            if name is None:
                continue
            if known and name not in known:
                near = difflib.get_close_matches(name, sorted(known), 1, 0.6)
                yield hit(
                    alarm,
                    f"{path}.Name",
                    f"{namespace} has no dimension {name}: the alarm never has data",
                    f"write {near[0]}" if near else f"choose from {', '.join(sorted(known))}",
                )
                continue
            yield from _value(context, alarm, f"{path}.Value", namespace, name, value)


def _value(
    context: Context, alarm: Resource, path: str, namespace: str, name: str, value: Value
) -> Iterator[Hit]:
    target = context.target(value) if isinstance(value, Reference) else None
    if target is not None and isinstance(value, Reference):
        wanted = _ATTRIBUTE.get((name, target.type))
        is_arn = (value.attribute or "").endswith("Arn") and (namespace, name) in _NAMED
        if is_arn and not wanted:
            yield hit(
                alarm,
                path,
                f"the dimension {name} is {value}, an ARN; metrics carry the name: the alarm "
                "never has data",
                f"write !Ref {target.logical_id}",
            )
            return
        if wanted and value.attribute != wanted:
            yield hit(
                alarm,
                path,
                f"the dimension {name} is {value}, which is no name that metrics carry: the alarm "
                "never has data",
                f"write !GetAtt {target.logical_id}.{wanted}",
            )
        return
    named = _NAMED.get((namespace, name))
    if named is None or type(value) is not str:
        return
    kind, key = named
    names = [resource.get(key) for resource in context.of_type(kind)]
    if names and all(type(one) is str for one in names) and value not in names:
        yield hit(
            alarm,
            path,
            f"the dimension {name} is {value!r}, and no {kind} of the template has that name, "
            f"only {', '.join(sorted(str(one) for one in names))}",
            "name one of them, by a reference",
        )


@rule(
    "DEPLOY-ALARM-SILENT",
    "An alarm that tells nobody",
    types=(_ALARM, "AWS::CloudWatch::CompositeAlarm"),
    severity=Severity.WARNING,
    source="CloudWatch API reference: PutMetricAlarm, ActionsEnabled and AlarmActions",
)
def action_rule(context: Context) -> Iterator[Hit]:
    """An alarm without any action may be for a dashboard; one with its actions off is a slip."""
    for alarm in context.of_type(_ALARM, "AWS::CloudWatch::CompositeAlarm"):
        if alarm.flag("ActionsEnabled") is False and alarm.items("AlarmActions"):
            yield hit(
                alarm,
                "ActionsEnabled",
                "the alarm has actions, and they are switched off",
                "set ActionsEnabled: true",
            )


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
