"""Rules and schedules of EventBridge: what their targets need, and what they match."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from collections.abc import Iterator
from functools import cache
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, objects, text
from pcistack.template.references import name_of
from pcistack.template.view import Resource, Value

_RULE: Final = "AWS::Events::Rule"
_SCHEDULE: Final = "AWS::Scheduler::Schedule"
_CLUSTER: Final = "AWS::ECS::Cluster"
_TASK: Final = "AWS::ECS::TaskDefinition"
_ENVELOPE: Final = (
    *("account", "detail", "detail-type", "id", "region", "replay-name", "resources", "source"),
    *("time", "version", "$or"),
)
_READS: Final = re.compile(r"(?:get|describe|list|batchGet|query|scan|search)(?:[A-Z].*|$)")
_UNIVERSAL: Final = re.compile(r"arn:[\w-]+:scheduler:::aws-sdk:(?P<service>[^:]+):(?P<action>.+)")


def _targets(context: Context) -> Iterator[tuple[Resource, str, dict[str, Value]]]:
    for one in context.of_type(_RULE):
        for path, target in objects(one, "Targets"):
            yield one, path, target
    for one in context.of_type(_SCHEDULE):
        single = one.get("Target")
        if isinstance(single, dict):
            yield one, "Target", single


@rule(
    "DEPLOY-EVENT-TARGET",
    "A target of events that EventBridge refuses",
    types=(_RULE, _SCHEDULE),
    severity=Severity.FATAL,
    source="EventBridge API reference: Target, SqsParameters, EcsParameters, InputTransformer",
)
def target_rule(context: Context) -> Iterator[Hit]:
    for resource, path, target in _targets(context):
        goal = context.target(target.get("Arn"))
        fifo = goal is not None and goal.type == "AWS::SQS::Queue" and goal.flag("FifoQueue")
        if goal and fifo and fields(target.get("SqsParameters")).get("MessageGroupId") is None:
            yield hit(
                resource,
                f"{path}.SqsParameters",
                f"{goal.logical_id} is a FIFO queue: no message group is named",
                "add SqsParameters: {MessageGroupId: <group>}",
            )
        if goal is not None and goal.type == _CLUSTER:
            yield from _task(context, resource, path, goal, target)
        given = fields(fields(target.get("InputTransformer")).get("InputPathsMap"))
        for name, value in given.items():
            where = text(value)
            if where is not None and not where.startswith("$"):
                yield hit(
                    resource,
                    f"{path}.InputTransformer.InputPathsMap.{name}",
                    f"{where!r} is no path of an event",
                    f"write $.{where}",
                )


def _task(
    context: Context, resource: Resource, path: str, cluster: Resource, target: dict[str, Value]
) -> Iterator[Hit]:
    at, given = f"{path}.EcsParameters", target.get("EcsParameters")
    if given is None:
        yield hit(resource, at, "a task needs EcsParameters", "add EcsParameters")
        return
    parameters = fields(given)
    named = text(parameters.get("TaskDefinitionArn"))
    if named is not None and not named.startswith(("arn:", "{{")):
        yield hit(resource, f"{at}.TaskDefinitionArn", f"{named!r} is no ARN", "write its ARN")
    task = context.target(parameters.get("TaskDefinitionArn"), _TASK)
    if task is None:
        return
    awsvpc = task.text("NetworkMode") == "awsvpc"
    if awsvpc and parameters.get("NetworkConfiguration") is None:
        yield hit(
            resource,
            f"{at}.NetworkConfiguration",
            f"{task.logical_id} is of network mode awsvpc, and no subnets are named: no run "
            "starts a task",
            "add NetworkConfiguration with AwsvpcConfiguration",
            severity=Severity.ERROR,
        )
    only = {text(item) for item in task.items("RequiresCompatibilities")} == {"FARGATE"}
    chosen = ("LaunchType", "CapacityProviderStrategy")
    linked = any(
        name_of(link.get("Cluster")) in (cluster.logical_id, "unknown")
        for link in context.of_type("AWS::ECS::ClusterCapacityProviderAssociations")
    )
    default = linked or cluster.get("DefaultCapacityProviderStrategy") is not None
    if only and not default and all(parameters.get(name) is None for name in chosen):
        yield hit(
            resource,
            f"{at}.LaunchType",
            f"{task.logical_id} is for Fargate, and a run without LaunchType asks for EC2",
            "set LaunchType: FARGATE",
            severity=Severity.WARNING,
        )


@rule(
    "DEPLOY-EVENT-PATTERN",
    "A pattern on fields that no event has",
    types=(_RULE,),
    severity=Severity.WARNING,
    source="EventBridge user guide: AWS service event metadata",
)
def pattern_rule(context: Context) -> Iterator[Hit]:
    for one in context.of_type(_RULE):
        for name in fields(one.get("EventPattern")):
            if name not in _ENVELOPE and not name.startswith("Fn::"):
                near = difflib.get_close_matches(name, _ENVELOPE, 1, 0.6)
                yield hit(
                    one,
                    f"EventPattern.{name}",
                    f"no event has a field {name}: the rule matches nothing",
                    f"write {near[0]}" if near else f"choose from {', '.join(_ENVELOPE)}",
                )


@cache
def _zones() -> frozenset[str]:
    """Time zones of the IANA database; none where this machine has none."""
    return frozenset(zoneinfo.available_timezones())


@rule(
    "DEPLOY-SCHEDULE-TIME",
    "A schedule in a time zone that does not exist, or of a time that is over",
    types=(_SCHEDULE,),
    severity=Severity.FATAL,
    source="EventBridge Scheduler API reference: CreateSchedule",
)
def time_rule(context: Context) -> Iterator[Hit]:
    for schedule in context.of_type(_SCHEDULE):
        zone = schedule.text("ScheduleExpressionTimezone")
        zones = _zones() if zone is not None else frozenset()
        if zone is not None and zones and zone not in zones:
            near = difflib.get_close_matches(zone, zones, 1)
            yield hit(
                schedule,
                "ScheduleExpressionTimezone",
                f"there is no time zone {zone}",
                f"write {near[0]}" if near else "write it as Europe/Zurich",
            )
        start, end = schedule.text("StartDate"), schedule.text("EndDate")
        if start is not None and end is not None and start[:19] >= end[:19]:
            yield hit(
                schedule, "EndDate", f"the end {end} is before the beginning {start}", "move it"
            )
        once = re.fullmatch(r"at\((\d{4}-\d\d-\d\d).*\)", schedule.text("ScheduleExpression") or "")
        if once and once.group(1) < context.on.isoformat():
            yield hit(
                schedule,
                "ScheduleExpression",
                f"{once.group(1)} is over: nothing will run",
                "choose a time to come",
                severity=Severity.WARNING,
            )


@rule(
    "DEPLOY-SCHEDULE-API",
    "A call of an API that EventBridge Scheduler does not make",
    types=(_SCHEDULE,),
    severity=Severity.FATAL,
    source="EventBridge Scheduler user guide: Using universal targets (unsupported API actions)",
)
def api_rule(context: Context) -> Iterator[Hit]:
    for schedule in context.of_type(_SCHEDULE):
        value = schedule.get("Target.Arn")
        found = _UNIVERSAL.fullmatch(context.access.names.text(value)) if value else None
        if found is None or is_open(value):
            continue
        service, action = found["service"], found["action"]
        if service != service.lower() or not action[:1].islower():
            yield hit(
                schedule,
                "Target.Arn",
                f"{service}:{action} is not written as the SDK does",
                f"write {service.lower()}:{action[:1].lower()}{action[1:]}",
            )
        elif _READS.fullmatch(action):
            yield hit(
                schedule,
                "Target.Arn",
                f"{action} only reads, and such calls are not scheduled",
                "call an action that changes something, or a function",
            )
