"""The register of accepted findings, each with its reason and the resources it was accepted for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.checks.acknowledgements import accepted
from pcistack.evidence.assembly import Report
from pcistack.template.document import Template

_CHECKS: Final[Mapping[str, str]] = {
    "AwsSolutions-": "cdk-nag, AWS Solutions",
    "PCI.DSS.321-": "cdk-nag, PCI DSS 3.2.1",
    "PCI-": "PCI DSS v4.0.1",
}


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


def acknowledgements(template: Template, report: Report | None) -> tuple[Acknowledgement, ...]:
    """Return every acceptance: those in the template, and those only the report knows."""
    grouped: dict[tuple[str, str, str, str], set[str]] = {}
    written: set[tuple[str, str]] = set()
    for entry in accepted(template):
        until = entry.until.isoformat() if entry.until else ""
        key = (_checks_of(entry.rule), entry.rule, entry.reason, until)
        grouped.setdefault(key, set()).add(entry.resource)
        written.add((entry.rule, entry.resource))
    for plugin in report.plugins if report else ():
        for violation in plugin.suppressed:
            for construct in violation.constructs:
                resource = construct.resource.logical_id or construct.path
                if (violation.rule, resource) not in written:
                    key = (plugin.name, violation.rule, violation.reason, "")
                    grouped.setdefault(key, set()).add(resource)
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


def _checks_of(rule: str) -> str:
    """Return the set of checks that a rule's id tells."""
    return next(
        (name for prefix, name in _CHECKS.items() if rule.startswith(prefix)), "this project"
    )
