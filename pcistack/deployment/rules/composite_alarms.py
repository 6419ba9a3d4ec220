"""Composite alarms: rules that CloudWatch takes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.template.view import Resource

_ALARM: Final = "AWS::CloudWatch::Alarm"
_COMPOSITE: Final = "AWS::CloudWatch::CompositeAlarm"
_PART: Final = re.compile(
    r"\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?P<name>\"[^\"]*\"|'[^']*'|[^()]+?)\s*\)"
    r"|(?P<constant>TRUE|FALSE)\b|(?P<join>AND|OR)\b|(?P<no>NOT)\b|(?P<open>\()|(?P<close>\)))"
)


@rule(
    "DEPLOY-ALARM-COMPOSITE",
    "A rule of a composite alarm that CloudWatch refuses",
    types=(_COMPOSITE,),
    severity=Severity.FATAL,
    source="CloudWatch API reference: PutCompositeAlarm, AlarmRule",
)
def composite_rule(context: Context) -> Iterator[Hit]:
    names = {alarm.text("AlarmName") or "": alarm for alarm in context.of_type(_ALARM, _COMPOSITE)}
    names.pop("", None)
    for alarm in context.of_type(_COMPOSITE):
        value = alarm.get("AlarmRule")
        if not isinstance(value, str):
            target = context.target(value, _ALARM, _COMPOSITE)
            if target is not None:
                yield hit(
                    alarm,
                    "AlarmRule",
                    "the rule is the name of an alarm, and says no state",
                    f"write !Sub 'ALARM(\"${{{target.logical_id}}}\")'",
                )
            continue
        named = _named(value)
        if named is None:
            if "AT_LEAST" not in value:
                yield hit(
                    alarm,
                    "AlarmRule",
                    f"{value!r} is no rule",
                    'write it as ALARM("a") AND NOT OK("b")',
                )
            continue
        for name in named:
            yield from _exists(context, alarm, name, names)


def _exists(
    context: Context, alarm: Resource, name: str, names: dict[str, Resource]
) -> Iterator[Hit]:
    near = difflib.get_close_matches(name, names, 1, 0.8)
    if name in names:
        if not context.order.waits_for(alarm, names[name]):
            yield hit(
                alarm,
                "AlarmRule",
                f"it names {names[name].logical_id} by text alone and may be created before it",
                f"refer to it by ${{{names[name].logical_id}}}, or set DependsOn",
                severity=Severity.ERROR,
            )
    elif near and "<" not in name and not name.startswith("arn:"):
        yield hit(
            alarm,
            "AlarmRule",
            f"there is no alarm {name}; {near[0]} is meant?",
            "name the alarm by a reference",
        )


def _named(written: str) -> list[str] | None:
    """Return the alarms that a rule names; None if it is no rule."""
    plain = str(written)
    at, depth, wants, found = 0, 0, True, list[str]()
    while plain[at:].strip():
        part = _PART.match(plain, at)
        if part is None:
            return None
        at = part.end()
        term = part["state"] or part["constant"]
        if part["name"] is not None:
            found.append(part["name"].strip("\"'"))
        if term or part["no"] or part["open"]:
            if not wants:
                return None
            wants = not term
            depth += bool(part["open"])
        else:
            if wants:
                return None
            wants = bool(part["join"])
            depth -= bool(part["close"])
        if depth < 0:
            return None
    return None if wants or depth else found
