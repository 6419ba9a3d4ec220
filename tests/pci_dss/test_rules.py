from __future__ import annotations

from datetime import date
from typing import cast

import pytest

from assurance.findings import Finding
from assurance.pci_dss import RULES, check
from assurance.pci_dss.requirements import REQUIREMENTS, State, supporting
from assurance.pci_dss.rule import Extent
from assurance.resolution import views
from assurance.templates import Json, Template
from tests.pci_dss.cases import CASES, Resources
from tests.pci_dss.security_hub import STANDARD

DAY = date(2026, 11, 24)


def findings(resources: Resources, **sections: Json) -> list[Finding]:
    template = Template(cast("dict[str, Json]", {"Resources": resources, **sections}))
    return check(views(template, "eu-central-2"), region="eu-central-2", on=DAY)


def rules_of(resources: Resources) -> set[str]:
    return {finding.rule for finding in findings(resources)}


@pytest.mark.parametrize("rule", sorted(CASES))
def test_rule_finds_its_bad_template(rule: str) -> None:
    assert rule in rules_of(CASES[rule][0])


@pytest.mark.parametrize("rule", sorted(CASES))
def test_rule_lets_its_good_template_pass(rule: str) -> None:
    assert rule not in rules_of(CASES[rule][1])


def test_every_rule_has_a_bad_and_a_good_template() -> None:
    assert set(CASES) == {rule.id for rule in RULES}


def test_rule_ids_are_unique_and_start_with_their_requirement() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    for rule in RULES:
        assert any(rule.id.startswith(f"PCI-{number}-") for number in rule.requirements), rule.id


def test_rules_name_requirements_of_the_table_only() -> None:
    known = {requirement.number for requirement in REQUIREMENTS}
    assert {number for rule in RULES for number in rule.requirements} <= known


def test_security_hub_controls_are_told_apart_by_its_pci_standard() -> None:
    for rule in RULES:
        assert set(rule.security_hub) <= STANDARD, rule.id
        assert not set(rule.related) & STANDARD, rule.id


def test_every_rule_says_what_it_asks_and_how_to_fix_it() -> None:
    for rule in RULES:
        assert rule.asks.endswith("."), rule.id
        assert rule.title, rule.id
        assert rule.fix.endswith("."), rule.id
        assert rule.types, rule.id
        assert rule.extent is not Extent.NONE, rule.id
        assert rule.control, rule.id


def test_what_infrastructure_supports_has_a_rule_or_an_artefact_behind_it() -> None:
    for requirement in REQUIREMENTS:
        if requirement.extent is not Extent.NONE:
            backed = supporting(requirement.number, RULES) or requirement.evidence
            assert backed or requirement.stack, requirement.number


def test_what_is_met_in_full_rests_on_a_rule() -> None:
    full = [row for row in REQUIREMENTS if row.state is State.MET]
    without = {row.number for row in full if not supporting(row.number, RULES)}
    assert without == {"3.6.1.2"}  # KMS itself: keys never leave its modules


def test_every_requirement_is_in_one_state_and_says_who_does_what() -> None:
    numbers = [row.number for row in REQUIREMENTS]
    assert len(set(numbers)) == len(numbers)
    assert [row.sort_key for row in REQUIREMENTS] == sorted(row.sort_key for row in REQUIREMENTS)
    for row in REQUIREMENTS:
        assert row.parties, row.number
        if row.state in (State.MET, State.PART):
            assert row.stack, row.number
        if row.state is State.YOU:
            assert row.you, row.number


def test_findings_are_the_same_in_every_run_and_once_over_all_worlds() -> None:
    bad: Resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "Other": {"Type": "AWS::SNS::Topic", "Condition": "Yes", "Properties": {}},
    }
    sections: dict[str, Json] = {
        "Parameters": {"P": {"Type": "String", "AllowedValues": ["yes", "no"], "Default": "no"}},
        "Conditions": {"Yes": {"Fn::Equals": [{"Ref": "P"}, "yes"]}},
    }
    first = findings(bad, **sections)
    assert first == findings(bad, **sections)
    assert len(first) == len(set(first))
    assert any(finding.resource == "Other" for finding in first)


def test_an_empty_template_has_no_finding() -> None:
    assert findings({}) == []


UNRESOLVED = {"Fn::ImportValue": "elsewhere"}


@pytest.mark.parametrize(
    ("kind", "path", "rule"),
    [
        ("RDS::DBCluster", "StorageEncrypted", "PCI-3.5.1-DATABASE-ENCRYPTED"),
        ("RDS::DBInstance", "PubliclyAccessible", "PCI-1.4.4-DATABASE-PUBLIC"),
        ("KMS::Key", "EnableKeyRotation", "PCI-3.7.4-KEY-ROTATION"),
        ("Logs::LogGroup", "RetentionInDays", "PCI-10.5.1-LOG-RETENTION"),
        ("EC2::Subnet", "MapPublicIpOnLaunch", "PCI-1.4.2-SUBNET-PUBLIC-ADDRESSES"),
        ("ECS::Service", "EnableExecuteCommand", "PCI-2.2.4-EXEC"),
        ("RDS::DBCluster", "MasterUsername", "PCI-2.2.2-MASTER-USERNAME"),
        ("WAFv2::WebACL", "Rules", "PCI-6.4.2-FIREWALL-BLOCKS"),
    ],
)
def test_what_cannot_be_known_is_a_finding_that_says_so(kind: str, path: str, rule: str) -> None:
    found = findings({"It": {"Type": f"AWS::{kind}", "Properties": {path: UNRESOLVED}}})
    messages = [finding.message for finding in found if finding.rule == rule]
    assert messages
    assert "cannot be known before the deployment" in messages[0]


def test_a_database_whose_subnets_are_elsewhere_is_not_taken_for_isolated() -> None:
    found = findings(
        {
            "Db": {
                "Type": "AWS::RDS::DBCluster",
                "Properties": {"DBSubnetGroupName": UNRESOLVED, "Engine": "aurora-mysql"},
            }
        }
    )
    assert "PCI-1.4.4-STORE-TIER" in {finding.rule for finding in found}


def test_security_groups_in_a_circle_are_judged() -> None:
    def group(other: str) -> dict[str, object]:
        return {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "g",
                "SecurityGroupIngress": [
                    {"IpProtocol": "-1", "SourceSecurityGroupId": {"Ref": other}}
                ],
            },
        }

    found = findings({"A": group("B"), "B": group("C"), "C": group("A")})
    assert {f.resource for f in found if f.rule == "PCI-1.3.1-PORTS-WIDE"} == {"A", "B", "C"}


def test_malformed_properties_give_findings_and_no_error() -> None:
    kinds = sorted({kind for rule in RULES for kind in rule.types if kind.startswith("AWS::")})
    values: tuple[Json, ...] = (None, "text", 7, [], ["x", None, 3], {"x": {"y": ["z"]}}, [[{}]])
    for broken in (*values, True):
        resources: Resources = {}
        for index, kind in enumerate(kinds):
            names = {"SecurityGroupIngress", "ContainerDefinitions", "Rules", "KeyPolicy"}
            names |= {"PolicyDocument", "SubnetIds", "Listeners", "Policies", "Parameters"}
            names |= {"GenerateSecretString", "Environment", "DistributionConfig", "Port"}
            names |= {"VpcConfig", "NetworkInterfaces", "Dimensions", "ClusterSettings", "Volumes"}
            properties = dict.fromkeys(sorted(names), broken)
            resources[f"R{index}"] = {"Type": kind, "Properties": properties}
        findings(resources)


def test_a_number_that_is_none_is_no_error() -> None:
    rule = {"IpProtocol": float("inf"), "FromPort": float("inf"), "CidrIp": "0.0.0.0/0"}
    found = findings(
        {
            "It": {
                "Type": "AWS::EC2::SecurityGroup",
                "Properties": {"GroupDescription": "g", "SecurityGroupIngress": [rule]},
            }
        }
    )
    assert "PCI-1.3.1-INGRESS-WORLD" in {finding.rule for finding in found}
