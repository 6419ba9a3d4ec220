"""Entry: a custom resource's request, or one step of a rotation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from .deployment import Deployment, answer
from .rotation import Rotation
from .secrets import Secrets
from .server import Server
from .services import Services


def handler(event: Mapping[str, Any], context: object) -> None:
    """Make the users if CloudFormation asks, else run a step that Secrets Manager asks for."""
    if "RequestType" in event:
        answer(event, lambda: Deployment(*_parts()).run())
    else:
        Rotation(event["SecretId"], event["ClientRequestToken"], *_parts()).run(event["Step"])


def _parts() -> tuple[Secrets, Server, Services]:
    secrets = Secrets.of_environment(boto3.client("secretsmanager"))
    server = Server.of_environment(secrets.master_login)
    return secrets, server, Services.of_environment(boto3.client("ecs"))
