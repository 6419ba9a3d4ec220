"""Ways to AWS services that stay inside AWS: the VPC endpoints of a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pci_constructs.settings.workload import Permission

NEEDED: Final = {
    "EcrApi": "ecr.api",
    "EcrDocker": "ecr.dkr",
    "Ecs": "ecs",  # for the function that restarts tasks when a password has rotated
    "Logs": "logs",
    "SecretsManager": "secretsmanager",
    "Kms": "kms",
}
"""What Fargate needs to start a task without a way out (ECS guide, interface endpoints)."""

_OF_ACTIONS: Final = {
    "cognito-idp": "cognito-idp",
    "kinesis": "kinesis-streams",
    "firehose": "kinesis-firehose",
    "cloudwatch": "monitoring",
    "ses": "email",
    "execute-api": "execute-api",
}
"""Endpoint by the prefix of its service's actions, where the two differ."""

_OTHER_WAYS: Final = ("s3", "ecr", "ecs", "logs", "secretsmanager", "kms", "iam")
"""Services with a way of their own: S3's gateway endpoint, those above, and IAM, which has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An interface endpoint.

    Attributes:
        service: Last words of its name, such as ``ecr.api``.
        permitted: Actions on resources that it lets pass; AWS's default policy if there are none.
    """

    service: str
    permitted: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()


def interface_endpoints(permissions: Iterable[Permission]) -> dict[str, Endpoint]:
    """Return the endpoints that tasks without a way out need, by construct id.

    Args:
        permissions: What the tasks may do; each service of these gets an endpoint that lets
            nothing else pass (PCI DSS 1.3.2).
    """
    found = {name: Endpoint(service=service) for name, service in NEEDED.items()}
    for permission in permissions:
        for service in dict.fromkeys(action.partition(":")[0] for action in permission.actions):
            if service in _OTHER_WAYS:
                continue
            name = "".join(part.capitalize() for part in service.split("-"))
            before = found.get(name, Endpoint(service=_OF_ACTIONS.get(service, service)))
            own = tuple(one for one in permission.actions if one.startswith(f"{service}:"))
            permitted = dict.fromkeys([*before.permitted, (own, tuple(permission.resources))])
            found[name] = Endpoint(service=before.service, permitted=tuple(permitted))
    return found
