"""The values of a template as an update compares them: with parameters and mappings put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.template.document import Json, Template
from pcistack.template.uses import SUB

_DEPTH: Final = 200
"""How deep values may be nested before the rest is compared as it is written."""

DECIDING: Final = ("Parameters", "Mappings", "Conditions")
"""Sections that decide what a value is."""


@dataclass(frozen=True)
class TemplateValues:
    """Puts in what a template decides by itself, so that a new default is seen where it acts."""

    template: Template

    def of(self, node: Json, depth: int = 0) -> Json:
        """Return a node with its parameters' defaults, mappings and conditions in it."""
        if depth > _DEPTH:
            return node
        if isinstance(node, list):
            return [self.of(item, depth + 1) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((key, argument),) = node.items()
            if key == "Ref" and argument in self.template.section("Parameters"):
                return {key: argument, "Default": self._default(str(argument))}
            if key == "Fn::FindInMap":
                return {key: self.of(argument, depth + 1), "Found": self._mapping(argument)}
            if key == "Fn::If" and isinstance(argument, list) and argument:
                condition = self.template.section("Conditions").get(str(argument[0]))
                return {key: self.of(argument, depth + 1), "When": self.of(condition, depth + 1)}
        return {key: self.of(value, depth + 1) for key, value in node.items()}

    def _default(self, name: str) -> Json:
        parameter = self.template.section("Parameters")[name]
        return parameter.get("Default") if isinstance(parameter, dict) else None

    def _mapping(self, argument: Json) -> Json:
        found: Json = dict(self.template.section("Mappings"))
        for name in argument if isinstance(argument, list) else []:
            if not isinstance(name, str) or not isinstance(found, dict) or name not in found:
                return found  # as far as it is decided
            found = found[name]
        return found


def differences(old: Json, new: Json, path: str = "") -> Iterator[str]:
    """Yield the paths at which two values differ, dots between; a list differs as a whole."""
    if isinstance(old, dict) and isinstance(new, dict) and not _is_function(old, new):
        for key in sorted({*old, *new}):
            here = f"{path}.{key}" if path else key
            if key not in old or key not in new:
                yield here
            else:
                yield from differences(old[key], new[key], here)
    elif not _same(old, new):
        yield path


def _is_function(*nodes: Mapping[str, Json]) -> bool:
    return any(key == "Ref" or key.startswith("Fn::") for node in nodes for key in node)


def _same(old: Json, new: Json) -> bool:
    """Whether CloudFormation sees one value: it takes ``"1"`` for 1 and ``"true"`` for true."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    return old == new or (_text(old) is not None and _text(old) == _text(new))


def _text(value: Json) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def references(node: Json) -> Iterator[tuple[str, str]]:
    """Yield the name and the attribute of each ``Ref``, ``Fn::GetAtt`` and ``Fn::Sub``."""
    waiting: list[Json] = [node]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            if len(value) != 1:
                continue
            ((key, argument),) = value.items()
            if key == "Ref" and isinstance(argument, str):
                yield argument, ""
            elif key == "Fn::GetAtt":
                parts = argument if isinstance(argument, list) else [argument]
                name, _, attribute = ".".join(map(str, parts)).partition(".")
                yield name, attribute
            elif key == "Fn::Sub":
                text = argument[0] if isinstance(argument, list) and argument else argument
                for found in SUB.findall(text) if isinstance(text, str) else []:
                    name, _, attribute = found.partition(".")
                    yield name, attribute
