"""What the synthesis found is kept as it was, for the very file that it was found in."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from pathlib import Path

import pytest

from pcistack.checks import record
from pcistack.checks.acknowledgements import Acknowledgement
from pcistack.checks.findings import Finding, Severity
from pcistack.checks.run import Outcome

DAY = date(2026, 11, 24)
FINDING = Finding(
    rule="PCI-1",
    severity=Severity.ERROR,
    resource="A",
    property="B.0",
    message="m",
    fix="f",
    source="s",
)
ACCEPTED = Acknowledgement(
    resource="A",
    rule="PCI-1",
    reason="why",
    until=date(2027, 1, 31),
    owner="payments",
    property="B.*",
)
OUTCOME = Outcome(resources=3, open=(FINDING,), acknowledged=((FINDING, ACCEPTED),))


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "A.template.json"
    path.write_text('{"Resources": {}}', encoding="utf-8")
    return path


def _write(template: Path, *found: Outcome) -> None:
    record.write(
        template.parent, [{template: one} for one in found], on=DAY, commit="c", version="1"
    )


def test_what_is_written_is_read_again(template: Path) -> None:
    _write(template, OUTCOME)
    kept = record.read(template.parent)
    assert kept is not None
    assert kept.on == DAY
    assert kept.outcomes == {record.digest(template): OUTCOME}
    assert kept.templates == {"A.template.json": record.digest(template)}


def test_what_two_packs_find_is_joined_without_saying_it_twice(template: Path) -> None:
    other = Outcome(resources=3, open=(FINDING,), acknowledged=())
    _write(template, OUTCOME, other)
    kept = record.read(template.parent)
    assert kept is not None
    assert kept.outcomes[record.digest(template)] == OUTCOME


def test_an_assembly_of_somebody_else_has_no_record(tmp_path: Path) -> None:
    assert record.read(tmp_path) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 9}', "\x00", '{"format": 1, "on": 2}']
)
def test_a_broken_record_is_one_clear_message(tmp_path: Path, text: str) -> None:
    (tmp_path / record.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(record.RecordError, match=record.FILE):
        record.read(tmp_path)


def test_the_commit_is_named_and_says_when_files_differ_from_it(tmp_path: Path) -> None:
    assert record.commit_of(tmp_path) == ""
    for arguments in (
        ("init", "-q"),
        (
            "-c",
            "user.name=n",
            "-c",
            "user.email=e@example.com",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "first",
        ),
    ):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True)
    commit = record.commit_of(tmp_path)
    assert len(commit) == 40
    (tmp_path / "new").write_text(json.dumps({}), encoding="utf-8")
    assert record.commit_of(tmp_path) == f"{commit}, with changes"
