"""Properties that a template cannot set."""

from __future__ import annotations

from tests.deployment.case import Case, template


def _of(kind: str, properties: str) -> str:
    return template(f"Thing: {{Type: {kind}, Properties: {{{properties}}}}}\n")


def _case(kind: str, path: str, bad: str, good: str) -> Case:
    return Case(
        rule="DEPLOY-READ-ONLY-PROPERTY",
        name=kind,
        property=path,
        bad=_of(kind, bad),
        good=_of(kind, good),
    )


CASES = (
    _case(
        "AWS::SQS::Queue", "Arn", "Arn: 'arn:aws:sqs:eu-central-2:111111111111:q'", "QueueName: q"
    ),
    _case(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "TargetGroupName",
        "TargetGroupName: t, TargetType: lambda",
        "Name: t, TargetType: lambda",
    ),
    _case(
        "AWS::RDS::DBCluster",
        "MasterUserSecret.SecretArn",
        "MasterUserSecret: {SecretArn: s, KmsKeyId: k}",
        "MasterUserSecret: {KmsKeyId: k}",
    ),
)
