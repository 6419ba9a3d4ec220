"""A template that is empty, odd, huge or somebody else's gives clear evidence and no traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pcistack.evidence.assembly import AssessedStack
from pcistack.evidence.files import FILES, content
from pcistack.evidence.gather import Evidence, gather
from pcistack.evidence.standing import Standing
from pcistack.pci_dss.pack import PACK
from tests.evidence import sample
from tests.evidence.conftest import Gather

Resources = dict[str, sample.Body]
ODD: list[sample.Body] = [
    None,
    5,
    "text",
    [],
    {},
    True,
    [1],
    [[["nested"]]],
    {"a": 1},
    {"Ref": "Nowhere"},
    {"Fn::GetAtt": ["Cluster", "Nothing"]},
    {"Fn::ImportValue": "elsewhere"},
]


@pytest.mark.parametrize("odd", ODD, ids=json.dumps)
def test_odd_values_everywhere_still_give_evidence(gathered: Gather, odd: sample.Body) -> None:
    def replace(resources: Resources) -> None:
        for resource in resources.values():
            resource["Properties"] = dict.fromkeys(resource["Properties"], odd)

    evidence = gathered(replace, pack=PACK)
    assert all(content(evidence, name) for name in FILES)


@pytest.mark.parametrize("body", [{"Resources": {}}, {"Resources": {"A": {"Type": "X::Y::Z"}}}])
def test_an_empty_template_meets_nothing_of_its_own(tmp_path: Path, body: sample.Body) -> None:
    sample.write(tmp_path)
    (tmp_path / "PciDss-prod.template.json").write_text(json.dumps(body), encoding="utf-8")
    evidence = gather(AssessedStack.read(tmp_path), PACK, on=sample.DAY)
    assert all(content(evidence, name) for name in FILES)
    assert [item.number for item in evidence.requirements if item.standing is Standing.MET] == [
        "1.4.3",
        "3.6.1.2",  # AWS's own part
    ]


def test_security_groups_that_refer_to_each_other_in_a_circle_are_drawn(gathered: Gather) -> None:
    def close_the_circle(resources: Resources) -> None:
        for source, target in (("Database", "Alb"), ("Alb", "Database")):
            resources[f"{source}To{target}"] = {
                "Type": "AWS::EC2::SecurityGroupEgress",
                "Properties": {
                    "GroupId": {"Fn::GetAtt": [f"{source}Group", "GroupId"]},
                    "DestinationSecurityGroupId": {"Fn::GetAtt": [f"{target}Group", "GroupId"]},
                    "IpProtocol": "-1",
                    "Description": "Circle",
                },
            }

    rows = [
        row
        for register in gathered(close_the_circle).registers
        if register.name == "ports"
        for row in register.rows
        if row["business_need"] == "Circle"
    ]
    assert {row["service"] for row in rows} == {"all protocols, all ports"}
    assert len(rows) == 2


def test_conditions_are_said_to_be_shown_with_their_defaults(tmp_path: Path) -> None:
    sample.write(tmp_path)
    file = tmp_path / "PciDss-prod.template.json"
    body = json.loads(file.read_text(encoding="utf-8"))
    body["Parameters"] = {
        "Public": {"Type": "String", "Default": "no", "AllowedValues": ["no", "yes"]}
    }
    body["Conditions"] = {"IsPublic": {"Fn::Equals": [{"Ref": "Public"}, "yes"]}}
    body["Resources"]["Alb"]["Condition"] = "IsPublic"
    file.write_text(json.dumps(body), encoding="utf-8")
    evidence = gather(AssessedStack.read(tmp_path), PACK, on=sample.DAY)
    assert "Alb" not in evidence.view.resources
    assert "default value of every parameter" in content(evidence, "index.html")


def _many(resources: Resources) -> None:
    for number in range(450):
        resources[f"Topic{number}"] = {
            "Type": "AWS::SNS::Topic",
            "Properties": {"KmsMasterKeyId": {"Ref": "DataKey"}},
        }


def test_five_hundred_resources_are_all_listed(gathered: Gather) -> None:
    evidence: Evidence = gathered(_many, pack=PACK)
    assert len(evidence.view.resources) > 500
    document = json.loads(content(evidence, "evidence.json"))
    assert len(document["registers"]["components"]) == len(evidence.view.resources)
