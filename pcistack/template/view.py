"""A template in one world: its resources with resolved values, and what is not known of them.

What cannot be resolved is :data:`UNKNOWN`, a :class:`Reference` or a :class:`Partial` string;
nothing is ever guessed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias

from pcistack.template.document import Json, RawResource, Template


class Unknown:
    """The type of :data:`UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __str__(self) -> str:
        return "a value that only the deployment knows"


CUSTOM_RESOURCE: Final = "AWS::CloudFormation::CustomResource"
"""A custom resource that has no type name of its own, ``Custom::<name>``."""

UNKNOWN: Final = Unknown()
"""A value that only a deployment knows: a parameter without default, an import, a function."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A ``Ref`` or ``Fn::GetAtt`` to a resource of the same template.

    Attributes:
        logical_id: The resource referred to.
        attribute: The attribute asked for, or None for ``Ref``.
    """

    logical_id: str
    attribute: str | None = None

    def __str__(self) -> str:
        return f"<{self.logical_id}{'.' + self.attribute if self.attribute else ''}>"


class Partial(str):
    """A string known in part; what is unknown stands in angle brackets, as in ``<AWS::AccountId>``.

    Attributes:
        references: Resources whose values are part of the string.
    """

    references: tuple[Reference, ...]

    def __new__(cls, text: str, references: tuple[Reference, ...] = ()) -> Partial:
        """Make the string."""
        self = super().__new__(cls, text)
        self.references = references
        return self


class Items(list["Value"]):
    """A list from which the template takes items out (``AWS::NoValue``).

    Attributes:
        places: Index of each item in the list as the template has it.
    """

    places: tuple[int, ...]

    def __init__(self, items: Iterable[Value], places: Iterable[int]) -> None:
        """Make the list."""
        super().__init__(items)
        self.places = tuple(places)


class OpenObject(dict[str, "Value"]):
    """An object that a macro adds to: what is not in it is :data:`UNKNOWN`, not absent."""

    def get(self, key: str, default: object = None) -> Value:
        """Return the value of a key."""
        return super().get(key, UNKNOWN)


Value: TypeAlias = (
    "str | int | float | bool | Reference | Unknown | list[Value] | dict[str, Value] | None"
)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource in one world, with its properties resolved.

    Attributes:
        logical_id: Its key under ``Resources``.
        type: CloudFormation type.
        properties: Resolved properties; absent ones (``AWS::NoValue``) are left out.
        raw: The resource as the template has it.
    """

    logical_id: str
    type: str
    properties: Mapping[str, Value]
    raw: RawResource

    @cached_property
    def leaves(self) -> Sequence[tuple[str, Value]]:
        """Every leaf of the properties with its dotted path; a dozen rules look at all of them."""
        return walk(dict(self.properties))

    @cached_property
    def references(self) -> Sequence[tuple[str, Reference]]:
        """Every reference in the properties with the dotted path of its leaf."""
        return tuple((path, found) for path, leaf in self.leaves for found in referred(leaf))

    def get(self, path: str) -> Value:
        """Return the value at a dotted path such as ``LoggingInfo.S3.Bucket``.

        None means absent (or null). :data:`UNKNOWN` means that it, or an object on the way to
        it, is not known. Digits index a list.
        """
        if "." not in path:
            return self.properties.get(path)
        first, *rest = path.split(".")
        value = self.properties.get(first)
        for step in rest:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, Unknown | Reference | Partial):
                return UNKNOWN
            elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        return value

    def in_file(self, path: str) -> str:
        """Return a dotted path with the indexes of lists as the template has them."""
        steps = path.split(".")
        if not any(step.isdecimal() for step in steps):
            return path
        value: Value = dict(self.properties)
        for position, step in enumerate(steps):
            if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                if isinstance(value, Items):
                    steps[position] = str(value.places[int(step)])
                value = value[int(step)]  # pyright: ignore[reportArgumentType]
            elif isinstance(value, dict) and step in value:
                value = value[step]
            else:
                break
        return ".".join(steps)

    def text(self, path: str) -> str | None:
        """Return the string at a path if it is fully known, else None. Numbers become strings."""
        value = self.get(path)
        if isinstance(value, bool | Partial):
            return None
        return str(value) if isinstance(value, str | int | float) else None

    def number(self, path: str) -> float | None:
        """Return the number at a path, as :func:`number` reads it."""
        return number(self.get(path))

    def flag(self, path: str) -> bool | None:
        """Return the boolean at a path, also if it is written as a string; None if not known."""
        value = self.get(path)
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        return None

    def is_unknown(self, path: str) -> bool:
        """Whether the value at a path is there but cannot be known before the deployment."""
        return isinstance(self.get(path), Unknown | Reference | Partial)

    def items(self, path: str) -> list[Value]:
        """Return the list at a path; a single value counts as a list of one, absent as empty."""
        value = self.get(path)
        if value is None:
            return []
        return value if isinstance(value, list) else [value]

    def referenced(self, path: str) -> str | None:
        """Return the logical id that the value at a path refers to, if it does."""
        value = self.get(path)
        if isinstance(value, Reference):
            return value.logical_id
        if isinstance(value, Partial) and len(value.references) == 1:
            return value.references[0].logical_id
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a world takes for a parameter.

    Attributes:
        value: The value; a text in angle brackets stands for all that conditions do not name.
        is_default: Whether the template takes it without a choice.
    """

    value: Json | Unknown
    is_default: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong with an expression itself.

    Attributes:
        kind: ``select-out-of-range``, ``find-in-map-missing``, ``unresolved-loop`` or
            ``worlds-left-out``.
        resource: Logical id; empty for none.
        message: What is wrong.
    """

    kind: str
    resource: str
    message: str


@dataclass(frozen=True, kw_only=True)
class View:
    """A template in one world.

    Attributes:
        template: The template.
        region: Region it is resolved for, or None when none is known.
        parameters: Parameter values of this world.
        resources: Resources that exist in this world, by logical id.
        problems: Expressions that are wrong in themselves.
        choices: What differs between the worlds; empty if there is only one.
        near: Choices that each resource, or one that it refers to, depends on.
    """

    template: Template
    region: str | None
    parameters: Mapping[str, Value]
    resources: Mapping[str, Resource]
    problems: Sequence[Problem]
    choices: Mapping[str, Choice] = field(default_factory=dict)
    near: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of_type(self, *types: str) -> list[Resource]:
        """Return the resources of some CloudFormation types, in the template's order.

        Alone, :data:`CUSTOM_RESOURCE` stands for custom resources of any name.
        """
        if len(types) == 1:
            return list(self._by_type.get(types[0], ()))
        return [resource for resource in self.resources.values() if resource.type in types]

    def of_each(self, *types: str) -> list[Resource]:
        """Return the resources of some types as :meth:`of_type` does for one, type by type."""
        return [resource for kind in types for resource in self._by_type.get(kind, ())]

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The types that :meth:`of_type` finds resources of."""
        return frozenset(self._by_type)

    @cached_property
    def _by_type(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources.values():
            found.setdefault(resource.type, []).append(resource)
            if resource.type.startswith("Custom::"):
                found.setdefault(CUSTOM_RESOURCE, []).append(resource)
        return found

    def referring(self, kind: str, path: str) -> Mapping[str, list[Resource]]:
        """Return the resources of a type by the logical id that a property of theirs refers to."""
        if (kind, path) not in self._by_reference:
            found: dict[str, list[Resource]] = {}
            for resource in self.of_type(kind):
                if (name := resource.referenced(path)) is not None:
                    found.setdefault(name, []).append(resource)
            self._by_reference[kind, path] = found
        return self._by_reference[kind, path]

    @cached_property
    def _by_reference(self) -> dict[tuple[str, str], Mapping[str, list[Resource]]]:
        return {}

    @cached_property
    def referrers(self) -> Mapping[str, tuple[Resource, ...]]:
        """The resources that refer to each resource, in the template's order."""
        found: dict[str, list[Resource]] = {}
        for resource in self.resources.values():
            for target in dict.fromkeys(each.logical_id for _, each in resource.references):
                if target != resource.logical_id:
                    found.setdefault(target, []).append(resource)
        return {target: tuple(sources) for target, sources in found.items()}

    def target(self, value: Value) -> Resource | None:
        """Return the resource that a resolved value refers to, if it is in this view."""
        if isinstance(value, Partial) and len(value.references) == 1:
            value = value.references[0]
        return self.resources.get(value.logical_id) if isinstance(value, Reference) else None


def number(value: object) -> float | None:
    """Return a value as a number, also if it is written as a string; None if not known.

    What is no finite number, such as ``nan``, counts as not known.
    """
    if isinstance(value, bool | Partial) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def referred(leaf: Value) -> tuple[Reference, ...]:
    """Return the references that a leaf is, or is made of."""
    if isinstance(leaf, Reference):
        return (leaf,)
    return leaf.references if isinstance(leaf, Partial) else ()


def walk(value: Value, path: str = "") -> list[tuple[str, Value]]:
    """Return every leaf below a resolved value with its dotted path."""
    if not isinstance(value, (dict, list)):
        return [(path, value)]
    found: list[tuple[str, Value]] = []
    _walk(value, f"{path}." if path else "", found)
    return found


def _walk(
    value: dict[str, Value] | list[Value], before: str, found: list[tuple[str, Value]]
) -> None:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, (dict, list)):
            _walk(item, f"{before}{key}.", found)
        else:
            found.append((f"{before}{key}", item))
