"""Ways to AWS services that stay inside AWS: the VPC endpoints of a network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

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


def interface_endpoints(actions: Iterable[str]) -> dict[str, str]:
    """Return the endpoints that tasks without a way out need, by construct id.

    Args:
        actions: Actions that the tasks may do, such as ``sqs:SendMessage``.
    """
    services = dict.fromkeys(action.partition(":")[0] for action in actions)
    asked = {
        "".join(part.capitalize() for part in service.split("-")): _OF_ACTIONS.get(service, service)
        for service in services
        if service not in _OTHER_WAYS
    }
    return {**NEEDED, **asked}
