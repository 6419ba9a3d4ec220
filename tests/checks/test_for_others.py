"""What other repositories use: the GitHub action and the pre-commit hook do what they say."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checks.templates import TOPIC, V1, write

ROOT = Path(__file__).parents[2]
PCISTACK = Path(sys.executable).with_name("pcistack")
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def act(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the action's script as the runner does, with this installation of the command."""
    home = folder / "runner" / "pcistack" / "bin"
    home.mkdir(parents=True)
    (home / "pcistack").symlink_to(PCISTACK)
    defaults = {name: each["default"] for name, each in ACTION["inputs"].items()}
    given = {**defaults, **inputs}
    step = ACTION["runs"]["steps"][-1]
    env = {
        name: given[value.removeprefix("${{ inputs.").removesuffix(" }}")]
        for name, value in step["env"].items()
    }
    files = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={**os.environ, **env, **files, "RUNNER_TEMP": str(folder / "runner")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_action_annotates_and_leaves_sarif_and_markdown(tmp_path: Path) -> None:
    write(tmp_path / "infra" / "t.json", {"Database": V1})
    result = act(tmp_path, paths="infra", region="eu-central-2", arguments="--only=regional\n")
    assert result.returncode == 1
    assert "::error file=infra/t.json,line=" in result.stdout
    sarif = json.loads((tmp_path / "pcistack.sarif").read_text())
    assert sarif["runs"][0]["results"][0]["ruleId"] == "AURORA-SERVERLESS-V1"
    assert "AURORA-SERVERLESS-V1" in (tmp_path / "pcistack.md").read_text()
    assert "AURORA-SERVERLESS-V1" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == "exit-code=1\n"


def test_the_action_passes_what_passes_and_takes_several_paths(tmp_path: Path) -> None:
    write(tmp_path / "a b.json", {"Topic": TOPIC})
    write(tmp_path / "c.json", {"Topic": TOPIC})
    words = {"region": "eu-central-2", "arguments": "--only=regional"}
    result = act(tmp_path, paths="a b.json\nc.json\n", **words)
    assert result.returncode == 0, result.stderr
    assert "in 2 templates" in result.stdout


def test_an_input_of_the_action_is_no_command(tmp_path: Path) -> None:
    words = "--only=regional\n$(touch made)"
    act(tmp_path, paths="$(touch made); touch made", region="`touch made`", arguments=words)
    assert not (tmp_path / "made").exists()


def test_the_action_is_pinned_and_its_inputs_reach_the_script_as_variables() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        if "uses" in step:
            assert len(step["uses"].partition("@")[2]) == 40


@pytest.mark.parametrize(("resource", "code"), [(V1, 1), (TOPIC, 0)])
def test_the_pre_commit_hook_judges_the_files_it_is_given(
    tmp_path: Path, resource: dict[str, object], code: int
) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    path = write(tmp_path / "shop.template.json", {"Thing": resource})
    words = shlex.split(hook["entry"])
    result = subprocess.run(
        [str(PCISTACK), *words[1:], "--region", "eu-central-2", "--only", "regional", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == code
    assert ("AURORA-SERVERLESS-V1" in result.stdout) == bool(code)
