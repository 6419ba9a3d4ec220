"""What the tests of the regional guard share."""

from __future__ import annotations

from datetime import date
from functools import cache

from pcistack.checks import run as packs
from pcistack.checks.findings import Finding
from pcistack.regional.context import Context
from pcistack.regional.facts import Facts
from pcistack.regional.pack import PACK
from pcistack.template.document import Template
from tests.regional.cases import TODAY, ZURICH

parsed = cache(Template.parse)
"""Tables of regions judge the same text in each."""


def findings(
    text: str,
    region: str | None = ZURICH,
    on: date = TODAY,
    facts: Facts | None = None,
) -> list[Finding]:
    views = packs.resolve(parsed(text), region)
    if facts is None:
        return PACK.check(views, region=region, on=on)
    return PACK.judge(Context(view=view, facts=facts, on=on) for view in views)


def rules(text: str, region: str | None = ZURICH, on: date = TODAY) -> list[str]:
    return [finding.rule for finding in findings(text, region, on)]
