"""What ``make`` refuses, and what it installs for which target."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.delivery.test_steps import Runner

ROOT = Path(__file__).resolve().parent.parent


# `make test` tells a make below it that it is one, which then names its folders too.
_WITHOUT_MAKE = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=_WITHOUT_MAKE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("word", ["suffix=prod", "ENV=prod", "SUFIX=prod", "environmentSuffix=x"])
def test_a_variable_that_make_does_not_know_is_refused_before_anything_is_built(word: str) -> None:
    result = make("synth", word)
    assert result.returncode == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert f"no variable is called {word.partition('=')[0]}" in line
    assert "SUFFIX=<environment>" in line


def test_the_variables_that_make_names_are_taken() -> None:
    assert make("help", "SUFFIX=prod", "ARGS=--faults", "PYTHON=python3").returncode == 0


def test_make_never_runs_a_suffix_as_a_command(tmp_path: Path) -> None:
    """It reaches the app as it was given, which refuses it (:mod:`tests.test_synth`)."""
    runner, mark = Runner(tmp_path), tmp_path / "mark"
    runner.checkout()
    suffix = f'x;touch {mark}`touch {mark}`$(shell touch {mark})$$(touch {mark})";touch {mark};"'
    runner.run(f"make synth {shlex.quote(f'SUFFIX={suffix}')}")
    assert runner.calls == [["cdk", "synth", "--quiet", "-c", f"environmentSuffix={suffix}"]]
    assert not mark.exists()


@pytest.mark.parametrize("target", ["synth", "rehearse", "evidence", "lock"])
def test_what_a_newcomer_runs_first_installs_no_browser_type_checker_or_linter(
    target: str,
) -> None:
    commands = make("--dry-run", "--always-make", target).stdout
    assert "requirements.txt" in commands
    assert "requirements-dev.txt" not in commands.partition("uv pip compile")[0]
    assert "npm ci --no-audit --no-fund --loglevel=error --omit=dev" in commands


@pytest.mark.parametrize("target", ["test", "lint", "type", "check", "docs"])
def test_a_developers_target_installs_the_development_lock(target: str) -> None:
    assert "requirements-dev.txt" in make("--dry-run", "--always-make", target).stdout


def test_the_lock_of_the_runtime_is_part_of_the_development_lock() -> None:
    def pins(name: str) -> set[str]:
        return {
            line.partition(" ")[0]
            for line in (ROOT / name).read_text().splitlines()
            if line[:1].isalpha()
        }

    runtime, development = pins("requirements.txt"), pins("requirements-dev.txt")
    assert runtime < development
    assert sum(pin.startswith("uv==") for pin in runtime) == 1, "make reads this row"
