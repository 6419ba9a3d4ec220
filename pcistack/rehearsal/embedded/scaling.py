"""Application Auto Scaling: scalable targets and scaling policies."""

from __future__ import annotations

from collections.abc import Mapping

from pcistack.rehearsal.embedded.api import call, require
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values

_HIGHEST_COUNT = 5_000


def _require_ecs_service(resource_id: str) -> None:
    parts = resource_id.split("/")
    if len(parts) != 3 or parts[0] != "service":
        raise PropertyError(f"The resource id {resource_id} is not service/<cluster>/<service>")
    _, cluster, service = parts
    found = call("ecs", "describe_services", cluster=cluster, services=[service])["services"]
    require([item for item in found if item["status"] == "ACTIVE"], "ECS service", resource_id)


def _identity(properties: Properties) -> dict[str, str]:
    namespace = properties.text("ServiceNamespace", allowed={"ecs"})
    resource_id = properties.text("ResourceId")
    _require_ecs_service(resource_id)
    return {
        "ServiceNamespace": namespace,
        "ResourceId": resource_id,
        "ScalableDimension": properties.text(
            "ScalableDimension", allowed={"ecs:service:DesiredCount"}
        ),
    }


def _register(properties: Properties) -> dict[str, str]:
    identity = _identity(properties)
    low = properties.number("MinCapacity", minimum=0, maximum=_HIGHEST_COUNT)
    high = properties.number("MaxCapacity", minimum=0, maximum=_HIGHEST_COUNT)
    if low > high:
        raise ValueError("Maximum capacity cannot be less than minimum capacity")
    call(
        "application-autoscaling",
        "register_scalable_target",
        MinCapacity=int(low),
        MaxCapacity=int(high),
        RoleARN=properties.optional_text("RoleARN", pattern=r"arn:[^:]+:iam::\d{12}:role/.+"),
        SuspendedState=properties.document("SuspendedState"),
        Tags={tag["Key"]: tag["Value"] for tag in properties.tags()} or None,
        **identity,
    )
    _keep_between(identity["ResourceId"], int(low), int(high))
    return identity


def _keep_between(resource_id: str, low: int, high: int) -> None:
    """Bring the count of a service's tasks between the limits, as RegisterScalableTarget does.

    "Otherwise, it changes the resource's current capacity to a value that is inside of this
    range": API reference of RegisterScalableTarget.
    """
    _, cluster, service = resource_id.split("/")
    found = call("ecs", "describe_services", cluster=cluster, services=[service])["services"]
    count = found[0]["desiredCount"]
    if not low <= count <= high:
        wanted = min(max(count, low), high)
        call("ecs", "update_service", cluster=cluster, service=service, desiredCount=wanted)


def _create_target(_place: StackPosition, properties: Properties) -> Created:
    identity = _register(properties)
    name = "|".join(
        identity[part] for part in ("ResourceId", "ScalableDimension", "ServiceNamespace")
    )
    return name, {"Id": name}


def _update_target(name: str, properties: Properties, _old: Values) -> Created:
    _register(properties)
    return name, {"Id": name}


def _split(name: str) -> dict[str, str]:
    resource_id, dimension, namespace = name.split("|")
    return {
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
        "ServiceNamespace": namespace,
    }


def _delete_target(name: str, _values: Values) -> None:
    call("application-autoscaling", "deregister_scalable_target", **_split(name))


def _policy_target(properties: Properties) -> Mapping[str, str]:
    target = properties.optional_text("ScalingTargetId")
    return _identity(properties) if target is None else _split(target)


def _put_policy(properties: Properties) -> Created:
    name = properties.text("PolicyName", pattern=r"[^\x00-\x1f]{1,256}")
    answer = call(
        "application-autoscaling",
        "put_scaling_policy",
        PolicyName=name,
        PolicyType=properties.text("PolicyType", allowed={"TargetTrackingScaling", "StepScaling"}),
        TargetTrackingScalingPolicyConfiguration=properties.document(
            "TargetTrackingScalingPolicyConfiguration"
        ),
        StepScalingPolicyConfiguration=properties.document("StepScalingPolicyConfiguration"),
        **_policy_target(properties),
    )
    return answer["PolicyARN"], {"Arn": answer["PolicyARN"]}


def _create_policy(_place: StackPosition, properties: Properties) -> Created:
    return _put_policy(properties)


def _update_policy(_name: str, properties: Properties, _old: Values) -> Created:
    return _put_policy(properties)


def _delete_policy(_arn: str, values: Values) -> None:
    target = values.get("ScalingTargetId")
    identity = (
        _split(str(target))
        if target
        else {
            part: str(values[part])
            for part in ("ResourceId", "ScalableDimension", "ServiceNamespace")
        }
    )
    call(
        "application-autoscaling",
        "delete_scaling_policy",
        PolicyName=str(values["PolicyName"]),
        **identity,
    )


_IDENTITY = frozenset({"ResourceId", "ScalableDimension", "ServiceNamespace"})

RESOURCE_TYPES = (
    ResourceType(
        name="AWS::ApplicationAutoScaling::ScalableTarget",
        create=_create_target,
        update=_update_target,
        delete=_delete_target,
        create_only=_IDENTITY,
    ),
    ResourceType(
        name="AWS::ApplicationAutoScaling::ScalingPolicy",
        create=_create_policy,
        update=_update_policy,
        delete=_delete_policy,
        create_only=_IDENTITY | {"PolicyName", "ScalingTargetId"},
    ),
)
