"""An acknowledgement covers the place it was written for, not a later or wider one."""

from __future__ import annotations

from datetime import date

import pytest

from pcistack.checks.acknowledgements import INVALID, Judged, judge
from pcistack.checks.findings import Finding, Severity
from pcistack.packs import bare
from pcistack.template.document import Json, Template

REASON = "The image registry has no fixed addresses."


def _finding(path: str, severity: Severity = Severity.ERROR, message: str = "m") -> Finding:
    return Finding(
        rule="RULE",
        severity=severity,
        resource="R",
        property=path,
        message=message,
        fix="f",
        source="s",
    )


def _judged(entries: list[dict[str, Json]], *findings: Finding) -> Judged:
    resource: dict[str, Json] = {
        "Type": "A",
        "Metadata": {"pcistack:acknowledged": list[Json](entries)},
    }
    return judge(findings, Template({"Resources": {"R": resource}}), on=date(2026, 11, 1))


def _open(judged: Judged) -> list[str]:
    return [finding.property for finding in judged.open]


def test_without_a_property_it_covers_the_first_place_only() -> None:
    judged = _judged([{"rule": "RULE", "reason": REASON}], _finding("L.10"), _finding("L.2"))
    assert _open(judged) == ["L.10"]


def test_with_a_property_it_covers_that_place_only() -> None:
    entry: dict[str, Json] = {"rule": "RULE", "reason": REASON, "property": "L.10"}
    assert _open(_judged([entry], _finding("L.10"), _finding("L.2"))) == ["L.2"]


def test_a_pattern_covers_what_it_says() -> None:
    entry: dict[str, Json] = {"rule": "RULE", "reason": REASON, "property": "L.*"}
    assert _open(_judged([entry], _finding("L.1"), _finding("L.2"), _finding("M"))) == ["M"]


def test_two_acknowledgements_cover_two_places() -> None:
    entries: list[dict[str, Json]] = [{"rule": "RULE", "reason": REASON}] * 2
    assert _open(_judged(entries, _finding("L.1"), _finding("L.2"), _finding("L.3"))) == ["L.3"]


def test_findings_at_one_property_are_one_place() -> None:
    entry: dict[str, Json] = {"rule": "RULE", "reason": REASON}
    judged = _judged([entry], _finding("L.1", message="a"), _finding("L.1", message="b"))
    assert _open(judged) == []


def test_what_is_fatal_is_never_covered() -> None:
    entry: dict[str, Json] = {"rule": "RULE", "reason": REASON}
    assert _open(_judged([entry], _finding("L.1", Severity.FATAL))) == ["L.1"]


@pytest.mark.parametrize("reason", ["ok", "as discussed", " " * 30, "x" * 19])
def test_a_reason_that_says_nothing_covers_nothing(reason: str) -> None:
    judged = _judged([{"rule": "RULE", "reason": reason}], _finding("L.1"))
    assert {finding.rule for finding in judged.open} == {"RULE", INVALID}


def test_the_id_that_a_report_prints_is_the_id_that_it_takes() -> None:
    assert _open(_judged([{"rule": "PCI-DSS::RULE", "reason": REASON}], _finding("L.1"))) == []


@pytest.mark.parametrize(
    ("printed", "rule"),
    [
        ("AwsSolutions::AwsSolutions-ECS2", "AwsSolutions-ECS2"),
        ("PCI-DSS::PCI-1.3.2-EGRESS-CIDR", "PCI-1.3.2-EGRESS-CIDR"),
        ("AwsSolutions-IAM4[Policy::arn:aws:iam::aws:policy/A]",) * 2,
        ("N::AwsSolutions-IAM4[Policy::arn:aws:iam::aws:policy/A]",
         "AwsSolutions-IAM4[Policy::arn:aws:iam::aws:policy/A]"),
    ],
)  # fmt: skip
def test_the_pack_that_a_report_puts_before_an_id_is_taken_away(printed: str, rule: str) -> None:
    assert bare(printed) == rule
