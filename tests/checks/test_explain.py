"""``pcistack explain``: every rule has a page with a proven example; a typo gets the nearest id."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from pcistack.checks.catalogue import rules
from pcistack.checks.examples import FOLDER
from pcistack.cli import cli
from pcistack.packs import PACKS, qualified
from tests.examples import examples
from tests.tables import cases


def explain(*words: str) -> Result:
    return CliRunner().invoke(cli, ["explain", *words])


def test_rules_have_an_example_that_their_case_proves() -> None:
    shown = {f"{each.rule}.yaml": each.text for each in examples()}
    stored = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml")}
    proven = {name for name, text in stored.items() if shown.get(name) == text}
    titles = [pack.title for pack in PACKS.values()]
    own = {f"{rule.id}.yaml" for rule in rules().values() if rule.pack in titles}
    assert set(stored) <= own, "run: make docs"
    assert len(proven) > 0.9 * len(own), "run: make docs"


@cases("rule", rules())
def test_every_rule_is_explained(rule: str) -> None:
    result = explain(rule)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{rule}\n")
    assert "Source" in result.stdout
    assert ("\nRight" in result.stdout) == (FOLDER / f"{rule}.yaml").exists()
    head = result.stdout.partition("\nRefused")[0]
    assert all(len(line) <= 80 or " " not in line.strip() for line in head.splitlines())


def test_the_id_that_the_cdk_prints_and_any_case_is_understood() -> None:
    assert explain(qualified("AURORA-SERVERLESS-V1")).exit_code == 0
    assert explain("aurora-serverless-v1").exit_code == 0


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("AURORA-SERVERLES-V1", "did you mean AURORA-SERVERLESS-V1?"),
        ("STORE-TIER", "did you mean PCI-1.4.4-STORE-TIER?"),
        ("42", "pcistack explain --list-rules names them"),
        ("E3012", "E3012 is a rule of CloudFormation Validate and cfn-lint: https://"),
        (None, "no rule given; pcistack explain --list-rules names them"),
    ],
)
def test_an_unknown_rule_is_one_line_with_the_nearest(word: str | None, said: str) -> None:
    result = explain(*([word] if word else []))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert said in result.stderr


@pytest.mark.parametrize("command", ["explain", "check"])
def test_the_list_names_every_rule_on_a_line(command: str) -> None:
    lines = CliRunner().invoke(cli, [command, "--list-rules"]).stdout.splitlines()
    for rule in rules().values():
        assert [line for line in lines if f" {rule.id} " in line and rule.title in line], rule.id
