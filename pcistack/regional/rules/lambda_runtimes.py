"""Lambda runtimes that can no longer be created, or soon cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional.catalog import LambdaRuntime, lambda_runtimes
from pcistack.regional.context import Context
from pcistack.regional.pack import rule
from pcistack.template.view import Resource

_FUNCTIONS: Final = ("AWS::Lambda::Function", "AWS::Serverless::Function")
_SOURCE: Final = "Lambda developer guide: Lambda runtimes, as carried by cfn-lint"


@rule(
    "LAMBDA-RUNTIME-RETIRED",
    "A Lambda runtime that AWS no longer creates",
    types=_FUNCTIONS,
    severity=Severity.FATAL,
    source=_SOURCE,
)
def retired(context: Context) -> Iterator[Hit]:
    for function, name, runtime in _functions(context):
        if runtime.blocked and runtime.blocked <= context.on:
            yield hit(
                function,
                "Runtime",
                f"AWS creates no function with runtime {name} since {runtime.blocked}, in "
                f"{context.here} or elsewhere",
                _instead(runtime),
            )


@rule(
    "LAMBDA-RUNTIME-DEPRECATED",
    "A Lambda runtime without fixes",
    types=_FUNCTIONS,
    severity=Severity.WARNING,
    source=_SOURCE,
)
def deprecated_rule(context: Context) -> Iterator[Hit]:
    for function, name, runtime in _functions(context):
        deprecated, blocked = runtime.deprecated, runtime.blocked
        if not deprecated or deprecated > context.on or (blocked and blocked <= context.on):
            continue
        yield hit(
            function,
            "Runtime",
            f"the runtime {name} is without fixes since {deprecated}, in {context.here} as "
            "elsewhere" + (f"; from {blocked} AWS creates no function with it" if blocked else ""),
            _instead(runtime),
        )


def _functions(context: Context) -> Iterator[tuple[Resource, str, LambdaRuntime]]:
    for kind in _FUNCTIONS:
        for function in context.view.of_type(kind):
            name = function.text("Runtime") or ""
            if name in lambda_runtimes():
                yield function, name, lambda_runtimes()[name]


def _instead(runtime: LambdaRuntime) -> str:
    return (
        f"set Runtime: {runtime.successor}" if runtime.successor else "choose a supported runtime"
    )
