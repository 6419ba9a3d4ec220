"""Every shell step of the workflows, run here; what needs an account or GitHub speaks to stubs."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stacks.delivery.settings import load_delivery
from stacks.delivery.stack import BOUNDARY
from stacks.environment import load_environment
from tests.delivery.test_workflows import FILES, JOBS, ROOT

STUB = f"""#!{sys.executable} -IS
import os, sys
here = os.environ["STUBS"]
name = os.path.basename(sys.argv[0])
with open(here + "/calls", "a") as calls:
    calls.write(ascii([name, *sys.argv[1:]]) + "\\n")
answer = here + "/answers/" + " ".join([name, *sys.argv[1:3]]).replace("/", "_")
if os.path.exists(answer):
    sys.stdout.write(open(answer).read())
for word, following in zip(sys.argv, [*sys.argv[1:], ""]):
    if word == "--outputs-file":
        open(following, "w").write('{{"PciDss-pr42": {{"VpcId": "vpc-1"}}}}')
sys.exit(int(os.environ.get("STUB_" + name.upper(), "0")))
"""
_OF_OTHERS = ("ARGS", "AWS_", "GITHUB_", "MAKE", "SUFFIX")
"""Beginnings of variables that `make test` or a pipeline has set."""
RUNTIME = [".venv/.runtime", ".venv/.project", "node_modules/.runtime"]


class Runner:
    """A folder that looks like the checkout on a runner; commands are written down, not run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stubs = folder / "stubs"
        (self.stubs / "answers").mkdir(parents=True)
        self.calls: list[list[str]] = []

    def checkout(self, into: str = ".") -> Path:
        """Make and the scripts as they are; the programs that they call are stubs."""
        home = self.folder / into
        home.mkdir(exist_ok=True)
        for name in ("Makefile", ".ci", "pyproject.toml", "requirements.txt", "package-lock.json"):
            (home / name).symlink_to(ROOT / name)
        for folder in (".venv/bin", "node_modules/.bin", "build", "cdk.out"):
            (home / folder).mkdir(parents=True)
        for stamp in RUNTIME:
            (home / stamp).touch()
        for name in ("cdk", "pcistack", "gh"):
            path = home / ".venv/bin" / name
            path.write_text(STUB)
            path.chmod(0o755)
        return home

    def run(self, step: str, cwd: str = ".", **env: str) -> subprocess.CompletedProcess[str]:
        log = self.stubs / "calls"
        log.unlink(missing_ok=True)
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(_OF_OTHERS)
        }
        result = subprocess.run(
            ["bash", "-e", "-c", step],
            cwd=self.folder / cwd,
            env={
                **inherited,
                "PATH": f"{self.folder / cwd / '.venv/bin'}:{os.environ['PATH']}",
                "STUBS": str(self.stubs),
                "GITHUB_REPOSITORY": "example/payments",
                "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
                "GH_TOKEN": "t",
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        lines = log.read_text().splitlines() if log.exists() else []
        self.calls = [ast.literal_eval(line) for line in lines]
        return result

    def answer(self, call: str, text: str) -> None:
        (self.stubs / "answers" / call.replace("/", "_")).write_text(text)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def steps(job: str) -> list[str]:
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def environment(job: str) -> dict[str, str]:
    values = {**JOBS[job].get("env", {})}
    for step in JOBS[job]["steps"]:
        values |= step.get("env", {})
    known = {
        "${{ github.event.pull_request.number }}": "42",
        "${{ vars.AWS_REGION }}": "eu-central-2",
    }
    for old, new in known.items():
        values = {name: value.replace(old, new) for name, value in values.items()}
    return {name: value for name, value in values.items() if "${{" not in value}


def taken(runner: Runner, job: str, **env: str) -> list[list[str]]:
    """Run the steps of a job one by one; return every call that they made."""
    calls: list[list[str]] = []
    for step in steps(job):
        result = runner.run(step, **{**environment(job), **env})
        assert result.returncode == 0, (step, result.stdout, result.stderr)
        calls += runner.calls
    return calls


REGION = "eu-central-2"
SYNTH = ["cdk", "synth", "--quiet", "-c"]
ROLE = "arn:aws:iam::111111111111:role/execution"


def test_an_environment_is_asked_for_deployed_verified_and_told(runner: Runner) -> None:
    home = runner.checkout()
    (home / "cdk.out/PciDss-pr42.template.json").touch()
    calls = taken(runner, "ephemeral.deploy", EXECUTION_ROLE=ROLE, AWS_REGION=REGION)
    suffix = "environmentSuffix=pr42"
    assert [call for call in calls if call[1] != "synth"] == [
        ["pcistack", "preflight", "cdk.out/PciDss-pr42.template.json", "--region", REGION],
        ["pcistack", "diff", "--deployed", "cdk.out"],
        [*("cdk", "deploy", "--app", "cdk.out", "--require-approval", "never"),
         *("--outputs-file", "build/outputs.json", "--role-arn", ROLE)],
        ["pcistack", "verify", "--suffix", "pr42"],
    ]  # fmt: skip
    assert all(call == [*SYNTH, suffix] for call in calls if call[1] == "synth")
    assert "## PciDss-pr42 is deployed" in (runner.folder / "summary").read_text()


def test_a_destroyed_environment_is_swept(runner: Runner) -> None:
    runner.checkout()
    calls = taken(runner, "ephemeral.destroy", EXECUTION_ROLE=ROLE)
    assert [call for call in calls if call[1] != "synth"] == [
        ["cdk", "destroy", "-c", "environmentSuffix=pr42", "--force", "--role-arn", ROLE],
        ["pcistack", "sweep", "--suffix", "pr42"],
    ]


def test_production_is_deployed_with_the_tested_image(runner: Runner) -> None:
    home = runner.checkout()
    (home / "cdk.out/PciDss-prod.template.json").touch()
    image = ["-c", "imageTag=sha256:1234"]
    calls = taken(runner, "deploy.production", IMAGE_TAG="sha256:1234", AWS_REGION=REGION)
    assert [call[:2] for call in calls if call[1] != "synth"] == [
        ["pcistack", "preflight"],
        ["pcistack", "diff"],
        ["cdk", "deploy"],
        ["pcistack", "verify"],
        ["pcistack", "evidence"],
    ]
    for call in calls:
        if call[0] == "cdk" and "evidence" not in call:
            assert call[2:].count("--role-arn") == 0
    assert [*SYNTH, "environmentSuffix=prod", *image] in calls
    assert taken(runner, "deploy.prepare")[-1][:2] == ["pcistack", "evidence"]


@pytest.mark.parametrize("name", ["IMAGE_TAG", "EXECUTION_ROLE", "SUFFIX", "BASE"])
def test_a_value_that_is_a_command_stays_a_value(runner: Runner, name: str) -> None:
    home = runner.checkout()
    mark = home / "mark"
    value = f'a";touch {mark};"$(touch {mark})`touch {mark}`'
    for target in ("deploy", "destroy", "verify", "sweep", "preflight", "review"):
        runner.run(f"make {target}", **{name: value})
        assert not mark.exists(), target


def test_steps_of_a_review_run_beside_each_other_and_leave_the_comment(runner: Runner) -> None:
    runner.checkout("base")
    head = runner.checkout("head")
    runner.answer("pcistack review ../base/build/assemblies", "<!-- pcistack review -->\n## ok\n")
    (head / "build/rehearsal.json").write_text("{}")
    calls = taken(runner, "pull-request.review")
    synthesized = [call[4] for call in calls if call[:2] == ["cdk", "synth"]]
    assert synthesized.count("environmentSuffix=dev") == 2
    assert ["pcistack", "rehearse", "--json", "build/rehearsal.json"] in calls
    assert calls[-1] == [
        *("pcistack", "review", "../base/build/assemblies", "build/assemblies"),
        *("--rehearsal", "build/rehearsal.json"),
    ]
    assert (head / "build/comment.md").read_text().startswith("<!-- pcistack review -->")
    assert "## ok" in (runner.folder / "summary").read_text()


def test_an_environment_that_is_refused_does_not_hide_the_others(runner: Runner) -> None:
    runner.checkout()
    result = runner.run("make assemblies", STUB_CDK="1")
    assert result.returncode != 0
    assert len(runner.calls) == 5


def test_review_asks_what_to_compare_with(runner: Runner) -> None:
    runner.checkout()
    result = runner.run("make review")
    assert result.returncode != 0
    assert "make review BASE=" in result.stderr


@pytest.mark.parametrize(
    ("known", "method", "address"),
    [
        ("", "POST", "repos/example/payments/issues/42/comments"),
        ("7\n8\n", "PATCH", "repos/example/payments/issues/comments/7"),
    ],
)
@pytest.mark.parametrize("job", ["pull-request.comment", "ephemeral.comment"])
def test_one_comment_is_written_and_then_written_over(
    runner: Runner, job: str, known: str, method: str, address: str
) -> None:
    home = runner.checkout()
    for path in ("review/build/comment.md", "outputs.md"):
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text("<!-- mark -->\ntext\n")
    runner.answer("gh api --paginate", known)
    asked, written = taken(runner, job)
    assert asked[3] == "repos/example/payments/issues/42/comments"
    assert written[3:6] == ["--method", method, address]
    assert written[6] == "--field"
    assert written[7].startswith("body=@")


def test_closed_pull_requests_lose_what_is_left_of_them(runner: Runner) -> None:
    runner.checkout()
    runner.answer("pcistack sweep --list", "dev\npr1\npr42\nprod\npr-login\n")
    runner.answer("gh pr view", "MERGED\n")
    calls = taken(runner, "ephemeral.nightly", AWS_REGION=REGION, EXECUTION_ROLE=ROLE)
    asked = [call[3] for call in calls if call[:3] == ["gh", "pr", "view"]]
    destroyed = [call[3] for call in calls if call[:2] == ["cdk", "destroy"]]
    assert asked == ["1", "42"]
    assert destroyed == ["environmentSuffix=pr1", "environmentSuffix=pr42"]
    runner.answer("gh pr view", "OPEN\n")
    calls = taken(runner, "ephemeral.nightly", AWS_REGION=REGION)
    assert not [call for call in calls if call[:2] == ["cdk", "destroy"]]


def test_evidence_is_stored_with_the_release(runner: Runner) -> None:
    home = runner.checkout()
    (home / "evidence").mkdir()
    (home / "evidence/index.html").write_text("x")
    calls = taken(runner, "deploy.store", TAG="v1.2.3")
    assert calls == [
        [*("gh", "release", "upload", "v1.2.3", "evidence.tar.gz", "--clobber"),
         *("--repo", "example/payments")]
    ]  # fmt: skip


def test_roles_become_variables_of_the_repository(runner: Runner) -> None:
    home = runner.checkout()
    roles = {f"{name}RoleArn": f"arn:{name}" for name in ("Check", "Ephemeral", "Production")}
    outputs = {"PciDssDelivery": {**roles, "ExecutionRoleArn": "arn:Execution"}}
    (home / "delivery.json").write_text(json.dumps(outputs))
    assert runner.run(".ci/variables delivery.json").returncode == 0
    found = {call[3]: call[5] for call in runner.calls if call[:3] == ["gh", "variable", "set"]}
    assert found == {
        "AWS_EPHEMERAL_ROLE": "arn:Ephemeral",
        "AWS_EXECUTION_ROLE": "arn:Execution",
        "AWS_PRODUCTION_ROLE": "arn:Production",
    }
    used = set(re.findall(r"vars\.(AWS_\w+_ROLE)", "".join(p.read_text() for p in FILES)))
    assert used == set(found)


def test_the_readmes_way_from_a_fork_has_ten_lines_that_do_what_they_say(runner: Runner) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## From a fork")[2]
    lines = re.findall(r"^\$ (.*)$", text.partition("```\n\n")[0], flags=re.MULTILINE)
    assert len(lines) == 10
    for name in ("delivery.toml", "environments/ephemeral.toml"):
        (runner.folder / name).parent.mkdir(exist_ok=True)
        (runner.folder / name).write_text((ROOT / name).read_text(encoding="utf-8"))
    for line in lines:
        if line.startswith(("sed ", "printf ")):
            assert runner.run(line).returncode == 0
    assert load_delivery(runner.folder / "delivery.toml").repository == "YOU/PAYMENTS"
    environment = load_environment("pr42", runner.folder / "environments")
    assert environment.protection.permissions_boundary == BOUNDARY


def test_outputs_show_no_account(runner: Runner) -> None:
    home = runner.checkout()
    outputs: dict[str, Any] = {"PciDss-pr42": {"VpcId": "vpc-1", "SecretArn": "arn:aws:x:1234"}}
    (home / "o.json").write_text(json.dumps(outputs))
    said = runner.run(".ci/outputs o.json").stdout
    assert "vpc-1" in said
    assert "1234" not in said


def test_every_job_with_a_shell_step_is_run_above() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    whole = {"ci.run", "pull-request.tests"}  # .ci/run itself, which runs this
    for job in JOBS:
        assert f'"{job}"' in text or (job in whole and steps(job) == [".ci/run"]), job
