"""What an update does to a resource is what CloudFormation does."""

from __future__ import annotations

from typing import cast

import pytest

from pcistack.changes.compare import Change, ChangeKind, compare
from pcistack.changes.effects import explain
from pcistack.changes.replacement import Update, replacement_of, types
from pcistack.template.document import Json, Template

Resources = dict[str, dict[str, Json]]


def resource(kind: str, properties: dict[str, Json] | None = None, **body: Json) -> dict[str, Json]:
    return {"Type": f"AWS::{kind}", "Properties": properties or {}, **body}


def update(old: Resources, new: Resources, **sections: Json) -> dict[str, Change]:
    before = Template({"Resources": cast("Json", old), **sections})
    after = Template({"Resources": cast("Json", new), **sections})
    changes = compare(before, after)
    explain(before, after, changes)
    return {change.logical_id: change for change in changes}


def one(kind: str, old: dict[str, Json], new: dict[str, Json], **body: Json) -> Change:
    (change,) = update(
        {"It": resource(kind, old, **body)}, {"It": resource(kind, new, **body)}
    ).values()
    return change


@pytest.mark.parametrize(
    ("kind", "path", "asked"),
    [
        ("RDS::DBCluster", "DatabaseName", Update.REPLACES),
        ("RDS::DBCluster", "Port", Update.IN_PLACE),
        ("RDS::DBCluster", "MasterUsername", Update.MAY_REPLACE),
        ("RDS::EventSubscription", "SourceIds", Update.IN_PLACE),
        ("RDS::EventSubscription", "SnsTopicArn", Update.REPLACES),
        ("ECS::TaskDefinition", "ContainerDefinitions.0.Image", Update.REPLACES),
        ("EC2::Subnet", "CidrBlock", Update.REPLACES),
        ("Lambda::Function", "FunctionName", Update.REPLACES),
        ("S3::Bucket", "BucketEncryption", Update.IN_PLACE),
    ],
)
def test_create_only_properties_are_those_of_the_schemas(
    kind: str, path: str, asked: Update
) -> None:
    known = replacement_of(f"AWS::{kind}")
    assert known is not None
    assert known.of(path) is asked


def test_every_type_of_cloudformation_is_known() -> None:
    assert len(types()) > 1500
    assert replacement_of("Custom::Migration") is None


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("SNS::Topic", "TopicName"),
        ("EC2::SecurityGroup", "GroupName"),
        ("ElasticLoadBalancingV2::LoadBalancer", "Name"),
        ("RDS::DBCluster", "DBClusterIdentifier"),
        ("KMS::Alias", "AliasName"),
        ("IAM::Role", "RoleName"),
        ("WAFv2::WebACL", "Name"),
        ("SecretsManager::Secret", "Name"),
    ],
)
def test_physical_name_of_a_type_is_known(kind: str, name: str) -> None:
    known = replacement_of(f"AWS::{kind}")
    assert known is not None
    assert name in known.names


def test_what_identifies_a_resource_by_another_is_no_name() -> None:
    for kind in ("ECS::Service", "Lambda::Permission", "SecretsManager::RotationSchedule"):
        known = replacement_of(f"AWS::{kind}")
        assert known is not None
        assert not known.names & {"Cluster", "FunctionName", "SecretId"}


def test_replacement_under_a_fixed_name_is_refused() -> None:
    change = one(
        "RDS::DBCluster",
        {"DBClusterIdentifier": "shop", "DatabaseName": "a"},
        {"DBClusterIdentifier": "shop", "DatabaseName": "b"},
    )
    assert change.kind is ChangeKind.REFUSED
    assert "DatabaseName" in change.effects[0]


def test_replacement_under_a_new_name_loses_the_data_of_the_old() -> None:
    change = one(
        "RDS::DBCluster",
        {"DBClusterIdentifier": "shop", "DatabaseName": "a"},
        {"DBClusterIdentifier": "shop2", "DatabaseName": "b"},
    )
    assert change.kind is ChangeKind.REPLACED
    assert change.is_dangerous
    assert "deleted with its data" in change.effects[0]


def test_replacement_keeps_what_its_policy_keeps() -> None:
    change = one(
        "RDS::DBCluster", {"DatabaseName": "a"}, {"DatabaseName": "b"}, UpdateReplacePolicy="Retain"
    )
    assert "stays in the account" in change.effects[0]


def test_whoever_names_a_replaced_resource_in_a_create_only_property_is_replaced_too() -> None:
    def stack(cidr: str) -> Resources:
        return {
            "Vpc": resource("EC2::VPC", {"CidrBlock": cidr}),
            "Group": resource("EC2::SecurityGroup", {"VpcId": {"Ref": "Vpc"}}),
            "Rule": resource("EC2::SecurityGroupIngress", {"GroupId": {"Fn::Sub": "${Group}"}}),
            "Topic": resource("SNS::Topic", {"DisplayName": {"Ref": "Vpc"}}),
        }

    found = update(stack("10.0.0.0/16"), stack("10.1.0.0/16"))
    assert {name: change.kind for name, change in found.items()} == {
        "Vpc": ChangeKind.REPLACED,
        "Group": ChangeKind.REPLACED,
        "Rule": ChangeKind.REPLACED,
        "Topic": ChangeKind.IN_PLACE,
    }


def test_new_subnets_cannot_stand_on_addresses_of_old_ones() -> None:
    def stack(*zones: str) -> Resources:
        return {
            "Vpc": resource("EC2::VPC", {"CidrBlock": "10.0.0.0/16"}),
            "Subnet": resource(
                "EC2::Subnet",
                {
                    "VpcId": {"Ref": "Vpc"},
                    "CidrBlock": "10.0.0.0/24",
                    "AvailabilityZone": zones[0],
                },
            ),
        }

    (change,) = update(stack("eu-central-2a"), stack("eu-central-2b")).values()
    assert change.kind is ChangeKind.REFUSED
    assert "10.0.0.0/24 is taken by Subnet" in change.effects[0]


def test_subnets_of_a_new_vpc_may_have_the_same_addresses() -> None:
    def stack(tenancy: str) -> Resources:
        vpc = resource("EC2::VPC", {"CidrBlock": "10.0.0.0/16", "Ipv4NetmaskLength": tenancy})
        subnet = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"}
        return {"Vpc": vpc, "Subnet": resource("EC2::Subnet", cast("dict[str, Json]", subnet))}

    found = update(stack("16"), stack("17"))
    assert found["Subnet"].kind is ChangeKind.REPLACED


def test_subnet_group_in_use_stays_in_its_vpc() -> None:
    def stack(cidr: str) -> Resources:
        return {
            "Vpc": resource("EC2::VPC", {"CidrBlock": cidr}),
            "Subnet": resource("EC2::Subnet", {"VpcId": {"Ref": "Vpc"}}),
            "Group": resource("RDS::DBSubnetGroup", {"SubnetIds": [{"Ref": "Subnet"}]}),
        }

    found = update(stack("10.0.0.0/16"), stack("10.1.0.0/16"))
    assert found["Group"].kind is ChangeKind.REFUSED


def test_protected_load_balancer_that_goes_from_the_template_stays_in_the_account() -> None:
    attributes: Json = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    balancer = resource(
        "ElasticLoadBalancingV2::LoadBalancer", {"LoadBalancerAttributes": attributes}
    )
    (change,) = update(
        {"It": balancer, "T": resource("SNS::Topic")}, {"T": resource("SNS::Topic")}
    ).values()
    assert change.kind is ChangeKind.REMOVED
    assert change.is_dangerous
    assert "protected" in change.effects[0]


@pytest.mark.parametrize(
    ("policy", "lost"), [("Delete", True), ("Snapshot", True), ("Retain", False)]
)
def test_removal_of_what_holds_data_is_dangerous_unless_it_is_kept(policy: str, lost: bool) -> None:
    table = resource("DynamoDB::Table", DeletionPolicy=policy)
    (change,) = update({"It": table}, {}).values()
    assert change.is_dangerous is lost


def test_reader_of_a_cluster_goes_without_data() -> None:
    reader = resource("RDS::DBInstance", {"DBClusterIdentifier": "shop"})
    (change,) = update({"It": reader}, {}).values()
    assert not change.is_dangerous


@pytest.mark.parametrize(
    ("kind", "old", "new", "said"),
    [
        ("RDS::DBCluster", {"DeletionProtection": True}, {}, "protection is lifted"),
        ("DynamoDB::Table", {"DeletionProtectionEnabled": "true"}, {}, "protection is lifted"),
        ("Logs::LogGroup", {"RetentionInDays": 400}, {"RetentionInDays": 365}, "Older events"),
        ("Logs::LogGroup", {}, {"RetentionInDays": 365}, "Older events"),
        (
            "RDS::DBCluster",
            {"BackupRetentionPeriod": 35},
            {"BackupRetentionPeriod": 7},
            "Older backups",
        ),
        (
            "SecretsManager::Secret",
            {"GenerateSecretString": {"PasswordLength": 32}},
            {"GenerateSecretString": {"PasswordLength": 40}},
            "new value is generated",
        ),
        (
            "RDS::DBCluster",
            {"EngineLifecycleSupport": "a"},
            {"EngineLifecycleSupport": "b"},
            "EngineLifecycleSupport",
        ),
    ],
)
def test_what_is_lost_or_lifted_is_dangerous(
    kind: str, old: dict[str, Json], new: dict[str, Json], said: str
) -> None:
    change = one(kind, old, new)
    assert change.is_dangerous
    assert said in " ".join(change.effects)


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("Logs::LogGroup", {"RetentionInDays": 365}, {"RetentionInDays": 400}),
        ("Logs::LogGroup", {"RetentionInDays": 365}, {}),
        ("RDS::DBCluster", {}, {"DeletionProtection": True}),
        ("RDS::DBCluster", {"BackupRetentionPeriod": 7}, {"BackupRetentionPeriod": 35}),
    ],
)
def test_what_is_kept_longer_or_protected_is_not_dangerous(
    kind: str, old: dict[str, Json], new: dict[str, Json]
) -> None:
    change = one(kind, old, new)
    assert change.kind is ChangeKind.IN_PLACE
    assert not change.is_dangerous


def test_lifted_policy_is_dangerous() -> None:
    old = {"It": resource("KMS::Key", DeletionPolicy="Retain")}
    (change,) = update(old, {"It": resource("KMS::Key")}).values()
    assert change.effects == ["A deletion no longer keeps it"]


def test_default_of_a_parameter_is_a_change_where_it_is_used() -> None:
    body = {"It": resource("SNS::Topic", {"TopicName": {"Ref": "Name"}})}
    old, new = (
        Template({"Parameters": {"Name": {"Default": name}}, "Resources": cast("Json", body)})
        for name in ("a", "b")
    )
    (change,) = compare(old, new)
    assert change.kind is ChangeKind.REPLACED


def test_equal_values_in_another_spelling_change_nothing() -> None:
    old = {"It": resource("SQS::Queue", {"DelaySeconds": "5", "FifoQueue": "true"})}
    assert not update(old, {"It": resource("SQS::Queue", {"DelaySeconds": 5, "FifoQueue": True})})


def test_other_type_under_one_logical_id_is_refused() -> None:
    (change,) = update({"It": resource("SNS::Topic")}, {"It": resource("SQS::Queue")}).values()
    assert change.kind is ChangeKind.REFUSED


def test_references_in_a_circle_end() -> None:
    def stack(name: str) -> Resources:
        return {
            "A": resource("SNS::Topic", {"TopicName": name, "DisplayName": {"Ref": "B"}}),
            "B": resource("SNS::Topic", {"TopicName": {"Ref": "A"}}),
        }

    assert set(update(stack("a"), stack("b"))) == {"A", "B"}
