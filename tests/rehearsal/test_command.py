"""The command tells what is wrong in one line, and cleans up after itself."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from assurance.rehearsal.command import rehearse

PROJECT = Path(__file__).resolve().parents[2]


def test_help_shows_an_example() -> None:
    result = CliRunner().invoke(rehearse, ["--help"])

    assert result.exit_code == 0
    assert "pcistack rehearse --suffix pr42" in result.output


def test_folder_without_the_project_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(rehearse, [])

    assert result.exit_code == 2
    assert "has no app.py" in result.output
    assert "Traceback" not in result.output


def test_missing_environment_file_is_refused() -> None:
    result = CliRunner().invoke(rehearse, ["--environment", "/nowhere/at-all.toml"])

    assert result.exit_code == 2
    assert "does not exist" in result.output


def test_suffix_that_the_app_refuses_is_told_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(PROJECT)

    result = CliRunner().invoke(rehearse, ["--suffix", "Dev_1"])

    assert result.exit_code == 2
    assert "'Dev_1' cannot be used" in result.output
    assert "Traceback" not in result.output


def test_stack_of_another_region_is_told_how_to_be_rehearsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(PROJECT)

    result = CliRunner().invoke(rehearse, ["--region", "eu-central-1"])

    assert result.exit_code == 2
    assert "deploys to eu-central-2" in result.output
    assert "--region eu-central-2" in result.output


def _descendants(pid: int) -> set[int]:
    children: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            child = int(stat.parent.name)
            children |= {child} | _descendants(child)
    return children


def _alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_interrupted_rehearsal_leaves_no_process(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "assurance.rehearsal.command"],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    descendants: set[int] = set()
    while len(descendants) < 3 and process.poll() is None:
        time.sleep(0.1)
        descendants |= _descendants(process.pid)

    process.send_signal(number)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "interrupted" in errors
    for _ in range(100):
        if not _alive(descendants):
            break
        time.sleep(0.05)
    assert _alive(descendants) == set()
