"""The register of accepted findings, each with its reason and the resources it was accepted for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from assurance.acknowledgements import Judged, judge
from assurance.evidence.assembly import Report
from assurance.findings import Finding, Severity
from assurance.templates import Template


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


def judged(findings: Sequence[Finding], template: Template) -> Judged:
    """Set aside the findings that the template accepts, on whatever day this is.

    The evidence knows no clock: it shows the last day of an acceptance, and the checks of the
    synthesis refuse one that is over.
    """
    return judge(findings, template, on=date.min)


def acknowledgements(
    template: Template, report: Report, findings: Judged
) -> tuple[Acknowledgement, ...]:
    """Return every acceptance that really covers a finding.

    Args:
        template: The template.
        report: What the checks of the synthesis found and suppressed.
        findings: What the PCI DSS rules find in the template now.
    """
    grouped: dict[tuple[str, str, str, str], set[str]] = {}
    seen: set[tuple[str, str]] = set()
    for checks, rule, resource, reason in _suppressed(report):
        until = _until(template, rule, resource)
        grouped.setdefault((checks, rule, reason, until), set()).add(resource)
        seen.add((rule, resource))
    for finding, accepted in findings.acknowledged:
        if (finding.rule, finding.resource) not in seen:
            until = accepted.until.isoformat() if accepted.until else ""
            key = ("PCI DSS v4.0.1", finding.rule, accepted.reason, until)
            grouped.setdefault(key, set()).add(finding.resource)
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


def _suppressed(report: Report) -> Iterator[tuple[str, str, str, str]]:
    for plugin in report.plugins:
        for violation in plugin.suppressed:
            for construct in violation.constructs:
                resource = construct.resource.logical_id or construct.path
                yield plugin.name, violation.rule, resource, violation.reason


def _until(template: Template, rule: str, resource: str) -> str:
    """Return the last day that the template's metadata gives an acceptance; empty for none."""
    finding = Finding(
        rule=rule,
        severity=Severity.ERROR,
        resource=resource,
        property="",
        message="",
        fix="",
        source="",
    )
    accepted = judged([finding], template).acknowledged
    return accepted[0][1].until.isoformat() if accepted and accepted[0][1].until else ""
