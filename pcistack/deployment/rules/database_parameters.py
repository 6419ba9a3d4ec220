"""Parameter groups of databases: parameters that the engine has, with values that it takes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment import parameters
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, text
from pcistack.template.view import Resource, Value

_CLUSTER: Final = "AWS::RDS::DBClusterParameterGroup"
_INSTANCE: Final = "AWS::RDS::DBParameterGroup"
_FAMILY: Final = re.compile(r"(aurora-mysql|aurora-postgresql|mysql|mariadb|postgres)([\d.]+)")
_SOURCE: Final = "Aurora and RDS user guides: reference of the parameter groups"
# The majors whose parameters the table is complete for.
_COMPLETE: Final = ("aurora-mysql8.0", "aurora-postgresql14", "aurora-postgresql15")


@rule(
    "DEPLOY-DATABASE-PARAMETER",
    "A database parameter that the engine does not have",
    types=(_CLUSTER, _INSTANCE),
    source=_SOURCE,
)
def name_rule(context: Context) -> Iterator[Hit]:
    """Where the table may be older than the engine, only what another engine has is refused."""
    for group, engine, family, path, name, _ in _parameters(context):
        known = parameters.names(engine)
        if name in known:
            level = parameters.names(engine, "instance")
            if group.type == _INSTANCE and family in _COMPLETE and name not in level:
                yield hit(
                    group,
                    path,
                    f"{name} is a parameter of clusters in {family}: a group of instances does "
                    "not have it",
                    f"move it to an {_CLUSTER}",
                    severity=Severity.FATAL,
                )
            continue
        foreign = name in parameters.elsewhere(engine)
        near = difflib.get_close_matches(name, known, 1, 0.85)
        if not foreign and not near and family not in _COMPLETE:
            continue
        certain = foreign or family in _COMPLETE
        yield hit(
            group,
            path,
            f"{family} has no parameter {name}" + (f"; {near[0]} is meant?" if near else ""),
            f"write {near[0]}" if near else f"delete {name}, or choose one that {family} has",
            severity=None if certain else Severity.WARNING,
        )


@rule(
    "DEPLOY-DATABASE-PARAMETER-VALUE",
    "A value that a database parameter does not take",
    types=(_CLUSTER, _INSTANCE),
    severity=Severity.FATAL,
    source=_SOURCE,
)
def value_rule(context: Context) -> Iterator[Hit]:
    for group, engine, _, path, name, value in _parameters(context):
        known = text(value)
        words = parameters.allowed(engine, name, known) if known else ""
        if words:
            yield hit(
                group, path, f"{name} is {known!r}; it takes {words}", f"set {name} to {words}"
            )


def _parameters(context: Context) -> Iterator[tuple[Resource, str, str, str, str, Value]]:
    """Yield each parameter as (group, engine, family, path, name, value)."""
    for group in context.of_type(_CLUSTER, _INSTANCE):
        family = (group.text("Family") or "").lower()
        found = _FAMILY.fullmatch(family)
        if found is None:
            continue
        for name, value in fields(group.get("Parameters")).items():
            yield group, found.group(1), family, f"Parameters.{name}", name.lower(), value
