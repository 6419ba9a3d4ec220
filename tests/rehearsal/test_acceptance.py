"""``pcistack acceptance`` with the embedded AWS as the account, reached by the environment alone.

The CDK CLI, which takes seconds for each command, is left to the rehearsal's own run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pcistack.cli import cli
from pcistack.rehearsal import acceptance, cdk_cli
from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.cdk_cli import CommandError, Progress, Toolkit
from pcistack.rehearsal.trial import Lab

PROJECT = Path(__file__).resolve().parents[2]


class Shortcut(Toolkit):
    """A toolkit that calls CloudFormation without the CLI in between."""

    lab: Lab
    assembly: Assembly
    fails = False

    def synth(self, suffix: str, into: Path, project: Path | None = None) -> Assembly:
        return self.assembly

    def deploy(self, assembly: Assembly, progress: Progress | None = None) -> None:
        direct = self.lab.direct
        if self.fails:
            raise CommandError("cdk deploy failed: no room")
        there = self.status(assembly.stack)
        status = (direct.update if there else direct.create)(assembly)
        assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, direct.failures(assembly.stack)

    def destroy(self, assembly: Assembly, progress: Progress | None = None) -> None:
        if self.status(assembly.stack):
            assert self.lab.direct.delete(assembly.stack) == "DELETE_COMPLETE"


@pytest.fixture(autouse=True)
def account(lab: Lab, pr42: Assembly, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(PROJECT)
    for name, value in lab.emulator.environment(lab.region).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(acceptance, "_SETTLE_SECONDS", 0)
    monkeypatch.setattr(acceptance, "_ROTATION_SECONDS", 0)
    monkeypatch.setattr(cdk_cli, "Toolkit", Shortcut)
    monkeypatch.setattr(Shortcut, "lab", lab, raising=False)
    monkeypatch.setattr(Shortcut, "assembly", pr42, raising=False)
    before = lab.client("cloudformation").list_exports()["Exports"]
    yield
    assert lab.client("cloudformation").list_exports()["Exports"] == before


def _accept(*options: str, suffix: str = "pr42") -> Result:
    return CliRunner().invoke(cli, ["acceptance", "--suffix", suffix, *options])


def test_sound_stack_is_accepted_and_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "acceptance.json"
    result = _accept("--yes", "--json", str(file))

    assert result.exit_code == 0, result.output
    assert "into account 111111111111 in eu-central-2, changes it" in result.stdout
    assert "It costs at most " in result.stdout
    assert "all verified, nothing left" in result.stdout
    found = json.loads(file.read_text())
    assert [step["name"].replace("PciDss-pr42", "S") for step in found["steps"]] == [
        "cdk deploy S",
        "pcistack verify S",
        "cdk deploy S, capacity and counts changed",
        "rotate every secret of S",
        "pcistack verify S",
        "cdk destroy S",
        "pcistack sweep after S",
    ]
    assert all(promise["holds"] for promise in found["promises"])
    assert 0 < found["dollars_at_most"] < 10


def test_stack_whose_deployment_fails_is_destroyed_and_swept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Shortcut, "fails", True)
    result = _accept("--yes")

    assert result.exit_code == 1
    assert "cdk deploy failed: no room" in result.stdout
    assert "pcistack sweep after PciDss-pr42" in result.stdout


def test_broken_promise_is_told_and_the_stack_is_destroyed_all_the_same(
    lab: Lab, lean: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = next(name for name in lean.of_type("AWS::Logs::LogGroup") if "FlowLog" in name)
    deploy = Shortcut.deploy
    monkeypatch.setattr(Shortcut, "assembly", lean)

    def by_hand(self: Shortcut, assembly: Assembly, progress: Progress | None = None) -> None:
        deploy(self, assembly, progress)
        name = self.physical_ids(assembly.stack)[group]
        lab.client("logs").delete_retention_policy(logGroupName=name)

    monkeypatch.setattr(Shortcut, "deploy", by_hand)
    result = _accept("--yes")

    assert result.exit_code == 1
    assert "keeps its events for ever" in result.stdout
    assert "Failed after" in result.stdout
    assert lean.stack not in {
        stack["StackName"]
        for stack in lab.client("cloudformation").describe_stacks()["Stacks"]
        if stack["StackStatus"] != "DELETE_COMPLETE"
    }


def test_report_that_cannot_be_written_is_told_before_anything_is_done(tmp_path: Path) -> None:
    result = _accept("--yes", "--json", str(tmp_path / "none" / "report.json"))

    assert result.exit_code == 2
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "nobody is there to confirm; add --yes, nothing was deployed"),
        (("--yes", "--limit", "0.01"), "are more than --limit 0.01; nothing was deployed"),
    ],
)
def test_nothing_is_deployed_that_is_not_confirmed_or_too_dear(
    options: tuple[str, ...], said: str
) -> None:
    result = _accept(*options)

    assert result.exit_code == 2
    assert said in result.stderr
    assert "It costs at most " in result.stdout


def test_stack_of_somebody_else_is_not_taken(
    lab: Lab, up: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shortcut, "assembly", up)
    before = lab.direct.physical_ids(up.stack)

    result = _accept("--yes", suffix=up.suffix)

    assert result.exit_code == 2
    assert "is there already (" in result.stderr
    assert "_COMPLETE) in account 111111111111" in result.stderr
    assert lab.direct.physical_ids(up.stack) == before


def test_environment_that_keeps_its_data_is_not_taken(
    pr42: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep(template: dict[str, dict[str, dict[str, object]]]) -> None:
        template["Resources"][pr42.of_type("AWS::RDS::DBCluster")[0]]["DeletionPolicy"] = "Snapshot"

    monkeypatch.setattr(Shortcut, "assembly", pr42.edited(tmp_path / "kept", keep))
    result = _accept("--yes")

    assert result.exit_code == 2
    assert "keeps data when it is destroyed" in result.stderr


def test_run_is_told_at_the_top_of_its_scaling(pr42: Assembly) -> None:
    most, month = acceptance.at_most(pr42)
    capacity = next(line for line in month.lines if line.billed.price == "aurora-capacity")
    cluster = pr42.resources[pr42.of_type("AWS::RDS::DBCluster")[0]]["Properties"]
    top = cluster["ServerlessV2ScalingConfiguration"]["MaxCapacity"]
    assert capacity.quantity == top + 1
    assert most == pytest.approx(month.month / 730 * 5)
