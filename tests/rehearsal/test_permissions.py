"""Tasks start only with the permissions that ECS needs: IAM is asked, as AWS asks it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pcistack.rehearsal.assembly import Assembly, TemplateBody
from pcistack.rehearsal.trial import Lab
from tests.rehearsal.parts import only


def _take(template: TemplateBody, action: str) -> None:
    """Take an action from every policy of the service's execution role."""
    for name, resource in template["Resources"].items():
        if "Policy" not in resource["Type"] or "ExecutionRole" not in json.dumps([name, resource]):
            continue
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            listed = actions if isinstance(actions, list) else [actions]
            statement["Action"] = [
                one for one in listed if one != action
            ] or "sts:GetCallerIdentity"


def _distrust(template: TemplateBody) -> None:
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role" and "ExecutionRole" in name:
            (statement,) = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            statement["Principal"] = {"Service": "ec2.amazonaws.com"}


def _without(action: str) -> Callable[[TemplateBody], None]:
    return lambda template: _take(template, action)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (_without("kms:Decrypt"), "kms:Decrypt"),
        (_without("secretsmanager:GetSecretValue"), "secretsmanager:GetSecretValue"),
        (_without("logs:PutLogEvents"), "logs:PutLogEvents"),
        (_distrust, "unable to assume the role"),
    ],
    ids=["decrypt", "secret", "logs", "trust"],
)
def test_service_whose_execution_role_lacks_a_permission_does_not_stabilize(
    lab: Lab, lean: Assembly, edit: Callable[[TemplateBody], None], said: str
) -> None:
    def broken(template: TemplateBody) -> None:
        edit(template)
        only("AWS::ECS::Service", "AWS::IAM::ManagedPolicy", "AWS::Logs::LogGroup")(template)

    edited = lab.edited(lean, broken)
    created = lab.direct.create(edited)
    failures = lab.direct.failures(edited.stack)
    lab.destroy(edited)
    assert created == "ROLLBACK_COMPLETE"
    assert any(said in str(event) and "stabilize" in str(event) for event in failures), failures
