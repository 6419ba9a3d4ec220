"""Lambda runtimes that can no longer be created, or soon cannot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from assurance.findings import Finding, Severity
from assurance.regional.facts import lambda_runtimes
from assurance.regional.rule import Context, Rule
from assurance.resolution import Resource


def _retired(rule: Rule, context: Context) -> Iterator[Finding]:
    for function, runtime in _functions(context):
        blocked = _day(runtime, "create-block")
        if blocked and blocked <= context.on:
            yield rule.finding(
                function,
                "Runtime",
                f"AWS creates no function with runtime {runtime} since {blocked}, in "
                f"{context.here} or elsewhere",
                _successor(runtime),
            )


def _deprecated(rule: Rule, context: Context) -> Iterator[Finding]:
    for function, runtime in _functions(context):
        deprecated, blocked = _day(runtime, "deprecated"), _day(runtime, "create-block")
        if not deprecated or deprecated > context.on or (blocked and blocked <= context.on):
            continue
        yield rule.finding(
            function,
            "Runtime",
            f"the runtime {runtime} is without fixes since {deprecated}, in {context.here} as "
            "elsewhere" + (f"; from {blocked} AWS creates no function with it" if blocked else ""),
            _successor(runtime),
        )


def _functions(context: Context) -> Iterator[tuple[Resource, str]]:
    for kind in ("AWS::Lambda::Function", "AWS::Serverless::Function"):
        for function in context.view.of_type(kind):
            runtime = function.text("Runtime")
            if runtime in lambda_runtimes():
                yield function, runtime or ""


def _day(runtime: str, key: str) -> date | None:
    text = lambda_runtimes()[runtime].get(key)
    return date.fromisoformat(text) if text else None


def _successor(runtime: str) -> str:
    successor = lambda_runtimes()[runtime].get("successor")
    return f"set Runtime: {successor}" if successor else "choose a supported runtime"


_SOURCE: Final = "Lambda developer guide: Lambda runtimes, as carried by cfn-lint"

RULES: Final = (
    Rule(
        id="LAMBDA-RUNTIME-RETIRED",
        title="A Lambda runtime that AWS no longer creates",
        severity=Severity.FATAL,
        source=_SOURCE,
        check=_retired,
    ),
    Rule(
        id="LAMBDA-RUNTIME-DEPRECATED",
        title="A Lambda runtime without fixes",
        severity=Severity.WARNING,
        source=_SOURCE,
        check=_deprecated,
    ),
)
