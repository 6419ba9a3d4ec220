"""ARNs of another region or partition where AWS requires the same one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.regional.context import Context
from pcistack.regional.pack import rule
from pcistack.regions import known_regions
from pcistack.template.view import Partial, Resource, Value

# What must be in the region of the resource that names it: type -> paths (`*` is a list index).
SAME_REGION: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::ApiGateway::DomainName": ("RegionalCertificateArn",),
    "AWS::ApiGateway::Method": ("Integration.Uri",),
    "AWS::ApiGateway::Stage": ("AccessLogSetting.DestinationArn",),
    "AWS::ApiGatewayV2::DomainName": ("DomainNameConfigurations.*.CertificateArn",),
    "AWS::ApiGatewayV2::Stage": ("AccessLogSettings.DestinationArn",),
    "AWS::Backup::BackupVault": ("EncryptionKeyArn",),
    "AWS::CloudFormation::CustomResource": ("ServiceToken",),
    "AWS::CloudTrail::Trail": ("CloudWatchLogsLogGroupArn",),
    "AWS::CloudWatch::Alarm": ("AlarmActions.*", "OKActions.*", "InsufficientDataActions.*"),
    "AWS::CloudWatch::CompositeAlarm": (
        "AlarmActions.*",
        "OKActions.*",
        "InsufficientDataActions.*",
    ),
    "AWS::CodeBuild::Project": ("EncryptionKey",),
    "AWS::DynamoDB::Table": ("SSESpecification.KMSMasterKeyId",),
    "AWS::EC2::Volume": ("KmsKeyId",),
    "AWS::ECS::Service": ("LoadBalancers.*.TargetGroupArn",),
    "AWS::EFS::FileSystem": ("KmsKeyId",),
    "AWS::ElastiCache::ReplicationGroup": ("KmsKeyId", "NotificationTopicArn"),
    "AWS::ElasticLoadBalancingV2::Listener": (
        *("Certificates.*.CertificateArn", "DefaultActions.*.TargetGroupArn", "LoadBalancerArn"),
    ),
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": ("Certificates.*.CertificateArn",),
    "AWS::ElasticLoadBalancingV2::ListenerRule": ("Actions.*.TargetGroupArn", "ListenerArn"),
    "AWS::Events::Rule": ("Targets.*.Arn", "Targets.*.DeadLetterConfig.Arn"),
    "AWS::Kinesis::Stream": ("StreamEncryption.KeyId",),
    "AWS::KinesisFirehose::DeliveryStream": ("KinesisStreamSourceConfiguration.KinesisStreamARN",),
    "AWS::Lambda::EventSourceMapping": ("EventSourceArn",),
    "AWS::Lambda::Function": ("KmsKeyArn", "Layers.*", "DeadLetterConfig.TargetArn"),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::Logs::SubscriptionFilter": ("DestinationArn",),
    "AWS::RDS::DBCluster": (
        "KmsKeyId",
        "MasterUserSecret.KmsKeyId",
        "PerformanceInsightsKmsKeyId",
    ),
    "AWS::RDS::DBInstance": (
        "KmsKeyId",
        "MasterUserSecret.KmsKeyId",
        "PerformanceInsightsKMSKeyId",
    ),
    "AWS::RDS::DBProxy": ("Auth.*.SecretArn",),
    "AWS::RDS::EventSubscription": ("SnsTopicArn",),
    "AWS::SNS::Subscription": ("TopicArn",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::S3::Bucket": (
        "BucketEncryption.ServerSideEncryptionConfiguration.*.ServerSideEncryptionByDefault"
        ".KMSMasterKeyID",
        "NotificationConfiguration.LambdaConfigurations.*.Function",
        "NotificationConfiguration.QueueConfigurations.*.Queue",
        "NotificationConfiguration.TopicConfigurations.*.Topic",
    ),
    "AWS::SecretsManager::RotationSchedule": ("RotationLambdaARN",),
    "AWS::SecretsManager::Secret": ("KmsKeyId",),
    "AWS::StepFunctions::StateMachine": (
        "LoggingConfiguration.Destinations.*.CloudWatchLogsLogGroup.LogGroupArn",
    ),
    "AWS::WAFv2::LoggingConfiguration": ("ResourceArn", "LogDestinationConfigs.*"),
    "AWS::WAFv2::WebACLAssociation": ("ResourceArn", "WebACLArn"),
}
_SUBSCRIPTION: Final = "AWS::SNS::Subscription"
_ASKED_LATER: Final = ("AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue")
"""They take any key: it is asked for when the first object or message comes."""
_SERVICES: Final = (
    "acm",
    "apigateway",
    "autoscaling",
    "ec2",
    "elasticloadbalancing",
    "firehose",
    "kinesis",
    "kms",
    "lambda",
    "logs",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "wafv2",
)
_ARN: Final = re.compile(r"arn:([a-z-]+):([a-z0-9-]+):([a-z0-9-]*):")


@rule(
    "ARN-REGION",
    "An ARN of another region where AWS requires the same one",
    types=tuple(SAME_REGION),
    severity=Severity.FATAL,
    source="CloudFormation resource reference of the property",
)
def region_rule(context: Context) -> Iterator[Hit]:
    here = context.facts.region
    if not here:
        return
    for kind, paths in SAME_REGION.items():
        for resource in context.view.of_type(kind):
            if kind == _SUBSCRIPTION and resource.get("Region") is not None:
                continue  # it says of which region its topic is
            for path, value in _named(resource, paths):
                found = _ARN.match(value)
                if found is None or found.group(2) not in _SERVICES:
                    continue
                region = found.group(3)
                if region in ("", here) or region not in known_regions():
                    continue
                yield hit(
                    resource,
                    path,
                    f"the ARN {_shown(value)} is of {region}; AWS takes one of {context.here} only",
                    f"name a resource of {here}, or build the ARN with ${{AWS::Region}}",
                    severity=Severity.ERROR if kind in _ASKED_LATER else None,
                )


@rule(
    "ARN-PARTITION",
    "An ARN of another partition",
    types=(ANY,),
    severity=Severity.ERROR,
    source="AWS reference: Amazon Resource Names, partitions",
)
def partition_rule(context: Context) -> Iterator[Hit]:
    here = context.facts.partition
    if not context.facts.region:
        return
    for resource in context.view.resources.values():
        if not resource.type.startswith("AWS::"):
            continue
        if here == "aws" and not _mentions_other_partition(resource):
            continue
        wrong = [
            (path, leaf, found.group(1))
            for path, leaf in resource.leaves
            if isinstance(leaf, str)
            and (found := _ARN.match(leaf))
            and found.group(1) != here
            and " " not in leaf  # descriptions may say anything
        ]
        if wrong:
            path, arn, partition = wrong[0]
            others = f" (and {len(wrong) - 1} more of this resource)" if len(wrong) > 1 else ""
            yield hit(
                resource,
                path,
                f"the ARN {_shown(arn)}{others} is of partition {partition}; "
                f"{context.here} is in {here}",
                "write arn:${AWS::Partition}: instead",
            )


def _mentions_other_partition(resource: Resource) -> bool:
    return any(isinstance(leaf, str) and "arn:aws-" in leaf for _, leaf in resource.leaves)


def _named(resource: Resource, paths: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for path in paths:
        for found, value in _expand(resource, path.split("."), ""):
            if isinstance(value, str) and _known_head(value):
                yield found, value


def _known_head(value: str) -> bool:
    """Whether partition, service and region of an ARN are known; the rest may be open."""
    return not isinstance(value, Partial) or "<" not in ":".join(value.split(":")[:4])


def _expand(resource: Resource, steps: list[str], done: str) -> Iterator[tuple[str, Value]]:
    """Yield every value that a path with ``*`` names."""
    for position, step in enumerate(steps):
        if step == "*":
            for index in range(len(resource.items(done))):
                yield from _expand(resource, steps[position + 1 :], f"{done}.{index}")
            return
        done = f"{done}.{step}" if done else step
    yield done, resource.get(done)


def _shown(value: str) -> str:
    return value if len(value) <= 90 else f"{value[:87]}..."
