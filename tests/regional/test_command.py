"""``pcistack facts``: what people see of a region."""

from __future__ import annotations

from datetime import date

import pytest
from click.testing import CliRunner, Result

from pcistack.cli import cli
from pcistack.commands import facts as command
from pcistack.regional import refresh
from pcistack.regions import known_regions
from tests.regional.cases import TODAY
from tests.tables import cases


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["facts", *words], env={"COLUMNS": "100", "TERM": "dumb"})


def test_zurich_is_shown_with_zones_time_line_and_what_is_missing() -> None:
    output = run("show", "eu-central-2", "--on", str(TODAY)).output
    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert "eu-central-2 Europe (Zurich)" in lines
    assert "zones eu-central-2a, eu-central-2b, eu-central-2c" in lines
    assert "version supported 2026 2027 2028 2029 serverless ACU newest" in lines
    assert "3.10 LTS 2028-04-30 ·····━━━━━━━━━ available 0 to 256 3.10.6" in lines
    assert "3.04 LTS 2026-10-31 ·····✗ available 0.5 to 128 3.04.6" in lines
    assert "data-api aurora-mysql unavailable" in lines
    assert "Amazon Macie unavailable" in lines
    assert "Serverless Application Repository unavailable" in lines


def test_a_line_that_the_calendar_does_not_name_is_shown_as_unknown() -> None:
    output = run("show", "eu-central-2", "--on", str(TODAY)).output
    assert "17.11 unknown available" in [" ".join(line.split()[:3]) for line in output.splitlines()]


@cases("region", known_regions())
def test_every_region_can_be_shown_in_80_columns(region: str) -> None:
    result = CliRunner().invoke(cli, ["facts", "show", region], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert "…" not in result.output
    assert max(len(line) for line in result.output.splitlines()) <= 80
    assert not any(line.endswith(" ") for line in result.output.splitlines())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["show"], "no region given"),
        (["show", "eu-nowhere-9"], "unknown region 'eu-nowhere-9'; did you mean 'eu-north-1'?"),
        (["show", "eu-central-2", "--on", "soon"], "bad date 'soon'"),
    ],
)
def test_bad_input_is_one_clear_line(words: list[str], message: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert message in result.output


def test_refresh_names_the_files_that_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "refresh", lambda: ["regions/eu-central-2.json"])
    result = run("refresh")
    assert result.exit_code == 0
    assert "changed  regions/eu-central-2.json" in result.output
    monkeypatch.setattr(refresh, "refresh", lambda: [])
    assert "nothing changed" in run("refresh").output


@pytest.mark.parametrize(("review_by", "due"), [(date.min, True), (date.max, False)])
def test_refresh_names_the_sources_that_are_due_for_review(
    monkeypatch: pytest.MonkeyPatch, review_by: date, due: bool
) -> None:
    source = {"url": "https://example.com/calendar", "review_by": review_by}
    monkeypatch.setattr(command, "curated", lambda: {"sources": {"calendar": source}})
    monkeypatch.setattr(refresh, "refresh", lambda: [])
    line = "due      calendar in curated.toml: read https://example.com/calendar again\n"
    assert (line in run("refresh").output) is due


def test_a_refresh_that_fails_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> list[str]:
        raise refresh.RefreshError("a source package is missing: moto; run 'make install'")

    monkeypatch.setattr(refresh, "refresh", fail)
    result = run("refresh")
    assert result.exit_code == 1
    assert "run 'make install'" in result.output
    assert "Traceback" not in result.output
