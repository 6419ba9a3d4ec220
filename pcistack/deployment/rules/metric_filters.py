"""Metric filters: patterns and metrics that CloudWatch Logs takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import objects

_FILTERS: Final = ("AWS::Logs::MetricFilter", "AWS::Logs::SubscriptionFilter")
_PAIRS: Final = {"{": "}", "[": "]", "%": "%"}


@rule(
    "DEPLOY-LOG-FILTER",
    "A filter of a log that CloudWatch Logs refuses",
    types=_FILTERS,
    severity=Severity.FATAL,
    source="CloudWatch Logs user guide: Filter pattern syntax; API reference: PutMetricFilter",
)
def filter_rule(context: Context) -> Iterator[Hit]:
    for resource in context.of_type(*_FILTERS):
        pattern = (resource.text("FilterPattern") or "").strip()
        problem = _problem(pattern)
        if problem:
            yield hit(
                resource,
                "FilterPattern",
                f"the pattern {problem}",
                'write it as { $.level = "ERROR" }, [a, b] or words',
            )
        for path, metric in objects(resource, "MetricTransformations"):
            if metric.get("Dimensions") and metric.get("DefaultValue") is not None:
                yield hit(
                    resource,
                    f"{path}.DefaultValue",
                    "a metric with dimensions has no default value",
                    "delete DefaultValue, or Dimensions",
                )


def _problem(pattern: str) -> str:
    """Say what is wrong with a pattern; nothing if nothing is."""
    closing = _PAIRS.get(pattern[:1])
    if closing is not None and (len(pattern) < 2 or not pattern.endswith(closing)):
        return f"begins with {pattern[0]} and does not end with {closing}"
    if pattern.replace('\\"', "").count('"') % 2:
        return "has a quotation mark that is not closed"
    if pattern.startswith("{"):
        inside = pattern.replace('\\"', "").split('"')[::2]  # what stands outside of quotes
        plain = "".join(inside)
        if plain.count("(") != plain.count(")"):
            return "has brackets that do not match"
        if "$" not in plain:
            return "selects no field: $ is missing"
    return ""
