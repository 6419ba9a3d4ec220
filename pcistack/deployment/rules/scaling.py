"""Scaling of services: targets and policies that Application Auto Scaling takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.template.view import Partial, Resource

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
        form, value = _RESOURCES.get(service), target.get("ResourceId")
        if form is None or not isinstance(value, str):
            continue
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


def _service(context: Context, target: Resource, value: str) -> Iterator[Hit]:
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
        if metric == "ALBRequestCountPerTarget" and policy.get(label) is None:
            yield hit(
                policy,
                label,
                "the metric ALBRequestCountPerTarget needs the load balancer and the target group",
                "set ResourceLabel to <LoadBalancerFullName>/<TargetGroupFullName>",
            )
