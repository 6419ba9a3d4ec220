"""The worlds of a template: one for each assignment of the parameters its conditions depend on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pcistack.template.document import Json, Template
from pcistack.template.resolver import resolve
from pcistack.template.view import UNKNOWN, Unknown, View

MAX_WORLDS: Final = 64


def views(
    template: Template,
    region: str | None,
    *,
    zones: Sequence[str] | None = None,
    parameters: Mapping[str, Json | Unknown] | None = None,
) -> list[View]:
    """Resolve a template in every world its conditions allow.

    Args:
        template: The template.
        region: Region that ``AWS::Region`` stands for; None leaves it unknown.
        zones: Availability zones that ``Fn::GetAZs`` gives in that region; None if not known.
        parameters: Values given by a caller (a parent stack); they win over defaults.
            :data:`UNKNOWN` says that a value is given which only the deployment knows.

    Returns:
        At least one view; at most :data:`MAX_WORLDS`. If the conditions allow more, every
        parameter is varied on its own around the defaults.

    Raises:
        TemplateError: The template is too large to resolve.
    """
    return [
        resolve(template, region, zones, world)
        for world in _worlds(template, dict(parameters or {}))
    ]


def _worlds(
    template: Template, given: Mapping[str, Json | Unknown]
) -> list[dict[str, Json | Unknown]]:
    base: dict[str, Json | Unknown] = {
        name: given[name] if name in given else _default(declaration)
        for name, declaration in template.section("Parameters").items()
    }
    choices = {
        name: candidates
        for name, candidates in _condition_parameters(template).items()
        if name in base and (name not in given or isinstance(given[name], Unknown))
    }
    if not choices:
        return [base]
    for name, candidates in choices.items():
        choices[name] = _candidates(template, name, base[name], candidates)
    names = list(choices)
    total = 1
    for name in names:
        total *= len(choices[name])
    if total <= MAX_WORLDS:
        return [
            base | dict(zip(names, combination, strict=True))
            for combination in itertools.product(*(choices[name] for name in names))
        ]
    varied = [base | {name: value} for name in names for value in choices[name][1:]]
    return [base, *varied][:MAX_WORLDS]


def _default(declaration: Json) -> Json | Unknown:
    if not isinstance(declaration, dict) or "Default" not in declaration:
        return UNKNOWN
    kind = str(declaration.get("Type", "String"))
    if kind.startswith("AWS::SSM::Parameter::"):
        return UNKNOWN  # the default is the name of the stored value, not the value
    default = declaration["Default"]
    if isinstance(default, str) and (kind == "CommaDelimitedList" or kind.startswith("List<")):
        return [part.strip() for part in default.split(",")]
    return default


def _condition_parameters(template: Template) -> dict[str, list[Json]]:
    """Map each parameter that conditions compare to the literals it is compared with."""
    compared: dict[str, list[Json]] = {}
    for node in _objects(list(template.section("Conditions").values())):
        if isinstance(node.get("Ref"), str):
            compared.setdefault(str(node["Ref"]), [])
        pair = node.get("Fn::Equals")
        if not isinstance(pair, list) or len(pair) != 2:
            continue
        for this, other in (pair, pair[::-1]):
            is_literal = not isinstance(other, dict | list)
            if isinstance(this, dict) and isinstance(this.get("Ref"), str) and is_literal:
                compared.setdefault(str(this["Ref"]), []).append(other)
    return compared


def _objects(node: Json) -> Iterator[dict[str, Json]]:
    """Yield every object at or below a node."""
    if isinstance(node, dict):
        yield node
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from _objects(child)


def _candidates(
    template: Template, name: str, default: Json | Unknown, literals: Sequence[Json]
) -> list[Json]:
    """Values of a parameter that tell its conditions apart, the default first."""
    declaration = template.section("Parameters").get(name)
    allowed = declaration.get("AllowedValues") if isinstance(declaration, dict) else None
    found: list[Json] = [] if isinstance(default, Unknown) else [default]
    if isinstance(allowed, list) and allowed:
        found += [value for value in allowed if value not in found]
        return found[:8]
    found += [value for value in literals if value not in found]
    if len(found) <= 1 or isinstance(default, Unknown):
        found.append(f"<{name}>")  # stands for every value that the conditions do not name
    return found[:8]
