"""Alarms: what CloudWatch takes of periods, statistics, functions and expressions."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, listed, objects, text
from pcistack.template.view import Resource, Value, number

_ALARM: Final = "AWS::CloudWatch::Alarm"
_API: Final = "CloudWatch API reference: PutMetricAlarm"
_HOUR: Final = 3600
_DAY: Final = 86400
_EXTENDED: Final = re.compile(
    r"p(\d{1,2}(\.\d{1,10})?|100)|IQM|(tm|wm|tc|ts|TM|WM|TC|TS|PR)(\d{1,2}(\.\d+)?|\([\d.%:-]+\))"
)
_ID: Final = re.compile(r"[a-z][A-Za-z0-9_]{0,254}")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_NAMED: Final = re.compile(r"(?<![A-Za-z0-9_.$])[a-z][A-Za-z0-9_]*")
_BANDS: Final = (
    "GreaterThanUpperThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
)


@rule(
    "DEPLOY-ALARM-PERIOD",
    "An alarm with a period, or a look back, that CloudWatch does not have",
    types=(_ALARM,),
    severity=Severity.FATAL,
    source=f"{_API}, Period and EvaluationPeriods",
)
def period_rule(context: Context) -> Iterator[Hit]:
    for alarm in context.of_type(_ALARM):
        periods = [("Period", alarm.get("Period"))]
        for path, query in objects(alarm, "Metrics"):
            periods.append((f"{path}.Period", query.get("Period")))
            periods.append((f"{path}.MetricStat.Period", _stat(query).get("Period")))
        longest = 0.0
        for path, value in periods:
            seconds = number(value)
            if seconds is None:
                continue
            longest = max(longest, seconds)
            if seconds not in (10, 20, 30) and (seconds % 60 or not 60 <= seconds <= 7 * _DAY):
                yield hit(
                    alarm,
                    path,
                    f"there is no period of {seconds:g} seconds",
                    "choose 10, 20, 30, or a multiple of 60",
                )
        count, points = alarm.number("EvaluationPeriods"), alarm.number("DatapointsToAlarm")
        if count is not None and count < 1:
            yield hit(alarm, "EvaluationPeriods", "an alarm looks at one period at least", "set 1")
        most = _DAY if longest < _HOUR else 7 * _DAY
        if count is not None and longest and count * longest > most:
            yield hit(
                alarm,
                "EvaluationPeriods",
                f"{count:g} periods of {longest:g} seconds are {count * longest / _HOUR:g} hours; "
                f"an alarm looks back {most // _HOUR} with that period",
                "evaluate fewer periods",
            )
        if count is not None and points is not None and not 1 <= points <= count:
            yield hit(
                alarm,
                "DatapointsToAlarm",
                f"{points:g} points of {count:g} periods cannot be breaching",
                f"choose a number from 1 to {count:g}",
            )


def _stat(query: dict[str, Value]) -> dict[str, Value]:
    return fields(query.get("MetricStat"))


@rule(
    "DEPLOY-ALARM-METRIC",
    "An alarm without one metric, statistic and threshold",
    types=(_ALARM,),
    severity=Severity.FATAL,
    source=f"{_API}, MetricName, Statistic, Metrics and Threshold",
)
def metric_rule(context: Context) -> Iterator[Hit]:
    for alarm in context.of_type(_ALARM):
        single = alarm.get("MetricName") is not None
        if single and alarm.get("Metrics") is not None:
            yield hit(
                alarm, "Metrics", "MetricName and Metrics exclude each other", "keep one of them"
            )
        if single:
            for name in ("Namespace", "Period"):
                if alarm.get(name) is None:
                    yield hit(alarm, name, f"an alarm on a metric needs {name}", f"add {name}")
            given = [n for n in ("Statistic", "ExtendedStatistic") if alarm.get(n) is not None]
            if len(given) != 1:
                yield hit(
                    alarm,
                    "Statistic",
                    "an alarm has a Statistic or an ExtendedStatistic; this one has "
                    + ("both" if given else "neither"),
                    "keep one of them",
                )
        extended = alarm.text("ExtendedStatistic")
        if extended is not None and not _EXTENDED.fullmatch(extended):
            yield hit(
                alarm,
                "ExtendedStatistic",
                f"there is no statistic {extended}",
                "write a percentile such as p99",
            )
        yield from _threshold(alarm)


def _threshold(alarm: Resource) -> Iterator[Hit]:
    band = alarm.text("ComparisonOperator") in _BANDS
    limit, metric = alarm.get("Threshold"), alarm.get("ThresholdMetricId")
    if band and metric is None:
        yield hit(
            alarm,
            "ThresholdMetricId",
            f"{alarm.text('ComparisonOperator')} compares with a band, and none is named",
            "set ThresholdMetricId to an ANOMALY_DETECTION_BAND of Metrics",
        )
    elif limit is None and metric is None and alarm.get("ComparisonOperator") is not None:
        yield hit(alarm, "Threshold", "the alarm has no threshold", "add Threshold")
    ids = [text(query.get("Id")) for _, query in objects(alarm, "Metrics")]
    if isinstance(metric, str) and not is_open(metric) and None not in ids and metric not in ids:
        yield hit(
            alarm,
            "ThresholdMetricId",
            f"no metric of the alarm has the id {metric}",
            f"name one of {', '.join(i for i in ids if i)}",
        )


@rule(
    "DEPLOY-ALARM-EXPRESSION",
    "Metrics of an alarm that do not come to one series",
    types=(_ALARM,),
    severity=Severity.FATAL,
    source="CloudWatch API reference: MetricDataQuery; user guide: Using math expressions",
)
def expression_rule(context: Context) -> Iterator[Hit]:
    for alarm in context.of_type(_ALARM):
        queries = list(objects(alarm, "Metrics"))
        if not queries or len(queries) != len(alarm.items("Metrics")):
            continue
        ids = [text(query.get("Id")) for _, query in queries]
        for (path, query), name in zip(queries, ids, strict=True):
            twice = ids.count(name) > 1 and query is not queries[ids.index(name)][1]
            yield from _query(alarm, path, query, name, twice=twice)
            if None not in ids:
                yield from _names(alarm, path, query, {i for i in ids if i})
        returned = [
            query.get("ReturnData") is None or text(query.get("ReturnData")) == "true"
            for _, query in queries
        ]
        band = alarm.get("ThresholdMetricId") is not None
        opened = any(is_open(query.get("ReturnData")) for _, query in queries)
        if sum(returned) != 1 and not band and not opened:
            yield hit(
                alarm,
                "Metrics",
                f"an alarm watches one series; {sum(returned)} return data",
                "set ReturnData: false at all but one",
            )


def _query(
    alarm: Resource, path: str, query: dict[str, Value], name: str | None, *, twice: bool
) -> Iterator[Hit]:
    if name is not None and not _ID.fullmatch(name):
        yield hit(
            alarm,
            f"{path}.Id",
            f"{name!r} is no id: letters, digits and _, a small letter first",
            "write it as m1",
        )
    if name is not None and twice:
        yield hit(alarm, f"{path}.Id", f"a second metric has the id {name}", "rename it")
    given = [n for n in ("Expression", "MetricStat") if query.get(n) is not None]
    if len(given) != 1:
        yield hit(
            alarm,
            path,
            "a metric of an alarm is an Expression or a MetricStat; this one is "
            + ("both" if given else "neither"),
            "keep one of them",
        )


def _names(alarm: Resource, path: str, query: dict[str, Value], ids: set[str]) -> Iterator[Hit]:
    expression = text(query.get("Expression"))
    if expression is None or expression.lstrip().upper().startswith("SELECT"):
        return
    used = set(_NAMED.findall(_QUOTED.sub("", expression)))
    for name in sorted(used - ids):
        yield hit(
            alarm,
            f"{path}.Expression",
            f"the expression {expression!r} names {name}, and no metric of the alarm has that id",
            f"name one of {', '.join(sorted(ids))}",
        )
    if expression.count("(") != expression.count(")"):
        yield hit(
            alarm,
            f"{path}.Expression",
            f"the brackets of {expression!r} do not match",
            "close each bracket",
        )


_FUNCTION_NAMES: Final = (
    "ABS ANOMALY_DETECTION_BAND AVG CEIL DATAPOINT_COUNT DATE DAY DB_PERF_INSIGHTS DIFF DIFF_TIME "
    "EPOCH FILL FIRST FLOOR HOUR IF INSIGHT_RULE_METRIC LAMBDA LAST LOG LOG10 MAX METRIC_COUNT "
    "METRICS MIN MINUTE MONTH PERIOD RATE REMOVE_EMPTY RUNNING_SUM SEARCH SERVICE_QUOTA SLICE "
    "SORT STDDEV SUM TIME_SERIES YEAR"
)
_FUNCTIONS: Final = frozenset(_FUNCTION_NAMES.split())
_CALL: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*\(")
_STATISTICS: Final = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
_MACHINE: Final = re.compile(r"arn:[\w-]+:automate:[^:]*:ec2:|.+:action/actions/AWS_EC2\.")


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
