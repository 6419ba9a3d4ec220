"""The command line of ``pcistack verify``: formats, exit codes, the policy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pcistack.account.aws import Aws
from pcistack.account.verify.permissions import policy
from pcistack.cli import cli
from pcistack.commands import verify as verify_command
from pcistack.template.document import Template
from tests.account.recorded import Answer, Refusal
from tests.account.sound_stack import STACK, TEMPLATE, sound_stack

_TAGGED = {"Type": "AWS::SNS::Topic", "Properties": {"Tags": [
    {"Key": "EnvironmentSuffix", "Value": "pr42"}, {"Key": "Project", "Value": "pcidss"}
]}}  # fmt: skip


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """A cloud assembly with the environment pr42; its template is another than the deployed one."""
    resources = {name: dict(raw.body) for name, raw in TEMPLATE.resources.items()}
    properties = {"templateFile": "t.json", "stackName": STACK}
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://111111111111/eu-central-2",
        "properties": properties,
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"Pr42": artifact}}))
    (tmp_path / "t.json").write_text(json.dumps({"Resources": resources | {"Tagged": _TAGGED}}))
    return tmp_path


def _run(
    monkeypatch: pytest.MonkeyPatch, assembly: Path, *options: str, **answers: Answer
) -> Result:
    _, stub = sound_stack(**answers)

    def connect(where: str, profile: str | None) -> Aws:
        assert profile is None
        return stub.aws(where)

    monkeypatch.setattr(verify_command, "connect", connect)
    arguments = ["verify", "--suffix", "pr42", "--app", str(assembly), *options]
    return CliRunner().invoke(cli, arguments)


def test_broken_promises_exit_with_1_and_say_what_breaks_them(
    monkeypatch: pytest.MonkeyPatch, assembly: Path
) -> None:
    result = _run(monkeypatch, assembly)

    assert result.exit_code == 1, result.output
    assert result.stdout.startswith("PciDss-pr42 in eu-central-2, account 111111111111\n")
    assert "Tagged: is in the template and not in the stack" in result.stdout
    assert "ok       Customer-managed keys rotate (3.7.4)" in result.stdout
    assert result.stderr == ""


def test_missing_permissions_exit_with_2_and_are_named_together(
    monkeypatch: pytest.MonkeyPatch, assembly: Path
) -> None:
    refusal = Refusal("AccessDenied")
    result = _run(monkeypatch, assembly, "--format", "json", ALARMS=refusal, TOPIC=refusal)

    assert result.exit_code == 2
    assert "allow cloudwatch:DescribeAlarms, sns:GetTopicAttributes" in result.stderr
    assert result.stdout == ""


def test_credentials_that_aws_does_not_accept_exit_with_2(
    monkeypatch: pytest.MonkeyPatch, assembly: Path
) -> None:
    result = _run(monkeypatch, assembly, CALLER_IDENTITY=Refusal("ExpiredToken"))

    assert result.exit_code == 2
    assert "sign in again" in result.stderr


def test_policy_is_printed_without_an_account(assembly: Path) -> None:
    arguments = ["verify", "--suffix", "pr42", "--app", str(assembly), "--permissions"]
    result = CliRunner().invoke(cli, arguments)

    assert result.exit_code == 0
    assert json.loads(result.stdout) == policy(Template.read(assembly / "t.json"))


def test_environment_that_is_not_synthesized_is_named_with_the_command(assembly: Path) -> None:
    result = CliRunner().invoke(cli, ["verify", "--suffix", "prod", "--app", str(assembly)])

    assert result.exit_code == 2
    assert result.stderr.endswith("environment prod; run make synth SUFFIX=prod\n")


def test_unknown_format_is_refused(assembly: Path) -> None:
    result = CliRunner().invoke(
        cli, ["verify", "--suffix", "pr42", "--app", str(assembly), "--format", "jsn"]
    )

    assert result.exit_code == 2
    assert "unknown format 'jsn'; did you mean 'json'?" in result.stderr
