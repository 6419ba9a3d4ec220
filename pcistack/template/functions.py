"""The intrinsic functions that give a value: each takes what stands beside its name."""

from __future__ import annotations

import ipaddress
import itertools
import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeAlias

from pcistack.regions import zones_of
from pcistack.template.document import Json, Template
from pcistack.template.uses import SUB
from pcistack.template.view import (
    UNKNOWN,
    Partial,
    Problem,
    Reference,
    Unknown,
    Value,
    walk,
)

DYNAMIC: Final = re.compile(r"\{\{resolve:[^{}]*\}\}")
"""A dynamic reference, whose value only the deployment knows."""

_INDEX: Final = re.compile(r"-?[0-9]{1,40}")


class NoValue:
    """``AWS::NoValue``: the property is absent."""


NO_VALUE: Final = NoValue()
Raw: TypeAlias = "Value | NoValue"
"""What a node gives before it is known whether its property is there at all."""


class Resolving(Protocol):
    """The resolution that a function stands in.

    Attributes:
        template: The template.
        region: Region that it is resolved for; None if not known.
        zones: Zones of that region; None if not known.
        problems: Expressions that fail.
        resource: Logical id of the resource that is resolved.
    """

    template: Template
    region: str | None
    zones: Sequence[str] | None
    problems: list[Problem]
    resource: str

    def condition(self, name: str) -> bool | None:
        """Return the truth of a named condition; None if it cannot be known."""

    def resolve(self, node: Json) -> Value:
        """Return the value of a node; None if it is absent."""

    def raw(self, node: Json) -> Raw:
        """Return the value of a node, or that it is absent."""

    def ref(self, name: str) -> Raw:
        """Return what ``Ref`` gives."""

    def spend(self, work: int) -> None:
        """Count work that grows with what is referred to, not with the template's own text."""


def _get_att(inside: Resolving, argument: Json) -> Raw:
    if isinstance(argument, str):
        logical_id, _, attribute = argument.partition(".")
    elif isinstance(argument, list) and len(argument) == 2:
        logical_id, attribute = str(argument[0]), str(argument[1])
    else:
        return UNKNOWN
    if logical_id not in inside.template.resources:
        return UNKNOWN
    return Reference(logical_id, attribute)


def _if(inside: Resolving, argument: Json) -> Raw:
    if not isinstance(argument, list) or len(argument) != 3:
        return UNKNOWN
    truth = inside.condition(str(argument[0]))
    return UNKNOWN if truth is None else inside.raw(argument[1 if truth else 2])


def _join(inside: Resolving, argument: Json) -> Raw:
    if not isinstance(argument, list) or len(argument) != 2:
        return UNKNOWN
    parts = inside.resolve(argument[1])
    if not isinstance(argument[0], str) or not isinstance(parts, list):
        return UNKNOWN
    return _concatenate(inside, parts, argument[0])


def _sub(inside: Resolving, argument: Json) -> Raw:
    text, variables = argument, {}
    if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
        text, variables = argument[0], argument[1]
    if not isinstance(text, str):
        return UNKNOWN
    parts: list[Value] = []
    position = 0
    for match in SUB.finditer(text):
        parts.append(text[position : match.start()].replace("${!", "${"))
        name = match.group(1).strip()
        value: Raw
        if name in variables:
            value = inside.raw(variables[name])
        else:
            value = _get_att(inside, name) if "." in name else inside.ref(name)
        parts.append(Partial(f"<{name}>") if isinstance(value, NoValue | Unknown) else value)
        position = match.end()
    parts.append(text[position:].replace("${!", "${"))
    return _concatenate(inside, parts, "")


def _select(inside: Resolving, argument: Json) -> Raw:
    if not isinstance(argument, list) or len(argument) != 2:
        return UNKNOWN
    index, items = inside.resolve(argument[0]), inside.resolve(argument[1])
    if not isinstance(items, list) or not isinstance(index, int | str):
        return UNKNOWN
    if isinstance(index, Partial) or not _INDEX.fullmatch(str(index)):
        return UNKNOWN
    if not 0 <= int(index) < len(items):
        inside.problems.append(
            Problem(
                kind="select-out-of-range",
                resource=inside.resource,
                message=f"Fn::Select {index} of a list of {len(items)}: "
                f"{json.dumps(argument[1])[:120]}",
            )
        )
        return UNKNOWN
    return items[int(index)]


def _split(inside: Resolving, argument: Json) -> Raw:
    if not isinstance(argument, list) or len(argument) != 2:
        return UNKNOWN
    text = inside.resolve(argument[1])
    if not isinstance(text, str) or not isinstance(argument[0], str) or not argument[0]:
        return UNKNOWN
    if isinstance(text, Partial):
        return UNKNOWN  # how many parts there are is not known either
    inside.spend(len(text))
    return list(text.split(argument[0]))


def _find_in_map(inside: Resolving, argument: Json) -> Raw:
    if not isinstance(argument, list) or len(argument) < 3:
        return UNKNOWN
    keys = [inside.resolve(part) for part in argument[:3]]
    node: Json = dict(inside.template.section("Mappings"))
    for key in keys:
        if not isinstance(key, str | int) or isinstance(key, Partial):
            return UNKNOWN
        if isinstance(node, dict) and "Fn::Transform" in node:
            return UNKNOWN  # a macro fills the mapping in
        if not isinstance(node, dict) or str(key) not in node:
            if len(argument) > 3 and isinstance(argument[3], dict):
                return inside.raw(argument[3].get("DefaultValue"))
            inside.problems.append(
                Problem(
                    kind="find-in-map-missing",
                    resource=inside.resource,
                    message=f"the mapping {keys[0]} has no value for "
                    f"{', '.join(str(part) for part in keys[1:])}",
                )
            )
            return UNKNOWN
        node = node[str(key)]
    return inside.raw(node)


def _get_azs(inside: Resolving, argument: Json) -> Raw:
    region = inside.resolve(argument)
    here = region in ("", None) or (isinstance(region, str) and region == inside.region)
    zones = inside.zones if here else zones_of(region) if type(region) is str else None
    return list(zones) if zones is not None else UNKNOWN


def _cidr(inside: Resolving, argument: Json) -> Raw:
    resolved = inside.resolve(argument)
    if not isinstance(resolved, list) or len(resolved) not in (2, 3):
        return UNKNOWN
    block, count, bits = resolved[0], resolved[1], resolved[2] if len(resolved) == 3 else 8
    try:
        network = ipaddress.ip_network(str(block))
        prefix = network.max_prefixlen - int(str(bits))
        subnets = itertools.islice(network.subnets(new_prefix=prefix), min(int(str(count)), 256))
        return [str(subnet) for subnet in subnets]
    except ValueError:
        return UNKNOWN


def _to_json(inside: Resolving, argument: Json) -> Raw:
    resolved = inside.resolve(argument)
    if any(isinstance(leaf, Unknown | Reference | Partial) for _, leaf in walk(resolved)):
        return UNKNOWN
    text = json.dumps(resolved, separators=(",", ":"))
    inside.spend(len(text))
    return text


def _base64(inside: Resolving, argument: Json) -> Raw:
    text = inside.resolve(argument)
    if not isinstance(text, str) or isinstance(text, Partial):
        return UNKNOWN
    inside.spend(len(text))
    return b64encode(text.encode()).decode()


def _length(inside: Resolving, argument: Json) -> Raw:
    items = inside.resolve(argument)
    return len(items) if isinstance(items, list) else UNKNOWN


def _concatenate(inside: Resolving, parts: Sequence[Value], separator: str) -> Value:
    texts: list[str] = []
    references: list[Reference] = []
    certain = True
    for part in parts:
        if isinstance(part, Partial):
            certain = False
            references += part.references
        elif isinstance(part, Reference):
            certain = False
            references.append(part)
        elif isinstance(part, bool):
            part = str(part).lower()
        elif not isinstance(part, str | int | float):
            certain = False
            part = "<value>"
        texts.append(str(part))
    text = separator.join(texts)
    known = certain and not DYNAMIC.search(text)
    joined = text if known else Partial(text, tuple(references))
    inside.spend(len(parts) + len(joined))
    return joined


FUNCTIONS: Final[Mapping[str, Callable[[Resolving, Json], Raw]]] = {
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::Join": _join,
    "Fn::Sub": _sub,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": _get_azs,
    "Fn::Cidr": _cidr,
    "Fn::Base64": _base64,
    "Fn::Length": _length,
    "Fn::ToJsonString": _to_json,
}
