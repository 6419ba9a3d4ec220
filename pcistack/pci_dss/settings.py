"""Settings that a table says must, or must not, have some value; one reading for all types."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit, show
from pcistack.pci_dss.context import Context
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One property of a type. A value that is not known before the deployment is not judged.

    Attributes:
        type: CloudFormation type.
        path: Dotted path; a ``*`` stands for every item of a list.
        why: What is wrong with another value, as the message says it.
        good: The right values in lower case; empty for every value that is not bad.
        bad: The wrong values in lower case.
        needed: Whether leaving the property out is wrong.
        only: A path and a value that the resource must have for the setting to matter.
        severity: How much it matters; None for the rule's own severity.
    """

    type: str
    path: str
    why: str
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    needed: bool = False
    only: tuple[str, str] | None = None
    severity: Severity | None = None


def need(kind: str, path: str, why: str, *, severity: Severity | None = None) -> Setting:
    """Return a setting that must be there, and true."""
    return Setting(type=kind, path=path, why=why, good=("true",), needed=True, severity=severity)


def ought(kind: str, path: str, why: str, *, severity: Severity | None = None) -> Setting:
    """Return a setting that must be there, whatever its value."""
    return Setting(type=kind, path=path, why=why, needed=True, severity=severity)


def refuse(
    kind: str,
    path: str,
    why: str,
    *bad: str,
    severity: Severity | None = None,
    only: tuple[str, str] | None = None,
) -> Setting:
    """Return a setting that may be anything but some values, written in lower case."""
    return Setting(type=kind, path=path, why=why, bad=bad, severity=severity, only=only)


def types_of(settings: Iterable[Setting]) -> tuple[str, ...]:
    """Return the types that settings are about, each once."""
    return tuple(dict.fromkeys(setting.type for setting in settings))


def wrong(context: Context, settings: Sequence[Setting]) -> Iterator[Hit]:
    """Yield a hit for every property whose value is not right."""
    for setting in settings:
        for resource in context.of_type(setting.type):
            if setting.only and str(resource.get(setting.only[0])) != setting.only[1]:
                continue
            for path in paths(resource, setting.path):
                value = _value(resource, path)
                if _is_wrong(setting, value):
                    message = f"it is {show(value)}: {setting.why}"
                    yield hit(resource, path, message, severity=setting.severity)


def _value(resource: Resource, path: str) -> Value:
    """Return the value at a path; the name of a database parameter may have dots in it."""
    head, _, below = path.partition(".")
    found = resource.get(head)
    if head == "Parameters" and isinstance(found, dict):
        return found.get(below)
    if below and isinstance(found, str):
        return _inside(found, below)
    return resource.get(path)


def _inside(text: str, path: str) -> Value:
    """Return the value at a path of a document that the template holds as JSON in a text."""
    found = document(text)
    for step in path.split("."):
        if isinstance(found, Unknown):
            return found
        found = found.get(step) if isinstance(found, dict) else None
    return found


def document(value: Value) -> Value:
    """Return a document that may be written as JSON in a text; what cannot be read is unknown."""
    if not isinstance(value, str):
        return value
    try:
        parsed: Value = json.loads(value)
    except ValueError:
        return Unknown()
    return parsed


def paths(resource: Resource, path: str) -> Iterator[str]:
    """Yield the paths that a pattern stands for: a ``*`` is every item of a list."""
    head, star, tail = path.partition(".*")
    if not star:
        yield path
        return
    for index in range(len(resource.items(head))):
        yield from paths(resource, f"{head}.{index}{tail}")


def _is_wrong(setting: Setting, value: Value) -> bool:
    if value in (None, "", [], {}):
        return setting.needed
    if isinstance(value, Unknown | Reference | Partial):
        return False
    text = str(value).strip().lower()
    return text in setting.bad or bool(setting.good and text not in setting.good)
