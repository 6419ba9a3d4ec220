"""``.pcistack.toml``: regions by path, rules off or milder for a reason and a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.templates import V1, check, report, write

BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {}}
RULE = "PCI-4.2.1-PLAIN-REQUESTS"
REASON = "The old account has an exception of 2026."
ENTRY = {
    "rule": f'"{RULE}"',
    "paths": '["legacy/*"]',
    "severity": '"off"',
    "reason": f'"{REASON}"',
    "until": "2027-01-31",
}


def entry(**changes: str) -> str:
    keys = {**ENTRY, **changes}
    return "[[rules]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items() if value)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    write(tmp_path / "legacy" / "deep" / "t.json", {"Bucket": BUCKET})
    write(tmp_path / "new" / "t.json", {"Bucket": BUCKET})
    return tmp_path


def settings(text: str, name: str = ".pcistack.toml") -> None:
    Path(name).write_text(text, encoding="utf-8")


def found(*words: str, of: str = "findings") -> list[tuple[str, str]]:
    rows = report(*words, "--region", "eu-central-2", "--only", "pci")[of]
    return [(row["template"], row["severity"]) for row in rows if row["rule"] == RULE]


@pytest.mark.parametrize("name", [".pcistack.toml", "pyproject.toml"])
def test_a_rule_is_off_for_some_paths_with_its_reason_in_the_report(name: str) -> None:
    text = entry() if name == ".pcistack.toml" else entry().replace("[[", "[[tool.pcistack.")
    settings(text, name)
    assert [template for template, _ in found(".")] == ["new/t.json"]
    accepted = report(".", "--region", "eu-central-2")["acknowledged"]
    assert [(row["template"], row["reason"], row["until"]) for row in accepted] == [
        ("legacy/deep/t.json", REASON, "2027-01-31")
    ]


def test_a_rule_is_of_another_severity_for_some_paths() -> None:
    before = dict(found("."))["new/t.json"]
    other = {"warning": "error", "error": "warning"}[before]
    settings(entry(severity=f'"{other}"'))
    assert found(".") == [("legacy/deep/t.json", other), ("new/t.json", before)] or dict(
        found(".")
    ) == {"legacy/deep/t.json": other, "new/t.json": before}


def test_settings_of_the_repository_hold_in_its_folders(
    monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    settings(entry())
    monkeypatch.chdir(repository / "legacy")
    assert found("deep/t.json") == []
    assert found("deep/t.json", of="acknowledged")


def test_settings_above_the_repository_do_not_hold(
    monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    settings(entry())
    (repository / "legacy" / ".git").mkdir()
    monkeypatch.chdir(repository / "legacy")
    assert found("deep/t.json") != []


def test_an_entry_whose_last_day_is_over_is_told_and_its_findings_count_again() -> None:
    settings(entry(until="2026-11-23"))
    assert len(found(".")) == 2
    result = check(".", "--region", "eu-central-2")
    assert f"rules[0] ({RULE}) ended on 2026-11-23, so that its findings count" in result.stderr


def test_an_entry_that_does_nothing_is_told() -> None:
    settings(entry(rule='"PCI-1.4.4-STORE-TIER"'))
    result = check(".", "--region", "eu-central-2")
    assert "rules[0] (PCI-1.4.4-STORE-TIER) changes nothing that was found; remove it" in (
        result.stderr
    )


@pytest.mark.parametrize("words", [("new/t.json",), (".", "--only", "regional")])
def test_an_entry_of_which_nothing_can_be_said_is_not_told(words: tuple[str, ...]) -> None:
    settings(entry())
    assert check(*words, "--region", "eu-central-2").stderr == ""


def test_a_fatal_finding_cannot_be_switched_off() -> None:
    write(Path("legacy/d.json"), {"Database": V1})
    settings(entry(rule='"AURORA-SERVERLESS-V1"'))
    result = check("legacy/d.json", "--region", "eu-central-2", "--only", "regional")
    assert result.exit_code == 1
    assert "1 fatal" in result.stdout
    assert "cannot change what is fatal: AWS refuses it, whatever is set" in result.stderr


def test_regions_by_path_hold_where_nothing_else_names_one() -> None:
    settings('[regions]\n"legacy/*" = "us-east-1"\n"*" = "eu-west-1"\n')
    regions = {row["template"]: row["region"] for row in report(".")["templates"]}
    assert regions == {"legacy/deep/t.json": "us-east-1", "new/t.json": "eu-west-1"}
    named = report("new/t.json", "--region", "eu-central-2")["templates"]
    assert [row["region"] for row in named] == ["eu-central-2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules = 3", "rules: is no list"),
        ("regions = 3", "regions: is no table"),
        ("[region]", "region: no such setting; allowed are regions and rules"),
        (
            '[regions]\n"*" = "eu-cental-2"',
            "unknown region 'eu-cental-2'; did you mean 'eu-central-2'?",
        ),
        ("[[", "not valid TOML"),
        ("a = " + "[" * 100_000, "not valid TOML (nested too deeply)"),
        ("a = " + "1" * 5_000, "not valid TOML"),
        ("rules = [1]", "rules[0]: is no table"),
        (entry(rule='"PCI-4.2.1-PLAIN-REQUEST"'), f"did you mean '{RULE}'?"),
        (entry(reason=""), "lacks reason"),
        (entry(until=""), "lacks until"),
        (entry(reason='"because"'), "reason: is too short; at least 20 characters"),
        (entry(until='"2027-01-31"'), "until: is no day"),
        (entry(severity='"fatal"'), "severity: 'fatal' is none; allowed are off, warning, error"),
        (entry(paths='"*"'), "paths: is no list of patterns"),
        (entry(path='["*"]'), "path: no such key"),
    ],
)
def test_settings_that_cannot_be_used_are_one_line(text: str, said: str) -> None:
    settings(text)
    result = check(".", "--region", "eu-central-2")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("pcistack: .pcistack.toml: ")
    assert said in result.stderr


def test_somebody_elses_pyproject_is_left_alone() -> None:
    settings("[tool.other]\nx = [", "pyproject.toml")
    assert check("new/t.json", "--region", "eu-central-2").exit_code == 1
