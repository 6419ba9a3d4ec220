"""Output that cannot be written, colours and widths: every command does the same.

What only a process can show is shown by processes; they cost a hundred times the work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pcistack.cli import cli

ROOT = Path(__file__).parents[1]
PCISTACK = str(Path(sys.executable).with_name("pcistack"))
FAILED = str(ROOT / "docs" / "examples" / "serverless-v1.yaml")
CHECK = ["check", FAILED, "--region", "eu-central-2", "--only", "regional"]
COMMANDS = {
    "check": CHECK,
    "json": [*CHECK, "--format", "json"],
    "explain": ["explain", "--list-rules"],
    "facts": ["facts", "show", "eu-central-2"],
    "migrate": ["migrate", FAILED, "--region", "eu-central-2"],
    "diff": ["diff", FAILED, FAILED],
    "help": ["--help"],
}
each_command = pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)


def run(words: list[str], output: str = "", **extra: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command, its standard output redirected by the shell."""
    quoted = " ".join(f"'{word}'" for word in [PCISTACK, *words])
    plain = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return subprocess.run(
        ["bash", "-c", f"{quoted} {output}"],
        env={**plain, **extra},
        capture_output=True,
        check=False,
        timeout=60,
    )


def here(words: list[str], **env: str | None) -> Result:
    """Run the command in this process, whose output is no terminal either."""
    unset = dict.fromkeys(("NO_COLOR", "FORCE_COLOR", "COLUMNS"))
    return CliRunner().invoke(cli, words, env={**unset, **env})


def is_one_line(result: subprocess.CompletedProcess[bytes]) -> bool:
    lines = result.stderr.splitlines()
    return result.returncode == 2 and len(lines) == 1 and lines[0].startswith(b"pcistack: ")


@each_command
def test_output_that_cannot_be_written_is_one_line(words: list[str]) -> None:
    result = run(words, "> /dev/full")
    assert is_one_line(result), result.stderr


def test_output_that_is_closed_is_one_line_before_a_command_is_looked_at() -> None:
    result = run(CHECK, ">&-")
    assert is_one_line(result), result.stderr
    assert run(["no-such-command"], ">&-").stderr == result.stderr


@each_command
def test_a_reader_that_has_read_enough_is_no_news(words: list[str]) -> None:
    result = run(words, "| true")
    assert b"Traceback" not in result.stderr
    assert b"Exception" not in result.stderr


@each_command
def test_odd_surroundings_stop_nothing(words: list[str]) -> None:
    """Neither an encoding that lacks characters nor what a shell has of AWS: all work offline."""
    names = ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_RETRY_MODE", "TMPDIR")
    result = run(words, PYTHONIOENCODING="ascii", **dict.fromkeys(names, "/proc/nothing"))
    assert result.returncode in (0, 1), result.stderr
    assert b"Traceback" not in result.stderr
    assert result.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_stays_json_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "é.json"
    bad = {"Type": "AWS::RDS::DBCluster", "Properties": {"EngineMode": "serverless"}}
    path.write_text(json.dumps({"Resources": {"Dü😀": bad}}), encoding="utf-8")
    words = ["check", str(path), *CHECK[2:], "--format", "json"]
    text = run(words, PYTHONIOENCODING=encoding).stdout
    report = json.loads(text.decode("latin-1" if encoding == "latin-1" else "utf-8"))
    assert {row["resource"] for row in report["findings"]} >= {"Dü😀"}
    assert {row["template"] for row in report["findings"]} == {str(path)}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AWS_PROFILE", "nobody", "The config profile (nobody) could not be found"),
        ("AWS_CONFIG_FILE", FAILED, "Unable to parse config file"),
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        ["preflight", FAILED, "--region", "eu-central-2"],
        ["facts", "refresh", "--live", "--region", "eu-central-2"],
    ],
    ids=["preflight", "facts"],
)
def test_a_bad_aws_configuration_is_one_line(
    words: list[str], name: str, value: str, said: str
) -> None:
    result = here(words, **{name: value, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert said in result.stderr


@pytest.mark.parametrize("name", ["check", "migrate", "explain"])
def test_colour_is_asked_for_and_refused_in_the_same_way(name: str) -> None:
    def coloured(**env: str) -> bool:
        return "\x1b[" in here(COMMANDS[name], **env).output

    assert not coloured()
    assert coloured(FORCE_COLOR="1")
    assert coloured(FORCE_COLOR="1", TERM="dumb")
    assert not coloured(FORCE_COLOR="1", NO_COLOR="1")
    assert not coloured(FORCE_COLOR="0")


@pytest.mark.parametrize("name", ["check", "facts"])
def test_a_pipe_gets_80_columns_without_blanks_at_the_end(name: str) -> None:
    lines = here(COMMANDS[name], COLUMNS="200").stdout.splitlines()
    assert lines
    for line in lines:
        assert line == line.rstrip()
        assert len(line) <= 80 or FAILED in line, line


def test_no_profile_of_the_user_disturbs_a_rehearsal() -> None:
    code = (
        "from pcistack.commands import rehearse; from pcistack.rehearsal.sdk import client\n"
        "rehearse._forget_aws()\n"
        "made = client('http://127.0.0.1:9', 'sts', 'eu-central-2', '111111111111')\n"
        "print(made.meta.region_name)"
    )
    env = {**os.environ, "AWS_PROFILE": "nobody", "AWS_CONFIG_FILE": FAILED, "AWS_RETRY_MODE": "x"}
    result = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )
    assert result.stdout == "eu-central-2\n", result.stderr


@pytest.mark.parametrize(
    "words",
    [["rehearse", "--json", "/proc/none/x.json"], ["rehearse", "--json", "/proc/x.json"]],
    ids=["no folder", "no permission"],
)
def test_a_report_that_cannot_be_written_is_told_before_anything_starts(words: list[str]) -> None:
    result = here(words)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert words[-1] in result.stderr or "/proc/none" in result.stderr
