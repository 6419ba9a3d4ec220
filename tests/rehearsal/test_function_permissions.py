"""Functions do what their roles let them: every call of theirs is judged, as AWS judges it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pcistack.rehearsal.assembly import Assembly, TemplateBody
from pcistack.rehearsal.mariadb import installed
from pcistack.rehearsal.trial import Lab
from tests.rehearsal.parts import only

ROTATION_POLICY = "DatabaseIdentitiesRolePolicy"
needs_server = pytest.mark.skipif(installed() is None, reason="no MariaDB server is installed")


def drop(document: dict[str, Any], action: str) -> None:
    """Take an action from every statement of a policy."""
    for statement in document["Statement"]:
        actions = statement["Action"]
        listed = actions if isinstance(actions, list) else [actions]
        statement["Action"] = [one for one in listed if one != action] or "sts:GetCallerIdentity"


def _of_users(template: TemplateBody) -> None:
    for name, resource in template["Resources"].items():
        if name.startswith(ROTATION_POLICY):
            drop(resource["Properties"]["PolicyDocument"], "secretsmanager:GetSecretValue")


def _of_the_default_group(template: TemplateBody) -> None:
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role" and name.startswith("CustomVpcRestrict"):
            for policy in resource["Properties"]["Policies"]:
                drop(policy["PolicyDocument"], "ec2:RevokeSecurityGroupIngress")


@pytest.mark.parametrize(
    ("edit", "kind", "action"),
    [
        pytest.param(
            _of_users,
            "Custom::DatabaseUsers",
            "secretsmanager:GetSecretValue",
            marks=needs_server,
        ),
        (_of_the_default_group, "Custom::VpcRestrictDefaultSG", "ec2:RevokeSecurityGroupIngress"),
    ],
    ids=["users", "default-group"],
)
def test_custom_resource_whose_role_lacks_a_permission_fails_the_deployment(
    lab: Lab, pr42: Assembly, edit: Callable[[TemplateBody], None], kind: str, action: str
) -> None:
    def broken(template: TemplateBody) -> None:
        edit(template)
        only(kind, "AWS::IAM::ManagedPolicy", "AWS::Logs::LogGroup")(template)

    edited = lab.edited(pr42, broken)
    assert lab.direct.create(edited) == "ROLLBACK_COMPLETE"
    failure = str(lab.direct.failures(edited.stack)[0])
    lab.destroy(edited)
    assert kind in failure
    assert f"not authorized to perform: {action}" in failure


FUNCTION = """
import json, os, urllib.request
import boto3

def handler(event, context):
    reason = ""
    try:
        if event["RequestType"] == "Create":
            boto3.client("s3").put_object(Bucket=event["ResourceProperties"]["Bucket"], Key="a")
    except Exception as error:
        reason = str(error)
    body = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason,
        "PhysicalResourceId": "one",
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    request = urllib.request.Request(
        event["ResponseURL"], json.dumps(body).encode(), {"Content-Type": ""}, method="PUT"
    )
    urllib.request.urlopen(request).close()
"""


def _statement(effect: str, **rest: object) -> dict[str, object]:
    objects = {"Fn::Sub": "${Bucket.Arn}/*"}
    return {"Effect": effect, "Action": "s3:PutObject", "Resource": objects, **rest}


def _writer(own: list[object], of_bucket: list[object]) -> dict[str, object]:
    """A function that writes into a bucket, with the statements of its role and of the bucket."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    role: dict[str, object] = {
        "AssumeRolePolicyDocument": {
            "Statement": [{**trust, "Principal": {"Service": "lambda.amazonaws.com"}}]
        }
    }
    if own:
        role["Policies"] = [{"PolicyName": "own", "PolicyDocument": {"Statement": own}}]
    function = {
        "Code": {"ZipFile": FUNCTION},
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.13",
        "Timeout": 30,
    }
    resources: dict[str, object] = {
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Role": {"Type": "AWS::IAM::Role", "Properties": role},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Write": {
            "Type": "Custom::Write",
            "Properties": {
                "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
                "Bucket": {"Ref": "Bucket"},
            },
        },
    }
    if of_bucket:
        properties = {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": of_bucket}}
        resources["Policy"] = {"Type": "AWS::S3::BucketPolicy", "Properties": properties}
        write = resources["Write"]
        assert isinstance(write, dict)
        write["DependsOn"] = ["Policy"]
    return resources


_BY_NAME = {"Principal": {"AWS": {"Fn::GetAtt": ["Role", "Arn"]}}}


@pytest.mark.parametrize(
    ("own", "of_bucket", "may"),
    [
        ([_statement("Allow")], [], True),
        ([], [_statement("Allow", **_BY_NAME)], True),
        ([], [], False),
        ([_statement("Allow", Resource="arn:aws:s3:::other/*")], [], False),
        ([_statement("Allow"), _statement("Deny")], [], False),
        ([_statement("Allow")], [_statement("Deny", Principal="*")], False),
        (
            [],
            [
                _statement(
                    "Allow", Principal={"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}
                )
            ],
            False,
        ),
    ],
    ids=["role", "bucket", "none", "other", "denied", "bucket-denies", "account-only"],
)
def test_function_may_what_its_role_or_the_bucket_lets_it(
    lab: Lab, own: list[object], of_bucket: list[object], may: bool
) -> None:
    status, reason = lab.try_resources(_emptied(_writer(own, of_bucket)))

    assert (status == "CREATE_COMPLETE") is may, reason
    if not may:
        assert "AccessDenied" in reason
        assert "not authorized to perform: s3:PutObject" in reason


def _emptied(resources: Mapping[str, object]) -> dict[str, object]:
    bucket = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}
    return {**resources, "Bucket": bucket}
