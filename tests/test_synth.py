"""The real `cdk synth`, as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def synth(output: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = (str(CDK), "synth", "--app", APP, "--quiet", "--no-notices", "--output", str(output))
    return run(*command, *arguments)


def app(output: Path, **context: str) -> subprocess.CompletedProcess[str]:
    """Run the app as the CDK CLI does, which costs less than the CLI."""
    command = (sys.executable, "-m", "tests.app_today")
    return run(*command, CDK_CONTEXT_JSON=json.dumps(context), CDK_OUTDIR=str(output))


def test_the_app_leaves_the_template_of_dev(tmp_path: Path) -> None:
    result = app(tmp_path)
    assert result.returncode == 0, result.stderr
    body = json.loads((tmp_path / "PciDss-dev.template.json").read_text())
    assert "AWS::RDS::DBCluster" in {r["Type"] for r in body["Resources"].values()}
    assert "every check passed" in result.stderr


def test_cdk_json_runs_the_app() -> None:
    assert json.loads((ROOT / "cdk.json").read_text())["app"] == "python3 app.py"


def test_cdk_synth_takes_any_suffix(tmp_path: Path) -> None:
    result = synth(tmp_path, "-c", "environmentSuffix=pr42")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "PciDss-pr42.template.json").is_file()
    assert "every check passed" in result.stderr


def test_a_bad_suffix_is_one_clear_line_and_leaves_nothing(tmp_path: Path) -> None:
    result = synth(tmp_path / "out", "-c", "environmentSuffix=Prod")
    assert result.returncode != 0
    assert "lower-case letters, digits and single hyphens" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list((tmp_path / "out").glob("*.template.json"))


def test_the_app_itself_exits_with_2_on_bad_input(tmp_path: Path) -> None:
    result = app(tmp_path / "out", environmentSuffix="No Good")
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_misspelt_key_does_not_choose_dev(tmp_path: Path) -> None:
    result = app(tmp_path / "out", env="prod")
    assert result.returncode == 2
    assert result.stderr == "-c env: no such key; is -c environmentSuffix=... meant?\n"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_a_key_without_a_value_does_not_choose_dev(tmp_path: Path) -> None:
    result = synth(tmp_path, "-c", "environmentSuffix")
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


def test_a_template_that_its_region_cannot_deploy_does_not_get_past_synth(tmp_path: Path) -> None:
    text = (ROOT / "environments" / "first-correction.toml").read_text()
    old, _, _ = text.partition("[acknowledged]")
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "old.toml").write_text(old)
    script = (
        "import sys; from pathlib import Path; import stacks.environment as e, app; "
        f"e.load_environment.__defaults__ = (Path({str(tmp_path / 'environments')!r}),); "
        "import datetime; sys.exit(app.main(on=datetime.date(2026, 11, 24)))"
    )
    context = json.dumps({"environmentSuffix": "old"})
    result = run(
        sys.executable, "-c", script, CDK_CONTEXT_JSON=context, CDK_OUTDIR=str(tmp_path / "out")
    )
    assert result.returncode == 1
    assert "8.0.mysql_aurora.3.04.4 left standard support on 2026-10-31" in result.stderr
    assert "every check passed" not in result.stderr
    assert "Traceback" not in result.stderr


def test_the_first_correction_synthesizes_because_its_age_is_acknowledged(tmp_path: Path) -> None:
    result = app(tmp_path, environmentSuffix="first-correction")
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / "validation-report.json").read_text())
    (guard,) = [p for p in report["pluginReports"] if p["pluginName"] == "Regional guard"]
    assert guard["violations"] == []
    assert [v["ruleName"] for v in guard["suppressedViolations"]] == [
        "AURORA-VERSION-SUPPORT-ENDED"
    ]
