"""Which task definitions run on Fargate, and the sizes that Fargate has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.deployment.context import Context
from pcistack.deployment.paths import fields, text
from pcistack.template.view import Resource, Value

TASK: Final = "AWS::ECS::TaskDefinition"
SERVICE: Final = "AWS::ECS::Service"

SIZES: Final[dict[int, tuple[int, ...]]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
    32768: (61440, 122880, 249856),
}
"""Memory in MiB that Fargate sells with an amount of CPU in units of 1/1024 vCPU."""

_UNITS: Final = re.compile(r"\s*(\d*\.?\d+)\s*(vcpu|gb|)\s*", re.IGNORECASE)


def units(value: Value) -> int | None:
    """Return CPU units or MiB, also of ``.5 vCPU`` or ``1 GB``; None if it is open or neither."""
    known = text(value)
    found = _UNITS.fullmatch(known) if known is not None else None
    if found is None:
        return None
    factor = 1024 if found.group(2) else 1
    return int(float(found.group(1)) * factor)


def launches_on_fargate(service: Resource) -> bool:
    """Whether a service says that it runs on Fargate."""
    if service.text("LaunchType") == "FARGATE":
        return True
    return any(
        text(fields(item).get("CapacityProvider")) in ("FARGATE", "FARGATE_SPOT")
        for item in service.items("CapacityProviderStrategy")
    )


def fargate_tasks(context: Context) -> Iterator[Resource]:
    """Yield the task definitions that are for Fargate, by their own word or by a service's."""
    launched = {
        task.logical_id
        for service in context.of_type(SERVICE)
        if launches_on_fargate(service)
        and (task := context.target(service.get("TaskDefinition"), TASK))
    }
    for task in context.of_type(TASK):
        named = {text(item) for item in task.items("RequiresCompatibilities")}
        if "FARGATE" in named or task.logical_id in launched:
            yield task
