"""What parts of a template refer to, found without resolving anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pcistack.template.document import Json, Template

# braces and dollars end a name, so that a long text of beginnings is read in one pass
SUB: Final = re.compile(r"\$\{([^!${}][^${}]*)\}")
"""A name in ``Fn::Sub``."""


@dataclass(slots=True)
class Uses:
    """What a part of a template names.

    Attributes:
        names: Parameters, resources and pseudo parameters.
        conditions: Conditions.
        mappings: Mappings.
    """

    names: dict[str, None] = field(default_factory=dict)
    conditions: dict[str, None] = field(default_factory=dict)
    mappings: dict[str, None] = field(default_factory=dict)


def uses(node: Json | Mapping[str, Json]) -> Uses:
    """Return what a node and everything below it names, each name once."""
    found = Uses()
    waiting: list[object] = [node]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += [item for item in value if isinstance(item, dict | list)]
        elif isinstance(value, Mapping):
            if len(value) == 1:
                ((key, argument),) = value.items()
                _note(found, key, argument)
            waiting += [item for item in value.values() if isinstance(item, dict | list)]
    return found


def _note(found: Uses, key: str, argument: object) -> None:
    if key == "Fn::Sub":
        found.names.update(dict.fromkeys(name.partition(".")[0] for name in substituted(argument)))
        return
    first = argument[0] if isinstance(argument, list) and argument else argument
    if not isinstance(first, str):
        return
    if key in ("Ref", "Fn::GetAtt"):
        found.names[first if key == "Ref" else first.partition(".")[0]] = None
    elif key in ("Condition", "Fn::If"):
        found.conditions[first] = None
    elif key == "Fn::FindInMap":
        found.mappings[first] = None


def substituted(argument: object) -> list[str]:
    """Return the names that ``Fn::Sub`` takes from the template, not from its own variables."""
    own: object = {}
    if isinstance(argument, list) and len(argument) == 2:
        argument, own = argument
    if not isinstance(argument, str) or not isinstance(own, dict):
        return []
    names = (match.group(1).strip() for match in SUB.finditer(argument))
    return [name for name in names if name not in own]


def conditions_in_order(template: Template) -> tuple[list[str], list[str]]:
    """Return the conditions, each behind those it depends on; and those in a circle."""
    section = template.section("Conditions")
    needs = {
        name: {other for other in uses({"": node}).conditions if other in section}
        for name, node in section.items()
    }
    needed_by: dict[str, list[str]] = {}
    for name, others in needs.items():
        for other in others:
            needed_by.setdefault(other, []).append(name)
    left = {name: len(others) for name, others in needs.items()}
    ordered = [name for name, count in left.items() if count == 0]
    for name in ordered:
        for other in needed_by.get(name, ()):
            left[other] -= 1
            if left[other] == 0:
                ordered.append(other)
    return ordered, [name for name, count in left.items() if count > 0]


def parameters_of_conditions(template: Template) -> dict[str, frozenset[str]]:
    """Return the names that each condition depends on, those of its conditions included."""
    section = template.section("Conditions")
    found: dict[str, frozenset[str]] = {}
    ordered, circular = conditions_in_order(template)
    for name in (*ordered, *circular):
        used = uses({"": section[name]})
        found[name] = frozenset(used.names).union(
            *(found.get(other, frozenset()) for other in used.conditions)
        )
    return found
