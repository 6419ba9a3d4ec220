"""Dashboards: bodies that CloudWatch takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.template.view import Partial, Resource

_DASHBOARD: Final = "AWS::CloudWatch::Dashboard"
_BODY: Final = "DashboardBody"
# What the properties of a widget have to name, by its type; one of several, where several stand.
_NEEDED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "alarm": (("alarms",),),
    "custom": (("endpoint",),),
    "explorer": (("metrics",),),
    "log": (("query",), ("region",)),
    "metric": (("metrics", "annotations"),),
    "text": (("markdown",),),
}


@rule(
    "DEPLOY-DASHBOARD",
    "A dashboard whose body CloudWatch refuses",
    types=(_DASHBOARD,),
    severity=Severity.FATAL,
    source="CloudWatch API reference: Dashboard body structure and syntax",
)
def body_rule(context: Context) -> Iterator[Hit]:
    for dashboard in context.of_type(_DASHBOARD):
        value = dashboard.get(_BODY)
        if not isinstance(value, str):
            continue
        try:
            body: object = json.loads(value)
        except ValueError as error:
            if not isinstance(value, Partial):  # what is not known may be what is missing
                yield hit(dashboard, _BODY, f"the body is no JSON: {error}", "write JSON")
            continue
        yield from _body(dashboard, body)


def _body(dashboard: Resource, body: object) -> Iterator[Hit]:
    widgets = body.get("widgets") if isinstance(body, dict) else None
    if not isinstance(widgets, list):
        yield hit(dashboard, _BODY, "the body has no list of widgets", 'write {"widgets": [...]}')
        return
    if len(widgets) > 500:
        yield hit(dashboard, _BODY, f"{len(widgets)} widgets; a dashboard takes 500", "split it")
    for index, widget in enumerate(widgets):
        for problem, fix in _widget(widget):
            yield hit(dashboard, _BODY, f"widget {index} {problem}", fix)


def _widget(widget: object) -> Iterator[tuple[str, str]]:
    if not isinstance(widget, dict):
        yield "is no object", 'write {"type": ..., "properties": ...}'
        return
    kind, given = widget.get("type"), widget.get("properties")
    if not isinstance(kind, str) or kind not in _NEEDED:
        yield f"is of the type {kind!r}", f"choose from {', '.join(_NEEDED)}"
        return
    if not isinstance(given, dict):
        yield "has no properties", "add properties"
        return
    for names in _NEEDED[kind]:
        if not any(given.get(name) for name in names):
            yield f"of the type {kind} names no {' or '.join(names)}", f"add {names[0]}"
    for name, low, high in (("width", 1, 24), ("height", 1, 1000), ("x", 0, 23)):
        size = widget.get(name)
        if isinstance(size, int) and not low <= size <= high:
            yield f"has {name} {size}", f"choose a number from {low} to {high}"
    if kind == "metric":
        yield from _metric(given)


_VIEWS: Final = ("timeSeries", "singleValue", "gauge", "bar", "pie", "table")


def _metric(given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    metrics, view, period = (given.get(name) for name in ("metrics", "view", "period"))
    if metrics is not None and given.get("region") is None:
        yield "names no region", "add region"
    if isinstance(view, str) and view not in _VIEWS:
        yield f"has the view {view}", f"choose from {', '.join(_VIEWS)}"
    if isinstance(period, int) and period not in (1, 5, 10, 20, 30) and (period % 60 or period < 1):
        yield f"has a period of {period} seconds", "choose 1, 5, 10, 20, 30 or a multiple of 60"
    if metrics is not None and not isinstance(metrics, list):
        yield "has metrics that are no list", "write [[namespace, name, ...]]"
    for series in metrics if isinstance(metrics, list) else []:
        if not isinstance(series, list):
            yield f"has the metric {series!r}, which is no list", "write [namespace, name, ...]"
            break
        names = [item for item in series if not isinstance(item, dict)]
        if len(names) % 2 or (len(names) != len(series) - 1 and len(names) != len(series)):
            yield f"has the metric {series!r}, whose dimensions are no pairs", "complete the pair"
    annotations = given.get("annotations")
    lines = annotations.get("horizontal") if isinstance(annotations, dict) else None
    for line in lines if isinstance(lines, list) else []:
        if isinstance(line, dict) and "value" not in line:
            yield "has a horizontal annotation without a value", "add value"
