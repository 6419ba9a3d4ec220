"""A change to what is deployed is judged by CloudFormation's own schemas."""

from __future__ import annotations

import json

import pytest

from pcistack.rehearsal.trial import Lab

_TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "a"}}


def _update(lab: Lab, before: object, after: object) -> tuple[str, bool, str]:
    """Update a stack of one resource; return the status, whether it was replaced, and why not."""
    client = lab.client("cloudformation")
    body = {"StackName": "replaced", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    made = client.create_stack(TemplateBody=json.dumps({"Resources": {"It": before}}), **body)
    assert lab.direct.wait(made["StackId"]) == "CREATE_COMPLETE"
    old = lab.direct.physical_ids("replaced")["It"]
    client.update_stack(TemplateBody=json.dumps({"Resources": {"It": after}}), **body)
    status = lab.direct.wait(made["StackId"])
    reasons = " ".join(str(event) for event in lab.direct.failures("replaced"))
    new = lab.direct.physical_ids("replaced")["It"]
    lab.direct.delete("replaced")
    return status, old != new, reasons


def _of(kind: str, **properties: object) -> dict[str, object]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_of("SQS::Queue", QueueName="a"), _of("SQS::Queue", QueueName="b")),
        (_of("SNS::Topic", TopicName="a"), _of("SNS::Topic", TopicName="b")),
        (_of("EC2::VPC", CidrBlock="10.0.0.0/16"), _of("EC2::VPC", CidrBlock="10.1.0.0/16")),
        (_of("Logs::LogGroup", LogGroupName="/a"), _of("Logs::LogGroup", LogGroupName="/b")),
    ],
    ids=["queue", "topic", "vpc", "log-group"],
)
def test_create_only_property_replaces(lab: Lab, before: object, after: object) -> None:
    assert _update(lab, before, after)[:2] == ("UPDATE_COMPLETE", True)


def test_replacement_under_a_fixed_name_is_refused_and_rolled_back(lab: Lab) -> None:
    before = _of("ECR::Repository", RepositoryName="shop")
    after = _of(
        "ECR::Repository",
        RepositoryName="shop",
        EncryptionConfiguration={"EncryptionType": "KMS"},
    )
    status, replaced, reasons = _update(lab, before, after)
    assert (status, replaced) == ("UPDATE_ROLLBACK_COMPLETE", False)
    assert "custom-named resource requires replacing" in reasons


def test_other_change_is_made_in_place(lab: Lab) -> None:
    after = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "b"}}
    assert _update(lab, _TOPIC, after)[:2] == ("UPDATE_COMPLETE", False)
