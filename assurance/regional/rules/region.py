"""The region itself: a template is judged for one, and facts of it are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assurance.findings import Finding, Severity
from assurance.regional.facts import known_regions
from assurance.regional.rule import Context, Rule


def _missing(rule: Rule, context: Context) -> Iterator[Finding]:
    if not context.view.region:
        yield rule.finding(
            "",
            "",
            "the stack has no region: what its region offers cannot be checked",
            "give the stack an explicit region, such as "
            "env=cdk.Environment(account=..., region='eu-central-2')",
        )


def _unknown(rule: Rule, context: Context) -> Iterator[Finding]:
    region = context.view.region
    if region and region not in known_regions():
        yield rule.finding(
            "",
            "",
            f"nothing is known of the region {region}: what it offers cannot be checked",
            "check the spelling; for a new region run 'pcistack facts refresh' after an upgrade "
            "of cfn-lint and moto",
        )
    elif region and context.facts.absent_types is None:
        yield rule.finding(
            "",
            "",
            f"which resource types {context.here} has is not known: they are not checked",
            "check the template in the region itself: aws cloudformation validate-template",
            severity=Severity.WARNING,
        )


RULES: Final = (
    Rule(
        id="REGION-MISSING",
        title="A stack without a region",
        severity=Severity.ERROR,
        source="The regional guard's own facts",
        check=_missing,
    ),
    Rule(
        id="REGION-UNKNOWN",
        title="A region that nothing is known of",
        severity=Severity.ERROR,
        source="The regional guard's own facts",
        check=_unknown,
    ),
)
