"""``pcistack evidence`` writes everything or nothing, and says in one line why not."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pcistack.cli import cli
from pcistack.evidence.files import FILES
from tests.evidence import sample


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["evidence", *map(str, arguments)])


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    return sample.write(tmp_path / "cdk.out")


def test_every_file_is_written_and_named(assembly: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "evidence"
    result = _run("--environment", "prod", "--app", assembly, "--out", out)
    assert result.exit_code == 0, result.output
    assert sorted(_digests(out)) == sorted(FILES)
    assert all(str(out / name) in result.output for name in FILES)
    assert [path.name for path in out.parent.iterdir()] == ["evidence"]


def test_the_json_holds_summary_requirements_and_registers(assembly: Path, tmp_path: Path) -> None:
    _run("--environment", "prod", "--app", assembly, "--out", tmp_path / "out")
    document = json.loads((tmp_path / "out" / "evidence.json").read_text(encoding="utf-8"))
    assert document["stack"] == "PciDss-prod"
    assert document["region"] == "eu-central-2"
    assert sum(document["summary"].values()) == len(document["requirements"])
    assert list(document["registers"]) == [
        "ports",
        "keys",
        "certificates",
        "channels",
        "secrets",
        "software",
        "logs",
        "acknowledgements",
        "security-hub",
        "components",
    ]
    assert len(document["responsibilities"]) == 12
    assert any("3.5.1.2" in limit for limit in document["limits"])


def test_the_same_input_gives_the_same_bytes(assembly: Path, tmp_path: Path) -> None:
    """In another process, with another hash seed, at another time and place."""
    here, there = tmp_path / "here", tmp_path / "there"
    words = ("--environment", "prod", "--app", str(assembly), "--out")
    assert _run(*words, here).exit_code == 0
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    subprocess.run(
        [sys.executable, "-c", "from pcistack.cli import main; main()", "evidence", *words, there],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONHASHSEED": seed, "TZ": "UTC-1"},
    )
    assert _digests(here) == _digests(there)


def test_earlier_evidence_is_replaced(assembly: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert _run("--environment", "prod", "--app", assembly, "--out", out).exit_code == 0
    before = _digests(out)
    (out / "index.html").write_text("old", encoding="utf-8")
    assert _run("--environment", "prod", "--app", assembly, "--out", out).exit_code == 0
    assert _digests(out) == before


def _fails(result: Result, *said: str) -> None:
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.stderr
    for part in said:
        assert part in result.stderr


def test_a_suffix_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    result = _run("--environment", "../x", "--app", tmp_path, "--out", tmp_path / "out")
    _fails(result, "the suffix '../x' cannot be used")


def test_a_missing_assembly_says_how_to_make_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = _run("--environment", "pr42", "--app", tmp_path / "cdk.out", "--out", out)
    _fails(result, "manifest.json: no such file", "make synth SUFFIX=pr42")
    assert not out.exists()


def test_a_broken_template_leaves_earlier_evidence_alone(assembly: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _run("--environment", "prod", "--app", assembly, "--out", out)
    before = _digests(out)
    (assembly / "PciDss-prod.template.json").write_text("{", encoding="utf-8")
    _fails(_run("--environment", "prod", "--app", assembly, "--out", out), "template.json")
    assert _digests(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cdk.out", "out"]


def test_a_directory_with_something_else_is_not_touched(assembly: Path, tmp_path: Path) -> None:
    out = tmp_path / "home"
    out.mkdir()
    (out / "thesis.txt").write_text("mine", encoding="utf-8")
    _fails(_run("--environment", "prod", "--app", assembly, "--out", out), "thesis.txt")
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_way_is_named(assembly: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    result = _run("--environment", "prod", "--app", assembly, "--out", tmp_path / "out")
    _fails(result, "is a file")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


def test_a_parent_that_is_a_file_is_named(assembly: Path, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("", encoding="utf-8")
    result = _run("--environment", "prod", "--app", assembly, "--out", tmp_path / "blocked" / "out")
    _fails(result, "cannot be written")


def test_help_has_an_example() -> None:
    result = _run("--help")
    assert result.exit_code == 0
    assert "Example: pcistack evidence --environment prod" in result.output
