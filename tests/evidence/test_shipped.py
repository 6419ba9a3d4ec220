"""The evidence of the environments this project ships is whole."""

from __future__ import annotations

import json
from functools import cache

import pytest

from pcistack.evidence.assembly import AssessedStack
from pcistack.evidence.data_flow_diagram import data_flow_chart
from pcistack.evidence.explanations import BY_AWS
from pcistack.evidence.files import content
from pcistack.evidence.gather import Evidence, gather
from pcistack.evidence.registers import Register
from pcistack.evidence.standing import Standing
from pcistack.pci_dss.pack import PACK
from stacks.environment import load_environment
from tests.evidence.sample import DAY
from tests.support import SHIPPED, assembly

COVERED = (
    "1.2.3",
    "1.2.4",
    "1.2.5",
    "1.2.6",
    "1.2.7",
    "1.2.8",
    "1.3.1",
    "1.3.2",
    "1.4.1",
    "1.4.2",
    "1.4.3",
    "1.4.4",
    "2.2.2",
    "2.2.4",
    "2.2.5",
    "2.2.6",
    "2.2.7",
    "3.2",
    "3.3",
    "3.5.1",
    "3.5.1.2",
    "3.6",
    "3.7",
    "4.2.1",
    "4.2.1.1",
    "5",
    "6.2.4",
    "6.3.2",
    "6.3.3",
    "6.4.2",
    "6.5.1",
    "6.5.2",
    "6.5.3",
    "6.5.4",
    "6.5.5",
    "7.2",
    "7.2.5.1",
    "7.3",
    "8.2.2",
    "8.3.9",
    "8.4.2",
    "8.6.1",
    "8.6.2",
    "8.6.3",
    "10.2.1",
    "10.2.1.1",
    "10.2.1.2",
    "10.2.1.3",
    "10.2.1.4",
    "10.2.1.5",
    "10.2.1.6",
    "10.2.1.7",
    "10.3",
    "10.4.1.1",
    "10.4.2",
    "10.5.1",
    "10.6",
    "10.7.2",
    "10.7.3",
    "11.3.1",
    "11.5.1",
    "11.5.2",
    "12.3.3",
    "12.3.4",
    "12.5.1",
    "12.5.2",
    "12.10",
)
"""Requirements, or families of them, that infrastructure has something to say about."""


@cache
def _evidence(suffix: str) -> Evidence:
    return gather(AssessedStack.read(assembly(load_environment(suffix))), PACK, on=DAY)


def _register(suffix: str, name: str) -> Register:
    (found,) = (one for one in _evidence(suffix).registers if one.name == name)
    return found


@pytest.mark.parametrize("suffix", SHIPPED)
def test_every_requirement_that_infrastructure_touches_has_a_standing(suffix: str) -> None:
    requirements = _evidence(suffix).requirements
    for wanted in COVERED:
        found = [
            item
            for item in requirements
            if item.number == wanted or item.number.startswith(f"{wanted}.")
        ]
        assert found, wanted
        for item in found:
            assert item.why
            assert item.asks
            shown = item.design or item.settings or item.documents or item.yours
            assert shown or item.why == BY_AWS, item.number


@pytest.mark.parametrize("suffix", SHIPPED)
def test_no_finding_is_open(suffix: str) -> None:
    found = {
        (item.number, finding.rule, finding.resource)
        for item in _evidence(suffix).requirements
        for finding in item.open
    }
    assert found == set()


@pytest.mark.parametrize("suffix", SHIPPED)
def test_every_allowed_port_has_its_business_need(suffix: str) -> None:
    ports = _register(suffix, "ports")
    assert ports.rows
    assert all(row["business_need"] and not row["attention"] for row in ports.rows)


@pytest.mark.parametrize("suffix", SHIPPED)
def test_every_log_is_owned_encrypted_and_kept_as_long_as_configured(suffix: str) -> None:
    logs, keys = (_register(suffix, name) for name in ("logs", "keys"))
    days = load_environment(suffix).protection.log_retention_days
    assert logs.rows
    for row in logs.rows:
        assert "AWS creates it" not in row["attention"], row
        assert row["retention"] == f"{days} days", row
        if row["records"] == "Requests to the load balancer":
            assert row["encryption"] == "AES256", row  # ELB delivers to no other kind of bucket
        else:
            assert row["encryption"] in {key["resource"] for key in keys.rows}, row


def test_production_needs_you_only_where_a_template_cannot_help() -> None:
    needs = {
        item.number
        for item in _evidence("prod").requirements
        if item.standing is Standing.YOU and item.why != item.yours
    }
    assert needs <= {
        "6.5.5",  # it is the environment with card data
        "8.2.2",  # the tasks' login
        "10.2.1.1",  # who reads which card data is the application's to record
        "11.3.1",  # no image repository is part of the stack, so nothing of it can scan images
    }


def test_production_shows_who_reads_each_login_and_that_no_task_reads_the_master_users() -> None:
    document = json.loads(content(_evidence("prod"), "evidence.json"))
    secrets = {secret["resource"]: secret for secret in document["registers"]["secrets"]}
    readers = {name: " ".join(secret["read_by"]) for name, secret in secrets.items()}
    print(json.dumps(secrets, indent=1))
    (master,) = [name for name in secrets if name.endswith("MasterUserSecret")]
    assert "TaskDefinition" not in readers[master]
    assert [n for n in secrets if "TaskDefinition" in readers[n]] == [
        "DatabaseIdentitiesApplication21D76BF7"
    ]
    assert {secret["attention"] for secret in secrets.values()} == {""}


def test_the_flows_of_an_application_are_all_drawn() -> None:
    """Service, worker, jobs, session, processor, queue and bucket of the payments example."""
    folder = assembly(load_environment("payments"))
    evidence = gather(AssessedStack.read(folder, "PciDss-payments"), PACK, on=DAY)
    chart = data_flow_chart(evidence.context)
    boxes = {box.title: (box.name, box.lines) for group in chart.groups for box in group.boxes}
    service, worker = (
        boxes[f"Tasks: {name}"][0] for name in ("Service", "Workers/settlement/Service")
    )
    ending, names = boxes["Tasks that end"]
    assert names == ("Jobs/migrate", "Jobs/nightly", "DatabaseSession")
    outside, called = boxes["Internet, called from inside"]
    assert called == ("api.processor.example", "*.partner.example")
    queue, bucket = boxes["SQS: reports"][0], boxes["S3: payments-reports"][0]
    database = boxes["Database: Database/Cluster"][0]
    drawn = {(arrow.source, arrow.target): arrow.label for arrow in chart.arrows}
    assert {(source, database) for source in (service, worker, ending)} <= drawn.keys()
    assert {(source, outside) for source in (service, worker, ending)} <= drawn.keys()
    assert drawn[service, queue] == "sqs:SendMessage"
    assert drawn[worker, queue] == "sqs:ReceiveMessage, +2"
    assert drawn[worker, bucket] == "s3:PutObject"
    assert (service, bucket) not in drawn
    assert ("secrets", ending) in drawn
