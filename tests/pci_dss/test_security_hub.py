"""What is said of Security Hub's standard is generated, and held against the rules."""

from __future__ import annotations

from typing import cast

import pytest

from pcistack.evidence.security_hub import red_controls
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import PACK
from pcistack.pci_dss.security_hub import OF_THE_ACCOUNT, STANDARD, covered, uncovered
from pcistack.template.document import Json, Template
from pcistack.template.worlds import views
from stacks.security_hub_docs import TARGET, render
from tests import support
from tests.pci_dss.test_rules import DAY


def _red(resources: dict[str, object]) -> dict[str, tuple[str, ...]]:
    template = Template(cast("dict[str, Json]", {"Resources": resources}))
    context = Context(view=views(template, "eu-central-2")[0], on=DAY)
    return {red.control: red.resources for red in red_controls(context)}


def test_every_control_is_covered_or_the_account_s_or_said_to_be_covered_by_none() -> None:
    by_control, without = covered(PACK.rules), uncovered(PACK.rules)
    assert by_control.keys() | OF_THE_ACCOUNT.keys() | {*without} == STANDARD
    assert not {*without} & (by_control.keys() | OF_THE_ACCOUNT.keys())


@pytest.mark.parametrize("control", ["RDS.22", "RDS.35"])
def test_a_claim_that_no_rule_keeps_is_withdrawn(control: str) -> None:
    assert control in uncovered(PACK.rules)


def test_production_shows_these_red_and_nothing_else_of_the_list() -> None:
    red = _red(support.template("prod").resources)  # type: ignore[arg-type]
    assert set(red) == {"RDS.13", "RDS.22", "S3.9", "S3.15", "S3.17"}
    assert all(red.values())
    assert "S3.9" not in _red(support.template("dev").resources)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("control", "kind", "properties"),
    [
        ("RDS.13", "AWS::RDS::DBInstance", {"AutoMinorVersionUpgrade": True}),
        ("S3.9", "AWS::S3::Bucket", {"LoggingConfiguration": {"DestinationBucketName": "b"}}),
        ("S3.15", "AWS::S3::Bucket", {"ObjectLockEnabled": True}),
        (
            "S3.17",
            "AWS::S3::Bucket",
            {
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
                    ]
                }
            },
        ),
        ("RDS.22", "AWS::RDS::EventSubscription", {"SourceType": "db-security-group"}),
    ],
)
def test_a_control_is_green_once_the_template_has_it(
    control: str, kind: str, properties: dict[str, object]
) -> None:
    bad: dict[str, object] = {
        "Old": {"Type": "AWS::RDS::DBInstance", "Properties": {"AutoMinorVersionUpgrade": False}},
        "Cluster": {"Type": "AWS::RDS::DBCluster", "Properties": {}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
    }
    assert control in _red(bad)
    good = {name: one for name, one in bad.items() if one != {"Type": kind} and name != "Old"}
    if kind == "AWS::S3::Bucket":
        del good["Bucket"]
    good["New"] = {"Type": kind, "Properties": properties}
    assert control not in _red(good)


def test_the_page_is_up_to_date() -> None:
    assert TARGET.read_text(encoding="utf-8") == render(), "run make docs"
