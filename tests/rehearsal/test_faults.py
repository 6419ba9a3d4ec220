"""A fault is survived by a sound stack, and one that is not survived is told."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pcistack.rehearsal import edits as changes
from pcistack.rehearsal.assembly import Assembly, TemplateBody
from pcistack.rehearsal.cdk_cli import Toolkit
from pcistack.rehearsal.faults import Faults
from pcistack.rehearsal.report import PlainView
from pcistack.rehearsal.steps import Steps
from pcistack.rehearsal.sweep import Beforehand
from pcistack.rehearsal.trial import Lab
from tests.rehearsal.parts import only

PROJECT = Path(__file__).resolve().parents[2]


def _faults(lab: Lab, assembly: Assembly) -> Faults:
    from rich.console import Console

    toolkit = Toolkit(lab.emulator, lab.region, PROJECT)
    return Faults(lab, toolkit, Steps(PlainView(Console())), assembly)


def _one(assembly: Assembly, kind: str) -> str:
    return assembly.of_type(kind)[0]


def test_failed_creations_leave_nothing_and_the_next_succeeds(lab: Lab, lean: Assembly) -> None:
    faults = _faults(lab, lean)

    for kind in ("AWS::RDS::DBCluster", "AWS::ECS::Service", "AWS::EC2::EIP"):
        assert faults.after_failed_create(Beforehand(lab.emulator), _one(lean, kind)) == ""
    assert lab.direct.create(lean) == "CREATE_COMPLETE", lab.direct.failures(lean.stack)
    assert lab.destroy(lean) == "DELETE_COMPLETE"


@pytest.mark.parametrize("kind", ["AWS::RDS::DBInstance", "Custom::VpcRestrictDefaultSG"])
def test_failed_deletion_is_finished_by_the_next(lab: Lab, pr42: Assembly, kind: str) -> None:
    part = lab.edited(pr42, only(kind, "AWS::Logs::LogGroup"))
    faults = _faults(lab, part)

    assert faults.after_failed_delete(Beforehand(lab.emulator), _one(part, kind)) == ""


def test_failed_update_brings_the_old_state_back(lab: Lab, lean: Assembly) -> None:
    faults = _faults(lab, lean)
    changed = lab.edited(lean, changes.grow)
    assert lab.direct.create(lean) == "CREATE_COMPLETE"
    try:
        for kind in ("AWS::ECS::Service", "AWS::ApplicationAutoScaling::ScalableTarget"):
            assert faults.after_failed_update(changed, _one(lean, kind)) == ""
    finally:
        lab.destroy(lean)


def test_resource_that_a_rollback_leaves_is_told(lab: Lab, lean: Assembly) -> None:
    group = next(name for name in lean.of_type("AWS::Logs::LogGroup") if "FlowLog" in name)

    def retain(template: TemplateBody) -> None:
        template["Resources"][group]["DeletionPolicy"] = "Retain"

    retained = lab.edited(lean, retain)
    problem = _faults(lab, retained).after_failed_create(
        Beforehand(lab.emulator), _one(lean, "AWS::EC2::FlowLog")
    )

    assert problem.startswith("left behind: ")
    assert "cloudwatch_logs log groups /pcidss/pr42/flow-logs" in problem
    lab.client("logs").delete_log_group(logGroupName="/pcidss/pr42/flow-logs")


def test_second_deletion_beside_the_first_changes_nothing(lab: Lab, lean: Assembly) -> None:
    """What the CDK CLI asks when it was killed in the middle of a destroy and is run again."""
    assert lab.direct.create(lean) == "CREATE_COMPLETE"
    cloudformation = lab.client("cloudformation")
    identifier = cloudformation.describe_stacks(StackName=lean.stack)["Stacks"][0]["StackId"]

    def status() -> str:
        return str(cloudformation.describe_stacks(StackName=identifier)["Stacks"][0]["StackStatus"])

    lab.emulator.set_pace(0.003)
    try:
        with ThreadPoolExecutor() as pool:
            first = pool.submit(cloudformation.delete_stack, StackName=lean.stack)
            while status() == "CREATE_COMPLETE":
                time.sleep(0.003)
            assert status() == "DELETE_IN_PROGRESS"
            cloudformation.delete_stack(StackName=lean.stack)
            first.result()
        assert lab.direct.wait(identifier) == "DELETE_COMPLETE"
    finally:
        lab.emulator.set_pace(0)
        lab.remove_what_came_late(lean)
