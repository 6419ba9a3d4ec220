"""Nested stacks: the templates below a template, each read and resolved once however often used."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias, cast

from pcistack.checks.findings import Finding, Severity
from pcistack.template.document import Json, Template, TemplateError
from pcistack.template.serverless import expanded
from pcistack.template.view import UNKNOWN, Partial, Reference, Resource, Unknown, Value, View
from pcistack.template.worlds import views

NOT_AT_HAND: Final = "TEMPLATE-NESTED"
MAX_PARTS: Final = 256
"""Different nested templates, or parameters for them, that are looked at below one template."""
_MAX_DEPTH: Final = 10
_HASH: Final = re.compile(r"\b[0-9a-f]{64}\b")
_MAX_VIEWS: Final = 256
NESTED: Final = {
    "AWS::CloudFormation::Stack": "TemplateURL",
    "AWS::Serverless::Application": "Location",
}

_Parameters: TypeAlias = "dict[str, Json | Unknown]"


@dataclass(slots=True)
class Part:
    """A template on its own, or a nested one.

    Attributes:
        template: The template.
        views: It in every world, with every set of parameters that its parents give it.
        prefixes: Where it stands below the root, such as ``Data/``; one for each stack that uses
            it with the same parameters. Empty text for the root.
    """

    template: Template
    views: Sequence[View]
    prefixes: list[str]
    ancestors: tuple[Path | None, ...]
    _origins: Mapping[str, tuple[str, str]] | None = None

    def at_home(self, finding: Finding) -> Finding:
        """Return a finding at the resource that the template writes, not at what SAM makes."""
        if self._origins is None:
            self._origins = expanded(self.template).origins
        origin = self._origins.get(finding.resource)
        if origin is None:
            return finding
        return replace(finding, resource=origin[0], property=origin[1] or finding.property)


@dataclass(slots=True)
class Tree:
    """A template with every nested template that is at hand.

    Attributes:
        region: Region of all of them.
        zones: Zones that ``Fn::GetAZs`` gives there; None if they are not known.
        parts: The template first, then the nested ones, each once for each set of parameters.
        notes: What was not looked at, as findings.
    """

    region: str | None
    zones: Sequence[str] | None
    parts: list[Part] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)
    _bounded: int = 0
    _read: dict[Path, Template] = field(default_factory=dict)
    _known: dict[tuple[Path, str], Part] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        template: Template,
        region: str | None,
        zones: Sequence[str] | None,
        parameters: Mapping[str, Json] | None = None,
    ) -> Tree:
        """Read and resolve a template and what is nested in it; parameters are the template's.

        Raises:
            TemplateError: A template is too large, or a nested one cannot be read.
        """
        tree = cls(region, zones)
        worlds = _worlds(template, region, zones, parameters)
        root = Part(template, worlds, [""], (template.path,))
        tree.parts.append(root)
        for part in tree.parts:  # grows while it is walked
            for stack, found in _nested_stacks(part).items():
                tree._add(stack, found, part)
            tree._add_stack_sets(part)
        if tree._bounded:
            why = f"more than {MAX_PARTS} different nested stacks, or {_MAX_DEPTH} levels of them"
            tree.notes.append(_unseen("", f"{why}; {tree._bounded} stacks are left out"))
        return tree

    def _add_stack_sets(self, parent: Part) -> None:
        """Judge the templates that stack sets hold in their text."""
        bodies: dict[tuple[str, str], None] = {}
        for view in parent.views:
            for resource in view.of_type("AWS::CloudFormation::StackSet"):
                body = resource.text("TemplateBody")
                if body is not None:
                    bodies[resource.logical_id, body] = None
        for stack_set, body in bodies:
            prefix = f"{parent.prefixes[0]}{stack_set}/"
            if len(self.parts) > MAX_PARTS or len(parent.ancestors) > _MAX_DEPTH:
                self._bounded += 1
                continue
            try:
                nested = Template.parse(body)
                found = _worlds(nested, self.region, self.zones)
            except TemplateError as error:
                why = str(error).removeprefix("template:").strip()
                self.notes.append(_unseen(prefix, f"its template cannot be read ({why})"))
                continue
            self.parts.append(Part(nested, found, [prefix], (*parent.ancestors, None)))

    def _add(self, stack: str, worlds: Sequence[tuple[Resource, View]], parent: Part) -> None:
        path = nested_path(worlds[0][0], parent.template)
        prefix = f"{parent.prefixes[0]}{stack}/"
        if path is None or path in parent.ancestors:
            why = "contains itself" if path else "is not at hand"
            self.notes.append(_unseen(prefix, f"the nested template {why}"))
            return
        given = _different(worlds)
        key = (path, repr(given))
        known = self._known.get(key)
        if known is not None:
            if len(known.prefixes) < MAX_PARTS:
                known.prefixes.append(prefix)
            return
        if len(self.parts) > MAX_PARTS or len(parent.ancestors) > _MAX_DEPTH:
            self._bounded += 1
            return
        if path not in self._read:
            self._read[path] = Template.read(path)
        nested = self._read[path]
        found = [
            view
            for parameters in given
            for view in _worlds(nested, self.region, self.zones, parameters)
        ]
        part = Part(nested, found[:_MAX_VIEWS], [prefix], (*parent.ancestors, path))
        self._known[key] = part
        self.parts.append(part)


def _worlds(
    template: Template,
    region: str | None,
    zones: Sequence[str] | None,
    parameters: Mapping[str, Json | Unknown] | None = None,
) -> list[View]:
    """Resolve a template, its serverless resources as what they become."""
    return views(expanded(template).template, region, zones=zones, parameters=parameters)


def _nested_stacks(part: Part) -> dict[str, list[tuple[Resource, View]]]:
    """Return the nested stacks by logical id, as each world has them."""
    stacks: dict[str, list[tuple[Resource, View]]] = {}
    for view in part.views:
        for kind in NESTED:
            for resource in view.of_type(kind):
                if isinstance(resource.get("Location"), dict):
                    continue  # an application of the Serverless Application Repository
                stacks.setdefault(resource.logical_id, []).append((resource, view))
    return stacks


def nested_path(stack: Resource, parent: Template) -> Path | None:
    """Return the file of a nested template: CDK's asset, or a path beside its parent."""
    if parent.path is None:
        return None
    metadata = stack.raw.body.get("Metadata")
    asset = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
    location = asset if isinstance(asset, str) else stack.text(NESTED[stack.type])
    if not location or "://" in location:
        location = _by_manifest(stack, parent.path)
    if not location:
        return None
    try:
        path = (parent.path.parent / location).resolve()
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None


def _by_manifest(stack: Resource, parent: Path) -> str | None:
    """Return the path that the CDK's list of assets has for the hash in a nested stack's address.

    Templates have no metadata about it where the CDK CLI did not run the app, or was told not to.
    """
    address = json.dumps(stack.raw.properties.get(NESTED[stack.type]))
    digest = _HASH.search(address)
    beside = parent.with_name(f"{parent.name.removesuffix('.template.json')}.assets.json")
    if digest is None or beside == parent or not beside.is_file():
        return None
    try:
        path = json.loads(beside.read_text(encoding="utf-8"))["files"][digest[0]]["source"]["path"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return path if isinstance(path, str) else None


def _different(worlds: Sequence[tuple[Resource, View]]) -> list[_Parameters]:
    """Return the different sets of parameters that a nested stack is given."""
    found: list[_Parameters] = []
    for stack, _ in worlds:
        given = stack.get("Parameters")
        parameters: _Parameters = {
            name: _given(value)
            for name, value in (given if isinstance(given, dict) else {}).items()
        }
        if parameters not in found:
            found.append(parameters)
    return found


def _given(value: Value) -> Json | Unknown:
    """Return a parameter's value, or that it is not known, which is not the same as its default."""
    if isinstance(value, Unknown | Reference | Partial | dict):
        return UNKNOWN
    if isinstance(value, list):
        items = [_given(item) for item in value]
        return UNKNOWN if UNKNOWN in items else cast("Json", items)
    return value


def _unseen(prefix: str, why: str) -> Finding:
    return Finding(
        rule=NOT_AT_HAND,
        severity=Severity.WARNING,
        resource=prefix.rstrip("/"),
        property="TemplateURL",
        message=f"{why}: what is in it is not checked",
        fix="check the nested template by itself, or keep it as a file beside its parent",
        source="CloudFormation user guide: nested stacks",
    )
