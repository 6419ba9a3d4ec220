"""Resolve a template's intrinsic functions for one region, in one world.

A world is one assignment of the parameters that conditions depend on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pcistack.regions import partition_of
from pcistack.template.document import Json, RawResource, Template, TemplateError
from pcistack.template.functions import DYNAMIC, FUNCTIONS, NO_VALUE, NoValue, Raw
from pcistack.template.uses import conditions_in_order
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
)

_MOST_WORK: Final = 5_000_000
"""Values made and characters joined in one world; 500 resources of production need 20,000."""


_PSEUDO_UNKNOWN = {
    "AWS::AccountId",
    "AWS::StackName",
    "AWS::StackId",
    "AWS::NotificationARNs",
}
_ADDS: Final = ("Fn::Transform", "Fn::ForEach::")


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
            known = not isinstance(left, NoValue) and not isinstance(right, NoValue)
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
        value = self.raw(node)
        return None if isinstance(value, NoValue) else value

    def raw(self, node: Json) -> Raw:
        self.work += 1
        if isinstance(node, str):
            return Partial(node) if "{{resolve:" in node and DYNAMIC.search(node) else node
        if isinstance(node, list):
            return self._list(node)
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            key, argument = next(iter(node.items()))
            if key == "Ref":
                return self.ref(argument) if isinstance(argument, str) else UNKNOWN
            if key.startswith("Fn::") and not key.startswith(_ADDS):
                function = FUNCTIONS.get(key)
                return function(self, argument) if function else UNKNOWN
        return self._object(node)

    def _list(self, node: list[Json]) -> Value:
        items = [self.raw(item) for item in node]
        kept = [item for item in items if not isinstance(item, NoValue)]
        if len(kept) == len(items):
            return kept
        return Items(kept, (at for at, item in enumerate(items) if not isinstance(item, NoValue)))

    def _object(self, node: dict[str, Json]) -> Value:
        found: dict[str, Value] = {}
        is_open = False
        for key, item in node.items():
            if key.startswith(_ADDS):
                is_open = True
                continue
            if isinstance(item, str) and "{{resolve:" not in item:  # most are; a call costs more
                self.work += 1
                found[key] = item
                continue
            value = self.raw(item)
            if not isinstance(value, NoValue):
                found[key] = value
        return OpenObject(found) if is_open else found

    def ref(self, name: str) -> Raw:
        if name == "AWS::NoValue":
            return NO_VALUE
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

    def spend(self, work: int) -> None:
        """Count work that grows with what is referred to, not with the template's own text."""
        self.work += work
        if self.work > _MOST_WORK:
            raise TemplateError(
                f"{self.template.path or 'template'}: too large to resolve: one world makes more "
                f"than {_MOST_WORK:,} values and characters of it"
            )


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


def _plain(value: Value) -> str | NoValue:
    """The text that ``Fn::Equals`` compares; no value if it cannot be known."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Partial):
        # a parameter's stand-in differs from every literal; other partial strings are unknown
        known = value.startswith("<") and value.endswith(">") and "::" not in value
        return str(value) if known and not value.references else NO_VALUE
    return str(value) if isinstance(value, str | int | float) else NO_VALUE
