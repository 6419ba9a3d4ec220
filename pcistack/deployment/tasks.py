"""What the tasks of a template are made of: task definitions, containers, services."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.deployment.context import Context
from pcistack.deployment.fargate import TASK
from pcistack.deployment.paths import objects
from pcistack.policies.arns import parts
from pcistack.template.view import Resource, Value

_ECR: Final = re.compile(
    r"^(?P<account>[^./]+)\.dkr\.ecr\.(?P<region>[^./]+)\.[^/]+/(?P<name>(<[^>]*>|[^:@<])+)([:@].*)?$"
)
_SECRET_PARTS: Final = 7
"""Colons in the ARN of a secret; behind it may stand a JSON key, a stage and a version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of a task definition.

    Attributes:
        task: The task definition.
        path: Property path of the container.
        body: What is written of it.
    """

    task: Resource
    path: str
    body: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretUse:
    """A secret or parameter that ECS reads at the start of a container.

    Attributes:
        container: The container.
        path: Property path of the value.
        text: The value with its references written out.
        key: JSON key asked for; empty for the whole value.
        value: The value itself.
    """

    container: Container
    path: str
    text: str
    key: str
    value: Value

    @property
    def is_parameter(self) -> bool:
        """Whether it is a parameter of Systems Manager."""
        return ":secretsmanager:" not in self.text

    @property
    def arn(self) -> str:
        """ARN of the secret, without the JSON key, stage and version behind it."""
        return ":".join(parts(self.text)[:_SECRET_PARTS])


def containers(context: Context) -> Iterator[Container]:
    """Yield the containers of every task definition."""
    for task in context.of_type("AWS::ECS::TaskDefinition"):
        for index, item in enumerate(task.items("ContainerDefinitions")):
            if isinstance(item, dict):
                yield Container(task=task, path=f"ContainerDefinitions.{index}", body=item)


def written_containers(
    context: Context,
) -> Iterator[tuple[Resource, list[tuple[str, dict[str, Value]]]]]:
    """Yield each task definition with its containers as they are written, by their paths."""
    for task in context.of_type(TASK):
        yield task, list(objects(task, "ContainerDefinitions"))


def secrets(context: Context, container: Container) -> Iterator[SecretUse]:
    """Yield what a container is given from Secrets Manager and Systems Manager."""
    listed = [("Secrets", "ValueFrom", container.body.get("Secrets"))]
    log = container.body.get("LogConfiguration")
    if isinstance(log, dict):
        listed.append(("LogConfiguration.SecretOptions", "ValueFrom", log.get("SecretOptions")))
    credentials = container.body.get("RepositoryCredentials")
    if isinstance(credentials, dict):
        listed.append(("RepositoryCredentials", "CredentialsParameter", [credentials]))
    for path, name, items in listed:
        for index, item in enumerate(items if isinstance(items, list) else []):
            if not isinstance(item, dict) or item.get(name) is None:
                continue
            value = item[name]
            where = path if path == "RepositoryCredentials" else f"{path}.{index}"
            text = context.access.names.text(value)
            yield SecretUse(
                container=container,
                path=f"{container.path}.{where}.{name}",
                text=text,
                key="".join(parts(text)[_SECRET_PARTS : _SECRET_PARTS + 1]),
                value=value,
            )


def secret_of(context: Context, use: SecretUse) -> Resource | None:
    """Return the secret of the template that a container is given."""
    for secret in context.of_type("AWS::SecretsManager::Secret"):
        if context.access.names.arn(secret) == use.arn:
            return secret
    return None


def repository(context: Context, container: Container) -> tuple[str, str] | None:
    """Return ARN and region of the ECR repository of a container's image; None for another."""
    image = container.body.get("Image")
    text = context.access.names.text(image)
    for own in context.of_type("AWS::ECR::Repository"):
        text = text.replace(f"<{own.logical_id}.RepositoryUri>", _uri(context, own))
    found = _ECR.match(text)
    if found is None:
        return None
    arn = context.placed("arn:{p}:ecr:") + f"{found['region']}:{found['account']}:repository/"
    return arn + found["name"], found["region"]


def _uri(context: Context, own: Resource) -> str:
    name = context.access.names.name(own)
    region = context.region or "<AWS::Region>"
    return f"<AWS::AccountId>.dkr.ecr.{region}.{context.domain}/{name}"


def awslogs(container: Container) -> Mapping[str, Value] | None:
    """Return the options of a container's awslogs driver; None if it has another one."""
    log = container.body.get("LogConfiguration")
    if not isinstance(log, dict) or log.get("LogDriver") != "awslogs":
        return None
    options = log.get("Options")
    return options if isinstance(options, dict) else None


def services_of(context: Context, task: Resource) -> list[Resource]:
    """Return the services that run a task definition."""
    return [
        service
        for service in context.of_type("AWS::ECS::Service")
        if context.target(service.get("TaskDefinition")) is task
    ]


def on_fargate(context: Context, service: Resource) -> bool:
    """Whether a service certainly runs on Fargate, where the task itself fetches its image."""
    if service.get("LaunchType") == "FARGATE":
        return True
    providers = [
        str(item.get("CapacityProvider")).startswith("FARGATE")
        for item in service.items("CapacityProviderStrategy")
        if isinstance(item, dict)
    ]
    return bool(providers) and all(providers)
