"""Lambda runtimes that can no longer be created, or soon cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assurance.findings import Finding, Severity
from assurance.regional.facts import LambdaRuntime, lambda_runtimes
from assurance.regional.rule import Context, Rule
from assurance.resolution import Resource


def _retired(rule: Rule, context: Context) -> Iterator[Finding]:
    for function, name, runtime in _functions(context):
        if runtime.blocked and runtime.blocked <= context.on:
            yield rule.finding(
                function,
                "Runtime",
                f"AWS creates no function with runtime {name} since {runtime.blocked}, in "
                f"{context.here} or elsewhere",
                _instead(runtime),
            )


def _deprecated(rule: Rule, context: Context) -> Iterator[Finding]:
    for function, name, runtime in _functions(context):
        deprecated, blocked = runtime.deprecated, runtime.blocked
        if not deprecated or deprecated > context.on or (blocked and blocked <= context.on):
            continue
        yield rule.finding(
            function,
            "Runtime",
            f"the runtime {name} is without fixes since {deprecated}, in {context.here} as "
            "elsewhere" + (f"; from {blocked} AWS creates no function with it" if blocked else ""),
            _instead(runtime),
        )


def _functions(context: Context) -> Iterator[tuple[Resource, str, LambdaRuntime]]:
    for kind in ("AWS::Lambda::Function", "AWS::Serverless::Function"):
        for function in context.view.of_type(kind):
            name = function.text("Runtime") or ""
            if name in lambda_runtimes():
                yield function, name, lambda_runtimes()[name]


def _instead(runtime: LambdaRuntime) -> str:
    return (
        f"set Runtime: {runtime.successor}" if runtime.successor else "choose a supported runtime"
    )


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
