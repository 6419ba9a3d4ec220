"""Rule packs, and running them over a template with its nested stacks."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from pcistack.checks.acknowledgements import Acknowledgement, judge
from pcistack.checks.findings import Finding, Severity, sort_key
from pcistack.checks.nested import Tree
from pcistack.checks.rule import UNRESOLVED, Pack
from pcistack.packs import PACKS
from pcistack.regions import zones_of
from pcistack.template.document import Json, Template
from pcistack.template.view import View
from pcistack.template.worlds import views

if TYPE_CHECKING:
    from pcistack.checks.schema import SchemaEngine


_ON_NAMES: Final = ("TEMPLATE-REFERENCE", "TEMPLATE-FUNCTION")


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
        templates: Each template by what its resources are prefixed with: the template
            itself by the empty text, a nested one by ``<nested stack>/``.
    """

    resources: int
    open: Sequence[Finding]
    acknowledged: Sequence[tuple[Finding, Acknowledgement]]
    templates: Mapping[str, Template] = field(default_factory=dict)


def check_template(
    template: Template,
    packs: Sequence[Pack[Any]],
    *,
    region: str | None,
    on: date,
    zones: Sequence[str] | None = None,
    parameters: Mapping[str, Json] | None = None,
    strict: bool = False,
    schema: SchemaEngine | None = None,
) -> Outcome:
    """Run rule packs over a template and the nested stacks whose templates are at hand.

    Args:
        template: The template.
        packs: The rule packs.
        region: Region of the deployment; None if it is not known.
        on: The day for which support dates and acknowledgements are judged.
        zones: The region's availability zones; None for those that the facts know.
        parameters: Values of the template's parameters; they win over its defaults.
        strict: Whether what could not be judged is an error, not a warning.
        schema: The engine that judges by the schemas of resources, beside the packs; None to
            leave that out.

    Raises:
        TemplateError: The template is too large, or a nested template cannot be read.
    """
    begun = [schema.begin(template, region, parameters)] if schema else []
    tree = Tree.of(template, region, zones or zones_of(region), parameters)
    if schema:
        begun += [schema.begin(part.template, region) for part in tree.parts[1:]]
    found: dict[Finding, None] = {}
    acknowledged: dict[tuple[Finding, Acknowledgement], None] = {}
    resources = 0
    templates: dict[str, Template] = {}
    for number, part in enumerate(tree.parts):
        resources += len(part.template.resources) * len(part.prefixes)
        findings = [
            part.at_home(finding)
            for pack in packs
            for finding in pack.check(part.views, region=region, on=on)
        ]
        if begun:
            findings += _without_repeats(begun[number].result(), findings)
        if strict:
            findings = [_strict(finding) for finding in findings]
        judged = judge(findings, part.template, on=on)
        for prefix in part.prefixes:
            if part.template.path is not None or not prefix:
                templates[prefix] = part.template  # what stands in a text has no file
            found |= dict.fromkeys(_prefixed(finding, prefix) for finding in judged.open)
            acknowledged |= dict.fromkeys(
                (_prefixed(finding, prefix), accepted) for finding, accepted in judged.acknowledged
            )
    return Outcome(
        resources=resources,
        open=sorted(
            [*found, *dict.fromkeys(_strict(note) if strict else note for note in tree.notes)],
            key=sort_key,
        ),
        acknowledged=sorted(acknowledged, key=lambda pair: sort_key(pair[0])),
        templates=templates,
    )


def resolve(template: Template, region: str | None) -> list[View]:
    """Resolve a template for a region, with the zones that the facts know.

    Raises:
        TemplateError: The template is too large to resolve.
    """
    return views(template, region, zones=zones_of(region))


def _without_repeats(schema: Sequence[Finding], ours: Sequence[Finding]) -> list[Finding]:
    """Return what the schema engine found and no rule of ours found at the same place.

    Its rules on functions, whose numbers begin with 10, name a property; ours the resource.
    """
    places = {(each.resource, each.property) for each in ours if each.severity.fails}
    names = {each.resource for each in ours if each.rule in _ON_NAMES}
    return [
        each
        for each in schema
        if (each.resource, each.property) not in places
        and not (each.resource in names and each.rule[1:].startswith("10"))
    ]


def _strict(finding: Finding) -> Finding:
    """Return a finding that something was not judged as an error."""
    open_ended = finding.rule.startswith(PACKS["template"].prefix) or UNRESOLVED in finding.message
    if finding.severity is Severity.WARNING and open_ended:
        return replace(finding, severity=Severity.ERROR)
    return finding


def _prefixed(finding: Finding, prefix: str) -> Finding:
    if not prefix:
        return finding
    return replace(finding, resource=f"{prefix}{finding.resource}".rstrip("/"))
