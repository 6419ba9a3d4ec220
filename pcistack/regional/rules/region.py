"""The region itself: a template is judged for one, and facts of it are at hand."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.regional.context import Context
from pcistack.regional.pack import rule
from pcistack.regions import known_regions


@rule(
    "REGION-MISSING",
    "A stack without a region",
    types=(ANY,),
    severity=Severity.ERROR,
    source="The regional guard's own facts",
)
def missing(context: Context) -> Iterator[Hit]:
    if not context.view.region:
        yield hit(
            "",
            "",
            "the stack has no region: what its region offers cannot be checked",
            "give the stack an explicit region, such as "
            "env=cdk.Environment(account=..., region='eu-central-2')",
        )


@rule(
    "REGION-UNKNOWN",
    "A region that nothing is known of",
    types=(ANY,),
    severity=Severity.ERROR,
    source="The regional guard's own facts",
)
def unknown(context: Context) -> Iterator[Hit]:
    region = context.view.region
    if region and region not in known_regions():
        yield hit(
            "",
            "",
            f"nothing is known of the region {region}: what it offers cannot be checked",
            "check the spelling; for a new region run 'pcistack facts refresh' after an upgrade "
            "of cfn-lint and moto",
        )
    elif region and context.facts.absent_types is None:
        yield hit(
            "",
            "",
            f"which resource types {context.here} has is not known: they are not checked",
            "check the template in the region itself: aws cloudformation validate-template",
            severity=Severity.WARNING,
        )
