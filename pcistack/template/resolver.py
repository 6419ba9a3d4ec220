"""Resolve a template's intrinsic functions for one region, in every world its conditions allow.

A world is one assignment of the parameters that conditions depend on. Each world yields a
:class:`View`: the resources that exist in it, with their properties resolved as far as the
template allows. What cannot be resolved becomes :data:`UNKNOWN`, a :class:`Reference` or a
:class:`Partial` string; nothing is ever guessed.
"""

from __future__ import annotations

import base64
import ipaddress
import itertools
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias

from pcistack.template.document import Json, RawResource, Template, TemplateError

MAX_WORLDS: Final = 64
_MAX_NODES: Final = 2_000_000


class Unknown:
    """The type of :data:`UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


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


Value: TypeAlias = (
    "str | int | float | bool | Reference | Unknown | list[Value] | dict[str, Value] | None"
)


class _NoValue:
    """``AWS::NoValue``: the property is absent."""


_NO_VALUE: Final = _NoValue()
_Raw: TypeAlias = "Value | _NoValue"


@dataclass(frozen=True, slots=True, kw_only=True)
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

    def get(self, path: str) -> Value:
        """Return the value at a dotted path such as ``LoggingInfo.S3.Bucket``.

        None means absent (or null). :data:`UNKNOWN` means that it, or an object on the way to
        it, is not known. Digits index a list.
        """
        first, *rest = path.split(".")
        value = self.properties.get(first)
        for step in rest:
            if isinstance(value, Unknown | Reference | Partial):
                return UNKNOWN
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        return value

    def text(self, path: str) -> str | None:
        """Return the string at a path if it is fully known, else None. Numbers become strings."""
        value = self.get(path)
        if isinstance(value, bool | Partial):
            return None
        return str(value) if isinstance(value, str | int | float) else None

    def number(self, path: str) -> float | None:
        """Return the number at a path, also if it is written as a string; None if not known.

        What is no finite number, such as ``nan``, counts as not known.
        """
        value = self.get(path)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None

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
class Problem:
    """Something wrong with an expression itself.

    Attributes:
        kind: ``select-out-of-range``, ``find-in-map-missing`` or ``unresolved-loop``.
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
    """

    template: Template
    region: str | None
    parameters: Mapping[str, Value]
    resources: Mapping[str, Resource]
    problems: Sequence[Problem]

    def of_type(self, *types: str) -> list[Resource]:
        """Return the resources of some CloudFormation types, in the template's order."""
        if len(types) == 1:
            return list(self._by_type.get(types[0], ()))
        return [resource for resource in self.resources.values() if resource.type in types]

    @cached_property
    def _by_type(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources.values():
            found.setdefault(resource.type, []).append(resource)
        return found

    def target(self, value: Value) -> Resource | None:
        """Return the resource that a resolved value refers to, if it is in this view."""
        if isinstance(value, Partial) and len(value.references) == 1:
            value = value.references[0]
        return self.resources.get(value.logical_id) if isinstance(value, Reference) else None


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
        _Resolver(template, region, zones, world).view()
        for world in _worlds(template, dict(parameters or {}))
    ]


# Worlds


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


# Resolving

_PSEUDO_UNKNOWN = {
    "AWS::AccountId",
    "AWS::StackName",
    "AWS::StackId",
    "AWS::NotificationARNs",
}
_SUB = re.compile(r"\$\{([^!}][^}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:[^}]*\}\}")


def partition_of(region: str) -> tuple[str, str]:
    """Return the partition and the domain suffix of a region, by its name."""
    if region.startswith("cn-"):
        return "aws-cn", "amazonaws.com.cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov", "amazonaws.com"
    if region.startswith("eusc-"):
        return "aws-eusc", "amazonaws.eu"
    return "aws", "amazonaws.com"


@dataclass
class _Resolver:
    template: Template
    region: str | None
    zones: Sequence[str] | None
    world: Mapping[str, Json | Unknown]
    problems: list[Problem] = field(default_factory=list)
    resource: str = ""
    nodes: int = 0
    _conditions: dict[str, bool | None] = field(default_factory=dict)

    def view(self) -> View:
        resources: dict[str, Resource] = {}
        for logical_id, raw in self.template.resources.items():
            if raw.condition is not None and self.condition(raw.condition) is False:
                continue
            self.resource = logical_id
            resolved = self.resolve(dict(raw.properties))
            resources[logical_id] = Resource(
                logical_id=logical_id,
                type=raw.type,
                properties=resolved if isinstance(resolved, dict) else {},
                raw=raw,
            )
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
        )

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
        self.nodes += 1
        if self.nodes > _MAX_NODES:
            raise TemplateError("the template is too large to resolve")
        if isinstance(node, str):
            return Partial(node) if "{{resolve:" in node and _DYNAMIC.search(node) else node
        if isinstance(node, list):
            items = (self._resolve(item) for item in node)
            return [item for item in items if not isinstance(item, _NoValue)]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            key, argument = next(iter(node.items()))
            if key == "Ref" and isinstance(argument, str):
                return self._ref(argument)
            if key.startswith("Fn::"):
                function = _FUNCTIONS.get(key)
                return function(self, argument) if function else UNKNOWN
        found: dict[str, Value] = {}
        for key, item in node.items():
            value = self._resolve(item)
            if not isinstance(value, _NoValue):
                found[key] = value
        return found

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
            return _value(self.world[name])
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
        return _concatenate(parts, argument[0])

    def sub(self, argument: Json) -> _Raw:
        text, variables = argument, {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            text, variables = argument[0], argument[1]
        if not isinstance(text, str):
            return UNKNOWN
        parts: list[Value] = []
        position = 0
        for match in _SUB.finditer(text):
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
        return _concatenate(parts, "")

    def select(self, argument: Json) -> _Raw:
        if not isinstance(argument, list) or len(argument) != 2:
            return UNKNOWN
        index, items = self.resolve(argument[0]), self.resolve(argument[1])
        if not isinstance(items, list) or not isinstance(index, int | str):
            return UNKNOWN
        if isinstance(index, Partial) or not str(index).isdigit():
            return UNKNOWN
        if int(index) >= len(items):
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
        parts = str(text).split(argument[0])
        if isinstance(text, Partial):
            references = text.references
            return [
                Partial(part, tuple(r for r in references if str(r) in part))
                if "<" in part
                else part
                for part in parts
            ]
        return list(parts)

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
        return list(self.zones) if here and self.zones is not None else UNKNOWN

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

    def base64(self, argument: Json) -> _Raw:
        text = self.resolve(argument)
        if not isinstance(text, str) or isinstance(text, Partial):
            return UNKNOWN
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


def walk(value: Value, path: str = "") -> Iterator[tuple[str, Value]]:
    """Yield every leaf below a resolved value with its dotted path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, f"{path}.{index}" if path else str(index))
    else:
        yield path, value
