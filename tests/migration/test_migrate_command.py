from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pcistack.cli import cli

TEMPLATES = Path(__file__).parent / "templates"
FAILED = TEMPLATES / "failed_in_zurich.yaml"


def _run(path: Path, *more: str, region: str = "eu-central-2") -> Result:
    arguments = ["migrate", str(path), "--region", region, "--on", "2026-11-24", *more]
    return CliRunner().invoke(cli, arguments)


def test_the_template_is_on_standard_output_and_the_reasons_on_standard_error() -> None:
    result = _run(FAILED)
    assert result.exit_code == 0
    assert result.stdout.startswith(FAILED.read_text(encoding="utf-8")[:200])
    assert "EngineMode" not in result.stdout
    assert "- EngineMode: serverless" in result.stderr
    assert "~ EngineVersion: 5.7.mysql_aurora.2.11.3 -> 8.0.mysql_aurora.3.10.6" in result.stderr
    assert "+ AWS::RDS::DBInstance, db.serverless" in result.stderr
    assert max(len(line) for line in result.stderr.splitlines()) <= 120


def test_a_template_without_v1_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_bytes(b'\xef\xbb\xbfResources:\r\n  T: {Type:   "AWS::SNS::Topic"}  # x')
    result = _run(path)
    assert result.stdout_bytes == path.read_bytes()
    assert "nothing of Aurora Serverless v1" in result.stderr
    assert result.exit_code == 0


def test_a_byte_order_mark_and_line_endings_stay(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + FAILED.read_bytes().replace(b"\n", b"\r\n"))
    output = _run(path).stdout_bytes
    assert output.startswith(b"\xef\xbb\xbf")
    assert output.count(b"\r\n") == output.count(b"\n")
    assert output.replace(b"\r\n", b"\n")[3:] == _run(FAILED).stdout_bytes


def test_what_must_be_decided_first_gives_exit_code_1(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    text = FAILED.read_text(encoding="utf-8")
    path.write_text(text.replace("require_secure_transport: ", "query_cache_size: 0\n        x: "))
    result = _run(path)
    assert result.exit_code == 1
    assert "Decide before you deploy" in result.stderr
    assert "DatabaseParameters.Parameters.query_cache_size" in result.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"\xff\xfe", "not UTF-8"),
        (b"", "not a CloudFormation template"),
        (b"Resources: [", "not valid YAML"),
        (b'{"Resources": {', "not valid"),
        (b"[1]", "not a CloudFormation template"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "t.yaml"
    if content is not None:
        path.write_bytes(content)
    result = _run(path)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr
    assert str(path) in result.stderr


def test_an_unknown_region_is_exit_code_2() -> None:
    result = _run(FAILED, region="eu-zurich-1")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "unknown region 'eu-zurich-1'" in result.stderr


def test_the_command_works_as_a_process_and_prints_no_colour_into_a_file() -> None:
    program = "from pcistack.cli import main; main()"
    arguments = ["migrate", str(FAILED), "--region", "eu-central-2", "--on", "2026-11-24"]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, check=False
    )
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(("day", "version"), [("2026-10-31", "3.04.6"), ("2026-11-01", "3.10.6")])
def test_a_version_is_kept_until_the_last_day_of_its_support(
    tmp_path: Path, day: str, version: str
) -> None:
    path = tmp_path / "t.yaml"
    text = FAILED.read_text(encoding="utf-8")
    path.write_text(text.replace("5.7.mysql_aurora.2.11.3", "8.0.mysql_aurora.3.04.6"))
    result = _run(path, "--on", day)
    assert f"8.0.mysql_aurora.{version}" in result.stdout


def test_a_bad_date_is_exit_code_2() -> None:
    result = _run(FAILED, "--on", "soon")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == "pcistack: bad date 'soon'; write it as YYYY-MM-DD\n"


@pytest.mark.parametrize("arguments", [[], ["t.json"], ["--region", "eu-central-2"]])
def test_a_missing_argument_is_one_line_with_an_example(arguments: list[str]) -> None:
    result = CliRunner().invoke(cli, ["migrate", *arguments])
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "example: pcistack migrate" in result.stderr
