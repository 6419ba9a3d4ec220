"""What the rules find in one environment: in its template, or on the day of its synthesis only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from pcistack.checks.acknowledgements import Judged, judge
from pcistack.checks.findings import Finding, Severity, sort_key
from pcistack.checks.rule import Rule
from pcistack.evidence.assembly import Assembly, Report, ViolatingConstruct
from pcistack.pci_dss.context import Context
from pcistack.template.view import View


def context_of(view: View) -> Context:
    """Return what the rules look at; the evidence knows no clock, so no support date is over."""
    return Context(view=view, on=date.min)


def judged(context: Context, rules: Sequence[Rule[Context]], assembly: Assembly) -> Judged:
    """Return what the rules find, with what the template accepts set aside.

    The last day of an acceptance is shown, not judged: the synthesis refuses one that is over.
    """
    found = [finding for rule in rules for finding in rule.findings(context)]
    known = {(finding.rule, finding.resource) for finding in found}
    found += [
        finding
        for finding in _reported(assembly.report, rules)
        if (finding.rule, finding.resource) not in known
    ]
    return judge(sorted(found, key=sort_key), assembly.template, on=date.min)


def _reported(report: Report, rules: Sequence[Rule[Context]]) -> Iterator[Finding]:
    """Yield what the rules found at the synthesis, whose day decides on support dates."""
    by_id = {rule.id: rule for rule in rules}
    for plugin in report.plugins:
        for violation in (*plugin.violations, *plugin.suppressed):
            rule = by_id.get(violation.rule)
            if rule is None:
                continue
            # what is accepted is reported as a warning, whatever it was
            warns = violation.severity == "warning" and not violation.reason
            for construct in violation.constructs:
                yield Finding(
                    rule=rule.id,
                    severity=Severity.WARNING if warns else rule.severity,
                    resource=construct.resource.logical_id,
                    property=_property(construct),
                    message=violation.description,
                    fix=rule.fix,
                    source=rule.source,
                )


def _property(construct: ViolatingConstruct) -> str:
    return next(iter(construct.resource.properties), "").removeprefix("Properties.")
