"""Expressions that have no value in this region: zones past the end, mappings without a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity, counted
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.structure.context import Context
from pcistack.structure.pack import rule

_REFERENCE: Final = "CloudFormation user guide: Intrinsic function reference"


@rule(
    "TEMPLATE-SELECT",
    "Fn::Select past the end of its list, such as the zones of the region",
    types=(ANY,),
    severity=Severity.FATAL,
    source=_REFERENCE,
)
def select_rule(context: Context) -> Iterator[Hit]:
    for problem in context.view.problems:
        if problem.kind == "select-out-of-range":
            zones = context.zones
            fix = "select an index that the list has"
            if "GetAZs" in problem.message and zones:
                here = f"{context.region} has {counted(len(zones), 'zone')}"
                fix = f"{here}: use 0 to {len(zones) - 1}"
            yield hit(problem.resource, "", f"{problem.message}, in {context.here}", fix)


@rule(
    "TEMPLATE-MAPPING",
    "Fn::FindInMap without a value, such as for the region",
    types=(ANY,),
    severity=Severity.FATAL,
    source=_REFERENCE,
)
def mapping(context: Context) -> Iterator[Hit]:
    for problem in context.view.problems:
        if problem.kind == "find-in-map-missing":
            yield hit(
                problem.resource,
                "",
                f"{problem.message} in {context.here}",
                "add the row to Mappings, or give Fn::FindInMap a DefaultValue",
            )


@rule(
    "TEMPLATE-LOOP",
    "Fn::ForEach, whose resources cannot be checked",
    types=(ANY,),
    severity=Severity.WARNING,
    source=_REFERENCE,
)
def loop_rule(context: Context) -> Iterator[Hit]:
    for problem in context.view.problems:
        if problem.kind == "unresolved-loop":
            yield hit(
                problem.resource,
                "",
                f"{problem.message}: its resources are not checked for {context.here}",
                "check the expanded template: aws cloudformation get-template "
                "--template-stage Processed",
            )
