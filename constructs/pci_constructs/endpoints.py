"""Ways to AWS services that stay inside AWS: the VPC endpoints of a network."""

from __future__ import annotations

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


def endpoint_of(service: str) -> str | None:
    """Return the last words of the name of a service's endpoint, or None if it has another way.

    Args:
        service: Prefix of its actions, such as ``sqs``.
    """
    return None if service in _OTHER_WAYS else _OF_ACTIONS.get(service, service)


def construct_id(service: str) -> str:
    """Return the construct id of a service's endpoint."""
    return "".join(part.capitalize() for part in service.split("-"))
