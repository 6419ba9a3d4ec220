"""Schedules and rules of events: expressions and targets that EventBridge takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, objects, text
from pcistack.template.view import Resource, Value

_RULE: Final = "AWS::Events::Rule"
_SCHEDULE: Final = "AWS::Scheduler::Schedule"
_ROTATION: Final = "AWS::SecretsManager::RotationSchedule"
_ACTION: Final = "AWS::ApplicationAutoScaling::ScalableTarget"
_PLAN: Final = "AWS::Backup::BackupPlan"
_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_AT: Final = re.compile(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)")
_FIELD: Final = re.compile(r"[A-Za-z0-9*/,\-?LW#]+")
_NEEDS_ROLE: Final = (
    *("AWS::ECS::TaskDefinition", "AWS::ECS::Cluster", "AWS::StepFunctions::StateMachine"),
    *("AWS::CodeBuild::Project", "AWS::CodePipeline::Pipeline", "AWS::Kinesis::Stream"),
    *("AWS::Batch::JobQueue", "AWS::KinesisFirehose::DeliveryStream"),
)


def _problem(expression: str, *, at: bool, single: bool = True) -> str:
    """Return what is wrong with an expression; nothing if nothing is."""
    rate = _RATE.fullmatch(expression)
    if rate:
        count, _, plural = rate.groups()
        if int(count) == 0:
            return "a rate is 1 at least"
        if single and (int(count) == 1) == bool(plural):
            return "rate(1 minute) is written without s, every other number with it"
        return ""
    if expression.startswith("cron(") and expression.endswith(")"):
        return _cron(expression[5:-1].split())
    if at and _AT.fullmatch(expression):
        return ""
    return "it is neither rate(number unit) nor cron(six fields)" + (" nor at(time)" if at else "")


def _cron(parts: list[str]) -> str:
    if len(parts) != 6:
        return (
            f"a cron expression of AWS has six fields (minutes hours day month weekday year), not "
            f"{len(parts)}"
        )
    if not all(_FIELD.fullmatch(part) for part in parts):
        return "a field has a character that a cron expression does not have"
    if (parts[2] == "?") == (parts[4] == "?"):
        return "one of day and weekday is ?, and not both"
    for part, (name, low, high, words) in zip(parts, _RANGES, strict=True):
        for item in re.split("[,-]", part):
            plain = item.split("/")[0].split("#")[0].upper().removesuffix("W")
            if plain.isdecimal() and not low <= int(plain) <= high:
                return f"{name} go from {low} to {high}"
            if plain.isalpha() and plain not in ("L", *words):
                return f"{plain} is none of the {name}: write {words[0] if words else low}"
    return ""


_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV",
                  "DEC")  # fmt: skip
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_RANGES: Final = (
    ("minutes", 0, 59, ()),
    ("hours", 0, 23, ()),
    ("days", 1, 31, ("LW",)),
    ("months", 1, 12, _MONTHS),
    ("weekdays", 1, 7, (*_DAYS, *(f"{day}L" for day in _DAYS))),
    ("years", 1970, 2199, ()),
)


@rule(
    "DEPLOY-SCHEDULE",
    "A schedule that AWS does not read",
    types=(_RULE, _SCHEDULE, _ROTATION, _ACTION, _PLAN),
    severity=Severity.FATAL,
    source="EventBridge user guide: Schedule expressions; Secrets Manager user guide: Rotation "
    "schedules",
)
def schedule_rule(context: Context) -> Iterator[Hit]:
    for kind, path, at in (
        (_RULE, "ScheduleExpression", False),
        (_SCHEDULE, "ScheduleExpression", True),
        (_ROTATION, "RotationRules.ScheduleExpression", False),
    ):
        for resource in context.of_type(kind):
            expression = resource.text(path)
            problem = _problem(expression, at=at, single=kind == _RULE) if expression else ""
            if kind == _ROTATION and expression and not problem:
                problem = _rotation(expression)
            if problem:
                yield hit(
                    resource,
                    path,
                    f"{expression!r} is no schedule: {problem}",
                    "write it as rate(5 minutes) or cron(0 10 * * ? *)",
                )
    for kind, items, path in (
        (_PLAN, "BackupPlan.BackupPlanRule", "ScheduleExpression"),
        (_ACTION, "ScheduledActions", "Schedule"),
    ):
        for resource in context.of_type(kind):
            yield from _listed(resource, items, path)


def _listed(resource: Resource, items: str, name: str) -> Iterator[Hit]:
    for path, item in objects(resource, items):
        expression, at = text(item.get(name)), name == "Schedule"
        problem = _problem(expression, at=at, single=False) if expression else ""
        if problem:
            yield hit(
                resource,
                f"{path}.{name}",
                f"{expression!r} is no schedule: {problem}",
                "write it as cron(0 10 * * ? *)",
            )


def _rotation(expression: str) -> str:
    rate = _RATE.fullmatch(expression)
    if rate is None:
        parts = expression[5:-1].split()
        if parts[0] != "0":
            return "a rotation begins at a full hour: minutes are 0"
        return "" if parts[5] == "*" else "a rotation is for every year: the year is *"
    count, unit, _ = rate.groups()
    if unit == "minute":
        return "a rotation is counted in hours or days"
    hours = int(count) * (24 if unit == "day" else 1)
    return "" if 4 <= hours <= 999 * 24 else "a secret rotates every 4 hours to 999 days"


@rule(
    "DEPLOY-ROTATION-RULES",
    "A rotation without one rule, or without a function",
    types=(_ROTATION,),
    severity=Severity.FATAL,
    source="Secrets Manager API reference: RotateSecret, RotationRules",
)
def rotation_rule(context: Context) -> Iterator[Hit]:
    for rotation in context.of_type(_ROTATION):
        rules = fields(rotation.get("RotationRules"))
        given = [n for n in ("AutomaticallyAfterDays", "ScheduleExpression") if rules.get(n)]
        if len(given) > 1:
            yield hit(
                rotation,
                "RotationRules",
                "AutomaticallyAfterDays and ScheduleExpression exclude each other",
                "keep one of them",
            )
        ways = [n for n in ("RotationLambdaARN", "HostedRotationLambda") if rotation.get(n)]
        if len(ways) > 1:
            yield hit(
                rotation,
                "HostedRotationLambda",
                "RotationLambdaARN and HostedRotationLambda exclude each other",
                "keep one of them",
            )


@rule(
    "DEPLOY-EVENT-RULE",
    "A rule of EventBridge that it refuses",
    types=(_RULE,),
    severity=Severity.FATAL,
    source="EventBridge API reference: PutRule and PutTargets",
)
def event_rule(context: Context) -> Iterator[Hit]:
    for rule_ in context.of_type(_RULE):
        pattern, schedule = rule_.get("EventPattern"), rule_.get("ScheduleExpression")
        if pattern in (None, {}, "") and schedule in (None, ""):
            yield hit(
                rule_,
                "EventPattern",
                "the rule has neither a pattern nor a schedule",
                "add EventPattern or ScheduleExpression",
            )
        bus = rule_.text("EventBusName")
        if (
            schedule is not None
            and bus not in (None, "default")
            and not str(bus).endswith("/default")
        ):
            yield hit(
                rule_,
                "EventBusName",
                "a schedule is a rule of the default bus only",
                "delete EventBusName",
            )
        yield from _pattern(rule_.logical_id, "EventPattern", pattern, 0)
        ids: set[str] = set()
        for path, target in objects(rule_, "Targets"):
            name = text(target.get("Id"))
            if name is not None and name in ids:
                yield hit(rule_, f"{path}.Id", f"a second target has the id {name}", "rename it")
            ids.add(name or "")
            goal = context.target(target.get("Arn"), *_NEEDS_ROLE)
            if goal is not None and target.get("RoleArn") is None:
                yield hit(
                    rule_,
                    f"{path}.RoleArn",
                    f"EventBridge needs a role to start {goal.logical_id}",
                    "set RoleArn to a role that events.amazonaws.com may assume",
                )
            inputs = [n for n in ("Input", "InputPath", "InputTransformer") if target.get(n)]
            if len(inputs) > 1:
                yield hit(
                    rule_,
                    f"{path}.{inputs[1]}",
                    f"{' and '.join(inputs)} exclude each other",
                    "keep one of them",
                )
            yield from _input(rule_.logical_id, path, target)


def _input(name: str, path: str, target: dict[str, Value]) -> Iterator[Hit]:
    given = text(target.get("Input"))
    if given is None:
        return
    try:
        json.loads(given)
    except ValueError:
        yield hit(name, f"{path}.Input", "the input is no JSON", "write JSON")


def _pattern(name: str, path: str, pattern: Value, depth: int) -> Iterator[Hit]:
    """A pattern is an object whose leaves are lists."""
    if not isinstance(pattern, dict):
        return
    for key, value in pattern.items():
        if isinstance(value, dict):
            yield from _pattern(name, f"{path}.{key}", value, depth + 1)
        elif isinstance(value, bool | int | float) or type(value) is str:
            yield hit(
                name,
                f"{path}.{key}",
                f"{key} is {text(value)!r}; a pattern lists what matches",
                f"write [{text(value)}]",
            )
