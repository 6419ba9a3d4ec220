"""What is deployed is compared with what shall be, as ``make deploy`` does before it deploys."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from pcistack.account.aws import Aws
from pcistack.account.deployed_stack import deployed_stack
from pcistack.changes.stacks import ComparedStack, stack_change
from pcistack.rehearsal.trial import Lab
from pcistack.template.document import Template

NAME = "Trial"
TODAY = date(2026, 11, 26)
RESOURCES: dict[str, dict[str, Any]] = {
    "Key": {
        "Type": "AWS::KMS::Key",
        "DeletionPolicy": "Retain",
        "Properties": {
            "KeyPolicy": {
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "kms:*",
                        "Resource": "*",
                        "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}},
                    }
                ]
            }
        },
    },
    "Group": {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": "/trial", "RetentionInDays": 400},
    },
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "alarms"}},
}


@pytest.fixture(scope="module")
def aws(lab: Lab) -> Iterator[Aws]:
    with lab.stack(RESOURCES):
        yield Aws(lab.region, lab.emulator.client)


def _shorter(resources: dict[str, dict[str, Any]]) -> None:
    resources["Group"]["Properties"]["RetentionInDays"] = 30


def _gone(resources: dict[str, dict[str, Any]]) -> None:
    del resources["Group"]


def _not_kept(resources: dict[str, dict[str, Any]]) -> None:
    del resources["Key"]["DeletionPolicy"]


def _renamed(resources: dict[str, dict[str, Any]]) -> None:
    resources["Group"]["Properties"]["LogGroupName"] = "/other"


def _harmless(resources: dict[str, dict[str, Any]]) -> None:
    resources["Topic"]["Properties"]["DisplayName"] = "alarms of the shop"


@pytest.mark.parametrize(
    ("edit", "dangers"),
    [
        (_shorter, ["loses-data AWS::Logs::LogGroup"]),
        (_gone, ["loses-data AWS::Logs::LogGroup"]),
        (_renamed, ["loses-data AWS::Logs::LogGroup"]),
        (_not_kept, ["lifts-protection AWS::KMS::Key"]),
        (_harmless, []),
    ],
)
def test_change_of_what_is_deployed_is_judged_by_what_the_account_has(
    aws: Aws, edit: Callable[[dict[str, dict[str, Any]]], None], dangers: list[str]
) -> None:
    resources = copy.deepcopy(RESOURCES)
    edit(resources)
    template = Template(json.loads(json.dumps({"Resources": resources})))
    there = deployed_stack(aws, NAME)
    assert there is not None
    old = ComparedStack(
        name=NAME, environment="", protected=there.protected, template=there.template
    )
    new = ComparedStack(name=NAME, environment="", protected=None, template=template)

    assert stack_change(old, new, on=TODAY).open == dangers


def test_stack_that_is_not_there_is_new(aws: Aws) -> None:
    assert deployed_stack(aws, "Nothing") is None
