"""The tasks of a template's Fargate services: how large, and how many."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pcistack.template.view import Partial, Resource, View

_MEBIBYTES: Final = 1024.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """The tasks of one service.

    Attributes:
        service: Logical id of the service.
        vcpu: vCPU of one task; None if only the deployment knows.
        memory: Memory of one task in GB; None if only the deployment knows.
        lowest: How many run when the stack starts; None if only the deployment knows.
        highest: How many run when the service is scaled out; None likewise.
        arm: Whether they run on ARM.
    """

    service: str
    vcpu: float | None
    memory: float | None
    lowest: float | None
    highest: float | None
    arm: bool = False


def fargate(view: View) -> Iterator[Tasks]:
    """Yield the tasks of each Fargate service.

    Autoscaling keeps them between its limits; without ``DesiredCount`` ECS begins with one, which
    autoscaling lifts to the lower limit.
    """
    limits = {
        target: (_limit(scalable, "MinCapacity"), _limit(scalable, "MaxCapacity"))
        for scalable in view.of_type("AWS::ApplicationAutoScaling::ScalableTarget")
        for target in _scaled_services(scalable)
    }
    for service in view.of_type("AWS::ECS::Service"):
        definition = view.target(service.get("TaskDefinition"))
        if definition is None or not _is_fargate(service, definition):
            continue
        count = 1.0 if service.get("DesiredCount") is None else service.number("DesiredCount")
        low, high = limits.get(service.logical_id, (1.0, 1.0))
        yield Tasks(
            service=service.logical_id,
            vcpu=_amount(definition.text("Cpu"), "vcpu"),
            memory=_amount(definition.text("Memory"), "gb"),
            lowest=None if count is None or low is None else max(count, low),
            highest=None if count is None or high is None else max(count, high),
            arm=definition.text("RuntimePlatform.CpuArchitecture") == "ARM64",
        )


def _limit(scalable: Resource, key: str) -> float | None:
    return 1.0 if scalable.get(key) is None else scalable.number(key)


def _scaled_services(scalable: Resource) -> list[str]:
    value = scalable.get("ResourceId")
    return [r.logical_id for r in value.references] if isinstance(value, Partial) else []


def _is_fargate(service: Resource, definition: Resource) -> bool:
    launch = service.text("LaunchType")
    compatible = [str(item) for item in definition.items("RequiresCompatibilities")]
    return launch == "FARGATE" or (launch is None and "FARGATE" in compatible)


def _amount(text: str | None, unit: str) -> float | None:
    """Return units (``512``), or what stands before the unit (``.5 vCPU``, ``1 GB``)."""
    if text is None:
        return None
    number, _, named = text.strip().lower().partition(" ")
    try:
        value = float(number)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return value if named == unit else value / _MEBIBYTES
