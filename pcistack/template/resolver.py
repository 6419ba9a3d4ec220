"""Resolve a template's intrinsic functions for one region, in one world.

A world is one assignment of the parameters that conditions depend on.
"""

from __future__ import annotations

import base64
import ipaddress
import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pcistack.regions import partition_of, zones_of
from pcistack.template.document import Json, RawResource, Template, TemplateError
from pcistack.template.uses import SUB, conditions_in_order
from pcistack.template.view import (
    UNKNOWN,
    Choice,
    Items,
    OpenObject,
    Partial,
    Problem,
    Reference,
    Resource,
    Unknown,
    Value,
    View,
    walk,
)

_MOST_WORK: Final = 5_000_000
"""Values made and characters joined in one world; 500 resources of production need 20,000."""


class _NoValue:
    """``AWS::NoValue``: the property is absent."""


_NO_VALUE: Final = _NoValue()
_Raw: TypeAlias = "Value | _NoValue"


_INDEX: Final = re.compile(r"-?[0-9]{1,9}")
_PSEUDO_UNKNOWN = {
    "AWS::AccountId",
    "AWS::StackName",
    "AWS::StackId",
    "AWS::NotificationARNs",
}
_ADDS: Final = ("Fn::Transform", "Fn::ForEach::")
_DYNAMIC = re.compile(r"\{\{resolve:[^{}]*\}\}")


@dataclass(slots=True)
class Shared:
    """What the worlds of one template share: a resource is resolved once for what it depends on.

    Attributes:
        direct: Choices that each resource depends on by itself.
        near: These, and those of the resources it refers to.
    """

    direct: Mapping[str, frozenset[str]]
    near: Mapping[str, frozenset[str]]
    resolved: dict[tuple[str, str], tuple[Resource, tuple[Problem, ...]]] = field(
        default_factory=dict
    )


def resolve(
    template: Template,
    region: str | None,
    zones: Sequence[str] | None,
    parameters: Mapping[str, Json | Unknown],
    *,
    choices: Mapping[str, Choice] | None = None,
    shared: Shared | None = None,
    problems: Iterable[Problem] = (),
) -> View:
    """Resolve a template in the world of some parameter values.

    Args:
        template: The template.
        region: Region that ``AWS::Region`` stands for; None leaves it unknown.
        zones: Zones of that region; None if not known.
        parameters: Values of the template's parameters.
        choices: Those of them that other worlds have otherwise.
        shared: What the worlds share.
        problems: What is wrong with the worlds themselves.

    Raises:
        TemplateError: The template is too large to resolve.
    """
    resolver = _Resolver(template, region, zones, parameters, list(problems))
    resolver.choices = choices or {}
    resolver.shared = shared or Shared({}, {})
    return resolver.view()


@dataclass
class _Resolver:
    template: Template
    region: str | None
    zones: Sequence[str] | None
    world: Mapping[str, Json | Unknown]
    problems: list[Problem] = field(default_factory=list)
    resource: str = ""
    work: int = 0
    values: dict[str, Value] = field(default_factory=dict)
    choices: Mapping[str, Choice] = field(default_factory=dict)
    shared: Shared = field(default_factory=lambda: Shared({}, {}))
    _conditions: dict[str, bool | None] = field(default_factory=dict)

    def view(self) -> View:
        for name in conditions_in_order(self.template.section("Conditions"))[0]:
            self.condition(name)  # in order, so that a long chain needs no deep recursion
        resources: dict[str, Resource] = {}
        for logical_id, raw in self.template.resources.items():
            if raw.condition is not None and self.condition(raw.condition) is False:
                continue
            resources[logical_id] = self._resource(raw)
        for key in self.template.section("Resources"):
            if key.startswith("Fn::ForEach"):
                self.problems.append(
                    Problem(kind="unresolved-loop", resource=key, message=f"{key} is not expanded")
                )
        return View(
            template=self.template,
            region=self.region,
            parameters={name: _value(value) for name, value in self.world.items()},
            resources=resources,
            problems=tuple(self.problems),
            choices=self.choices,
            near=self.shared.near,
        )

    def _resource(self, raw: RawResource) -> Resource:
        """Return a resource; the one of another world where nothing differs for it."""
        own = self.shared.direct.get(raw.logical_id, ())
        key = (raw.logical_id, repr([self.world[name] for name in sorted(own)]))
        known = self.shared.resolved.get(key)
        if known is None:
            before = len(self.problems)
            self.resource = raw.logical_id
            resolved = self.resolve(dict(raw.properties))
            self.spend(0)
            made = Resource(
                logical_id=raw.logical_id,
                type=raw.type,
                properties=resolved if isinstance(resolved, dict) else {},
                raw=raw,
            )
            self.shared.resolved[key] = (made, tuple(self.problems[before:]))
            return made
        self.problems += known[1]
        return known[0]

    def condition(self, name: str) -> bool | None:
        """Truth of a named condition; None if it cannot be known."""
        if name not in self._conditions:
            self._conditions[name] = None  # a cycle is unknown, not endless
            self._conditions[name] = self.truth(self.template.section("Conditions").get(name))
        return self._conditions[name]

    def truth(self, node: Json) -> bool | None:
        if not isinstance(node, dict) or len(node) != 1:
            return None
        key, argument = next(iter(node.items()))
        if key == "Condition" and isinstance(argument, str):
            return self.condition(argument)
        if not isinstance(argument, list):
            return None
        if key == "Fn::Equals" and len(argument) == 2:
            left, right = (_plain(self.resolve(side)) for side in argument)
            known = not isinstance(left, _NoValue) and not isinstance(right, _NoValue)
            return left == right if known else None
        parts = [self.truth(part) for part in argument]
        if key == "Fn::Not" and len(parts) == 1:
            return None if parts[0] is None else not parts[0]
        if key == "Fn::And":
            return False if False in parts else None if None in parts else True
        if key == "Fn::Or":
            return True if True in parts else None if None in parts else False
        return None

    def resolve(self, node: Json) -> Value:
        value = self._resolve(node)
        return None if isinstance(value, _NoValue) else value

    def _resolve(self, node: Json) -> _Raw:
        self.work += 1
        if isinstance(node, str):
            return Partial(node) if "{{resolve:" in node and _DYNAMIC.search(node) else node
        if isinstance(node, list):
            return self._list(node)
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            key, argument = next(iter(node.items()))
            if key == "Ref":
                return self._ref(argument) if isinstance(argument, str) else UNKNOWN
            if key.startswith("Fn::") and not key.startswith(_ADDS):
                function = _FUNCTIONS.get(key)
                return function(self, argument) if function else UNKNOWN
        return self._object(node)

    def _list(self, node: list[Json]) -> Value:
        items = [self._resolve(item) for item in node]
        kept = [item for item in items if not isinstance(item, _NoValue)]
        if len(kept) == len(items):
            return kept
        return Items(kept, (at for at, item in enumerate(items) if not isinstance(item, _NoValue)))

    def _object(self, node: dict[str, Json]) -> Value:
        found: dict[str, Value] = {}
        is_open = False
        for key, item in node.items():
            if key.startswith(_ADDS):
                is_open = True
                continue
            value = self._resolve(item)
            if not isinstance(value, _NoValue):
                found[key] = value
        return OpenObject(found) if is_open else found

    def _ref(self, name: str) -> _Raw:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name == "AWS::Region":
            return self.region if self.region else Partial("<AWS::Region>")
        if name in ("AWS::Partition", "AWS::URLSuffix"):
            if self.region is None:
                return Partial(f"<{name}>")
            partition, suffix = partition_of(self.region)
            return partition if name == "AWS::Partition" else suffix
        if name in _PSEUDO_UNKNOWN:
            return Partial(f"<{name}>")
        if name in self.world:
            value = self.values.get(name)
            if value is None:
                value = self.values[name] = _value(self.world[name])
            return value
        return Reference(name) if name in self.template.resources else UNKNOWN

    def get_att(self, argument: Json) -> _Raw:
        if isinstance(argument, str):
            logical_id, _, attribute = argument.partition(".")
        elif isinstance(argument, list) and len(argument) == 2:
            logical_id, attribute = str(argument[0]), str(argument[1])
        else:
            return UNKNOWN
        if logical_id not in self.template.resources:
            return UNKNOWN
        return Reference(logical_id, attribute)

    def if_(self, argument: Json) -> _Raw:
        if not isinstance(argument, list) or len(argument) != 3:
            return UNKNOWN
        truth = self.condition(str(argument[0]))
        return UNKNOWN if truth is None else self._resolve(argument[1 if truth else 2])

    def join(self, argument: Json) -> _Raw:
        if not isinstance(argument, list) or len(argument) != 2:
            return UNKNOWN
        parts = self.resolve(argument[1])
        if not isinstance(argument[0], str) or not isinstance(parts, list):
            return UNKNOWN
        return self.concatenate(parts, argument[0])

    def concatenate(self, parts: Sequence[Value], separator: str) -> Value:
        joined = _concatenate(parts, separator)
        self.spend(len(parts) + (len(joined) if isinstance(joined, str) else 0))
        return joined

    def spend(self, work: int) -> None:
        """Count work that grows with what is referred to, not with the template's own text."""
        self.work += work
        if self.work > _MOST_WORK:
            raise TemplateError(
                f"{self.template.path or 'template'}: too large to resolve: one world makes more "
                f"than {_MOST_WORK:,} values and characters of it"
            )

    def sub(self, argument: Json) -> _Raw:
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
            value: _Raw
            if name in variables:
                value = self._resolve(variables[name])
            else:
                value = self.get_att(name) if "." in name else self._ref(name)
            parts.append(Partial(f"<{name}>") if isinstance(value, _NoValue | Unknown) else value)
            position = match.end()
        parts.append(text[position:].replace("${!", "${"))
        return self.concatenate(parts, "")

    def select(self, argument: Json) -> _Raw:
        if not isinstance(argument, list) or len(argument) != 2:
            return UNKNOWN
        index, items = self.resolve(argument[0]), self.resolve(argument[1])
        if not isinstance(items, list) or not isinstance(index, int | str):
            return UNKNOWN
        if isinstance(index, Partial) or not _INDEX.fullmatch(str(index)):
            return UNKNOWN
        if not 0 <= int(index) < len(items):
            self.problems.append(
                Problem(
                    kind="select-out-of-range",
                    resource=self.resource,
                    message=f"Fn::Select {index} of a list of {len(items)}: "
                    f"{json.dumps(argument[1])[:120]}",
                )
            )
            return UNKNOWN
        return items[int(index)]

    def split(self, argument: Json) -> _Raw:
        if not isinstance(argument, list) or len(argument) != 2:
            return UNKNOWN
        text = self.resolve(argument[1])
        if not isinstance(text, str) or not isinstance(argument[0], str) or not argument[0]:
            return UNKNOWN
        if isinstance(text, Partial):
            return UNKNOWN  # how many parts there are is not known either
        self.spend(len(text))
        return list(text.split(argument[0]))

    def find_in_map(self, argument: Json) -> _Raw:
        if not isinstance(argument, list) or len(argument) < 3:
            return UNKNOWN
        keys = [self.resolve(part) for part in argument[:3]]
        node: Json = dict(self.template.section("Mappings"))
        for key in keys:
            if not isinstance(key, str | int) or isinstance(key, Partial):
                return UNKNOWN
            if isinstance(node, dict) and "Fn::Transform" in node:
                return UNKNOWN  # a macro fills the mapping in
            if not isinstance(node, dict) or str(key) not in node:
                if len(argument) > 3 and isinstance(argument[3], dict):
                    return self._resolve(argument[3].get("DefaultValue"))
                self.problems.append(
                    Problem(
                        kind="find-in-map-missing",
                        resource=self.resource,
                        message=f"the mapping {keys[0]} has no value for "
                        f"{', '.join(str(part) for part in keys[1:])}",
                    )
                )
                return UNKNOWN
            node = node[str(key)]
        return self._resolve(node)

    def get_azs(self, argument: Json) -> _Raw:
        region = self.resolve(argument)
        here = region in ("", None) or (isinstance(region, str) and region == self.region)
        zones = self.zones if here else zones_of(region) if type(region) is str else None
        return list(zones) if zones is not None else UNKNOWN

    def cidr(self, argument: Json) -> _Raw:
        resolved = self.resolve(argument)
        if not isinstance(resolved, list) or len(resolved) not in (2, 3):
            return UNKNOWN
        block, count, bits = resolved[0], resolved[1], resolved[2] if len(resolved) == 3 else 8
        try:
            network = ipaddress.ip_network(str(block))
            prefix = network.max_prefixlen - int(str(bits))
            subnets = itertools.islice(
                network.subnets(new_prefix=prefix), min(int(str(count)), 256)
            )
            return [str(subnet) for subnet in subnets]
        except ValueError:
            return UNKNOWN

    def to_json(self, argument: Json) -> _Raw:
        resolved = self.resolve(argument)
        if any(isinstance(leaf, Unknown | Reference | Partial) for _, leaf in walk(resolved)):
            return UNKNOWN
        text = json.dumps(resolved, separators=(",", ":"))
        self.spend(len(text))
        return text

    def base64(self, argument: Json) -> _Raw:
        text = self.resolve(argument)
        if not isinstance(text, str) or isinstance(text, Partial):
            return UNKNOWN
        self.spend(len(text))
        return base64.b64encode(text.encode()).decode()

    def length(self, argument: Json) -> _Raw:
        items = self.resolve(argument)
        return len(items) if isinstance(items, list) else UNKNOWN


_FUNCTIONS: Final[Mapping[str, Callable[[_Resolver, Json], _Raw]]] = {
    "Fn::GetAtt": _Resolver.get_att,
    "Fn::If": _Resolver.if_,
    "Fn::Join": _Resolver.join,
    "Fn::Sub": _Resolver.sub,
    "Fn::Select": _Resolver.select,
    "Fn::Split": _Resolver.split,
    "Fn::FindInMap": _Resolver.find_in_map,
    "Fn::GetAZs": _Resolver.get_azs,
    "Fn::Cidr": _Resolver.cidr,
    "Fn::Base64": _Resolver.base64,
    "Fn::Length": _Resolver.length,
    "Fn::ToJsonString": _Resolver.to_json,
}


def _value(value: Json | Unknown) -> Value:
    """Turn a parameter's value into a resolved value; a stand-in becomes a partial string."""
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, str) and value.startswith("<") and value.endswith(">"):
        return Partial(value)
    if isinstance(value, list):
        return [_value(item) for item in value]
    if isinstance(value, dict):
        return {key: _value(item) for key, item in value.items()}
    return value


def _plain(value: Value) -> str | _NoValue:
    """The text that ``Fn::Equals`` compares; no value if it cannot be known."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Partial):
        # a parameter's stand-in differs from every literal; other partial strings are unknown
        known = value.startswith("<") and value.endswith(">") and "::" not in value
        return str(value) if known and not value.references else _NO_VALUE
    return str(value) if isinstance(value, str | int | float) else _NO_VALUE


def _concatenate(parts: Sequence[Value], separator: str) -> Value:
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
    return text if certain and not _DYNAMIC.search(text) else Partial(text, tuple(references))
