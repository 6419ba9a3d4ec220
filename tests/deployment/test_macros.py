"""What a macro will write is not missed in the template."""

from __future__ import annotations

import pytest

from tests.deployment.case import findings, template

ASKED = """
Rule:
  Type: AWS::Events::Rule
  Properties: {Targets: [{Id: a, Arn: !GetAtt Queue.Arn}]}
Queue: {Type: AWS::SQS::Queue}
"""
CONNECTOR = "Connector: {Type: AWS::Serverless::Connector, Properties: {}}\n"


def test_a_queue_without_a_policy_is_found() -> None:
    assert "DEPLOY-PUBLISH-POLICY" in {finding.rule for finding in findings(template(ASKED))}


@pytest.mark.parametrize(
    "text",
    [template(ASKED + CONNECTOR), "Transform: OurOwnMacro\n" + template(ASKED)],
    ids=["connector", "macro"],
)
def test_permissions_that_a_macro_writes_are_not_missed(text: str) -> None:
    assert "DEPLOY-PUBLISH-POLICY" not in {finding.rule for finding in findings(text)}
