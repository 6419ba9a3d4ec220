"""The register of accepted findings, each with its reason and the resources it was accepted for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from assurance.evidence.assembly import Report
from assurance.findings import Finding
from assurance.resolution import Resource, View
from assurance.templates import Json

METADATA_KEY: Final = "pcistack:acknowledged"
"""Where an acknowledgement travels in the template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """A finding that somebody accepted, with a reason.

    Attributes:
        rule: Id of the rule.
        reason: Why it was accepted.
        until: Last day it holds, as ``YYYY-MM-DD``; empty if it does not end.
        resources: Logical ids of the resources that have the finding.
        checks: The set of checks the rule belongs to.
    """

    rule: str
    reason: str
    until: str
    resources: tuple[str, ...]
    checks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """One entry of a resource's metadata."""

    rule: str
    reason: str
    until: str


def accepted(resource: Resource) -> Iterator[Accepted]:
    """Yield what a resource's metadata accepts; entries of another shape are left out."""
    metadata = resource.raw.body.get("Metadata")
    entries: Json = metadata.get(METADATA_KEY) if isinstance(metadata, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            continue
        rule, reason, until = (entry.get(key, "") for key in ("rule", "reason", "until"))
        if isinstance(rule, str) and isinstance(reason, str) and isinstance(until, str):
            yield Accepted(rule=rule, reason=reason, until=until)


def acknowledgement_of(view: View, finding: Finding) -> Accepted | None:
    """Return what accepts a finding in the template, if anything does."""
    resource = view.resources.get(finding.resource)
    if resource is None:
        return None
    return next((entry for entry in accepted(resource) if _names(entry.rule, finding.rule)), None)


def acknowledgements(
    view: View, report: Report, findings: Sequence[Finding]
) -> tuple[Acknowledgement, ...]:
    """Return every acceptance that really covers a finding.

    Args:
        view: The template.
        report: What the checks of the synthesis found and suppressed.
        findings: What the PCI DSS rules find in the template now.
    """
    found: dict[tuple[str, str], tuple[str, str, str]] = {}
    for plugin in report.plugins:
        for violation in plugin.suppressed:
            for construct in violation.constructs:
                name = construct.resource.logical_id or construct.path
                until = _until(view, name, violation.rule)
                found[violation.rule, name] = (violation.reason, until, plugin.name)
    for finding in findings:
        entry = acknowledgement_of(view, finding)
        if entry is not None and (finding.rule, finding.resource) not in found:
            found[finding.rule, finding.resource] = (entry.reason, entry.until, "PCI DSS v4.0.1")
    grouped: dict[tuple[str, str, str, str], list[str]] = {}
    for (rule, resource), (reason, until, checks) in found.items():
        grouped.setdefault((checks, rule, reason, until), []).append(resource)
    return tuple(
        Acknowledgement(
            rule=rule,
            reason=reason,
            until=until,
            resources=tuple(sorted(resources)),
            checks=checks,
        )
        for (checks, rule, reason, until), resources in sorted(grouped.items())
    )


def _until(view: View, logical_id: str, rule: str) -> str:
    resource = view.resources.get(logical_id)
    entries = accepted(resource) if resource is not None else iter(())
    return next((entry.until for entry in entries if _names(entry.rule, rule)), "")


def _names(acknowledged: str, rule: str) -> bool:
    """Whether an acknowledged id, bare or with its plugin's name before it, is a rule's id."""
    return acknowledged == rule or acknowledged.endswith(f"::{rule}")
