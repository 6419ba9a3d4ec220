"""IAM is asked for every call of a function: its role's policies, and those of what it calls.

A function's credentials name it and its role, so that its calls are told from everybody else's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

from pcistack.policies.evaluation import Request
from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded._engine import Response, Untyped
from pcistack.rehearsal.embedded.api import call
from pcistack.rehearsal.embedded.deployed_access import (
    DeployedRole,
    arn,
    in_place,
    of_secret,
    partition,
)

_TOKEN: Final = "function"
_TASKS: Final = "ecs-tasks.amazonaws.com"


def install() -> None:
    """Name the function in its credentials, and ask before a service answers one."""
    runtime = _engine.module("core.lambda_runtime")
    original = runtime.execution_credentials

    def credentials(config: Mapping[str, Any]) -> dict[str, str]:
        token = "|".join([_TOKEN, str(config["Role"]), str(config["FunctionArn"])])
        return {**original(config), "AWS_SESSION_TOKEN": token}

    for module in (runtime, _engine.module("services.lambda_svc")):
        module.execution_credentials = credentials
    handlers = _engine.module("app").SERVICE_HANDLERS
    for service, handler in handlers.items():
        handlers[service] = _guarded(service, handler)


def _guarded(service: str, handler: Callable[..., Untyped]) -> Callable[..., Untyped]:
    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Response:
        token = headers.get("x-amz-security-token", "").split("|")
        if token[0] == _TOKEN:
            asked = _Asked(service, method, path, headers, body, query)
            refused = await asyncio.to_thread(asked.refused, role=token[1], function=token[2])
            if refused is not None:
                return refused
        answer: Response = await handler(method, path, headers, body, query)
        return answer

    return handle


class _Asked:
    """One request of a function, and what IAM says to it."""

    def __init__(
        self,
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Any],
    ) -> None:
        self._service, self._headers = service, headers
        parameters = _engine.module("app")._routing_params(method, path, headers, body, query)
        given = (service, method, path, headers, body, parameters)
        actions = _engine.module("core.iam_actions")
        self.action = str(actions.extract_iam_action(*given) or "")
        owner = (_engine.region(), _engine.account_id())
        self.resource = str(actions.extract_resource_arn(*given, *owner))
        self._fields: dict[str, Any] = {}
        with suppress(ValueError):
            self._fields = json.loads(body or b"{}")

    def refused(self, *, role: str, function: str) -> Response | None:
        """Return AWS's refusal, or None if the function may."""
        if not self.action:
            return None
        try:
            deployed = DeployedRole(role)
        except ValueError:  # the role is gone, as at the end of a deletion
            return self._denied(self.action, self.resource, role, function)
        for request, key in self._requests(function):
            if not deployed.may(request, key):
                return self._denied(request.action, request.resource, role, function)
        return None

    def _denied(self, action: str, resource: str, role: str, function: str) -> Response:
        session = f"assumed-role/{role.rpartition('/')[2]}/{function.rpartition(':')[2]}"
        principal = f"arn:{partition()}:sts::{_engine.account_id()}:{session}"
        message = (
            f"User: {principal} is not authorized to perform: {action} on resource: {resource} "
            f"because no policy allows the {action} action"
        )
        actions = _engine.module("core.iam_actions")
        answer: Response = actions.access_denied_response(
            self._service, action, principal, str(uuid4()), headers=self._headers, message=message
        )
        return answer

    def _requests(self, function: str) -> Iterator[tuple[Request, str]]:
        """Yield what the call asks IAM for, each with the key that it has to use."""
        context = {"lambda:sourcefunctionarn": (in_place(function),)}
        of_service = _OF_SERVICE.get(self._service, _Asked._one)
        for request, key in of_service(self):
            yield (
                Request(
                    action=request.action,
                    resource=request.resource,
                    context={**context, **request.context},
                ),
                key,
            )

    def _one(self) -> Iterator[tuple[Request, str]]:
        yield Request(action=self.action, resource=self.resource), ""

    def _secret(self) -> Iterator[tuple[Request, str]]:
        yield from self._one()
        if self.action == "secretsmanager:GetSecretValue":
            yield from of_secret(self.resource, "kms:Decrypt")
        if self.action == "secretsmanager:PutSecretValue":
            yield from of_secret(self.resource, "kms:GenerateDataKey", "kms:Decrypt")

    def _logs(self) -> Iterator[tuple[Request, str]]:
        group, stream = self._fields.get("logGroupName"), self._fields.get("logStreamName")
        named = f"log-group:{group}:" + (f"log-stream:{stream}" if stream else "")
        yield Request(action=self.action, resource=arn("logs", named) if group else "*"), ""

    def _containers(self) -> Iterator[tuple[Request, str]]:
        cluster = str(self._fields.get("cluster", "default")).rpartition("/")[2]
        if self.action == "ecs:RunTask":
            yield from self._run_task(cluster)
            return
        service, task = self._fields.get("service"), self._fields.get("task")
        tasks = [task, *self._fields.get("tasks", [])]
        named = [(name, "service") for name in [service] if name]
        named += [(name, "task") for name in tasks if name]
        for name, kind in named:
            resource = f"{kind}/{cluster}/{str(name).rpartition('/')[2]}"
            yield Request(action=self.action, resource=arn("ecs", resource)), ""
        if not named:
            yield Request(action=self.action, resource=self.resource), ""

    def _run_task(self, cluster: str) -> Iterator[tuple[Request, str]]:
        """Yield running the task, tagging it, and handing it its roles."""
        found = call(
            "ecs", "describe_task_definition", taskDefinition=self._fields["taskDefinition"]
        )["taskDefinition"]
        yield Request(action="ecs:RunTask", resource=str(found["taskDefinitionArn"])), ""
        if self._fields.get("propagateTags") or self._fields.get("tags"):
            created = {"ecs:createaction": ("RunTask",)}
            task = arn("ecs", f"task/{cluster}/{uuid4().hex}")
            yield Request(action="ecs:TagResource", resource=task, context=created), ""
        for role in (found.get("taskRoleArn"), found.get("executionRoleArn")):
            if role:
                passed = {"iam:passedtoservice": (_TASKS,)}
                yield Request(action="iam:PassRole", resource=str(role), context=passed), ""


_OF_SERVICE: Final = {
    "ecs": _Asked._containers,
    "logs": _Asked._logs,
    "secretsmanager": _Asked._secret,
}
