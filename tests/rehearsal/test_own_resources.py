"""The example of resources of one's own: clean under every check, and it lives and dies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pcistack.evidence.assembly import AssessedStack
from pcistack.evidence.data_flow_diagram import data_flow_chart
from pcistack.evidence.gather import gather
from pcistack.pci_dss.pack import PACK as PCI
from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.trial import Lab
from stacks.at_hand import AtHand
from tests import own_example
from tests.evidence.sample import DAY
from tests.rehearsal.parts import without_users
from tests.support import ENDPOINTS, Synthesized, environment, statements
from tests.test_acknowledgements import open_findings, outcome

if TYPE_CHECKING:
    from aws_cdk import App

WORKER: dict[str, dict[str, object]] = {"workers": {"settlement": {}}}


def synthesized(folder: Path) -> Synthesized:
    (path,) = folder.glob("*.template.json")
    return Synthesized(json.loads(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="module", autouse=True)
def _copied_over() -> Iterator[None]:
    """What a copy over ``stacks/own_resources.py`` does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stacks.pci_dss_stack.own_resources", own_example.load().own_resources)
        yield


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[App, Path]:
    """The app with the example, and where it is synthesized."""
    from stacks.app import build_app

    folder = tmp_path_factory.mktemp("own")
    app = build_app(
        [environment(**WORKER).model_copy(update={"suffix": "own"})], outdir=str(folder)
    )
    app.synth()
    return app, folder


@pytest.fixture(scope="module")
def folder(built: tuple[App, Path]) -> Path:
    return built[1]


def test_the_page_shows_the_code_that_is_tested() -> None:
    text = own_example.EXAMPLE.read_text(encoding="utf-8")
    assert own_example.shown() == text, "run: make docs"


def test_the_example_has_no_open_finding(built: tuple[App, Path]) -> None:
    app, folder = built
    assert outcome(synthesized(folder)).open == []
    assert open_findings(app) == set()


def test_the_worker_may_do_what_it_needs_and_nothing_else(folder: Path) -> None:
    template = synthesized(folder)
    policy = template.named("Workers/settlement/OwnPolicy", "AWS::IAM::ManagedPolicy")
    found = {json.dumps(one["Action"]) for one in statements(policy["PolicyDocument"])}
    assert found == {
        '["sqs:ReceiveMessage", "sqs:DeleteMessage"]',
        '["kms:Decrypt", "kms:GenerateDataKey"]',
        '"s3:PutObject"',
    }
    (service,) = (key for key in template.ids("AWS::ECS::Service") if "settlement" in key)
    waits = template.resources[service]["DependsOn"]
    assert isinstance(waits, list)
    assert any("settlementOwnPolicy" in key for key in waits)
    endpoint = template.named("S3Endpoint", "AWS::EC2::VPCEndpoint")
    assert "OwnReports" in json.dumps(endpoint["PolicyDocument"])


def test_a_grant_of_the_cdk_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from aws_cdk import aws_s3 as s3

    from stacks.app import build_app

    def own_resources(at_hand: AtHand) -> None:
        s3.Bucket(at_hand.scope, "Any").grant_read(at_hand.service.task_role)

    monkeypatch.setattr("stacks.pci_dss_stack.own_resources", own_resources)
    found = {one for one in open_findings(build_app([environment()])) if "TaskRole" in one}
    assert any(one.startswith("PCI.DSS.321-IAMNoInlinePolicy at ") for one in found)
    assert any(one.startswith("AwsSolutions-IAM5[Action::s3:GetObject*] at ") for one in found)


def test_without_a_way_out_the_queue_has_its_endpoint(tmp_path: Path) -> None:
    from stacks.app import build_app

    chosen = environment(**WORKER, **ENDPOINTS)
    build_app([chosen], outdir=str(tmp_path)).synth()
    template = synthesized(tmp_path)
    endpoint = template.named("SqsEndpoint", "AWS::EC2::VPCEndpoint")
    (statement,) = statements(endpoint["PolicyDocument"])
    assert statement["Action"] == ["sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"]
    assert "OwnQueue" in json.dumps(statement["Resource"])
    assert outcome(template).open == []


def test_the_evidence_draws_them(folder: Path) -> None:
    evidence = gather(AssessedStack.read(folder), PCI, on=DAY)
    chart = data_flow_chart(evidence.context)
    titles = {box.name: box.title for group in chart.groups for box in group.boxes}
    assert {"SQS: Own/Queue", "S3: Own/Reports"} <= {*titles.values()}
    drawn = {(titles[one.source], titles[one.target]) for one in chart.arrows}
    assert ("Tasks: Workers/settlement/Service", "S3: Own/Reports") in drawn
    assert ("Tasks: Service", "S3: Own/Reports") not in drawn


def test_the_example_is_deployed_verified_and_destroyed_without_a_trace(
    lab: Lab, folder: Path
) -> None:
    assembly = Assembly.load(folder, "own")
    trial = lab.try_stack(assembly, without_users)
    assert (trial.created, trial.failures) == ("CREATE_COMPLETE", ())
    assert trial.problems == []
    assert (trial.destroyed, trial.left) == ("DELETE_COMPLETE", ())
