"""A finding that holds in some worlds only says in which, and is fatal only by default."""

from __future__ import annotations

from datetime import date

import pytest

from pcistack.checks import run
from pcistack.checks.findings import Finding, Severity
from pcistack.template.document import Template

RETIRED = "8.0.mysql_aurora.3.03.0"
GOOD = "8.0.mysql_aurora.3.10.4"


def _cluster(version: str, parameters: str, conditions: str = "") -> list[Finding]:
    text = (
        f"Parameters: {{{parameters}}}\nConditions: {{{conditions}}}\nResources:\n  Cluster:\n"
        "    Type: AWS::RDS::DBCluster\n    Properties:\n      Engine: aurora-mysql\n"
        f"      EngineVersion: {version}\n      MasterUsername: owner\n"
        "      ManageMasterUserPassword: true\n"
    )
    outcome = run.check_template(
        Template.parse(text), [run.load("regional")], region="us-east-1", on=date(2026, 11, 1)
    )
    return [finding for finding in outcome.open if finding.rule == "AURORA-VERSION-RETIRED"]


def test_a_branch_that_the_default_does_not_choose_is_an_error_and_names_the_choice() -> None:
    (found,) = _cluster(
        f"!If [IsOld, {RETIRED}, {GOOD}]",
        "Old: {Type: String, Default: 'no'}",
        "IsOld: !Equals [!Ref Old, 'yes']",
    )
    assert found.severity is Severity.ERROR
    assert found.message.endswith(", if Old is yes")


def test_a_branch_that_the_default_chooses_is_fatal_and_names_the_choice() -> None:
    (found,) = _cluster(
        f"!If [IsOld, {RETIRED}, {GOOD}]",
        "Old: {Type: String, Default: 'yes', AllowedValues: ['yes', 'no']}",
        "IsOld: !Equals [!Ref Old, 'yes']",
    )
    assert found.severity is Severity.FATAL
    assert found.message.endswith(", if Old is yes")


def test_what_holds_in_every_world_names_none() -> None:
    (found,) = _cluster(
        RETIRED, "Old: {Type: String, Default: 'no'}", "IsOld: !Equals [!Ref Old, 'yes']"
    )
    assert found.severity is Severity.FATAL
    assert ", if " not in found.message


@pytest.mark.parametrize("position", [0, 8])
def test_one_bad_allowed_value_of_many_is_an_error_and_named(position: int) -> None:
    values = [f"8.0.mysql_aurora.3.10.{patch}" for patch in range(5)]
    values += [f"8.0.mysql_aurora.3.11.{patch}" for patch in range(1, 6)]
    values.insert(position, RETIRED)
    (found,) = _cluster(
        "!Ref Version", f"Version: {{Type: String, AllowedValues: [{', '.join(values)}]}}"
    )
    assert found.severity is Severity.ERROR
    assert found.message.endswith(f", if Version is {RETIRED}")


def test_a_template_whose_every_allowed_value_fails_is_refused() -> None:
    other = "8.0.mysql_aurora.3.02.0"
    (found,) = _cluster(
        "!Ref Version", f"Version: {{Type: String, AllowedValues: [{RETIRED}, {other}]}}"
    )
    assert found.severity is Severity.FATAL
    assert f"if Version is {RETIRED}; the same if it is {other}" in found.message


def test_a_text_that_is_not_one_that_conditions_name_is_told_as_such() -> None:
    (found,) = _cluster(
        f"!If [Default, {GOOD}, {RETIRED}]",
        "Name: {Type: String, Default: ''}",
        "Default: !Equals [!Ref Name, '']",
    )
    assert found.message.endswith(", if Name is not empty")


def test_two_choices_are_named_where_one_does_not_tell() -> None:
    (found,) = _cluster(
        f"!If [A, !If [B, {RETIRED}, {GOOD}], {GOOD}]",
        "P: {Type: String, Default: 'no'}, Q: {Type: String, Default: 'no'}",
        "A: !Equals [!Ref P, 'yes'], B: !Equals [!Ref Q, 'yes']",
    )
    assert found.message.endswith(", if P is yes and Q is yes")
