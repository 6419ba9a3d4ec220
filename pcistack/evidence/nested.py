"""A template with its nested stacks written into it, so that one view shows all of them.

A resource of a nested stack is called as findings call it, ``Data/Cluster``; the parameters of a
nested stack are what its parent gives it, and its outputs what they stand for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pcistack.checks.nested import NESTED, nested_path
from pcistack.checks.run import resolve
from pcistack.template.document import Json, Template, TemplateError

_MOST: Final = 64
"""Nested stacks that are shown; further ones are said not to be."""
_DEEP: Final = 10
_VARIABLE: Final = re.compile(r"\$\{([^!{}][^{}]*)\}")
_OUTPUTS: Final = "Outputs."

_Rewrite = Callable[[Json], Json]


@dataclass(slots=True)
class Inlined:
    """A template with what is nested in it.

    Attributes:
        template: All of it as one template; the template itself where nothing is nested.
        shown: Nested stacks that are in it.
        missing: Nested stacks that are not, because their templates are not at hand.
    """

    template: Template
    shown: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def inlined(template: Template, region: str | None) -> Inlined:
    """Write the nested stacks of a template into it, as far as their templates are at hand.

    Raises:
        TemplateError: The template is too large to resolve.
    """
    found = Inlined(template)
    found.template = _inline(template, region, "", 0, found)
    return found


def _inline(
    template: Template, region: str | None, prefix: str, depth: int, found: Inlined
) -> Template:
    view = resolve(template, region)[0]
    stacks = {one.logical_id: one for kind in NESTED for one in view.of_type(kind)}
    parts: dict[str, Template] = {}
    for name, stack in stacks.items():
        path = nested_path(stack, template)
        try:
            if path is None or depth == _DEEP or len(found.shown) == _MOST:
                raise TemplateError
            found.shown.append(f"{prefix}{name}")
            inner = Template.read(path)
            parts[name] = _inline(inner, region, f"{prefix}{name}/", depth + 1, found)
        except TemplateError:
            found.shown = [one for one in found.shown if one != f"{prefix}{name}"]
            found.missing.append(f"{prefix}{name}")
    if not parts:
        return template
    return _merged(template, parts)


def _merged(template: Template, parts: Mapping[str, Template]) -> Template:
    body = {key: _copied(value) for key, value in template.body.items()}
    outputs: dict[tuple[str, str], Json] = {}
    for name, part in parts.items():
        stack = _object(_object(body["Resources"]).pop(name))
        given = _object(_object(stack.get("Properties")).get("Parameters"))
        condition = stack.get("Condition")
        written = _Part(part, f"{name}/", given, condition if isinstance(condition, str) else "")
        for section, entries in written.sections():
            body[section] = {**_object(body.get(section)), **entries}
        outputs |= {(name, f"{_OUTPUTS}{key}"): value for key, value in written.outputs()}
    merged = _with_outputs(dict(body), outputs, 0)
    return Template(_object(merged), path=template.path)


@dataclass(slots=True)
class _Part:
    """A nested template as its parent has it."""

    template: Template
    prefix: str
    given: dict[str, Json]
    condition: str

    def sections(self) -> Iterator[tuple[str, dict[str, Json]]]:
        for section in ("Conditions", "Mappings"):
            entries = self.template.section(section)
            yield section, {f"{self.prefix}{key}": self.node(one) for key, one in entries.items()}
        yield (
            "Parameters",
            {
                f"{self.prefix}{key}": one
                for key, one in self.template.section("Parameters").items()
                if key not in self.given
            },
        )
        resources: dict[str, Json] = {}
        conditions: dict[str, Json] = {}
        for name, one in self.template.section("Resources").items():
            resource = _object(self.node(one))
            own = resource.get("Condition")
            if self.condition and isinstance(own, str):
                both = f"{own} and {self.condition}"
                tests: list[Json] = [{"Condition": own}, {"Condition": self.condition}]
                conditions[both] = {"Fn::And": tests}
                resource["Condition"] = both
            elif self.condition:
                resource["Condition"] = self.condition
            resources[f"{self.prefix}{name}"] = resource
        yield "Conditions", conditions
        yield "Resources", resources

    def outputs(self) -> Iterator[tuple[str, Json]]:
        for key, output in self.template.section("Outputs").items():
            yield key, self.node(_object(output).get("Value"))

    def node(self, node: Json) -> Json:
        """Return a node with names that hold in the whole template."""
        if isinstance(node, list):
            return [self.node(item) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (key, value), *_ = node.items()
            if key == "Ref" and isinstance(value, str):
                return self.reference(value)
            if key == "Fn::GetAtt":
                return {key: self.attribute(value)}
            if key == "Fn::Sub":
                return {key: self.text(value)}
            if key in ("Fn::If", "Fn::FindInMap") and isinstance(value, list) and value:
                first = f"{self.prefix}{value[0]}" if isinstance(value[0], str) else value[0]
                return {key: [first, *(self.node(item) for item in value[1:])]}
        found = {key: self.node(item) for key, item in node.items()}
        if isinstance(node.get("Condition"), str) and (len(node) == 1 or "Type" in node):
            found["Condition"] = f"{self.prefix}{node['Condition']}"
        if "Type" in node and "DependsOn" in node:
            waits = node["DependsOn"]
            names = waits if isinstance(waits, list) else [waits]
            found["DependsOn"] = [f"{self.prefix}{name}" for name in names]
        return found

    def reference(self, name: str) -> Json:
        if name in self.given:
            declared = _object(self.template.section("Parameters").get(name))
            return _as_list(self.given[name], str(declared.get("Type")))
        known = name in self.template.section("Parameters") or name in self.template.resources
        return {"Ref": f"{self.prefix}{name}" if known else name}

    def attribute(self, value: Json) -> Json:
        parts = value.split(".", 1) if isinstance(value, str) else value
        if isinstance(parts, list) and parts and isinstance(parts[0], str):
            return [f"{self.prefix}{parts[0]}", *(self.node(item) for item in parts[1:])]
        return value

    def text(self, value: Json) -> Json:
        """Return a text with variables, each given by what it stands for in the whole template."""
        text, given = (value, {}) if isinstance(value, str) else _text_and_map(value)
        if not isinstance(text, str):
            return value
        known = {key: self.node(item) for key, item in given.items()}
        for name in dict.fromkeys(_VARIABLE.findall(text)):
            if name in given or name.startswith("AWS::"):
                continue
            variable = f"V{len(known)}"
            target, dot, rest = name.partition(".")
            known[variable] = (
                {"Fn::GetAtt": self.attribute([target, rest])} if dot else self.reference(name)
            )
            text = text.replace(f"${{{name}}}", f"${{{variable}}}")
        return [text, known]


def _with_outputs(node: Json, outputs: Mapping[tuple[str, str], Json], depth: int) -> Json:
    """Return a node with what outputs of nested stacks stand for in their place."""
    if isinstance(node, list):
        return [_with_outputs(item, outputs, depth) for item in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and "Fn::Sub" in node:
        node = {"Fn::Sub": _named(node["Fn::Sub"], outputs)}
    attribute = node.get("Fn::GetAtt") if len(node) == 1 else None
    parts = attribute.split(".", 1) if isinstance(attribute, str) else attribute
    if isinstance(parts, list) and len(parts) == 2 and depth < _DEEP:
        value = outputs.get((str(parts[0]), str(parts[1])))
        if value is not None:
            return _with_outputs(value, outputs, depth + 1)
    return {key: _with_outputs(item, outputs, depth) for key, item in node.items()}


def _named(value: Json, outputs: Mapping[tuple[str, str], Json]) -> Json:
    """Return a text in which outputs of nested stacks are variables."""
    text, given = (value, {}) if isinstance(value, str) else _text_and_map(value)
    if not isinstance(text, str):
        return value
    known = dict(given)
    for name in dict.fromkeys(_VARIABLE.findall(text)):
        target, _, rest = name.partition(".")
        if (target, rest) in outputs:
            variable = f"V{len(known)}"
            known[variable] = {"Fn::GetAtt": [target, rest]}
            text = text.replace(f"${{{name}}}", f"${{{variable}}}")
    return [text, known] if known else text


def _as_list(value: Json, kind: str) -> Json:
    """Return what a parameter of a list type is given as a list: it is given as one text."""
    if not kind.startswith(("CommaDelimitedList", "List<")):
        return value
    if isinstance(value, str):
        return [item.strip() for item in value.split(",")]
    join = _object(value).get("Fn::Join")
    if isinstance(join, list) and len(join) == 2 and join[0] == ",":
        return join[1]
    return value


def _text_and_map(value: Json) -> tuple[Json, dict[str, Json]]:
    if isinstance(value, list) and len(value) == 2:
        return value[0], _object(value[1])
    return None, {}


def _copied(value: Json) -> Json:
    return dict(value) if isinstance(value, dict) else value


def _object(node: Json) -> dict[str, Json]:
    return node if isinstance(node, dict) else {}
