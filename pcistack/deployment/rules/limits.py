"""Values outside what a service takes, by one table of limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.limit_kinds import Between, Form, ItemCount, Limit, OneOf
from pcistack.deployment.limits import LIMITS, REQUIRED
from pcistack.deployment.neighbour_limits import NEIGHBOUR_LIMITS
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import expand, is_open, objects, text
from pcistack.deployment.service_limits import SERVICE_LIMITS
from pcistack.template.view import Partial, Resource, Value, number

_TABLE: Final[Mapping[str, Mapping[str, Limit]]] = {
    kind: {
        **LIMITS.get(kind, {}),
        **SERVICE_LIMITS.get(kind, {}),
        **NEIGHBOUR_LIMITS.get(kind, {}),
    }
    for kind in (*LIMITS, *SERVICE_LIMITS, *NEIGHBOUR_LIMITS)
}


@rule(
    "DEPLOY-LIMIT",
    "A value that the service does not take",
    types=tuple(_TABLE),
    severity=Severity.FATAL,
    source="CloudFormation resource reference of the property, and the service's API reference",
)
def limit_rule(context: Context) -> Iterator[Hit]:
    for kind, paths in _TABLE.items():
        for resource in context.of_type(kind):
            for path, limit in paths.items():
                for found, value in expand(resource, path):
                    if _breaks(limit, value):
                        name = found.rsplit(".", 1)[-1] if not found[-1].isdecimal() else found
                        shown = len(value) if isinstance(value, list) else repr(text(value))
                        yield hit(
                            resource,
                            found,
                            f"{name} is {_short(str(shown))}; AWS takes {limit}",
                            f"choose {limit}",
                        )


def _breaks(limit: Limit, value: Value) -> bool:
    """Whether a value is known to be outside a limit."""
    if isinstance(limit, ItemCount):
        count = len(value) if isinstance(value, list) else 1
        known = not is_open(value) and not (
            isinstance(value, list) and any(is_open(item) for item in value)
        )
        return known and not limit.low <= count <= limit.high
    known_text = _placed(value) if isinstance(limit, Form) else text(value)
    if known_text is None or isinstance(value, list | dict):
        return False
    if isinstance(limit, OneOf):
        return {known_text, known_text.removesuffix(".0")}.isdisjoint(limit.values)
    if isinstance(limit, Form):
        return known_text != "" and not limit.matches(known_text)
    return _outside(limit, known_text)


_PSEUDO: Final = {
    "<AWS::AccountId>": "111111111111",
    "<AWS::Partition>": "aws",
    "<AWS::Region>": "us-east-1",
}


def _placed(value: Value) -> str | None:
    """Return a text, with the account and its like filled in where nothing else is open."""
    if not isinstance(value, Partial) or not value.startswith("arn:"):
        return text(value)
    found = str(value)
    for name, example in _PSEUDO.items():
        found = found.replace(name, example)
    return None if "<" in found or "{" in found else found


def _outside(limit: Between, known: str) -> bool:
    amount = number(known)
    if amount is None:
        return known != ""
    return not limit.low <= amount <= limit.high or (limit.whole and amount % 1 != 0)


def _short(value: str) -> str:
    return value if len(value) <= 60 else f"{value[:57]}..."


@rule(
    "DEPLOY-REQUIRED",
    "A property that a resource cannot be without",
    types=tuple(REQUIRED),
    severity=Severity.FATAL,
    source="CloudFormation resource reference of the type, required properties",
)
def required_rule(context: Context) -> Iterator[Hit]:
    for kind, names in () if context.has_macro else REQUIRED.items():
        for resource in context.of_type(kind):
            for name in names:
                for path in _places(resource, name):
                    if path.split(".")[0] in resource.raw.properties and "*" not in name:
                        continue  # it is written, and comes to nothing in this world only
                    if resource.get(path) is None:
                        last = path.rsplit(".", 1)[-1]
                        yield hit(resource, path, f"{last} is not set", f"add {last}")


def _places(resource: Resource, name: str) -> Iterator[str]:
    """Yield where a property has to stand: itself, or in each item of a list."""
    head, star, tail = name.partition(".*.")
    if not star:
        yield name
        return
    for path, _ in objects(resource, head):
        yield f"{path}.{tail}"
