"""What parts of a template refer to, found without resolving anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

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
        functions: Functions that CloudFormation does not have.
        misused: What is wrong with the arguments of functions.
        extensions: What only ``AWS::LanguageExtensions`` brings.
        macros: Macros that add to objects.
        nulls: Keys whose value is null.
    """

    names: dict[str, None] = field(default_factory=dict)
    conditions: dict[str, None] = field(default_factory=dict)
    mappings: dict[str, None] = field(default_factory=dict)
    functions: dict[str, None] = field(default_factory=dict)
    misused: dict[str, None] = field(default_factory=dict)
    extensions: dict[str, None] = field(default_factory=dict)
    macros: dict[str, None] = field(default_factory=dict)
    nulls: dict[str, None] = field(default_factory=dict)


def uses(node: object, *, without: str | None = None) -> Uses:
    """Return what a node and everything below it names, each name once.

    Args:
        node: The node.
        without: A function whose arguments are not looked at, such as ``Fn::If``.
    """
    found = Uses()
    waiting: list[object] = [node]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += [item for item in value if isinstance(item, (dict, list))]
        elif isinstance(value, (dict, Mapping)):  # the first is quick to tell
            for key, argument in value.items():
                if argument is None:
                    found.nulls[key] = None
                elif key in _NAMING or key.startswith("Fn::"):
                    _note(found, key, argument, alone=len(value) == 1)
                if isinstance(argument, (dict, list)) and key != without:
                    waiting.append(argument)
    return found


def _note(found: Uses, key: str, argument: object, *, alone: bool) -> None:
    if key.startswith(("Fn::Transform", "Fn::ForEach::")):
        name = argument.get("Name") if isinstance(argument, dict) else None
        found.macros[name if isinstance(name, str) else key] = None
        if key.startswith("Fn::ForEach::"):
            found.extensions["Fn::ForEach"] = None
        return
    if not alone or (isinstance(argument, dict) and "Fn::Transform" in argument):
        return
    _note_extension(found, key, argument)
    if key not in _NAMING and key not in _FORMS:
        found.functions[key] = None
    elif not _FORMS.get(key, _anything)(argument):
        found.misused[f"{key} has not the arguments that it needs"] = None
    if key == "Fn::Sub":
        found.names.update(dict.fromkeys(name.partition(".")[0] for name in substituted(argument)))
        return
    first = argument[0] if isinstance(argument, list) and argument else argument
    if isinstance(first, str):
        _note_name(found, key, first)


def _note_extension(found: Uses, key: str, argument: object) -> None:
    if key in _EXTENSIONS:
        found.extensions[key] = None
    elif key == "Fn::FindInMap" and isinstance(argument, list) and len(argument) == 4:
        found.extensions["the DefaultValue of Fn::FindInMap"] = None


def _note_name(found: Uses, key: str, first: str) -> None:
    if key in ("Ref", "Fn::GetAtt"):
        found.names[first if key == "Ref" else first.partition(".")[0]] = None
    elif key in ("Condition", "Fn::If"):
        found.conditions[first] = None
    elif key == "Fn::FindInMap":
        found.mappings[first] = None


def _anything(argument: object) -> bool:
    return True


def _of(*lengths: int) -> Callable[[object], bool]:
    """Return whether an argument is a list of one of some lengths."""
    return lambda argument: isinstance(argument, list) and len(argument) in lengths


def _is_attribute(argument: object) -> bool:
    if isinstance(argument, str):
        return "." in argument.strip(".")
    return isinstance(argument, list) and len(argument) >= 2 and "" not in argument


def _is_text_to_fill(argument: object) -> bool:
    if isinstance(argument, list):
        return len(argument) == 2 and isinstance(argument[1], dict)
    return isinstance(argument, str)


def _is_join(argument: object) -> bool:
    """A text between the parts, and a list of them or what gives one."""
    return (
        isinstance(argument, list)
        and len(argument) == 2
        and isinstance(argument[0], str | dict)
        and isinstance(argument[1], list | dict)
    )


def _is_select(argument: object) -> bool:
    return (
        isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list | dict)
    )


def _is_split(argument: object) -> bool:
    return (
        isinstance(argument, list)
        and len(argument) == 2
        and isinstance(argument[0], str | dict)
        and isinstance(argument[1], str | dict)
    )


_EXTENSIONS: Final = ("Fn::Length", "Fn::ToJsonString")
_NAMING: Final = ("Ref", "Condition")
_FORMS: Final[Mapping[str, Callable[[object], bool]]] = {
    "Fn::And": _of(*range(2, 11)),
    "Fn::Base64": _anything,
    "Fn::Cidr": _of(2, 3),
    "Fn::Contains": _anything,
    "Fn::EachMemberEquals": _anything,
    "Fn::EachMemberIn": _anything,
    "Fn::Equals": _of(2),
    "Fn::FindInMap": _of(3, 4),
    "Fn::GetAZs": _anything,
    "Fn::GetAtt": _is_attribute,
    "Fn::GetStackOutput": _anything,
    "Fn::If": _of(3),
    "Fn::ImportValue": _anything,
    "Fn::Join": _is_join,
    "Fn::Length": _anything,
    "Fn::Not": _of(1),
    "Fn::Or": _of(*range(2, 11)),
    "Fn::RefAll": _anything,
    "Fn::Select": _is_select,
    "Fn::Split": _is_split,
    "Fn::Sub": _is_text_to_fill,
    "Fn::ToJsonString": _anything,
    "Fn::ValueOf": _anything,
    "Fn::ValueOfAll": _anything,
}
"""Every function, and whether it can read an argument."""


def substituted(argument: object) -> list[str]:
    """Return the names that ``Fn::Sub`` takes from the template, not from its own variables."""
    own: object = {}
    if isinstance(argument, list) and len(argument) == 2:
        argument, own = argument
    if not isinstance(argument, str) or not isinstance(own, dict):
        return []
    names = (match.group(1).strip() for match in SUB.finditer(argument))
    return [name for name in names if name not in own]


def conditions_in_order(section: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """Return the conditions, each behind those it depends on; and those in a circle."""
    needs = {
        name: {other for other in uses({"": node}).conditions if other in section}
        for name, node in section.items()
    }
    return in_order(needs)


def in_order(needs: Mapping[str, set[str]]) -> tuple[list[str], list[str]]:
    """Return names, each behind those it needs; and those that are in a circle or need one."""
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


def circle(needs: Mapping[str, set[str]]) -> list[str]:
    """Return the names that need each other in a circle, not those that only need one."""
    behind = set(in_order(needs)[1])
    if not behind:
        return []
    needed: dict[str, set[str]] = {name: set() for name in needs if name in behind}
    for name in needed:
        for other in needs[name] & behind:
            needed[other].add(name)
    return in_order(needed)[1]


def parameters_of_conditions(section: Mapping[str, object]) -> dict[str, frozenset[str]]:
    """Return the names that each condition depends on, those of its conditions included."""
    found: dict[str, frozenset[str]] = {}
    ordered, circular = conditions_in_order(section)
    for name in (*ordered, *circular):
        used = uses({"": section[name]})
        found[name] = frozenset(used.names).union(
            *(found.get(other, frozenset()) for other in used.conditions)
        )
    return found


def references(node: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path of each property that refers to something, with the names."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from references(item, f"{path}.{index}".lstrip("."))
    elif isinstance(node, Mapping):
        if (len(node) == 1 and next(iter(node)) in _NAMING) or any(
            k.startswith("Fn::") for k in node
        ):
            yield from ((path, name) for name in uses(node).names)
            return
        for key, value in node.items():
            yield from references(value, f"{path}.{key}".lstrip("."))
