from __future__ import annotations

from datetime import date

import pytest
from click.testing import CliRunner, Result

from pcistack.account import ask_facts as live
from pcistack.account.aws import Aws
from pcistack.cli import cli
from pcistack.commands import preflight as preflight_command
from pcistack.regional.catalog import known_types
from pcistack.regions import DATA
from tests.account.recorded import Answer, Refusal, StubbedAws, answers


def _run(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], **changes: Answer
) -> tuple[Result, list[str]]:
    stub = StubbedAws(answers(sorted(known_types()), **changes))
    written: list[str] = []

    def connect(region: str, profile: str | None) -> Aws:
        return stub.aws(region)

    def refresh_live(aws: Aws, *, on: date) -> bool:
        live.region_facts(aws, on=on)
        written.append(aws.region)
        return aws.region == "eu-central-2"

    monkeypatch.setattr(preflight_command, "connect", connect)
    monkeypatch.setattr(live, "refresh_live", refresh_live)
    return CliRunner().invoke(cli, ["facts", "refresh", *arguments]), written


def test_live_asks_about_every_region_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["--live", "--region", "eu-central-2", "--region", "eu-central-1"]
    result, written = _run(monkeypatch, arguments)
    assert result.exit_code == 0, result.output
    assert written == ["eu-central-2", "eu-central-1"]
    assert "changed  regions/eu-central-2.json" in result.stdout
    assert "unchanged  eu-central-1" in result.stdout


def test_a_refusal_is_one_line_that_names_the_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["--live", "--region", "eu-central-2"]
    result, written = _run(monkeypatch, arguments, ORDERABLE_OPTIONS=Refusal("AccessDenied"))
    assert result.exit_code == 2
    assert written == []
    assert len(result.stderr.splitlines()) == 1
    assert "rds:DescribeOrderableDBInstanceOptions" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--live"], "--live needs --region"),
        (["--live", "--region", "eu-zurich-1"], "unknown region 'eu-zurich-1'"),
        (["--region", "eu-central-2"], "need --live"),
        (["--profile", "audit"], "need --live"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    result, written = _run(monkeypatch, arguments)
    assert result.exit_code == 2
    assert written == []
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_shipped_files_are_not_touched_by_these_tests() -> None:
    region = DATA / "regions" / "eu-central-2.json"
    assert "answers of AWS" not in region.read_text(encoding="utf-8")
