"""What holds for every resource of every shipped environment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from functools import cache

import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Template
from aws_cdk.aws_logs import LogGroup

from pci_constructs.protection import log_retention
from pci_constructs.settings.protection import ProtectionSettings
from pci_constructs.settings.retention import RETENTIONS
from stacks.cdk_app import create_app
from stacks.environment import Environment, load_environment
from tests.support import (
    CERTIFICATE,
    SHIPPED,
    Synthesized,
    assembly,
    environment,
    leaves,
    listed,
    references,
    statements,
    synthesize,
    target,
    template,
    variant,
)

EPHEMERAL = ("dev", "first-correction", "pr42", "ephemeral-with-ingress")
STATEFUL = {
    "AWS::KMS::Key": ("RetainExceptOnCreate", "Retain"),
    "AWS::Logs::LogGroup": ("RetainExceptOnCreate", "Retain"),
    "AWS::RDS::DBCluster": ("Snapshot", "Snapshot"),
    "AWS::S3::Bucket": ("RetainExceptOnCreate", "Retain"),
    "AWS::S3::BucketPolicy": ("RetainExceptOnCreate", "Retain"),
    "AWS::SecretsManager::Secret": ("RetainExceptOnCreate", "Retain"),
}
"""What production keeps when it is deleted, and when a resource is replaced."""


def synthesized_for(name: str) -> Synthesized:
    if name == "ephemeral-with-ingress":
        return variant(ingress={"certificate_arn": CERTIFICATE})
    return template(name)


def protections(synthesized: Synthesized) -> Iterator[tuple[str, bool]]:
    """Every deletion protection that a resource can have."""
    for key, resource in synthesized.resources.items():
        properties = synthesized.properties(key)
        if resource["Type"] == "AWS::RDS::DBCluster":
            yield key, bool(properties.get("DeletionProtection"))
        for attribute in listed(properties.get("LoadBalancerAttributes", [])):
            assert isinstance(attribute, dict)
            if attribute["Key"] == "deletion_protection.enabled":
                yield key, attribute["Value"] == "true"


@pytest.mark.parametrize("name", EPHEMERAL)
def test_ephemeral_environments_leave_nothing_behind(name: str) -> None:
    synthesized = synthesized_for(name)
    kept = {
        key: resource
        for key, resource in synthesized.resources.items()
        for policy in ("DeletionPolicy", "UpdateReplacePolicy")
        if resource.get(policy, "Delete") != "Delete"
    }
    assert kept == {}
    assert not any(protected for _, protected in protections(synthesized))
    assert not any(key.startswith("DeletionProtection") for key in _true_keys(synthesized))


def _true_keys(synthesized: Synthesized) -> set[str]:
    found: set[str] = set()

    def visit(value: object) -> None:
        if isinstance(value, dict):
            found.update(str(key) for key, item in value.items() if item is True)
            for item in value.values():
                visit(item)
        elif isinstance(value, list):
            for item in value:
                visit(item)

    visit(synthesized.resources)
    return found


@pytest.mark.parametrize("name", EPHEMERAL)
def test_stateful_resources_say_explicitly_that_they_are_deleted(name: str) -> None:
    synthesized = synthesized_for(name)
    for kind in STATEFUL:
        for key in synthesized.ids(kind):
            assert synthesized.resources[key]["DeletionPolicy"] == "Delete", key


def test_ephemeral_database_leaves_no_automatic_backup() -> None:
    assert template("dev").one("AWS::RDS::DBCluster")["DeleteAutomatedBackups"] is True
    assert template("prod").one("AWS::RDS::DBCluster")["DeleteAutomatedBackups"] is False


def test_production_keeps_all_data_and_protects_what_can_be_protected() -> None:
    prod = template("prod")
    for kind, (deleted, replaced) in STATEFUL.items():
        assert prod.ids(kind), kind
        for key in prod.ids(kind):
            assert prod.resources[key]["DeletionPolicy"] == deleted, key
            assert prod.resources[key]["UpdateReplacePolicy"] == replaced, key
    protected = dict(protections(prod))
    assert len(protected) == 2
    assert all(protected.values())


def test_a_first_production_deployment_that_fails_leaves_no_name_taken() -> None:
    policies = {r.get("DeletionPolicy", "Delete") for r in template("prod").resources.values()}
    assert policies == {"Delete", "RetainExceptOnCreate", "Snapshot"}


@pytest.mark.parametrize(("suffix", "protected"), [("dev", False), ("prod", True)])
def test_cloudformation_refuses_to_delete_a_protected_stack(suffix: str, protected: bool) -> None:
    manifest = json.loads((assembly(load_environment(suffix)) / "manifest.json").read_text())
    stack = manifest["artifacts"][f"PciDss-{suffix}"]["properties"]
    assert stack.get("terminationProtection", False) is protected


def test_an_account_in_the_configuration_needs_no_look_up() -> None:
    values = {**load_environment("dev").model_dump(), "account": "111111111111"}
    folder = assembly(Environment.model_validate(values))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert "missing" not in manifest
    assert manifest["artifacts"]["PciDss-dev"]["environment"] == "aws://111111111111/eu-central-2"
    placed = Synthesized(json.loads((folder / "PciDss-dev.template.json").read_text()))
    zones = {subnet["AvailabilityZone"] for subnet in placed.all("AWS::EC2::Subnet")}
    assert zones == {"eu-central-2a", "eu-central-2b"}


@pytest.mark.parametrize("suffix", SHIPPED)
def test_every_log_group_and_store_is_encrypted_with_a_key_of_the_stack(suffix: str) -> None:
    synthesized = template(suffix)
    for kind, field in (
        ("AWS::Logs::LogGroup", "KmsKeyId"),
        ("AWS::RDS::DBCluster", "KmsKeyId"),
        ("AWS::SecretsManager::Secret", "KmsKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
    ):
        for properties in synthesized.all(kind):
            assert "Encryption" in json.dumps(properties[field])
    for bucket in synthesized.all("AWS::S3::Bucket"):
        assert "BucketEncryption" in bucket


@pytest.mark.parametrize("suffix", SHIPPED)
def test_every_log_is_kept_as_long_as_configured(suffix: str) -> None:
    kept = {group["RetentionInDays"] for group in template(suffix).all("AWS::Logs::LogGroup")}
    assert kept == {400 if suffix == "prod" else 365}


def test_every_retention_that_may_be_chosen_is_the_one_that_is_kept() -> None:
    stack = Stack(create_app(), "Stack")
    for days in RETENTIONS:
        protection = ProtectionSettings(log_retention_days=days)
        LogGroup(stack, f"Kept{days}", retention=log_retention(protection))
    made = Synthesized(Template.from_stack(stack).to_json())
    kept = {
        made.path(key): made.properties(key)["RetentionInDays"]
        for key in made.ids("AWS::Logs::LogGroup")
    }
    assert kept == {f"Stack/Kept{days}/Resource": days for days in RETENTIONS}


@pytest.mark.parametrize("suffix", SHIPPED)
def test_every_taggable_resource_carries_the_tags(suffix: str) -> None:
    synthesized = template(suffix)
    expected = {
        "EnvironmentSuffix": suffix,
        "Project": "pcidss",
        "DataClassification": "cardholder-data" if suffix == "prod" else "test-data",
    }
    taggable = [
        key for key, resource in synthesized.resources.items() if is_taggable(str(resource["Type"]))
    ]
    assert len(taggable) > 40
    for key in taggable:
        tags = synthesized.properties(key).get("Tags", [])
        pairs = (
            {tag["Key"]: tag["Value"] for tag in tags}
            if isinstance(tags, list)
            else {str(k): v for k, v in tags.items()}  # type: ignore[attr-defined]
        )
        assert expected.items() <= pairs.items(), key


@cache
def is_taggable(kind: str) -> bool:
    """Whether the schema of a resource type, as the region has it, says that it takes tags."""
    if kind.startswith("Custom::"):
        return False
    # slow to import, and wanted by this alone
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-central-2", kind).schema
    default = "Tags" in schema["properties"]
    return bool(schema.get("tagging", {}).get("taggable", default)) and default


@pytest.mark.parametrize("suffix", SHIPPED)
def test_no_policy_allows_a_wildcard_action(suffix: str) -> None:
    seen = 0
    for statement in _statements(template(suffix).resources):
        for action in listed(statement.get("Action", [])):
            seen += 1
            if statement["Effect"] == "Allow":
                assert "*" not in str(action), statement
    assert seen > 40


def _statements(node: object) -> Iterator[dict[str, object]]:
    if isinstance(node, dict):
        if isinstance(node.get("Statement"), list):
            yield from statements(node)
        for item in node.values():
            yield from _statements(item)
    elif isinstance(node, list):
        for item in node:
            yield from _statements(item)


@pytest.mark.parametrize("suffix", SHIPPED)
def test_nothing_is_imported_from_another_stack(suffix: str) -> None:
    assert "Fn::ImportValue" not in json.dumps(template(suffix).body)


@pytest.mark.parametrize("suffix", SHIPPED)
def test_outputs_are_exported_under_the_suffix_unless_a_deployment_may_change_them(
    suffix: str,
) -> None:
    outputs = template(suffix).body["Outputs"]
    assert isinstance(outputs, dict)
    exports = {name: output.get("Export", {}).get("Name") for name, output in outputs.items()}
    changing = {name for name, export in exports.items() if export is None}
    assert {name.removeprefix("Service") for name in changing} == {
        "NatAddresses",
        "OwnerSecretArn",
        "PrivateSubnetIds",
        "ReaderSecretArn",
        "SecurityGroupId",
        "TaskDefinition",
    }
    for name in set(exports) - changing:
        assert exports[name] == f"{suffix}-{name}"


OUTPUTS = {
    "VpcId": ("AWS::EC2::VPC", ""),
    "EcsClusterName": ("AWS::ECS::Cluster", ""),
    "ServiceName": ("AWS::ECS::Service", "Name"),
    "ClusterEndpoint": ("AWS::RDS::DBCluster", "Endpoint.Address"),
    "ClusterReaderEndpoint": ("AWS::RDS::DBCluster", "ReadEndpoint.Address"),
    "SecretArn": ("AWS::SecretsManager::Secret", ""),
    "OwnerSecretArn": ("AWS::SecretsManager::Secret", ""),
    "ReaderSecretArn": ("AWS::SecretsManager::Secret", ""),
    "AlarmTopicArn": ("AWS::SNS::Topic", ""),
    "LoadBalancerDnsName": ("AWS::ElasticLoadBalancingV2::LoadBalancer", "DNSName"),
    "ServiceTaskDefinition": ("AWS::ECS::TaskDefinition", ""),
    "ServiceSecurityGroupId": ("AWS::EC2::SecurityGroup", "GroupId"),
}
LISTS = {
    "PrivateSubnetIds": "AWS::EC2::Subnet",
    "NatAddresses": "AWS::EC2::EIP",
}
"""Outputs that list something of each zone."""


def test_every_output_gives_what_its_name_says() -> None:
    prod = template("prod")
    outputs = prod.body["Outputs"]
    assert isinstance(outputs, dict)
    found = {}
    for name, kind in LISTS.items():
        listed_ = list(references(outputs[name]["Value"]))
        assert {prod.resources[key]["Type"] for key in listed_} == {kind}
        assert len(set(listed_)) == 2
    for name, output in outputs.items():
        if name in LISTS:
            continue
        value = output["Value"]
        attribute = value["Fn::GetAtt"][1] if "Fn::GetAtt" in value else ""
        found[name] = (prod.resources[target(value)]["Type"], attribute)
    assert found == OUTPUTS
    assert prod.body["Description"] == "PCI DSS transaction processing, environment prod"


@pytest.mark.parametrize("suffix", SHIPPED)
def test_no_placeholder_zone_is_in_the_template(suffix: str) -> None:
    for leaf in leaves(template(suffix).body):
        assert "dummy1" not in str(leaf)


def test_template_parameters_hold_nothing_but_the_bootstrap_version() -> None:
    assert list(template("dev").body["Parameters"]) == ["BootstrapVersion"]  # type: ignore[call-overload]


@pytest.mark.parametrize("name", [*SHIPPED, "ephemeral-with-ingress"])
def test_no_function_can_bring_a_log_group_back_after_the_stack_is_gone(name: str) -> None:
    synthesized = synthesized_for(name)
    for role in synthesized.all("AWS::IAM::Role"):
        managed = json.dumps(role.get("ManagedPolicyArns", []))
        assert "AWSLambda" not in managed
    assert "logs:CreateLogGroup" not in json.dumps(synthesized.resources)


@pytest.mark.parametrize("name", [*SHIPPED, "ephemeral-with-ingress"])
def test_every_function_logs_to_a_group_of_the_stack_and_may_write_to_it(name: str) -> None:
    synthesized = synthesized_for(name)
    for function in synthesized.all("AWS::Lambda::Function"):
        logging = function["LoggingConfig"]
        assert isinstance(logging, dict)
        group = target(logging["LogGroup"])
        role = synthesized.properties(target(function["Role"]))
        writable = {
            target(statement["Resource"])
            for reference in listed(role["ManagedPolicyArns"])
            for statement in statements(synthesized.properties(target(reference))["PolicyDocument"])
            if listed(statement["Action"]) == ["logs:CreateLogStream", "logs:PutLogEvents"]
        }
        assert writable == {group}


def test_accepted_changes_stand_in_the_metadata_of_the_template() -> None:
    until = date(2027, 6, 30)
    change = {"reason": "The environment is taken down.", "until": until}
    found = synthesize(environment(accepted_changes={"lifts-protection stack": change}))
    assert found.body["Metadata"] == {
        "pcistack:acceptedChanges": {
            "lifts-protection stack": {
                "reason": "The environment is taken down.",
                "until": "2027-06-30",
            }
        }
    }


@pytest.mark.parametrize("suffix", SHIPPED)
def test_no_shipped_environment_locks_what_a_failed_first_deployment_could_not_roll_back(
    suffix: str,
) -> None:
    assert load_environment(suffix).protection.lock_logs is False
    assert "ObjectLockEnabled" not in json.dumps(template(suffix).body)
