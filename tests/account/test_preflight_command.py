from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pcistack.account.aws import Aws, Call
from pcistack.cli import cli
from pcistack.commands import preflight as preflight_command
from tests.account.recorded import REGION, Answer, Refusal, StubbedAws, answers, stack_resource

TEMPLATES = Path(__file__).parents[1] / "migration" / "templates"
TOPIC = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "t.json"
    path.write_text(TOPIC, encoding="utf-8")
    return path


def _run(
    monkeypatch: pytest.MonkeyPatch,
    template: Path,
    *,
    region: str = "eu-central-2",
    **changes: Answer,
) -> Result:
    stub = StubbedAws(answers(["AWS::SNS::Topic"], **changes))

    def connect(where: str, profile: str | None) -> Aws:
        assert profile is None
        return stub.aws(where)

    monkeypatch.setattr(preflight_command, "connect", connect)
    return CliRunner().invoke(cli, ["preflight", str(template), "--region", region])


def test_a_confirmed_template_exits_with_0(monkeypatch: pytest.MonkeyPatch, template: Path) -> None:
    result = _run(monkeypatch, template)
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert "ok  resource types: 1" in result.stdout
    assert result.stdout.rstrip().endswith("confirmed")
    assert "\x1b" not in result.stdout


def test_something_that_would_fail_exits_with_1(
    monkeypatch: pytest.MonkeyPatch, template: Path
) -> None:
    regions: Answer = {"Regions": [{"OptInStatus": "not-opted-in"}]}
    result = _run(monkeypatch, template, REGIONS=regions)
    assert result.exit_code == 1
    assert "not-opted-in: enable it" in result.stdout


def test_missing_permissions_exit_with_2_and_are_named_together(
    monkeypatch: pytest.MonkeyPatch, template: Path
) -> None:
    refusal = Refusal("AccessDenied")
    result = _run(monkeypatch, template, ZONES=refusal, RESOURCE_TYPES=refusal)
    assert result.exit_code == 2
    assert result.stderr == (
        "pcistack: AWS refused to say; allow cloudformation:ListTypes, "
        "ec2:DescribeAvailabilityZones\n"
    )
    assert "refused" in result.stdout


def test_credentials_that_aws_does_not_accept_exit_with_2(
    monkeypatch: pytest.MonkeyPatch, template: Path
) -> None:
    result = _run(monkeypatch, template, CALLER_IDENTITY=Refusal("ExpiredToken"))
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "sign in again" in result.stderr


_GROUP = """{"Resources": {"Logs": {
  "Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/main/logs"}}}}"""


@pytest.mark.parametrize(
    ("file", "options", "stack"),
    [
        ("PciDss-dev.template.json", [], "PciDss-dev"),
        ("t.json", ["--stack", "Other"], "Other"),
        ("PciDss-dev.template.json", ["--stack", "Other"], "Other"),
        ("t.json", [], None),
    ],
)
def test_the_stack_is_named_by_the_file_or_by_the_option(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    file: str,
    options: list[str],
    stack: str | None,
) -> None:
    own = {"StackResourceSummaries": [stack_resource("AWS::Logs::LogGroup", "/main/logs")]}
    taken = {"logGroups": [{"logGroupName": "/main/logs"}]}
    stub = StubbedAws(answers(["AWS::Logs::LogGroup"], STACK_RESOURCES=own, LOG_GROUPS=taken))
    monkeypatch.setattr(preflight_command, "connect", lambda region, _profile: stub.aws(region))
    path = tmp_path / file
    path.write_text(_GROUP, encoding="utf-8")
    result = CliRunner().invoke(cli, ["preflight", str(path), "--region", REGION, *options])
    asked = [parameters for call, parameters, _ in stub.log if call is Call.STACK_RESOURCES]
    assert asked == ([{"StackName": stack}] if stack else [])
    assert result.exit_code == (0 if stack else 1)
    assert (f"1 of {stack} itself, which is updated" in result.stdout) is (stack is not None)


@pytest.mark.parametrize(
    ("name", "region", "message"),
    [
        ("no-such-file.yaml", "eu-central-2", "no such file"),
        ("failed_in_zurich.yaml", "eu-zurich-1", "unknown region 'eu-zurich-1'"),
    ],
)
def test_bad_input_exits_with_2_and_asks_nothing(
    monkeypatch: pytest.MonkeyPatch, name: str, region: str, message: str
) -> None:
    result = _run(monkeypatch, TEMPLATES / name, region=region)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_no_credentials_and_no_profile_exit_with_2(
    monkeypatch: pytest.MonkeyPatch, template: Path, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", raising=False)
    arguments = ["preflight", str(template), "--region", "eu-central-2"]
    for extra in ([], ["--profile", "nobody"]):
        result = CliRunner().invoke(cli, [*arguments, *extra])
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1
        assert "profile" in result.stderr


@pytest.mark.parametrize("arguments", [[], ["t.json"], ["--region", "eu-central-2"]])
def test_a_missing_argument_is_one_line_with_an_example(arguments: list[str]) -> None:
    result = CliRunner().invoke(cli, ["preflight", *arguments])
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "example: pcistack preflight" in result.stderr


def test_progress_is_shown_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    preflight_command.show_progress(Call.VPCS)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    preflight_command.show_progress(Call.VPCS)
    preflight_command.show_progress(None)
    assert "asking ec2:DescribeVpcs" in capsys.readouterr().err
