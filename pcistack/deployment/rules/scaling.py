"""Scaling of services: targets and policies that Application Auto Scaling takes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, objects
from pcistack.template.view import Partial, Reference, Resource, number

_TARGET: Final = "AWS::ApplicationAutoScaling::ScalableTarget"
_POLICY: Final = "AWS::ApplicationAutoScaling::ScalingPolicy"
_TRACKING: Final = "TargetTrackingScalingPolicyConfiguration"
_METRIC: Final = f"{_TRACKING}.PredefinedMetricSpecification.PredefinedMetricType"
_RESOURCES: Final[Mapping[str, tuple[str, str]]] = {
    "ecs": (r"service/[^/]+/[^/]+", "service/<cluster>/<service>"),
    "rds": (r"cluster:.+", "cluster:<cluster>"),
    "dynamodb": (r"table/[^/]+(/index/.+)?", "table/<table>"),
    "lambda": (r"function:[^:]+:.+", "function:<function>:<alias>"),
}
_DIMENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "ecs": ("ecs:service:DesiredCount",),
    "rds": ("rds:cluster:ReadReplicaCount",),
    "dynamodb": (
        "dynamodb:table:ReadCapacityUnits",
        "dynamodb:table:WriteCapacityUnits",
        "dynamodb:index:ReadCapacityUnits",
        "dynamodb:index:WriteCapacityUnits",
    ),
    "lambda": ("lambda:function:ProvisionedConcurrency",),
}
_METRICS: Final[Mapping[str, tuple[str, ...]]] = {
    "ecs": (
        "ECSServiceAverageCPUUtilization",
        "ECSServiceAverageMemoryUtilization",
        "ALBRequestCountPerTarget",
    ),
    "rds": ("RDSReaderAverageCPUUtilization", "RDSReaderAverageDatabaseConnections"),
    "dynamodb": ("DynamoDBReadCapacityUtilization", "DynamoDBWriteCapacityUtilization"),
    "lambda": ("LambdaProvisionedConcurrencyUtilization",),
}


@rule(
    "DEPLOY-SCALING-TARGET",
    "A target of scaling that Application Auto Scaling refuses",
    types=(_TARGET,),
    severity=Severity.FATAL,
    source="Application Auto Scaling API reference: RegisterScalableTarget",
)
def target_rule(context: Context) -> Iterator[Hit]:
    for target in context.of_type(_TARGET):
        low, high = target.number("MinCapacity"), target.number("MaxCapacity")
        if low is not None and high is not None and low > high:
            yield hit(
                target,
                "MinCapacity",
                f"MinCapacity {low:g} is above MaxCapacity {high:g}",
                f"set MinCapacity to at most {high:g}",
            )
        service = target.text("ServiceNamespace") or ""
        dimension = target.text("ScalableDimension")
        known = _DIMENSIONS.get(service)
        if known and dimension is not None and dimension not in known:
            yield hit(
                target,
                "ScalableDimension",
                f"{service} has no dimension {dimension}",
                f"choose from {', '.join(known)}",
            )
        yield from _actions(target)
        yield from _scaled(context, target, service)


def _scaled(context: Context, target: Resource, service: str) -> Iterator[Hit]:
    form, value = _RESOURCES.get(service), target.get("ResourceId")
    if service in _RESOURCES and isinstance(value, Reference) and form is not None:
        named = context.target(value)
        if named is not None and named.type.startswith("AWS::"):
            yield hit(
                target,
                "ResourceId",
                f"{value} is no resource of {service}",
                f"write it as {form[1]}",
            )
    if form is None or not isinstance(value, str):
        return
    plain = re.sub(r"<[^>]*>", "x", value)
    if not re.fullmatch(form[0], plain) and plain.strip("x"):
        yield hit(
            target,
            "ResourceId",
            f"{value!r} is no resource of {service}",
            f"write it as {form[1]}",
        )
    elif service == "ecs" and not isinstance(value, Partial):
        yield from _service(context, target, value)


def _actions(target: Resource) -> Iterator[Hit]:
    for path, action in objects(target, "ScheduledActions"):
        given = fields(action.get("ScalableTargetAction"))
        if not given and not is_open(action.get("ScalableTargetAction")):
            yield hit(
                target,
                f"{path}.ScalableTargetAction",
                "the action sets neither MinCapacity nor MaxCapacity",
                "add ScalableTargetAction",
            )


def _service(context: Context, target: Resource, value: str) -> Iterator[Hit]:
    clusters = [cluster.get("ClusterName") for cluster in context.of_type("AWS::ECS::Cluster")]
    cluster = value.split("/")[1]
    if clusters and all(type(name) is str for name in clusters) and cluster not in clusters:
        yield hit(
            target,
            "ResourceId",
            f"the template has no cluster {cluster}, only {', '.join(sorted(map(str, clusters)))}",
            "name the cluster by a reference",
            severity=Severity.ERROR,
        )
    """A service that the id names is the template's, where the template names all of them."""
    names = [service.get("ServiceName") for service in context.of_type("AWS::ECS::Service")]
    wanted = value.split("/")[2]
    if names and all(type(name) is str for name in names) and wanted not in names:
        yield hit(
            target,
            "ResourceId",
            f"the template has no service {wanted}, only {', '.join(sorted(map(str, names)))}",
            "name the service by a reference: !GetAtt <service>.Name",
            severity=Severity.ERROR,
        )


@rule(
    "DEPLOY-SCALING-POLICY",
    "A policy of scaling that Application Auto Scaling refuses",
    types=(_POLICY,),
    severity=Severity.FATAL,
    source="Application Auto Scaling API reference: PutScalingPolicy",
)
def policy_rule(context: Context) -> Iterator[Hit]:
    for policy in context.of_type(_POLICY):
        kind = policy.text("PolicyType")
        needed = {
            "TargetTrackingScaling": _TRACKING,
            "StepScaling": "StepScalingPolicyConfiguration",
            "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
        }.get(kind or "")
        if needed and policy.get(needed) is None:
            yield hit(policy, needed, f"a policy of type {kind} needs {needed}", f"add {needed}")
            continue
        if needed == _TRACKING and policy.get(f"{_TRACKING}.TargetValue") is None:
            yield hit(
                policy,
                f"{_TRACKING}.TargetValue",
                "the policy follows no value",
                "add TargetValue",
            )
        target = context.target(policy.get("ScalingTargetId"), _TARGET)
        service = (target or policy).text("ServiceNamespace") or ""
        metric, known = policy.text(_METRIC), _METRICS.get(service)
        if metric is not None and known and metric not in known:
            yield hit(
                policy,
                _METRIC,
                f"{service} is not scaled by {metric}",
                f"choose from {', '.join(known)}",
            )
        label = f"{_TRACKING}.PredefinedMetricSpecification.ResourceLabel"
        yield from _label(context, policy, label, metric)
        yield from _tracking(policy) if needed == _TRACKING else ()
        yield from _steps(policy) if kind == "StepScaling" else ()
        if metric == "ALBRequestCountPerTarget" and policy.get(label) is None:
            yield hit(
                policy,
                label,
                "the metric ALBRequestCountPerTarget needs the load balancer and the target group",
                "set ResourceLabel to <LoadBalancerFullName>/<TargetGroupFullName>",
            )


_LABEL: Final = re.compile(r"app/[^/]+/[^/]+/targetgroup/[^/]+/[^/]+")


def _label(context: Context, policy: Resource, path: str, metric: str | None) -> Iterator[Hit]:
    value = policy.get(path)
    if value is None or metric is None:
        return
    if metric != "ALBRequestCountPerTarget":
        yield hit(
            policy, path, f"the metric {metric} takes no ResourceLabel", "delete ResourceLabel"
        )
        return
    plain = type(value) is str and not _LABEL.fullmatch(value) and "{{" not in value
    alone = isinstance(value, Reference) and context.target(value) is not None
    if plain or alone:
        yield hit(
            policy,
            path,
            f"{value} is not <LoadBalancerFullName>/<TargetGroupFullName>",
            "join LoadBalancerFullName and TargetGroupFullName by a slash",
        )


def _tracking(policy: Resource) -> Iterator[Hit]:
    metrics = ("PredefinedMetricSpecification", "CustomizedMetricSpecification")
    given = [name for name in metrics if policy.get(f"{_TRACKING}.{name}") is not None]
    if len(given) != 1:
        yield hit(
            policy,
            f"{_TRACKING}.{metrics[0]}",
            f"a policy follows one metric; this one has {' and '.join(given) or 'none'}",
            "keep one of them" if given else f"add {metrics[0]}",
        )
    value = policy.number(f"{_TRACKING}.TargetValue")
    if value is not None and value <= 0:
        yield hit(
            policy,
            f"{_TRACKING}.TargetValue",
            f"the value to follow is {value:g}, which is not above 0",
            "choose a value above 0",
        )


_STEPS: Final = "StepScalingPolicyConfiguration"


def _steps(policy: Resource) -> Iterator[Hit]:
    if policy.get(f"{_STEPS}.AdjustmentType") is None:
        yield hit(
            policy,
            f"{_STEPS}.AdjustmentType",
            "the steps have no AdjustmentType",
            "set AdjustmentType: ChangeInCapacity",
        )
    bounds: list[tuple[float, float]] = []
    for _, step in objects(policy, f"{_STEPS}.StepAdjustments"):
        ends = []
        for name, end in (
            ("MetricIntervalLowerBound", float("-inf")),
            ("MetricIntervalUpperBound", float("inf")),
        ):
            written = step.get(name)
            ends.append(end if written is None else number(written))
        low, high = ends
        if low is None or high is None:
            return
        bounds.append((low, high))
    bounds.sort()
    for (_, high), (low, _) in itertools.pairwise(bounds):
        if high != low:
            yield hit(
                policy,
                f"{_STEPS}.StepAdjustments",
                f"the steps {'overlap' if low < high else 'leave a gap'} between "
                f"{min(high, low):g} and {max(high, low):g}",
                "let each step begin where the one before ends",
            )


@rule(
    "DEPLOY-SCALING-TWICE",
    "Two policies of one target that follow one metric",
    types=(_POLICY,),
    severity=Severity.FATAL,
    source="Application Auto Scaling API reference: PutScalingPolicy (only one target tracking "
    "policy for a metric)",
)
def twice_rule(context: Context) -> Iterator[Hit]:
    seen: dict[tuple[str, str], str] = {}
    for policy in context.of_type(_POLICY):
        target, metric = policy.get("ScalingTargetId"), policy.text(_METRIC)
        if metric is None or not isinstance(target, Reference):
            continue
        first = seen.setdefault((str(target), metric), policy.logical_id)
        if first != policy.logical_id:
            yield hit(
                policy,
                _METRIC,
                f"{first} follows {metric} of the same target already",
                "keep one of them",
            )
