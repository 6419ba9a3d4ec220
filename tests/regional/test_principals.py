"""Names of services that carry a region, region by region and partition by partition."""

from __future__ import annotations

import pytest

from tests.regional.cases import resource
from tests.regional.helpers import findings, rules

_STATEMENT = "{Effect: Allow, Action: 'kms:*', Resource: '*', %s}"


def _key(*principals: str) -> str:
    named = [_STATEMENT % f"Principal: {{Service: {name}}}" for name in principals]
    return resource("AWS::KMS::Key", f"KeyPolicy: {{Statement: [{', '.join(named)}]}}")


@pytest.mark.parametrize(
    ("region", "principal", "right"),
    [
        ("eu-central-2", "logs.eu-central-2.amazonaws.com", True),
        ("eu-central-2", "logs.us-east-1.amazonaws.com", False),
        ("eu-central-2", "logs.amazonaws.com", True),
        ("eu-central-2", "ec2.amazonaws.com.cn", False),
        ("cn-north-1", "logs.cn-north-1.amazonaws.com.cn", True),
        ("cn-north-1", "logs.cn-north-1.amazonaws.com", False),
        ("cn-north-1", "ec2.amazonaws.com.cn", True),
        ("cn-north-1", "lambda.amazonaws.com", True),
        ("us-gov-west-1", "logs.us-gov-west-1.amazonaws.com", True),
        ("us-gov-west-1", "logs.us-west-1.amazonaws.com", False),
    ],
)
def test_a_principal_is_of_the_region_and_its_partition(
    region: str, principal: str, right: bool
) -> None:
    assert ("REGION-SERVICE-PRINCIPAL" not in rules(_key(principal), region)) == right


def test_a_policy_may_name_other_regions_beside_its_own() -> None:
    text = _key("logs.us-east-1.amazonaws.com", "logs.eu-central-2.amazonaws.com")
    assert "REGION-SERVICE-PRINCIPAL" not in rules(text)


def test_a_role_holds_in_every_region_so_that_it_is_a_warning() -> None:
    text = resource(
        "AWS::IAM::Role",
        "AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: 'sts:AssumeRole', "
        "Principal: {Service: states.us-east-1.amazonaws.com}}]}",
    )
    (found,) = findings(text)
    assert (found.rule, found.severity.value) == ("REGION-SERVICE-PRINCIPAL", "warning")


@pytest.mark.parametrize(
    ("values", "right"),
    [
        ("[rds.us-east-1.amazonaws.com, rds.eu-central-2.amazonaws.com]", True),
        ("'rds.*.amazonaws.com'", True),
        ("!Sub 'rds.${AWS::Region}.amazonaws.com'", True),
        ("rds.us-east-1.amazonaws.com", False),
    ],
)
def test_a_key_is_used_through_a_service_of_the_region(values: str, right: bool) -> None:
    condition = f"Condition: {{StringEquals: {{'kms:ViaService': {values}}}}}"
    statement = _STATEMENT % f"Principal: {{AWS: a}}, {condition}"
    text = resource("AWS::KMS::Key", f"KeyPolicy: {{Statement: [{statement}]}}")
    assert ("REGION-VIA-SERVICE" not in rules(text)) == right


@pytest.mark.parametrize(
    ("host", "severity"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1", "warning"),
        ("https://bucket.s3.us-east-1.amazonaws.com/key", "warning"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/queue", "error"),
        ("https://sqs.eu-central-2.amazonaws.com/1/queue", ""),
        ("https://s3.amazonaws.com/bucket", ""),
        ("example.us-east-1.example.com", ""),
    ],
)
def test_an_address_of_another_region_is_told(host: str, severity: str) -> None:
    text = resource("AWS::Lambda::Function", f"Environment: {{Variables: {{A: '{host}'}}}}")
    found = [f.severity.value for f in findings(text) if f.rule == "REGION-HOST-NAME"]
    assert found == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("region", "kind", "text", "told"),
    [
        ("eu-central-2", "Lambda::Function", "Architectures: [arm64]", False),
        ("us-gov-west-1", "Lambda::Function", "Architectures: [arm64]", True),
        ("eu-south-2", "Lambda::LayerVersion", "CompatibleArchitectures: [arm64]", False),
        ("ap-east-2", "Lambda::LayerVersion", "CompatibleArchitectures: [arm64]", True),
        ("ap-east-2", "Lambda::LayerVersion", "CompatibleArchitectures: [arm64, x86_64]", False),
        (
            "cn-north-1",
            "ECS::TaskDefinition",
            "{RequiresCompatibilities: [FARGATE], ContainerDefinitions: [{LinuxParameters: "
            "{Tmpfs: [{ContainerPath: /tmp, Size: 64}]}}]}",
            True,
        ),
        (
            "eu-central-2",
            "ECS::TaskDefinition",
            "{RequiresCompatibilities: [FARGATE], ContainerDefinitions: [{LinuxParameters: "
            "{Tmpfs: [{ContainerPath: /tmp, Size: 64}]}}]}",
            False,
        ),
    ],
)
def test_what_no_document_confirms_for_a_region_is_told(
    region: str, kind: str, text: str, told: bool
) -> None:
    found = rules(resource(f"AWS::{kind}", text), region)
    assert ("REGION-COMPUTE-FEATURE" in found) == told
