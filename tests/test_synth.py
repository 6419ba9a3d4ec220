"""The real `cdk synth`, as a user runs it; and the app alone, here or as a process of its own."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import pytest

import app
from stacks import cdk_app
from stacks import environment as configuration

ROOT = Path(__file__).resolve().parent.parent
APP = f"{sys.executable} -m tests.app_today"
CDK = ROOT / "node_modules" / ".bin" / "cdk"


def run(*command: str, **extra: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    inherited = {
        k: v for k, v in os.environ.items() if k != "PYTEST_VERSION"
    }  # the CDK looks at it
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**inherited, "PATH": path, **extra},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def synth(output: Path, *arguments: str, by: str = APP) -> subprocess.CompletedProcess[str]:
    command = (str(CDK), "synth", "--app", by, "--quiet", "--no-notices", "--output", str(output))
    return run(*command, *arguments)


@pytest.fixture
def main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the app in this process, into ``tmp_path``, with a context: a process costs seconds."""
    importlib.import_module("stacks.app")  # takes the real one before it is replaced
    create = cdk_app.create_app

    def run_here(**context: str) -> int:
        made = create(outdir=str(tmp_path))
        for key, value in context.items():
            made.node.set_context(key, value)
        monkeypatch.setattr(cdk_app, "create_app", lambda: made)
        return app.main(on=date(2026, 11, 24))

    return run_here


def test_the_app_leaves_the_template_of_dev(
    tmp_path: Path, main: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main() == 0
    body = json.loads((tmp_path / "PciDss-dev.template.json").read_text())
    assert "AWS::RDS::DBCluster" in {r["Type"] for r in body["Resources"].values()}
    assert "every check passed" in capsys.readouterr().err


def test_cdk_json_runs_the_app() -> None:
    assert json.loads((ROOT / "cdk.json").read_text())["app"] == "python3 app.py"


def test_cdk_synth_takes_any_suffix(tmp_path: Path) -> None:
    result = synth(tmp_path, "-c", "environmentSuffix=pr42")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "PciDss-pr42.template.json").is_file()
    assert "every check passed" in result.stderr


def test_a_bad_suffix_is_one_clear_line_and_leaves_nothing(
    tmp_path: Path, main: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(environmentSuffix="Prod") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "lower-case letters, digits and single hyphens" in line
    assert not list(tmp_path.glob("*.template.json"))


def test_a_misspelt_key_does_not_choose_dev(
    tmp_path: Path, main: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(env="prod") == 2
    assert capsys.readouterr().err == "-c env: no such key; is -c environmentSuffix=... meant?\n"
    assert not list(tmp_path.glob("*.template.json"))


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_a_key_without_a_value_does_not_choose_dev(tmp_path: Path) -> None:
    """The app sees only the command line of the CLI; what it does with a mistake is told above."""
    asks = "from stacks.command_line import chosen; print(chosen({}))"
    result = synth(tmp_path, "-c", "environmentSuffix", by=f"{sys.executable} -c '{asks}'")
    assert result.returncode != 0
    assert (
        "-c environmentSuffix: has no value; write -c environmentSuffix=<suffix>" in result.stderr
    )
    assert not list(tmp_path.glob("*.template.json"))


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    result = run(sys.executable, "app.py", TMPDIR=str(tmp_path / "gone"), CDK_OUTDIR="/dev/full/x")
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.stderr


def test_a_template_that_its_region_cannot_deploy_does_not_get_past_synth(
    tmp_path: Path,
    main: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (ROOT / "environments" / "first-correction.toml").read_text()
    old, _, _ = text.partition("[acknowledged]")
    (tmp_path / "old.toml").write_text(old)
    load = partial(configuration.load_environment, directory=tmp_path)
    monkeypatch.setattr(configuration, "load_environment", load)
    assert main(environmentSuffix="old") == 1
    error = capsys.readouterr().err
    assert "8.0.mysql_aurora.3.04.4 left standard support on 2026-10-31" in error
    assert "every check passed" not in error


def test_the_first_correction_synthesizes_because_its_age_is_acknowledged(
    tmp_path: Path, main: Callable[..., int]
) -> None:
    assert main(environmentSuffix="first-correction") == 0
    report = json.loads((tmp_path / "validation-report.json").read_text())
    (guard,) = [p for p in report["pluginReports"] if p["pluginName"] == "Regional guard"]
    assert guard["violations"] == []
    assert [v["ruleName"] for v in guard["suppressedViolations"]] == [
        "AURORA-VERSION-SUPPORT-ENDED"
    ]
