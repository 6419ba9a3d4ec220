"""Bad use of any command is one line on standard error and exit code 2; help has an example."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pcistack.checks.findings import counted
from pcistack.cli import COMMANDS, cli
from tests.tables import cases

ROOT = Path(__file__).parents[1]
FAILED = ROOT / "docs" / "examples" / "serverless-v1.yaml"
ZURICH = ["--region", "eu-central-2"]


@cases(
    ("arguments", "said"),
    [
        (["chekc"], "no such command 'chekc'; did you mean 'check'?; see pcistack --help"),
        (["--colour"], "no such option '--colour'; see pcistack --help"),
        (["check", "--regoin", "x"], "no such option '--regoin'; did you mean '--region'?; see"),
        (["check", str(FAILED), "--region"], "option '--region' requires an argument"),
        (["check", "", *ZURICH], "the path is empty"),
        (["check", *ZURICH], "no template given"),
        (["check", str(FAILED), *ZURICH, "--on", ""], "bad date ''"),
        (["facts", "list"], "no such command 'list'; see pcistack facts --help"),
        (["facts", "show", "--all"], "no such option '--all'"),
        (["facts", "show"], "no region given"),
        (["facts", "show", "eu-central-2", "--on", ""], "bad date ''"),
        (["facts", "show", "a", "b"], "unexpected extra argument (b)"),
        (["facts", "refresh", "--profile", "x"], "need --live"),
        (["facts", "refresh", "--live", "--region", "x"], "unknown region 'x'"),
        (["migrate", str(FAILED)], "a template and --region are needed"),
        (["migrate", "", *ZURICH], "the path is empty"),
        (["migrate", str(FAILED), "--region", "x"], "unknown region 'x'"),
        (["migrate", str(FAILED), *ZURICH, "--on", ""], "bad date ''"),
        (["preflight", str(FAILED)], "a template and --region are needed"),
        (["preflight", "", *ZURICH], "the path is empty"),
        (["preflight", str(FAILED), *ZURICH, "--on", "x"], "no such option '--on'"),
        (["evidence"], "missing option '--out'; see pcistack evidence --help"),
        (["evidence", "--environment", "dev"], "missing option '--out'"),
        (["evidence", "--environment", "dev", "--out", ""], "the path is empty"),
        (["evidence", "--environment", "../x", "--out", "o"], "the suffix '../x' cannot be used"),
        (["rehearse", "--port", "x"], "'x' is not a valid integer"),
        (["rehearse", "now"], "unexpected extra argument (now)"),
        (["rehearse", "--json", ""], "the path is empty"),
    ],
)
def test_bad_use_is_one_line_on_standard_error(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("pcistack: ")
    assert len(result.stderr.splitlines()) == 1
    assert said in result.stderr


@pytest.mark.parametrize("arguments", [[], ["facts"]])
def test_a_group_alone_shows_its_help(arguments: list[str]) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert "Example:" in result.stderr


@cases(
    "words",
    [[], *([name] for name in COMMANDS), ["facts", "show"], ["facts", "refresh"]],
)
def test_help_has_an_example_and_whole_descriptions(words: list[str]) -> None:
    result = CliRunner().invoke(cli, [*words, "--help"])
    assert result.exit_code == 0
    assert "Example" in result.stdout
    assert f"pcistack {' '.join(words)}" in result.stdout
    assert "..." not in result.stdout.partition("Commands:")[2]


@pytest.mark.parametrize("command", ["check", "migrate"])
def test_no_color_is_honoured(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [command, str(FAILED), *ZURICH]
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in CliRunner().invoke(cli, arguments, color=True).output
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in CliRunner().invoke(cli, arguments, color=True).output


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 days"), (1, "1 day"), (1.0, "1 day"), (2, "2 days"), (0.5, "0.5 days")],
)
def test_a_noun_is_in_the_plural_unless_it_is_one(number: float, text: str) -> None:
    assert counted(number, "day") == text
