"""Asking the embedded AWS what ``pcistack verify`` asks an account, and what only a rehearsal may.

A verification of a real account reads no secret; the embedded AWS holds none that matters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from pcistack.account.aws import Aws, Call, part, text
from pcistack.account.verify import run
from pcistack.account.verify.deployed import SERVICE, Deployed
from pcistack.account.verify.promise import Promise
from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.emulator import Emulator
from pcistack.rehearsal.place import DeploymentPlace
from pcistack.rehearsal.sdk import Client
from pcistack.template.document import Template

_PASSWORD_LENGTH = 32


def deployed(place: DeploymentPlace, assembly: Assembly) -> Deployed:
    """Return a stack as it is deployed in an AWS."""
    return Deployed(
        Aws(assembly.region, place.client),
        Template(assembly.template),
        stack=assembly.stack,
        suffix=assembly.suffix,
    )


def verify(emulator: Emulator, assembly: Assembly) -> run.Verified:
    """Ask for every promise of a deployed stack, and look into its secrets."""
    manager: Client = emulator.client("secretsmanager", assembly.region)

    def secrets(stack: Deployed) -> Iterator[str]:
        yield from _secrets(stack, manager)

    return run.verify(
        deployed(emulator, assembly),
        more=[
            Promise(
                id="secrets-attached",
                says="Database secrets: 32 characters, attached",
                requirement="8.3.6",
                types=("AWS::SecretsManager::Secret",),
                problems=secrets,
            )
        ],
    )


def _secrets(stack: Deployed, manager: Client) -> Iterator[str]:
    hosts = {text(cluster, "Endpoint") for cluster in stack.clusters.values()}
    secrets = stack.of_type("AWS::SecretsManager::Secret")
    attached = 0
    for name, arn in secrets.items():
        value = json.loads(manager.get_secret_value(SecretId=arn)["SecretString"])
        length = len(value.get("password", ""))
        if length != _PASSWORD_LENGTH:
            yield f"{name}: its password has {length} characters"
        attached += value.get("host") in hosts
    if hosts and not attached:
        yield f"{', '.join(secrets) or 'no secret'}: is not attached to the cluster"


def figures(stack: Deployed) -> dict[str, object]:
    """Return what may be changed without replacing anything, as the services tell it."""
    images: list[object] = []
    for service in stack.services.values():
        asked = {"taskDefinition": text(service, "taskDefinition")}
        found = stack.aws.items(Call.TASK_DEFINITION, "taskDefinition", asked)
        for task in found:
            containers = task["containerDefinitions"]
            assert isinstance(containers, list)
            images += [item["image"] for item in containers]
    asked = {"ServiceNamespace": "ecs"}
    targets = stack.aws.items(Call.SCALABLE_TARGETS, "ScalableTargets", asked)
    names = {arn.split("/")[-1] for arn in stack.of_type(SERVICE).values()}
    own = [item for item in targets if text(item, "ResourceId").split("/")[-1] in names]
    return {
        "the database's capacity": [
            part(cluster, "ServerlessV2ScalingConfiguration") for cluster in stack.clusters.values()
        ],
        "the service's count": [item["desiredCount"] for item in stack.services.values()],
        "the task's image": images,
        "the scaling limits": [(item["MinCapacity"], item["MaxCapacity"]) for item in own],
    }
