"""The command tells what is wrong in one line, and cleans up after itself."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result

from pcistack.cli import cli
from pcistack.commands import rehearse as command
from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.cdk_cli import CommandError, Toolkit
from pcistack.rehearsal.emulator import RehearsalError
from pcistack.rehearsal.trial import Lab

PROJECT = Path(__file__).resolve().parents[2]


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["rehearse", *arguments])


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)

    def start(_options: object, _texts: object) -> int:
        raise AssertionError("the rehearsal started")

    monkeypatch.setattr(command, "_rehearse", start)


def test_help_shows_an_example() -> None:
    result = _run("--help")

    assert result.exit_code == 0
    assert "pcistack rehearse --suffix pr42" in result.output


def test_folder_without_the_project_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = _run()

    assert result.exit_code == 2
    assert "has no app.py" in result.output
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("nothing_starts")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--environment", "/nowhere/at-all.toml"], "/nowhere/at-all.toml: no such file"),
        (["--environment", "/"], "/: cannot be read (Is a directory)"),
        (["--suffix", "Dev_1"], "the suffix 'Dev_1' cannot be used"),
        (["--region", "eu-nowhere-9"], "unknown region 'eu-nowhere-9'"),
        (["--port", "80x"], "'80x' is not a valid integer"),
        (["--port", "70000"], "bad port 70000; it is a number from 0 to 65535"),
        (["--json", "/nowhere/report.json"], "/nowhere: no folder to write the report"),
        (["--json", "/"], "/: is a folder; --json names a file"),
    ],
)
def test_bad_input_is_one_line_before_anything_starts(arguments: list[str], said: str) -> None:
    result = _run(*arguments)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("pcistack: ")
    assert len(result.stderr.splitlines()) == 1
    assert said in result.stderr


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Mapping[str, str]]:
    """The environments that a rehearsal is told to synthesize; it does not start."""
    monkeypatch.chdir(PROJECT)
    seen: dict[str, Mapping[str, str]] = {}

    def start(_options: object, texts: Mapping[str, str]) -> int:
        seen["texts"] = texts
        return 0

    monkeypatch.setattr(command, "_rehearse", start)
    return seen


def test_environment_is_rehearsed_with_its_own_region_account_and_zones(
    told: dict[str, Mapping[str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "my.toml"
    text = 'region = "eu-west-1"\naccount = "222222222222"\n[network]\nzones = ["eu-west-1a"]\n'
    file.write_text(text)

    assert _run("--suffix", "pr42", "--environment", str(file)).exit_code == 0

    assert told["texts"]["pr42"] == text
    assert told["texts"]["twin"].startswith(text)
    assert "arn:aws:acm:eu-west-1:222222222222:certificate/" in told["texts"]["twin"]


def test_environment_of_a_suffix_is_rehearsed_without_production(
    told: dict[str, Mapping[str, str]],
) -> None:
    assert _run("--suffix", "pr42").exit_code == 0
    assert set(told["texts"]) == {"pr42", "twin"}
    assert _run().exit_code == 0
    assert set(told["texts"]) == {"dev", "twin", "prod"}


def test_rehearsal_moves_every_environment_to_the_region_that_is_asked_for(
    told: dict[str, Mapping[str, str]],
) -> None:
    assert _run("--region", "us-west-2").exit_code == 0
    for text in told["texts"].values():
        assert "eu-central-2" not in text
        assert 'zones = ["us-west-2a", "us-west-2b"]' in text


def test_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match=r"report\.json: cannot be written \("):
        command.write_report(tmp_path / "gone" / "report.json", {})


def test_mistake_in_the_environment_file_is_told_on_standard_error_with_its_own_name(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    synth = Toolkit.synth

    def of_the_first(self: Toolkit, suffix: str, into: Path, project: Path) -> Assembly:
        if suffix == "twin":  # it is synthesized beside the first, whose mistake is told
            raise CommandError("of the twin")
        return synth(self, suffix, into, project)

    monkeypatch.setattr(Toolkit, "synth", of_the_first)
    monkeypatch.setattr(Toolkit, "bootstrap", lambda _self: None)
    monkeypatch.setattr(command, "running", lambda **_: nullcontext(lab.emulator))
    monkeypatch.chdir(PROJECT)
    file = tmp_path / "my.toml"
    text = (PROJECT / "environments" / "dev.toml").read_text()
    file.write_text(f"{text}\ncolour = 1\n")

    result = _run("--environment", str(file))

    assert result.exit_code == 2
    assert "cdk synth" in result.stdout
    assert f"{file}: " in result.stderr
    assert "colour" in result.stderr
    assert "pcistack-rehearsal-" not in result.stderr
    assert "Subprocess" not in result.stderr
    assert "colour" not in result.stdout
    assert "Traceback" not in result.output


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


# What runs in the background inherits that Ctrl-C is ignored; what runs on a terminal does not.
_ON_A_TERMINAL: Final = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from pcistack.cli import main; main()"
)


def _alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if _runs(pid)}


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_interrupted_rehearsal_leaves_no_process(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _ON_A_TERMINAL, "rehearse", "--suffix", "pr42"],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    descendants: set[int] = set()
    with process:
        while len(descendants) < 3 and process.poll() is None:
            time.sleep(0.1)
            descendants |= _descendants(process.pid)

        process.send_signal(number)
        try:
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()

    assert process.returncode == 130
    assert "interrupted" in errors
    for _ in range(100):
        if not _alive(descendants):
            break
        time.sleep(0.05)
    assert _alive(descendants) == set()
