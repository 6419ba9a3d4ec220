"""The way back from an update whose release job fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.cdk_cli import CommandError
from pcistack.rehearsal.emulator import Emulator, Fault
from pcistack.rehearsal.sdk import Client
from pcistack.rehearsal.verification import deployed

_JOB = "Custom::JobBeforeService"


def families(assembly: Assembly) -> list[str]:
    """Return the families of the tasks that a deployment runs before its services."""
    resources = assembly.resources
    definitions = [
        resources[name]["Properties"]["TaskDefinition"]["Ref"] for name in assembly.of_type(_JOB)
    ]
    return [str(resources[name]["Properties"]["Family"]) for name in definitions]


def problems(emulator: Emulator, assembly: Assembly, update: Callable[[], None]) -> list[str]:
    """Let the first job of an update fail; return what is not as it was before.

    Args:
        emulator: Where the job is made to fail.
        assembly: As it is deployed.
        update: Deploys another release, which raises CommandError if it fails.
    """
    family = families(assembly)[0]
    versions, runs = _versions(emulator, assembly), _runs(emulator, assembly, family)
    emulator.set_faults([Fault(stack="", resource=family, operation="run")])
    try:
        update()
    except CommandError:
        found = []
    else:
        found = [f"{family}: it failed, and the deployment did not"]
    finally:
        emulator.set_faults([])
    after = _versions(emulator, assembly)
    found += [
        f"{name}: runs {after.get(name)} after the failed update, not {version}"
        for name, version in versions.items()
        if after.get(name) != version
    ]
    again = _runs(emulator, assembly, family) - runs
    if again != 1:
        found.append(f"{family}: ran {again} times in the failed update and its rollback, not once")
    return found


def _versions(emulator: Emulator, assembly: Assembly) -> dict[str, str]:
    """Return the task definition of each service, by the service's logical id."""
    services = deployed(emulator, assembly).services
    return {name: str(service["taskDefinition"]) for name, service in services.items()}


def _runs(emulator: Emulator, assembly: Assembly, family: str) -> int:
    """Return how often a task of a family has been run."""
    ecs: Client = emulator.client("ecs", assembly.region)
    tasks: list[dict[str, Any]] = []
    for cluster in deployed(emulator, assembly).of_type("AWS::ECS::Cluster").values():
        arns = ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
        if arns:
            tasks += ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
    names = [task["taskDefinitionArn"].rpartition("/")[2].partition(":")[0] for task in tasks]
    return names.count(family)
