"""Rule packs, and running them over a template with its nested stacks."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, cast

from pcistack.checks.acknowledgements import Acknowledgement, judge
from pcistack.checks.findings import Finding, Severity, sort_key
from pcistack.checks.rule import Pack
from pcistack.packs import PACKS
from pcistack.regions import zones_of
from pcistack.template.document import Json, Template
from pcistack.template.view import UNKNOWN, Partial, Reference, Resource, Unknown, Value, View
from pcistack.template.worlds import views

NOT_AT_HAND: Final = "TEMPLATE-NESTED"
_MAX_DEPTH: Final = 10
_MAX_VIEWS: Final = 256
_NESTED: Final = {
    "AWS::CloudFormation::Stack": "TemplateURL",
    "AWS::Serverless::Application": "Location",
}


def load(name: str) -> Pack[Any]:
    """Import a rule pack by its name in :data:`PACKS`."""
    pack: Pack[Any] = importlib.import_module(PACKS[name].module).PACK
    return pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the rules found in a template and its nested stacks.

    Attributes:
        resources: How many resources were checked.
        open: Findings that count, worst first. The resource of a nested stack's finding is
            written ``<nested stack>/<resource>``.
        acknowledged: Findings that were accepted, each with its acknowledgement.
    """

    resources: int
    open: Sequence[Finding]
    acknowledged: Sequence[tuple[Finding, Acknowledgement]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A template on its own, or a nested one."""

    prefix: str
    template: Template
    views: Sequence[View]


def check_template(
    template: Template, packs: Sequence[Pack[Any]], *, region: str | None, on: date
) -> Outcome:
    """Run rule packs over a template and the nested stacks whose templates are at hand.

    Raises:
        TemplateError: The template is too large, or a nested template cannot be read.
    """
    zones = zones_of(region)
    found: dict[Finding, None] = {}
    acknowledged: dict[tuple[Finding, Acknowledgement], None] = {}
    resources = 0
    notes: list[Finding] = []
    for part in _parts(template, region, zones, notes):
        resources += len(part.template.resources)
        findings = [
            finding for pack in packs for finding in pack.check(part.views, region=region, on=on)
        ]
        judged = judge(findings, part.template, on=on)
        found |= dict.fromkeys(_prefixed(finding, part.prefix) for finding in judged.open)
        acknowledged |= dict.fromkeys(
            (_prefixed(finding, part.prefix), accepted) for finding, accepted in judged.acknowledged
        )
    return Outcome(
        resources=resources,
        open=sorted([*found, *dict.fromkeys(notes)], key=sort_key),
        acknowledged=sorted(acknowledged, key=lambda pair: sort_key(pair[0])),
    )


def resolve(template: Template, region: str | None) -> list[View]:
    """Resolve a template for a region, with the zones that the facts know.

    Raises:
        TemplateError: The template is too large to resolve.
    """
    return views(template, region, zones=zones_of(region))


def _prefixed(finding: Finding, prefix: str) -> Finding:
    if not prefix:
        return finding
    return replace(finding, resource=f"{prefix}/{finding.resource}".rstrip("/"))


# Nested stacks


def _parts(
    template: Template, region: str | None, zones: Sequence[str] | None, notes: list[Finding]
) -> Iterator[_Part]:
    """Yield the template and every nested template that is at hand."""
    root = _Part(prefix="", template=template, views=views(template, region, zones=zones))
    waiting: list[tuple[_Part, tuple[Path | None, ...]]] = [(root, (template.path,))]
    while waiting:
        part, ancestors = waiting.pop(0)
        yield part
        if len(ancestors) > _MAX_DEPTH:
            continue
        for stack, worlds in _nested_stacks(part).items():
            path = _nested_path(worlds[0][0], part.template)
            if path is None or path in ancestors:
                notes.append(_not_at_hand(stack, part, path))
                continue
            nested = Template.read(path)
            found = [
                view
                for parameters in _different(worlds)
                for view in views(nested, region, zones=zones, parameters=parameters)
            ]
            prefix = f"{part.prefix}/{stack}".lstrip("/")
            child = _Part(prefix=prefix, template=nested, views=found[:_MAX_VIEWS])
            waiting.append((child, (*ancestors, path)))


def _nested_stacks(part: _Part) -> dict[str, list[tuple[Resource, View]]]:
    """Return the nested stacks by logical id, as each world has them."""
    stacks: dict[str, list[tuple[Resource, View]]] = {}
    for view in part.views:
        for kind in _NESTED:
            for resource in view.of_type(kind):
                if isinstance(resource.get("Location"), dict):
                    continue  # an application of the Serverless Application Repository
                stacks.setdefault(resource.logical_id, []).append((resource, view))
    return stacks


def _nested_path(stack: Resource, parent: Template) -> Path | None:
    """Return the file of a nested template: CDK's asset, or a path beside its parent."""
    metadata = stack.raw.body.get("Metadata")
    asset = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
    location = asset if isinstance(asset, str) else stack.text(_NESTED[stack.type])
    if not location or "://" in location or parent.path is None:
        return None
    try:
        path = (parent.path.parent / location).resolve()
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None


def _different(worlds: Sequence[tuple[Resource, View]]) -> list[dict[str, Json | Unknown]]:
    """Return the different sets of parameters that a nested stack is given."""
    found: list[dict[str, Json | Unknown]] = []
    for stack, _ in worlds:
        given = stack.get("Parameters")
        parameters = {
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


def _not_at_hand(stack: str, part: _Part, path: Path | None) -> Finding:
    prefix = f"{part.prefix}/" if part.prefix else ""
    why = "contains itself" if path else "is not at hand"
    return Finding(
        rule=NOT_AT_HAND,
        severity=Severity.WARNING,
        resource=f"{prefix}{stack}",
        property="TemplateURL",
        message=f"the nested template {why}: what is in it is not checked",
        fix="check the nested template by itself, or keep it as a file beside its parent",
        source="CloudFormation user guide: nested stacks",
    )
