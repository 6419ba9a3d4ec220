"""Schedules: expressions, times and targets that EventBridge Scheduler takes."""

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
from pcistack.deployment.paths import is_open, objects, text
from pcistack.template.view import Resource

_RULE: Final = "AWS::Events::Rule"
_SCHEDULE: Final = "AWS::Scheduler::Schedule"
_ROTATION: Final = "AWS::SecretsManager::RotationSchedule"
_ACTION: Final = "AWS::ApplicationAutoScaling::ScalableTarget"
_PLAN: Final = "AWS::Backup::BackupPlan"
_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_AT: Final = re.compile(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)")
_FIELD: Final = re.compile(r"[A-Za-z0-9*/,\-?LW#]+")


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


_READS: Final = re.compile(r"(?:get|describe|list|batchGet|query|scan|search)(?:[A-Z].*|$)")
_UNIVERSAL: Final = re.compile(r"arn:[\w-]+:scheduler:::aws-sdk:(?P<service>[^:]+):(?P<action>.+)")


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
