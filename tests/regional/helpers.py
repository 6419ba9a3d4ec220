"""What the tests of the regional guard share."""

from __future__ import annotations

from datetime import date

from assurance import packs, regional
from assurance.findings import Finding
from assurance.regional.facts import Facts
from assurance.templates import Template
from tests.regional.cases import TODAY, ZURICH


def findings(
    text: str,
    region: str | None = ZURICH,
    on: date = TODAY,
    facts: Facts | None = None,
) -> list[Finding]:
    views = packs.resolve(Template.parse(text), region)
    return regional.check(views, region=region, on=on, facts=facts)


def rules(text: str, region: str | None = ZURICH, on: date = TODAY) -> list[str]:
    return [finding.rule for finding in findings(text, region, on)]
