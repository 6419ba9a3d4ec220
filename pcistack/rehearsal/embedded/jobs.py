"""Tasks that are run by themselves: what they need is there, and they end at once.

No container is run. A task ends well unless a fault says that it does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pcistack.rehearsal.embedded import _engine, control, permissions
from pcistack.rehearsal.embedded._engine import Response, Untyped
from pcistack.rehearsal.embedded.api import call, require


def install() -> None:
    """Look what a task needs up before ECS runs it, and end it."""
    ecs = _engine.module("services.ecs")
    original = ecs._ACTION_MAP["RunTask"]

    def run_task(data: Mapping[str, Any]) -> Response:
        try:
            _look_up(data)
        except ValueError as error:
            refused: Response = ecs.error_response_json(
                "InvalidParameterException", str(error), 400
            )
            return refused
        answer: Response = original(data)
        for task in json.loads(answer[2]).get("tasks", []):
            _end(ecs, str(task["taskArn"]))
        return answer

    ecs._ACTION_MAP["RunTask"] = run_task


def _look_up(data: Mapping[str, Any]) -> None:
    cluster = str(data["cluster"])
    found = call("ecs", "describe_clusters", clusters=[cluster])["clusters"]
    require([item for item in found if item["status"] == "ACTIVE"], "cluster", cluster)
    network = data.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    call("ec2", "describe_subnets", SubnetIds=network.get("subnets", []))
    call("ec2", "describe_security_groups", GroupIds=network.get("securityGroups", []))


def _end(ecs: Untyped, arn: str) -> None:
    """End a task: with the reason why it could not start, or with its container's exit code."""
    task = ecs._tasks[arn]
    definition = str(task["taskDefinitionArn"])
    try:
        permissions.require_start(definition)
    except ValueError as error:
        ecs._mark_task_stopped(arn, task, str(error), "TaskFailedToStart")
        return
    family = definition.rpartition("/")[2].partition(":")[0]
    code = 1 if control.fails("run", family) else 0
    reason = "Essential container in task exited"
    ecs._mark_task_stopped(arn, task, reason, "EssentialContainerExited", code)
