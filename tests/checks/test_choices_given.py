"""``--parameter`` decides, ``--strict`` refuses what was not judged, nobody sees a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pcistack.cli import cli

TEMPLATE = """
Parameters:
  Old: {Type: String, Default: 'no', AllowedValues: ['no', 'yes']}
  Days: {Type: Number, Default: 7, MinValue: 1, MaxValue: 35}
  Name: {Type: String, Default: abc, MinLength: 3}
Conditions: {IsOld: !Equals [!Ref Old, 'yes']}
Resources:
  Cluster:
    Type: AWS::RDS::DBCluster
    Properties:
      Engine: aurora-mysql
      EngineVersion: !If [IsOld, 8.0.mysql_aurora.3.03.0, 8.0.mysql_aurora.3.10.4]
      MasterUsername: owner
      ManageMasterUserPassword: true
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    return file


def _run(path: Path, *options: str) -> Result:
    arguments = ["check", str(path), "--region", "us-east-1", "--only", "regional", *options]
    return CliRunner().invoke(cli, [*arguments, "--format", "json", "--on", "2026-11-01"])


def _retired(result: Result) -> list[str]:
    found = json.loads(result.stdout)["findings"]
    return [f["severity"] for f in found if f["rule"] == "AURORA-VERSION-RETIRED"]


def test_a_parameter_that_is_given_decides(path: Path, tmp_path: Path) -> None:
    values = tmp_path / "values.json"
    values.write_text('[{"ParameterKey": "Old", "ParameterValue": "yes"}]')
    assert _retired(_run(path)) == ["error"]
    assert _retired(_run(path, "--parameter", "Old=yes")) == ["fatal"]
    assert _retired(_run(path, "--parameters", str(values))) == ["fatal"]
    assert _retired(_run(path, "--parameters", str(values), "--parameter", "Old=no")) == []


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("Odl=yes", "no template has a parameter 'Odl'"),
        ("Old=maybe", "allowed are no, yes"),
        ("Days=many", "it is a number"),
        ("Days=36", "it is from 1 to 35"),
        ("Name=ab", "it has from 3 to any characters"),
        ("Old", "NAME=VALUE"),
    ],
)
def test_a_parameter_that_cannot_be_is_one_line(path: Path, option: str, message: str) -> None:
    result = _run(path, "--parameter", option)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    "document",
    [
        '["Old=yes"]',
        '{"Old": "yes"}',
        '{"Parameters": {"Old": "yes"}, "Tags": {"a": "b"}}',
        '{"template-file-path": "t.yaml", "parameters": {"Old": "yes"}}',
    ],
)
def test_a_file_of_parameters_may_have_any_form_of_aws(
    path: Path, tmp_path: Path, document: str
) -> None:
    values = tmp_path / "values.json"
    values.write_text(document)
    assert _retired(_run(path, "--parameters", str(values))) == ["fatal"]


@pytest.mark.parametrize("document", ["[3]", "{", '{"Old": {}}', '{"Old": "no", "Old": "yes"}'])
def test_a_file_that_is_none_of_parameters_is_one_line(
    path: Path, tmp_path: Path, document: str
) -> None:
    values = tmp_path / "values.json"
    values.write_text(document)
    result = _run(path, "--parameters", str(values))
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert "values.json" in result.stderr


def test_what_was_not_judged_fails_only_if_asked(tmp_path: Path) -> None:
    path = tmp_path / "macro.yaml"
    path.write_text("Transform: Own\nResources: {A: {Type: AWS::SNS::Topic}}\n")
    assert _run(path).exit_code == 0
    assert _run(path, "--strict").exit_code == 1


@pytest.mark.parametrize("command", ["check", "migrate", "evidence"])
def test_what_nobody_foresaw_is_one_line_unless_asked_for_more(
    command: str, path: Path, tmp_path: Path
) -> None:
    broken = (
        "import sys\nimport pcistack.template.document as d, pcistack.template.read_yaml as y\n"
        "def fail(*a, **k): raise KeyError('surprise')\n"
        "d.Template.parse = fail\nd.Template.read = fail\n"
        "import pcistack.cli\n"
        f"sys.argv = ['pcistack', {command!r}, *sys.argv[1:]]\n"
        "pcistack.cli.main()\n"
    )
    arguments = [str(path), "--region", "us-east-1"]
    if command == "check":
        arguments += ["--only", "regional"]
    if command == "evidence":
        (tmp_path / "PciDss-x.template.json").write_text('{"Resources": {}}')
        arguments = ["--app", str(tmp_path), "--suffix", "x"]
    told = subprocess.run(
        [sys.executable, "-c", broken, *arguments], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert len(told.stderr.splitlines()) == 1
    if command != "evidence":
        assert "nobody foresaw (KeyError: 'surprise')" in told.stderr
        shown = subprocess.run(
            [sys.executable, "-c", broken, *arguments, "--debug"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" in shown.stderr
