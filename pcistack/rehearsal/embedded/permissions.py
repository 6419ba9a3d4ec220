"""IAM is asked before a task starts: may its roles do what ECS does with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pcistack.policies.evaluation import Request
from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded._engine import Untyped
from pcistack.rehearsal.embedded.api import call
from pcistack.rehearsal.embedded.deployed_access import DeployedRole, arn, of_secret, partition

_TASKS: Final = "ecs-tasks.amazonaws.com"
_SECRET: Final = re.compile(r"arn:[^:]+:secretsmanager:[^:]+:[^:]+:secret:[^:]+")
_ECR: Final = re.compile(r"^(\d{12})\.dkr\.ecr\.([^.]+)\.[^/]+/([^:@]+)")


def install() -> None:
    """Ask before a service is created, and before its next tasks start."""
    handler = _engine.resource_handlers()["AWS::ECS::Service"]
    create, update = handler["create"], handler["update"]

    def guarded_create(logical_id: str, values: Mapping[str, Any], stack: str) -> Untyped:
        _require_stable(str(values.get("TaskDefinition")))
        return create(logical_id, values, stack)

    def guarded_update(
        physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], *rest: Untyped
    ) -> Untyped:
        _require_stable(str(new.get("TaskDefinition")))
        return update(physical_id, old, new, *rest)

    handler["create"], handler["update"] = guarded_create, guarded_update


def _require_stable(task_definition: str) -> None:
    try:
        require_start(task_definition)
    except ValueError as error:
        raise ValueError(f"Service did not stabilize: {error}") from error


def require_start(task_definition: str) -> None:
    """Refuse to start tasks whose execution role may not do what ECS does with it.

    Raises:
        ValueError: The call that would fail, in the words that a stopped task shows.
    """
    task = call("ecs", "describe_task_definition", taskDefinition=task_definition)["taskDefinition"]
    task["containerDefinitions"] = _containers(task["taskDefinitionArn"])
    if not task.get("executionRoleArn"):
        return
    role = DeployedRole(str(task["executionRoleArn"]))
    for request, key in _requests(task):
        if not role.may(request, key):
            raise ValueError(
                "ResourceInitializationError: unable to pull secrets or "
                f"registry auth, or to create logs: {role.arn} is not authorized to perform: "
                f"{request.action} on resource: {request.resource} (AccessDeniedException)"
            )
    if not role.may_be_assumed_by(_TASKS, arn("ecs", "*")):
        raise ValueError(
            f"ECS was unable to assume the role '{role.arn}' (Error code: AccessDeniedException)"
        )


def _requests(task: Mapping[str, Any]) -> Iterator[tuple[Request, str]]:
    """Yield what ECS does to start a task, each with the key that it has to decrypt with."""
    for container in task["containerDefinitions"]:
        image = _ECR.match(str(container.get("image", "")))
        if image:
            account, region, name = image.groups()
            yield Request(action="ecr:GetAuthorizationToken", resource="*"), ""
            repository = f"arn:{partition()}:ecr:{region}:{account}:repository/{name}"
            yield Request(action="ecr:BatchGetImage", resource=repository), ""
            yield Request(action="ecr:GetDownloadUrlForLayer", resource=repository), ""
        for secret in container.get("secrets", []):
            source = str(secret.get("valueFrom", ""))
            found = _SECRET.match(source)
            if found or not source.startswith("arn:"):
                name = found[0] if found else source.partition(":")[0]
                yield Request(action="secretsmanager:GetSecretValue", resource=name), ""
                yield from of_secret(name, "kms:Decrypt")
        logs = container.get("logConfiguration") or {}
        group = (logs.get("options") or {}).get("awslogs-group")
        if logs.get("logDriver") == "awslogs" and group:
            stream = arn("logs", f"log-group:{group}:log-stream:start")
            yield Request(action="logs:CreateLogStream", resource=stream), ""
            yield Request(action="logs:PutLogEvents", resource=stream), ""


def _containers(task_definition: str) -> list[dict[str, Any]]:
    """Return the containers as they were registered; the engine shows no secrets."""
    registered = _engine.module("services.ecs")._task_defs
    key = task_definition.rpartition("/")[2]
    record = registered.get(key) or registered.get(task_definition) or {}
    return [_camel(container) for container in record.get("containerDefinitions", [])]


def _camel(value: Untyped) -> Untyped:
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name[:1].lower() + name[1:]: _camel(item) for name, item in value.items()}
