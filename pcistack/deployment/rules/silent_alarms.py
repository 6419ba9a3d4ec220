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
    "DEPLOY-ALARM-SILENT-SET",
    "An alarm whose dimensions are not emitted together",
    types=(_ALARM,),
    severity=Severity.WARNING,
    source="CloudWatch user guide: dimensions of AWS services' metrics",
)
def set_rule(context: Context) -> Iterator[Hit]:
    for alarm in context.of_type(_ALARM):
        series = [("Dimensions", dict(alarm.properties))]
        for path, query in objects(alarm, "Metrics"):
            metric = fields(fields(query.get("MetricStat")).get("Metric"))
            series.append((f"{path}.MetricStat.Metric.Dimensions", metric))
        for path, metric in series:
            yield from _set(context, alarm, path, metric)


_PER_TARGET: Final = ("HealthyHostCount", "UnHealthyHostCount")
_GLOBAL: Final = ("AWS/Billing", "AWS/CloudFront", "AWS/Route53")


def _set(context: Context, alarm: Resource, path: str, metric: dict[str, Value]) -> Iterator[Hit]:
    namespace, name = text(metric.get("Namespace")), text(metric.get("MetricName"))
    items = listed(metric.get("Dimensions"))
    given = {text(fields(item).get("Name")): fields(item).get("Value") for item in items}
    if namespace is None or name is None or None in given or is_open(metric.get("Dimensions")):
        return
    elsewhere = context.domain == "amazonaws.com" and context.region not in (None, "us-east-1")
    if namespace in _GLOBAL and elsewhere and not str(context.region).startswith("us-gov-"):
        yield hit(
            alarm,
            path.removesuffix("Dimensions") + "Namespace",
            f"metrics of {namespace} are in us-east-1 only: here the alarm never has data",
            "create the alarm in us-east-1",
        )
    region, here = given.get("Region"), context.region
    if namespace == "AWS/WAFV2" and type(region) is str and here not in (None, region):
        yield hit(
            alarm,
            path,
            f"the dimension Region is {region}, and the web ACL is in {here}: the alarm never "
            "has data",
            f"write {here}",
        )
    missing = _missing(context, namespace, name, given)
    if missing:
        yield hit(
            alarm,
            path,
            f"{namespace} emits {name} with {missing} beside {', '.join(map(str, given))}: the "
            "alarm never has data",
            f"add the dimension {missing}",
        )
    yield from _insights(context, alarm, path, namespace, given)


def _missing(context: Context, namespace: str, name: str, given: Mapping[str | None, Value]) -> str:
    """Return the dimension without which nothing is emitted; nothing if none is missing."""
    if namespace in ("AWS/ECS", "ECS/ContainerInsights") and "ServiceName" in given:
        return "" if "ClusterName" in given else "ClusterName"
    if namespace in ("AWS/ApplicationELB", "AWS/NetworkELB"):
        if "TargetGroup" in given and "LoadBalancer" not in given:
            return "" if name == "RequestCountPerTarget" else "LoadBalancer"
        return "TargetGroup" if name in _PER_TARGET and "TargetGroup" not in given else ""
    if namespace == "AWS/WAFV2" and {"WebACL", "Rule"} <= given.keys():
        regional = context.region not in (None, "us-east-1")
        return "Region" if regional and "Region" not in given else ""
    return ""


def _insights(
    context: Context, alarm: Resource, path: str, namespace: str, given: dict[str | None, Value]
) -> Iterator[Hit]:
    if namespace != "ECS/ContainerInsights":
        return
    value = given.get("ClusterName")
    for cluster in context.of_type("AWS::ECS::Cluster"):
        named = context.target(value) is cluster or (
            type(value) is str and value == cluster.get("ClusterName")
        )
        off = any(
            text(item.get("Name")) == "containerInsights" and text(item.get("Value")) == "disabled"
            for _, item in objects(cluster, "ClusterSettings")
        )
        if named and off:
            yield hit(
                alarm,
                path,
                f"{cluster.logical_id} has no Container Insights: the alarm never has data",
                "set containerInsights: enabled",
            )
