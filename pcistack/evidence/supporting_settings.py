"""The exact settings of a template that support a requirement of PCI DSS v4.0.1.

A setting is listed only when its value is the one that supports the requirement, and never where
a rule criticised that value, also if somebody accepted it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from pcistack.evidence.settings_in_context import settings_in_context
from pcistack.evidence.values import SupportingSetting, shown
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.settings_table import TABLE, Accepts
from pcistack.template.view import Resource, Value

EVERYTHING: Final = "*"
"""Stands for every property of a resource."""


def supporting_settings(
    context: Context, criticised: Collection[tuple[str, str]] = ()
) -> Mapping[str, tuple[SupportingSetting, ...]]:
    """Return the settings that support each requirement, by the requirement's number.

    Args:
        context: The template as it is shown, with its network.
        criticised: Resource and property of every finding, accepted ones too.
    """
    places: dict[str, set[str]] = {}
    for resource, path in criticised:
        if path:
            places.setdefault(resource, set()).add(path)
    found: dict[str, set[SupportingSetting]] = {}
    for numbers, setting in (*_listed(context), *settings_in_context(context)):
        if not any(_one_place(setting.property, path) for path in places.get(setting.resource, ())):
            for number in numbers.split():
                found.setdefault(number, set()).add(setting)
    return {number: tuple(sorted(settings)) for number, settings in sorted(found.items())}


def _one_place(setting: str, finding: str) -> bool:
    """Whether two paths are the same, or one is inside the other."""
    return (
        finding in (setting, EVERYTHING)
        or setting.startswith((f"{finding}.", f"{finding}["))
        or finding.startswith(f"{setting}.")
    )


def _listed(context: Context) -> Iterator[tuple[str, SupportingSetting]]:
    for types, proofs in TABLE.items():
        for resource in context.of_type(*types):
            for wanted, numbers, accepts in proofs:
                for setting in _accepted(resource, wanted, accepts):
                    yield numbers, setting


def _accepted(resource: Resource, path: str, accepts: Accepts) -> Iterator[SupportingSetting]:
    for where, value in _select(resource, path):
        if accepts(value):
            yield SupportingSetting(
                resource=resource.logical_id,
                type=resource.type,
                property=where,
                value=shown(value),
            )


_PICK: Final = re.compile(r"^(?P<name>[^\[]+)\[(?P<key>[^=]+)=(?P<value>[^\]]+)\]$")


def _steps(path: str) -> list[str]:
    """Split a path at its dots, but not inside brackets or a condition key."""
    return re.findall(r"[^.\[]+\[[^\]]+\]|[^.]+", path)


def _select(resource: Resource, path: str) -> Iterator[tuple[str, Value]]:
    """Yield the values at a path in which ``*`` is any list item and ``[Key=x]`` picks one."""
    yield from _below(dict(resource.properties), _steps(path), "")


def _below(value: Value, steps: Sequence[str], path: str) -> Iterator[tuple[str, Value]]:
    if not steps:
        if value is not None:
            yield path, value
        return
    step, rest = steps[0], steps[1:]
    if step == "*":
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            yield from _below(item, rest, f"{path}.{index}" if isinstance(value, list) else path)
        return
    if not isinstance(value, dict):
        return
    pick = _PICK.match(step)
    if pick is None:
        yield from _below(value.get(step), rest, f"{path}.{step}" if path else step)
        return
    items = value.get(pick["name"])
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and str(item.get(pick["key"])) == pick["value"]:
            yield from _below(item, rest, f"{pick['name']}[{pick['value']}]")
