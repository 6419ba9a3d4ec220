"""Policies: grammar and size."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template

_ALLOW = "{Effect: Allow, Action: 's3:GetObject', Resource: '*'%s}"
_TRUST = "{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: 'sts:AssumeRole'%s}"


def _policy(statements: str, version: str = "2012-10-17") -> str:
    return template(
        "Thing:\n  Type: AWS::IAM::ManagedPolicy\n  Properties:\n"
        f"    PolicyDocument: {{Version: '{version}', Statement: [{statements}]}}"
    )


def _role(statement: str, more: str = "") -> str:
    return template(
        "Thing:\n  Type: AWS::IAM::Role\n  Properties:\n"
        f"    AssumeRolePolicyDocument: {{Statement: [{statement}]}}\n{more}"
    )


def _topic(action: str) -> str:
    return template(
        "Thing:\n  Type: AWS::SNS::TopicPolicy\n  Properties:\n    Topics: [t]\n"
        "    PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Resource: t, "
        f"Action: '{action}'}}]}}"
    )


def _grammar(name: str, path: str, bad: str, good: str) -> Case:
    return Case(
        rule="DEPLOY-POLICY-GRAMMAR",
        name=name,
        severity=Severity.FATAL,
        property=path,
        bad=bad,
        good=good,
    )


_BUCKET = "\n  Bucket: {Type: AWS::S3::Bucket}\n"
_GOOD = _policy(_ALLOW % "")
_S0 = "PolicyDocument.Statement.0"

CASES = (
    _grammar("action", _S0, _policy("{Effect: Allow, Resource: '*'}"), _GOOD),
    _grammar("resource", _S0, _policy("{Effect: Allow, Action: '*'}"), _GOOD),
    _grammar(
        "effect", f"{_S0}.Effect", _policy("{Effect: allow, Action: '*', Resource: '*'}"), _GOOD
    ),
    _grammar("version", "PolicyDocument.Version", _policy(_ALLOW % "", "2012-10-18"), _GOOD),
    _grammar("principal", f"{_S0}.Principal", _policy(_ALLOW % ", Principal: '*'"), _GOOD),
    _grammar("element", f"{_S0}.Conditions", _policy(_ALLOW % ", Conditions: {}"), _GOOD),
    _grammar(
        "form",
        f"{_S0}.Action.1",
        _policy("{Effect: Allow, Action: ['s3:*', GetObject], Resource: '*'}"),
        _GOOD,
    ),
    _grammar(
        "trust",
        "AssumeRolePolicyDocument.Statement.0.Resource",
        _role(_TRUST % ", Resource: '*'"),
        _role(_TRUST % ""),
    ),
    Case(
        rule="DEPLOY-POLICY-VALUE",
        severity=Severity.FATAL,
        property="PolicyDocument.Statement.0.Resource",
        bad=_policy("{Effect: Allow, Action: 's3:*', Resource: my-bucket}"),
        good=_policy("{Effect: Allow, Action: 's3:*', Resource: 'arn:aws:s3:::my-bucket'}"),
    ),
    Case(
        rule="DEPLOY-POLICY-VALUE",
        name="of a name",
        severity=Severity.FATAL,
        property="PolicyDocument.Statement.0.Resource",
        bad=_policy("{Effect: Allow, Action: 's3:*', Resource: !Ref Bucket}") + _BUCKET,
        good=_policy("{Effect: Allow, Action: 's3:*', Resource: !GetAtt Bucket.Arn}") + _BUCKET,
    ),
    Case(
        rule="DEPLOY-POLICY-VALUE",
        name="condition",
        severity=Severity.FATAL,
        property="PolicyDocument.Statement.0.Condition.StringEqual",
        bad=_policy(_ALLOW % ", Condition: {StringEqual: {'aws:a': b}}"),
        good=_policy(_ALLOW % ", Condition: {'ForAnyValue:StringLikeIfExists': {'aws:a': b}}"),
    ),
    Case(
        rule="DEPLOY-POLICY-VALUE",
        name="principal",
        severity=Severity.FATAL,
        property="AssumeRolePolicyDocument.Statement.0.Principal",
        bad=_role("{Effect: Allow, Principal: {AWS: somebody}, Action: 'sts:AssumeRole'}"),
        good=_role("{Effect: Allow, Principal: {AWS: '111111111111'}, Action: 'sts:AssumeRole'}"),
    ),
    Case(
        rule="DEPLOY-POLICY-SID",
        severity=Severity.FATAL,
        property="PolicyDocument.Statement.1.Sid",
        bad=_policy(f"{_ALLOW % ', Sid: A'}, {_ALLOW % ', Sid: A'}"),
        good=_policy(f"{_ALLOW % ', Sid: A'}, {_ALLOW % ', Sid: B'}"),
    ),
    Case(
        rule="DEPLOY-POLICY-SERVICE",
        severity=Severity.FATAL,
        property="PolicyDocument.Statement.0.Action",
        bad=_topic("sqs:SendMessage"),
        good=_topic("sns:Publish"),
    ),
    Case(
        rule="DEPLOY-POLICY-SIZE",
        severity=Severity.FATAL,
        property="PolicyDocument",
        bad=_policy(", ".join([_ALLOW % ""] * 110)),
        good=_policy(", ".join([_ALLOW % ""] * 90)),
    ),
    Case(
        rule="DEPLOY-POLICY-SIZE",
        name="trust",
        severity=Severity.FATAL,
        property="AssumeRolePolicyDocument",
        bad=_role(", ".join([_TRUST % ""] * 60)),
        good=_role(", ".join([_TRUST % ""] * 20)),
    ),
    Case(
        rule="DEPLOY-ROLE-POLICIES",
        property="ManagedPolicyArns",
        bad=_role(_TRUST % "", f"    ManagedPolicyArns: [{', '.join('abcdefghijk')}]"),
        good=_role(_TRUST % "", f"    ManagedPolicyArns: [{', '.join('abcdefghij')}]"),
    ),
)
