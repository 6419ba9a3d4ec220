"""Two environments in one account: a name that is taken is refused, as AWS refuses it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from pcistack.rehearsal.trial import Lab

_DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
}
_VISIBLE = {"CloudWatchMetricsEnabled": True, "SampledRequestsEnabled": True, "MetricName": "m"}
_KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}
_KEY = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": _KEY_POLICY}}

TAKEN: dict[str, dict[str, object]] = {
    "AWS::KMS::Alias": {"AliasName": "alias/taken", "TargetKeyId": {"Ref": "Key"}},
    "AWS::IAM::ManagedPolicy": {"ManagedPolicyName": "taken", "PolicyDocument": _DOCUMENT},
    "AWS::ElasticLoadBalancingV2::TargetGroup": {
        "Name": "taken",
        "Port": 8080,
        "Protocol": "HTTP",
        "TargetType": "ip",
        "VpcId": {"Ref": "Vpc"},
    },
    "AWS::WAFv2::WebACL": {
        "Name": "taken",
        "Scope": "REGIONAL",
        "DefaultAction": {"Allow": {}},
        "VisibilityConfig": _VISIBLE,
    },
    "AWS::SNS::Topic": {"TopicName": "taken"},
    "AWS::CloudWatch::Dashboard": {"DashboardName": "taken", "DashboardBody": "{}"},
}


def _create(lab: Lab, stack: str, resources: object, outputs: object = None) -> str:
    template = {"Resources": resources} | ({"Outputs": outputs} if outputs else {})
    answer = lab.client("cloudformation").create_stack(
        StackName=stack,
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    return lab.direct.wait(answer["StackId"])


@pytest.fixture
def cleared(lab: Lab) -> Iterator[Lab]:
    yield lab
    for stack in ("Second", "First"):
        lab.direct.delete(stack)


@pytest.mark.parametrize("kind", sorted(TAKEN))
def test_second_stack_cannot_take_a_name_of_the_first(cleared: Lab, kind: str) -> None:
    vpc = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}}
    resources = {"Key": _KEY, "Vpc": vpc, "Thing": {"Type": kind, "Properties": TAKEN[kind]}}
    assert _create(cleared, "First", resources) == "CREATE_COMPLETE"
    assert _create(cleared, "Second", resources) == "ROLLBACK_COMPLETE"
    (failure,) = cleared.direct.failures("Second")[:1]
    assert failure.resource == "Thing"
    assert "already exists" in failure.reason


def test_second_stack_cannot_take_an_export_of_the_first(cleared: Lab) -> None:
    topic = {"Topic": {"Type": "AWS::SNS::Topic"}}
    outputs = {"Arn": {"Value": {"Ref": "Topic"}, "Export": {"Name": "taken"}}}
    assert _create(cleared, "First", topic, outputs) == "CREATE_COMPLETE"
    assert _create(cleared, "Second", topic, outputs) == "ROLLBACK_COMPLETE"


def test_name_is_free_again_once_its_stack_is_gone(cleared: Lab) -> None:
    resources = {"Thing": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "taken"}}}
    assert _create(cleared, "First", resources) == "CREATE_COMPLETE"
    assert cleared.direct.delete("First") == "DELETE_COMPLETE"
    assert _create(cleared, "First", resources) == "CREATE_COMPLETE"
    assert _create(cleared, "Second", resources) == "ROLLBACK_COMPLETE"


def test_subnets_of_one_network_do_not_overlap(cleared: Lab) -> None:
    resources: dict[str, object] = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}}
    }
    for name, block in (("One", "10.9.0.0/24"), ("Two", "10.9.0.128/25")):
        values = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": block}
        resources[name] = {"Type": "AWS::EC2::Subnet", "Properties": values}
    assert _create(cleared, "First", resources) == "ROLLBACK_COMPLETE"
    assert "conflicts with another subnet" in cleared.direct.failures("First")[0].reason
    assert _create(cleared, "Second", {"Vpc": resources["Vpc"]}) == "CREATE_COMPLETE"
