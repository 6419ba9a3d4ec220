"""What is promised of the container services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.account.aws import Call, flag, number, part, text
from pcistack.account.verify.deployed import SERVICE, Deployed
from pcistack.account.verify.promise import Promise
from pcistack.checks.findings import counted


def _running(stack: Deployed) -> Iterator[str]:
    for name, service in stack.services.items():
        network = part(part(service, "networkConfiguration"), "awsvpcConfiguration")
        wanted = number(service, "desiredCount") or 0
        if text(service, "status") != "ACTIVE" or wanted < 1:
            yield f"{name}: is {text(service, 'status')}, {wanted:g} desired"
        if network.get("assignPublicIp", "DISABLED") != "DISABLED":
            yield f"{name}: its tasks have public addresses"
        breaker = part(part(service, "deploymentConfiguration"), "deploymentCircuitBreaker")
        if not (flag(breaker, "enable") and flag(breaker, "rollback")):
            yield f"{name}: a failed deployment does not roll back by itself"


def _scaling(stack: Deployed) -> Iterator[str]:
    for name, arn in stack.of_type(SERVICE).items():
        if "DesiredCount" in stack.resources[name].properties:
            continue  # its number of tasks is fixed
        resource = "service/" + "/".join(arn.split("/")[-2:])
        targets = stack.aws.items(
            Call.SCALABLE_TARGETS,
            "ScalableTargets",
            {"ServiceNamespace": "ecs", "ResourceIds": [resource]},
        )
        if not targets:
            yield f"{name}: nothing scales it"
        count = int(number(stack.services[name], "desiredCount") or 0)
        for target in targets:
            low = int(number(target, "MinCapacity") or 0)
            high = int(number(target, "MaxCapacity") or 0)
            if low >= high:
                yield f"{name}: has no room to scale above {low}"
            if not low <= count <= high:
                yield f"{name}: {counted(count, 'task')} desired, outside of {low} to {high}"
        asked = {"ServiceNamespace": "ecs", "ResourceId": resource}
        if not stack.aws.items(Call.SCALING_POLICIES, "ScalingPolicies", asked):
            yield f"{name}: has no scaling policy"


PROMISES: Final = (
    Promise(
        id="service-private",
        says="The service runs without public addresses and rolls back",
        requirement="1.4.2",
        types=(SERVICE,),
        problems=_running,
    ),
    Promise(id="service-scales", says="The service scales", types=(SERVICE,), problems=_scaling),
)
