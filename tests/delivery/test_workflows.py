"""The workflows: who gets credentials and what a step may be. What steps do is in test_steps."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tables import cases

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
CREDENTIALS = "aws-actions/configure-aws-credentials"
OURS = "github.event.pull_request.head.repo.full_name == github.repository"


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    return found


WORKFLOWS = {path.stem: load(path) for path in FILES}
JOBS = {
    f"{name}.{job}": body
    for name, workflow in WORKFLOWS.items()
    for job, body in workflow["jobs"].items()
}
STEPS = {
    f"{job}-{number}": step
    for job, body in JOBS.items()
    for number, step in enumerate(body["steps"])
}


def uses(job: dict[str, Any], action: str) -> list[dict[str, Any]]:
    return [step for step in job["steps"] if step.get("uses", "").startswith(f"{action}@")]


@pytest.mark.parametrize("path", [*FILES, ROOT / "action.yml"], ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit_and_says_its_release(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        if re.match(r"\s*(- )?uses:", line):
            assert re.search(r"uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@cases("name", STEPS)
def test_no_step_has_an_expression_in_its_shell(name: str) -> None:
    """A title or a branch that is a command must never become one."""
    assert "${{" not in STEPS[name].get("run", "")


@cases("name", STEPS)
def test_steps_call_make_and_scripts_that_are_tested(name: str) -> None:
    run = STEPS[name].get("run", "make")
    assert len(run.splitlines()) == 1
    assert re.match(r"make |make$|\.ci/\w+|cat |tar |gh release upload ", run), run


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_begins_with_reading_only(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("name", JOBS)
def test_every_job_ends(name: str) -> None:
    assert int(JOBS[name]["timeout-minutes"]) <= 120


@pytest.mark.parametrize("name", JOBS)
def test_credentials_are_for_jobs_of_an_environment_and_come_from_tokens(name: str) -> None:
    job = JOBS[name]
    taken = uses(job, CREDENTIALS)
    assert bool(taken) is (job.get("permissions", {}).get("id-token") == "write")
    for step in taken:
        assert job["environment"] in ("ephemeral", "production")
        assert set(step["with"]) == {"role-to-assume", "aws-region"}
        assert step["with"]["role-to-assume"] == (
            f"${{{{ vars.AWS_{job['environment'].upper()}_ROLE }}}}"
        )


@pytest.mark.parametrize("name", JOBS)
def test_who_holds_aws_cannot_write_to_github(name: str) -> None:
    permissions = JOBS[name].get("permissions", {})
    if permissions.get("id-token") == "write":
        assert {key for key, value in permissions.items() if value == "write"} == {"id-token"}


@pytest.mark.parametrize("name", JOBS)
def test_a_fork_gets_no_credentials_and_no_comment(name: str) -> None:
    workflow, _, _ = name.partition(".")
    job = JOBS[name]
    privileged = "write" in job.get("permissions", {}).values()
    if privileged and "pull_request" in WORKFLOWS[workflow]["on"] and "needs" not in job:
        condition = job["if"]
        assert OURS in condition or "github.event_name != 'pull_request'" in condition
    assert "pull_request_target" not in WORKFLOWS[workflow]["on"]


@pytest.mark.parametrize("name", JOBS)
def test_who_may_write_runs_no_code_of_the_pull_request(name: str) -> None:
    job = JOBS[name]
    if job.get("permissions", {}).get("pull-requests") == "write":
        for step in uses(job, "actions/checkout"):
            assert step["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"


@pytest.mark.parametrize("name", JOBS)
def test_a_checkout_leaves_no_token_behind(name: str) -> None:
    for step in uses(JOBS[name], "actions/checkout"):
        assert step["with"]["persist-credentials"] == "false"


@pytest.mark.parametrize("name", ["ephemeral.deploy", "ephemeral.destroy"])
def test_one_environment_is_touched_by_one_run_at_a_time(name: str) -> None:
    concurrency = JOBS[name]["concurrency"]
    assert concurrency == {"group": "ephemeral-pr${{ github.event.pull_request.number }}"}
    assert JOBS[name]["env"] == {"SUFFIX": "pr${{ github.event.pull_request.number }}"}


def test_production_is_deployed_for_a_release_only() -> None:
    assert WORKFLOWS["deploy"]["on"] == {"release": {"types": ["published"]}}
    assert WORKFLOWS["deploy"]["concurrency"]["cancel-in-progress"] == "false"
    runs = [step["run"] for step in JOBS["deploy.production"]["steps"] if "run" in step]
    assert runs == [
        "make runtime",
        "make preflight SUFFIX=prod",
        "make deploy SUFFIX=prod",
        'make verify SUFFIX=prod ARGS="--format json" > build/verified.json',
        "make evidence SUFFIX=prod",
    ]


def test_no_key_and_no_secret_is_asked_for() -> None:
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert "secrets." not in text
        assert "access-key" not in text


def test_a_linter_of_workflows_finds_nothing() -> None:
    result = subprocess.run(
        ["zizmor", "--offline", "--quiet", "--no-progress", ".github/workflows", "action.yml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stdout


GITLAB = load(ROOT / ".gitlab-ci.yml")


def test_gitlab_calls_the_same_targets() -> None:
    lines = [
        line
        for job in GITLAB.values()
        if isinstance(job, dict)
        for line in (*job.get("before_script", []), *job.get("script", []))
    ]
    called = {match[1] for line in lines if (match := re.match(r"make (?:-C \S+ )?(\w+)", line))}
    assert called >= {"assemblies", "review", "deploy", "verify", "destroy", "sweep", "evidence"}
    for line in lines:
        assert re.match(r"make |\.ci/run$|git worktree add |printf '%s' ", line), line


def test_gitlab_takes_production_from_the_default_branch_by_hand() -> None:
    (rule,) = GITLAB["production"]["rules"]
    assert rule == {"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", "when": "manual"}
    assert GITLAB["production"]["environment"] == {"name": "production"}
