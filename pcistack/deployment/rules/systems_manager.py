"""Systems Manager: parameters and windows of maintenance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.template.view import Resource

_PARAMETER: Final = "AWS::SSM::Parameter"
_WINDOW: Final = "AWS::SSM::MaintenanceWindow"
_LARGEST: Final[Mapping[str, int]] = {
    "Standard": 4096,
    "Advanced": 8192,
    "Intelligent-Tiering": 8192,
}


@rule(
    "DEPLOY-SYSTEMS-MANAGER",
    "A parameter or a window of maintenance that Systems Manager refuses",
    types=(_PARAMETER, _WINDOW),
    severity=Severity.FATAL,
    source="Systems Manager API reference: PutParameter, CreateMaintenanceWindow",
)
def systems_manager_rule(context: Context) -> Iterator[Hit]:
    for parameter in context.of_type(_PARAMETER):
        yield from _value(parameter)
    for window in context.of_type(_WINDOW):
        length, rest = window.number("Duration"), window.number("Cutoff")
        if length is not None and rest is not None and rest >= length:
            yield hit(
                window,
                "Cutoff",
                f"{rest:g} hours before the end of a window of {length:g}",
                "make Cutoff smaller than Duration",
            )


def _value(parameter: Resource) -> Iterator[Hit]:
    value, tier = parameter.text("Value"), parameter.get("Tier")
    most = _LARGEST.get(str(tier) if tier is not None else "Standard")
    if value is None:
        return
    size = len(value.encode(errors="replace"))
    if most is not None and size > most:
        yield hit(
            parameter,
            "Value",
            f"{size:,} bytes; a parameter of this tier takes {most:,}",
            "set Tier: Advanced, or shorten it",
        )
    pattern = parameter.text("AllowedPattern")
    if pattern and len(value) <= 256 and not _matches(pattern, value):
        yield hit(
            parameter,
            "Value",
            f"it does not match AllowedPattern {pattern}",
            "correct one of them",
        )


_SIMPLE: Final = re.compile(r"[^()|\\]{1,80}")
"""Patterns without groups, which no value can keep busy for long."""


def _matches(pattern: str, value: str) -> bool:
    if not _SIMPLE.fullmatch(pattern):
        return True
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return True
