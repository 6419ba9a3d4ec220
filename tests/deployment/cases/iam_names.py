"""Access: names in policies."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template


def _policy(kind: str, action: str) -> str:
    return template(
        f"Thing: {{Type: {kind}, Properties: {{PolicyDocument: {{Statement: "
        f"[{{Effect: Allow, Action: ['{action}'], Resource: '*', Principal: '*'}}]}}}}}}\n"
    )


def _on(action: str, resource: str) -> str:
    return template(
        "Thing: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement: "
        f"[{{Effect: Allow, Action: ['{action}'], Resource: '{resource}'}}]}}}}}}\n"
    )


def _trust(service: str) -> str:
    return template(
        "Thing: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: "
        f"[{{Effect: Allow, Action: 'sts:AssumeRole', Principal: {{Service: {service}}}}}]}}}}}}\n"
    )


_ACTION = "PolicyDocument.Statement.0.Action.0"
_PRINCIPAL = "AssumeRolePolicyDocument.Statement.0.Principal.Service"


def _attached(policy: str) -> str:
    return template(
        "Thing: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}, "
        f"ManagedPolicyArns: ['arn:aws:iam::aws:policy/{policy}']}}}}\n"
    )


_GOOD = _attached("service-role/AmazonECSTaskExecutionRolePolicy")

CASES = (
    *(
        Case(
            rule="DEPLOY-IAM-MANAGED-POLICY",
            name=name,
            severity=severity,
            property="ManagedPolicyArns.0",
            bad=_attached(policy),
            good=_GOOD,
        )
        for name, severity, policy in (
            ("path", Severity.FATAL, "AmazonECSTaskExecutionRolePolicy"),
            ("misspelt", Severity.ERROR, "service-role/AmazonECSTasksExecutionRolePolicy"),
            ("not alike", Severity.WARNING, "SomethingNew"),
        )
    ),
    *(
        Case(
            rule="DEPLOY-IAM-RESOURCE",
            name=action,
            severity=Severity.WARNING,
            property=_ACTION,
            bad=_on(action, "arn:aws:s3:::reports/*"),
            good=_on(action, f"arn:aws:{action.partition(':')[0]}:eu-central-2:111111111111:x"),
        )
        for action in ("sqs:SendMessage", "kms:Decrypt", "secretsmanager:GetSecretValue")
    ),
    Case(
        rule="DEPLOY-IAM-ACTION",
        property=_ACTION,
        bad=_policy("AWS::IAM::Policy", "secretsmanager:GetSecretValues"),
        good=_policy("AWS::IAM::Policy", "secretsmanager:GetSecret*"),
    ),
    Case(
        rule="DEPLOY-IAM-ACTION",
        name="not alike",
        severity=Severity.WARNING,
        property=_ACTION,
        bad=_policy("AWS::IAM::ManagedPolicy", "s3:HeadBucket"),
        good=_policy("AWS::IAM::ManagedPolicy", "s3:ListBucket"),
    ),
    *(
        Case(
            rule="DEPLOY-IAM-ACTION",
            name=kind,
            severity=Severity.FATAL,
            property=_ACTION,
            bad=_policy(kind, bad),
            good=_policy(kind, good),
        )
        for kind, bad, good in (
            ("AWS::SNS::TopicPolicy", "sns:Shout", "sns:Publish"),
            ("AWS::SQS::QueuePolicy", "sns:Publish", "SQS:SendMessage"),
            ("AWS::S3::BucketPolicy", "s3:PutObjects", "s3:PutObject"),
        )
    ),
    Case(  # what is left out: whether the service looks is not known
        rule="DEPLOY-IAM-ACTION",
        name="left out",
        severity=Severity.WARNING,
        property=_ACTION.replace("Action", "NotAction"),
        bad=_policy("AWS::SQS::QueuePolicy", "sqs:Break*").replace("Action", "NotAction"),
        good=_policy("AWS::SQS::QueuePolicy", "sqs:Send*").replace("Action", "NotAction"),
    ),
    Case(
        rule="DEPLOY-IAM-PRINCIPAL",
        property=_PRINCIPAL,
        bad=_trust("ecs-task.amazonaws.com"),
        good=_trust("ecs-tasks.amazonaws.com"),
    ),
    Case(
        rule="DEPLOY-IAM-PRINCIPAL",
        name="domain",
        property=_PRINCIPAL,
        bad=_trust("lambda.amazonaws"),
        good=_trust("states.eu-central-2.amazonaws.com"),
    ),
    Case(
        rule="DEPLOY-IAM-PRINCIPAL",
        name="not alike",
        severity=Severity.WARNING,
        property=_PRINCIPAL,
        bad=_trust("something-new.amazonaws.com"),
        good=_trust("vpc-flow-logs.amazonaws.com"),
    ),
)
