"""``pcistack review``: the comment on a pull request."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner, Result

from pcistack.changes.comment import MARK
from pcistack.cli import cli
from tests.changes.test_command import CLUSTER, TOPIC, assembly, renamed, template

SECRET = {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "hunter2"}}
TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "AttributeDefinitions": [{"AttributeName": "customerIdentifier", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "customerIdentifier", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    },
}
MOST = 22
"""Characters of a word that fits half of a table on a phone 390 pixels wide."""


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["review", *map(str, words), "--on", "2026-11-24"])


def environments(folder: Path, **resources: object) -> Path:
    for name in ("dev", "prod"):
        assembly(folder / name, name=f"Shop-{name}")
        template(folder / name / "shop.json", **resources)
    return folder


def rehearsal(path: Path, *, passed: bool) -> Path:
    outcome = "passed" if passed else "failed"
    steps = [
        {"name": "cdk bootstrap", "outcome": "passed", "details": []},
        {"name": "cdk deploy Shop-dev", "outcome": outcome, "details": ["T: CREATE_FAILED: <why>"]},
    ]
    path.write_text(json.dumps({"passed": passed, "steps": steps, "checks": [{}, {}]}))
    return path


def test_nothing_stands_against_a_change_of_nothing(tmp_path: Path) -> None:
    base, head = environments(tmp_path / "a", T=TOPIC), environments(tmp_path / "b", T=TOPIC)
    result = run(base, head, "--rehearsal", rehearsal(tmp_path / "r.json", passed=True))
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == MARK
    assert lines[1] == "## ✅ Nothing stands against it"
    assert "- **Findings:** none new" in lines
    assert "- **Resources:** none changed" in lines
    assert "- **Rehearsal:** passed, 2 steps, 2 promises looked into" in lines


def test_only_findings_that_the_base_does_not_have_are_told(tmp_path: Path) -> None:
    base = environments(tmp_path / "a", T=TOPIC, Old=SECRET)
    head = environments(tmp_path / "b", T=TOPIC, Old=SECRET, New=SECRET)
    result = run(base, head)
    assert result.exit_code == 1
    told = result.output.partition("### New findings")[2].partition("### Shop")[0]
    assert "New" in told
    assert "Old" not in told
    assert ", line 1 of" in told


def test_cost_stands_before_and_after(tmp_path: Path) -> None:
    key = {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": True}}
    base = environments(tmp_path / "a", T=TOPIC)
    head = environments(tmp_path / "b", T=TOPIC, Key=key)
    same = run(base, base).output
    assert "- **Cost:** the same" in same
    pattern = r"\*\*Cost of Shop-prod:\*\* 0\.00 → [1-9]\d*\.\d\d US dollars a month"
    assert re.search(pattern, run(base, head).output)


def test_what_is_fixed_is_counted(tmp_path: Path) -> None:
    base = environments(tmp_path / "a", T=TOPIC, Old=SECRET)
    result = run(base, environments(tmp_path / "b", T=TOPIC))
    assert re.search(r"\*\*Findings:\*\* none new, [1-9]\d* fixed", result.output)


def test_lost_data_stands_above_everything(tmp_path: Path) -> None:
    base = environments(tmp_path / "a", T=TOPIC, Table=TABLE)
    result = run(base, environments(tmp_path / "b", T=TOPIC))
    assert result.exit_code == 1
    assert "## ❌ Look before you merge" in result.output
    assert "- ⚠️ **Shop-prod: Table: removed**" in result.output
    assert "**holds data**" in result.output


def test_stacks_to_which_the_same_happens_stand_together(tmp_path: Path) -> None:
    changed = {**TOPIC, "Properties": {"DisplayName": "b"}}
    base, head = environments(tmp_path / "a", T=TOPIC), environments(tmp_path / "b", T=changed)
    result = run(base, head)
    assert result.output.count("### Shop-dev, Shop-prod") == 1
    assert result.output.count("changed in place: Display") == 1


def test_an_environment_that_is_new_or_gone_is_told(tmp_path: Path) -> None:
    base, head = environments(tmp_path / "a", T=TOPIC), environments(tmp_path / "b", T=TOPIC)
    assembly(head / "pr42", name="Shop-pr42", T=TOPIC)
    assert "### Shop-pr42\n" in run(base, head).output
    assert "No longer in the app" in run(head, base).output


def test_a_rehearsal_that_failed_says_where(tmp_path: Path) -> None:
    base, head = environments(tmp_path / "a", T=TOPIC), environments(tmp_path / "b", T=TOPIC)
    result = run(base, head, "--rehearsal", rehearsal(tmp_path / "r.json", passed=False))
    assert result.exit_code == 1
    assert "- cdk deploy Shop-dev\n  - T: CREATE_FAILED: &lt;why>" in result.output
    assert "cdk bootstrap" not in result.output


def test_tables_fit_a_phone(tmp_path: Path) -> None:
    base = environments(tmp_path / "a", DatabaseClusterWriterD43085C6=CLUSTER)
    head = environments(tmp_path / "b", DatabaseClusterWriterD43085C6=renamed(CLUSTER))
    rows = [line for line in run(base, head).output.splitlines() if line.startswith("|")]
    assert len(rows) >= 3
    for row in rows:
        assert row.count(" | ") == 1, "two columns"
        words = re.split(r"<[^>]*>|[\s|]", row)
        assert max(map(len, words)) <= MOST, row


def test_a_long_comment_is_cut_where_github_would_refuse_it(tmp_path: Path) -> None:
    many: dict[str, object] = {f"Topic{number}": TOPIC for number in range(1_200)}
    base, head = environments(tmp_path / "a", T=TOPIC), environments(tmp_path / "b", T=TOPIC)
    template(head / "dev" / "shop.json", **many)
    result = run(base, head)
    assert len(result.output) < 65_000
    assert "and more: see the log" in result.output


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    head = environments(tmp_path / "b", T=TOPIC)
    for words, text in [
        ((tmp_path, head), "manifest.json: no such file"),
        ((head, head, "--rehearsal", tmp_path / "no.json"), "no.json: cannot be read"),
        ((head, head, "--rehearsal", head / "dev/shop.json"), "no report of pcistack rehearse"),
    ]:
        result = CliRunner().invoke(cli, ["review", *map(str, words)])
        assert result.exit_code == 2
        assert text in result.output
