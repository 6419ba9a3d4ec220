"""A baseline holds what was there, shows what is new, and only ages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.checks.templates import V1, check, report, write

BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {}}
WORDS = ("--region", "eu-central-2", "--only", "pci")


@pytest.fixture(autouse=True)
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write(Path("t.json"), {"Bucket": BUCKET})


def test_what_the_baseline_holds_is_not_reported_and_what_is_new_is(template: Path) -> None:
    assert check(template, *WORDS).exit_code == 1
    first = check(template, *WORDS, "--write-baseline", "base.json")
    assert first.exit_code == 0
    assert "base.json: " in first.stderr
    assert check(template, *WORDS, "--baseline", "base.json").exit_code == 0
    write(template, {"Bucket": BUCKET, "Other": BUCKET})
    found = report(template, *WORDS, "--baseline", "base.json")
    assert {row["resource"] for row in found["findings"]} == {"Other"}
    assert {row["resource"] for row in found["baseline"]} == {"Bucket"}
    assert check(template, *WORDS, "--baseline", "base.json").exit_code == 1


def test_lines_that_move_change_nothing(template: Path) -> None:
    check(template, *WORDS, "--write-baseline", "base.json")
    template.write_text("\n\n" + template.read_text())
    assert check(template, *WORDS, "--baseline", "base.json").exit_code == 0


def test_a_finding_that_is_fixed_is_told_and_leaves_the_baseline(template: Path) -> None:
    write(template, {"Bucket": BUCKET, "Other": BUCKET})
    check(template, *WORDS, "--write-baseline", "base.json")
    write(template, {"Bucket": BUCKET, "New": BUCKET})
    told = check(template, *WORDS, "--baseline", "base.json")
    assert "have been fixed" in told.stderr
    assert "add --write-baseline base.json to drop them" in told.stderr
    aged = check(template, *WORDS, "--baseline", "base.json", "--write-baseline", "base.json")
    assert aged.exit_code == 1  # what is new does not slip in
    held = json.loads(Path("base.json").read_text())["findings"]
    assert {row["resource"] for row in held} == {"Bucket"}
    assert "fixed" not in check(template, *WORDS, "--baseline", "base.json").stderr


def test_templates_that_were_not_judged_stay_in_the_baseline(template: Path) -> None:
    other = write(Path("other.json"), {"Bucket": BUCKET})
    check(template, other, *WORDS, "--write-baseline", "base.json")
    words = ("--baseline", "base.json", "--write-baseline", "base.json")
    assert "fixed" not in check(template, *WORDS, *words).stderr
    assert check(other, *WORDS, "--baseline", "base.json").exit_code == 0


def test_the_baseline_holds_from_any_folder(
    template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(template, *WORDS, "--write-baseline", "base.json")
    Path("below").mkdir()
    monkeypatch.chdir("below")
    assert check("../t.json", *WORDS, "--baseline", "../base.json").exit_code == 0


def test_a_fatal_finding_is_in_no_baseline(template: Path) -> None:
    write(template, {"Database": V1})
    words = (template, "--region", "eu-central-2", "--only", "regional")
    result = check(*words, "--write-baseline", "base.json")
    assert result.exit_code == 1
    assert "1 fatal left out, which no baseline can hold" in result.stderr
    assert check(*words, "--baseline", "base.json").exit_code == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "base.json: no such baseline; write it with --write-baseline base.json"),
        ("{", "not a baseline of pcistack"),
        ('{"version": 2, "findings": []}', "not a baseline of pcistack"),
        ('{"version": 1, "findings": [{}]}', "not a baseline of pcistack"),
        ("[]", "not a baseline of pcistack"),
    ],
)
def test_a_baseline_that_cannot_be_read_is_one_line(
    template: Path, text: str | None, said: str
) -> None:
    if text is not None:
        Path("base.json").write_text(text)
    result = check(template, *WORDS, "--baseline", "base.json")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert said in result.stderr


def test_a_baseline_that_cannot_be_written_is_one_line(template: Path) -> None:
    result = check(template, *WORDS, "--write-baseline", "no/base.json")
    assert result.exit_code == 2
    assert (
        result.stderr == "pcistack: no/base.json: cannot be written (No such file or directory)\n"
    )
