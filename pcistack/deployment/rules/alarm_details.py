"""Alarms: functions, statistics and actions that CloudWatch takes; rules of composite alarms."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, listed, objects, text
from pcistack.template.view import Resource, Value

_ALARM: Final = "AWS::CloudWatch::Alarm"
_COMPOSITE: Final = "AWS::CloudWatch::CompositeAlarm"
_FUNCTION_NAMES: Final = (
    "ABS ANOMALY_DETECTION_BAND AVG CEIL DATAPOINT_COUNT DATE DAY DB_PERF_INSIGHTS DIFF DIFF_TIME "
    "EPOCH FILL FIRST FLOOR HOUR IF INSIGHT_RULE_METRIC LAMBDA LAST LOG LOG10 MAX METRIC_COUNT "
    "METRICS MIN MINUTE MONTH PERIOD RATE REMOVE_EMPTY RUNNING_SUM SEARCH SERVICE_QUOTA SLICE "
    "SORT STDDEV SUM TIME_SERIES YEAR"
)
_FUNCTIONS: Final = frozenset(_FUNCTION_NAMES.split())
_CALL: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*\(")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_STATISTICS: Final = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
_EXTENDED: Final = re.compile(
    r"p(\d{1,2}(\.\d{1,10})?|100)|IQM|(tm|wm|tc|ts|TM|WM|TC|TS|PR)(\d{1,2}(\.\d+)?|\([\d.%:-]+\))"
)
_MACHINE: Final = re.compile(r"arn:[\w-]+:automate:[^:]*:ec2:|.+:action/actions/AWS_EC2\.")
_PART: Final = re.compile(
    r"\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?P<name>\"[^\"]*\"|'[^']*'|[^()]+?)\s*\)"
    r"|(?P<constant>TRUE|FALSE)\b|(?P<join>AND|OR)\b|(?P<no>NOT)\b|(?P<open>\()|(?P<close>\)))"
)


@rule(
    "DEPLOY-ALARM-FUNCTION",
    "A function or statistic of an alarm that CloudWatch does not have",
    types=(_ALARM,),
    severity=Severity.FATAL,
    source="CloudWatch user guide: Using math expressions; API reference: MetricStat, Dimension",
)
def function_rule(context: Context) -> Iterator[Hit]:
    for alarm in context.of_type(_ALARM):
        yield from _twice(alarm, "Dimensions", alarm.get("Dimensions"))
        for path, query in objects(alarm, "Metrics"):
            expression = text(query.get("Expression"))
            if expression is not None and not expression.lstrip().upper().startswith("SELECT"):
                yield from _calls(alarm, f"{path}.Expression", expression)
            stat = fields(query.get("MetricStat"))
            name = text(stat.get("Stat"))
            if stat and stat.get("Stat") is None:
                yield hit(alarm, f"{path}.MetricStat.Stat", "no statistic is named", "add Stat")
            elif name and name not in _STATISTICS and not _EXTENDED.fullmatch(name):
                yield hit(
                    alarm,
                    f"{path}.MetricStat.Stat",
                    f"there is no statistic {name}",
                    f"choose from {', '.join(_STATISTICS)}, or a percentile such as p99",
                )
            dimensions = fields(stat.get("Metric")).get("Dimensions")
            yield from _twice(alarm, f"{path}.MetricStat.Metric.Dimensions", dimensions)
        for kind in ("AlarmActions", "OKActions", "InsufficientDataActions"):
            for index, value in enumerate(alarm.items(kind)):
                known = context.access.names.text(value) if isinstance(value, str) else ""
                if _MACHINE.match(known) and not _watches_instance(alarm):
                    yield hit(
                        alarm,
                        f"{kind}.{index}",
                        "an action on an instance needs the dimension InstanceId",
                        "add it to Dimensions",
                    )


def _twice(alarm: Resource, path: str, dimensions: Value) -> Iterator[Hit]:
    names = [text(fields(item).get("Name")) for item in listed(dimensions)]
    for index, name in enumerate(names):
        if name is not None and names.index(name) != index:
            yield hit(alarm, f"{path}.{index}.Name", f"a second dimension is {name}", "keep one")


def _calls(alarm: Resource, path: str, expression: str) -> Iterator[Hit]:
    for name in _CALL.findall(_QUOTED.sub("''", expression)):
        if name.upper() == "SEARCH":
            yield hit(
                alarm,
                path,
                "an alarm does not SEARCH, which gives several series",
                "name the metrics themselves",
            )
        elif name.upper() not in (*_FUNCTIONS, "AND", "OR"):
            near = difflib.get_close_matches(name.upper(), _FUNCTIONS, 1)
            yield hit(
                alarm,
                path,
                f"there is no function {name}",
                f"write {near[0]}" if near else "see Using math expressions",
            )


def _watches_instance(alarm: Resource) -> bool:
    names = [text(fields(item).get("Name")) for item in alarm.items("Dimensions")]
    return "InstanceId" in names or None in names or alarm.get("Metrics") is not None


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
