"""Expressions that have no value in this region: zones past the end, mappings without a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assurance.findings import Finding, Severity, counted
from assurance.regional.rule import Context, Rule


def _select(rule: Rule, context: Context) -> Iterator[Finding]:
    for problem in context.view.problems:
        if problem.kind == "select-out-of-range":
            zones = context.facts.zones
            fix = "select an index that the list has"
            if "GetAZs" in problem.message and zones:
                here = f"{context.facts.region} has {counted(len(zones), 'zone')}"
                fix = f"{here}: use 0 to {len(zones) - 1}"
            yield rule.finding(problem.resource, "", f"{problem.message}, in {context.here}", fix)


def _mapping(rule: Rule, context: Context) -> Iterator[Finding]:
    for problem in context.view.problems:
        if problem.kind == "find-in-map-missing":
            yield rule.finding(
                problem.resource,
                "",
                f"{problem.message} in {context.here}",
                "add the row to Mappings, or give Fn::FindInMap a DefaultValue",
            )


def _loop(rule: Rule, context: Context) -> Iterator[Finding]:
    for problem in context.view.problems:
        if problem.kind == "unresolved-loop":
            yield rule.finding(
                problem.resource,
                "",
                f"{problem.message}: its resources are not checked for {context.here}",
                "check the expanded template: aws cloudformation get-template "
                "--template-stage Processed",
            )


_REFERENCE: Final = "CloudFormation user guide: Intrinsic function reference"

RULES: Final = (
    Rule(
        id="TEMPLATE-SELECT",
        title="Fn::Select past the end of its list, such as the zones of the region",
        severity=Severity.FATAL,
        source=_REFERENCE,
        check=_select,
    ),
    Rule(
        id="TEMPLATE-MAPPING",
        title="Fn::FindInMap without a value, such as for the region",
        severity=Severity.FATAL,
        source=_REFERENCE,
        check=_mapping,
    ),
    Rule(
        id="TEMPLATE-LOOP",
        title="Fn::ForEach, whose resources cannot be checked",
        severity=Severity.WARNING,
        source=_REFERENCE,
        check=_loop,
    ),
)
