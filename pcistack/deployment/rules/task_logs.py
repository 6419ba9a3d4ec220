"""Logs of tasks: options of the driver, and the group that they name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.fargate import TASK, fargate_tasks
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, listed, text
from pcistack.deployment.tasks import awslogs, containers, written_containers
from pcistack.template.view import Resource, Value

_GROUP: Final = "AWS::Logs::LogGroup"


@rule(
    "DEPLOY-TASK-LOG-GROUP",
    "A container that writes to a log group that nothing makes",
    types=("AWS::ECS::TaskDefinition",),
    severity=Severity.WARNING,
    source="Amazon ECS developer guide: awslogs-group, awslogs-create-group",
)
def unmade_group_rule(context: Context) -> Iterator[Hit]:
    names = {context.access.names.name(group) for group in context.of_type(_GROUP)}
    for container in containers(context) if names else ():
        options = awslogs(container) or {}
        name = options.get("awslogs-group")
        made = str(options.get("awslogs-create-group")).lower() == "true"
        near = difflib.get_close_matches(str(name), names, 1, 0.9)
        if (
            isinstance(name, str)
            and not made
            and near
            and context.access.names.text(name) not in names
        ):
            yield hit(
                container.task,
                f"{container.path}.LogConfiguration.Options.awslogs-group",
                f"the template has no log group {name}, but {near[0]}: no task starts unless "
                "somebody makes it",
                "refer to the log group with Ref",
            )


_AWSLOGS: Final = (
    "awslogs-create-group",
    "awslogs-credentials-endpoint",
    "awslogs-datetime-format",
    "awslogs-endpoint",
    "awslogs-force-flush-interval-seconds",
    "awslogs-format",
    "awslogs-group",
    "awslogs-max-buffered-events",
    "awslogs-multiline-pattern",
    "awslogs-region",
    "awslogs-stream",
    "awslogs-stream-prefix",
    "max-buffer-size",
    "mode",
    "tag",
)
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "awslogs": ("awslogs-group", "awslogs-region"),
    "splunk": ("splunk-token", "splunk-url"),
}


@rule(
    "DEPLOY-TASK-LOG-OPTIONS",
    "Options of a log driver that it lacks or does not know",
    types=(TASK,),
    severity=Severity.FATAL,
    source="ECS API reference: LogConfiguration",
)
def log_rule(context: Context) -> Iterator[Hit]:
    fargate = {task.logical_id for task in fargate_tasks(context)}
    for task, written in written_containers(context):
        router = any(c.get("FirelensConfiguration") is not None for _, c in written)
        for path, container in written:
            log, at = fields(container.get("LogConfiguration")), f"{path}.LogConfiguration"
            if text(log.get("LogDriver")) == "awsfirelens" and not router:
                yield hit(
                    task,
                    f"{at}.LogDriver",
                    "the driver awsfirelens needs a container with a FirelensConfiguration",
                    "add the log router's container, or use awslogs",
                )
            if not is_open(log.get("Options")):
                yield from _log_options(task, at, log, on_fargate=task.logical_id in fargate)


def _log_options(
    task: Resource, at: str, log: dict[str, Value], *, on_fargate: bool
) -> Iterator[Hit]:
    driver, given = text(log.get("LogDriver")) or "", fields(log.get("Options"))
    secret = {text(fields(item).get("Name")) for item in listed(log.get("SecretOptions"))}
    prefix = ("awslogs-stream-prefix",) if driver == "awslogs" and on_fargate else ()
    for name in (*_NEEDED.get(driver, ()), *prefix):
        if name not in given and name not in secret:
            yield hit(
                task,
                f"{at}.Options",
                f"the driver {driver} needs the option {name}",
                f"add {name} to Options",
            )
    for name in given if driver == "awslogs" else ():
        if name not in _AWSLOGS:
            yield hit(
                task,
                f"{at}.Options.{name}",
                f"the driver awslogs has no option {name}",
                f"choose from {', '.join(_AWSLOGS)}",
            )
    if text(given.get("mode")) not in (None, "blocking", "non-blocking"):
        yield hit(
            task,
            f"{at}.Options.mode",
            f"mode is {text(given.get('mode'))}",
            "set mode: blocking or non-blocking",
        )
