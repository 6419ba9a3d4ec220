"""Every rule: what it refuses, and what it lets through."""

from __future__ import annotations

import re
from functools import cache

from pcistack.deployment.pack import PACK
from tests.deployment.case import Case, findings
from tests.deployment.cases import discovered
from tests.tables import cases

CASES = discovered()
each_case = cases("case", CASES)
judge = cache(findings)
"""Many cases have the same good template."""


def test_every_rule_has_a_bad_and_a_good_template() -> None:
    assert {case.rule for case in CASES} == {rule.id for rule in PACK.rules}
    assert len({str(case) for case in CASES}) == len(CASES)


@each_case
def test_the_bad_template_is_refused_by_its_rule(case: Case) -> None:
    every = judge(case.bad, case.region, case.on)
    found = [f for f in every if f.rule == case.rule]
    assert [(f.severity, f.resource, f.property) for f in found] == [
        (case.severity, case.resource, case.property)
    ]


@each_case
def test_the_good_template_passes_its_rule(case: Case) -> None:
    every = judge(case.good, case.region, case.on)
    assert case.rule not in {finding.rule for finding in every}


@each_case
def test_a_finding_says_what_is_wrong_and_how_to_fix_it(case: Case) -> None:
    for finding in judge(case.bad, case.region, case.on):
        assert finding.message
        assert finding.fix
        assert finding.source


@cases("rule", PACK.rules, ids=lambda rule: rule.id)
def test_a_rule_id_is_stable_text(rule: object) -> None:
    assert isinstance(rule, type(PACK.rules[0]))
    assert re.fullmatch(r"DEPLOY(-[A-Z0-9]+)+", rule.id)
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
