"""References that give a name where an ARN is asked for, or the reverse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import references
from pcistack.template.view import Resource

# Types whose Ref is a name, an id, an address or a URL, with the attribute that is their ARN.
_ARNS: Final[Mapping[str, str]] = {
    "AWS::CloudWatch::Alarm": "Arn",
    "AWS::CodeBuild::Project": "Arn",
    "AWS::DynamoDB::Table": "Arn",
    "AWS::ECS::Cluster": "Arn",
    "AWS::IAM::Role": "Arn",
    "AWS::Kinesis::Stream": "Arn",
    "AWS::KinesisFirehose::DeliveryStream": "Arn",
    "AWS::KMS::Key": "Arn",
    "AWS::Lambda::Function": "Arn",
    "AWS::Logs::LogGroup": "Arn",
    "AWS::RDS::DBCluster": "DBClusterArn",
    "AWS::S3::Bucket": "Arn",
    "AWS::SQS::Queue": "Arn",
    "AWS::WAFv2::WebACL": "Arn",
}
# Properties that take the ARN of such a type; where a name serves as well, they do not stand here.
_WANT_ARN: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::ApiGateway::Account": ("CloudWatchRoleArn",),
    "AWS::Backup::BackupSelection": ("BackupSelection.IamRoleArn",),
    "AWS::Batch::JobDefinition": (
        *("ContainerProperties.ExecutionRoleArn", "ContainerProperties.JobRoleArn"),
    ),
    "AWS::CloudFormation::CustomResource": ("ServiceToken",),
    "AWS::CloudTrail::Trail": ("CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"),
    "AWS::Config::ConfigurationRecorder": ("RoleARN",),
    "AWS::EC2::FlowLog": ("DeliverLogsPermissionArn", "LogDestination"),
    "AWS::Events::Rule": ("Targets.*.Arn", "Targets.*.RoleArn", "Targets.*.DeadLetterConfig.Arn"),
    "AWS::Kinesis::StreamConsumer": ("StreamARN",),
    "AWS::KinesisFirehose::DeliveryStream": (
        *("KinesisStreamSourceConfiguration.KinesisStreamARN",),
        *("KinesisStreamSourceConfiguration.RoleARN",),
        *("ExtendedS3DestinationConfiguration.BucketARN", "S3DestinationConfiguration.BucketARN"),
        *("ExtendedS3DestinationConfiguration.RoleARN", "S3DestinationConfiguration.RoleARN"),
    ),
    "AWS::Lambda::EventSourceMapping": ("EventSourceArn",),
    "AWS::Lambda::Function": ("Role", "KmsKeyArn", "DeadLetterConfig.TargetArn"),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::Logs::SubscriptionFilter": ("DestinationArn", "RoleArn"),
    "AWS::Pipes::Pipe": ("RoleArn", "Source", "Target"),
    "AWS::RDS::DBCluster": ("MonitoringRoleArn",),
    "AWS::RDS::DBInstance": ("MonitoringRoleArn",),
    "AWS::RDS::DBProxy": ("RoleArn",),
    "AWS::S3::Bucket": (
        *("ReplicationConfiguration.Role", "ReplicationConfiguration.Rules.*.Destination.Bucket"),
        "NotificationConfiguration.QueueConfigurations.*.Queue",
        "NotificationConfiguration.LambdaConfigurations.*.Function",
    ),
    "AWS::Scheduler::Schedule": ("Target.Arn", "Target.RoleArn", "Target.DeadLetterConfig.Arn"),
    "AWS::SecretsManager::RotationSchedule": ("RotationLambdaARN",),
    "AWS::SNS::Subscription": ("Endpoint",),
    "AWS::SQS::Queue": ("RedrivePolicy.deadLetterTargetArn",),
    "AWS::StepFunctions::StateMachine": (
        "RoleArn",
        "LoggingConfiguration.Destinations.*.CloudWatchLogsLogGroup.LogGroupArn",
    ),
    "AWS::WAFv2::LoggingConfiguration": ("LogDestinationConfigs.*", "ResourceArn"),
    "AWS::WAFv2::WebACLAssociation": ("WebACLArn",),
}
# Properties that take a name, an id or a URL, which is what Ref gives.
_WANT_NAME: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::IAM::InstanceProfile": ("Roles.*",),
    "AWS::IAM::Policy": ("Roles.*",),
    "AWS::Logs::MetricFilter": ("LogGroupName",),
    "AWS::Logs::SubscriptionFilter": ("LogGroupName",),
    "AWS::S3::Bucket": ("LoggingConfiguration.DestinationBucketName",),
    "AWS::S3::BucketPolicy": ("Bucket",),
    "AWS::SQS::QueuePolicy": ("Queues.*",),
    "AWS::EC2::FlowLog": ("LogGroupName",),
    "AWS::CloudTrail::Trail": ("S3BucketName",),
}
# Properties that take one type only, of which another one of the same network is easily named.
_WANT_TYPE: Final[Mapping[tuple[str, str], tuple[str, str | None]]] = {
    ("AWS::EC2::NatGateway", "AllocationId"): ("AWS::EC2::EIP", "AllocationId"),
    ("AWS::EC2::Route", "NatGatewayId"): ("AWS::EC2::NatGateway", None),
    ("AWS::EC2::Route", "TransitGatewayId"): ("AWS::EC2::TransitGateway", None),
    ("AWS::IAM::Role", "PermissionsBoundary"): ("AWS::IAM::ManagedPolicy", None),
    ("AWS::ECS::Service", "TaskDefinition"): ("AWS::ECS::TaskDefinition", None),
}
_LOOSE: Final = ("AWS::CloudFormation::", "Custom::")


@rule(
    "DEPLOY-REFERENCE-KIND",
    "A reference that gives another kind of name than the property takes",
    types=tuple(dict.fromkeys((*_WANT_ARN, *_WANT_NAME, *(kind for kind, _ in _WANT_TYPE)))),
    severity=Severity.FATAL,
    source="CloudFormation resource reference: return values of Ref and Fn::GetAtt",
)
def kind_rule(context: Context) -> Iterator[Hit]:
    for kind, paths in _WANT_ARN.items():
        for resource in context.of_type(kind):
            yield from _wants_arn(context, resource, paths)
    yield from _named(context)
    yield from _typed(context)


def _named(context: Context) -> Iterator[Hit]:
    for kind, paths in _WANT_NAME.items():
        for resource in context.of_type(kind):
            for path, value in references(resource, *paths):
                target = context.target(value)
                if target and value.attribute and value.attribute == _ARNS.get(target.type):
                    yield hit(
                        resource,
                        path,
                        f"{value} is an ARN; the property takes what Ref gives",
                        f"write !Ref {target.logical_id}",
                    )


def _typed(context: Context) -> Iterator[Hit]:
    for (kind, path), (wanted, attribute) in _WANT_TYPE.items():
        for resource in context.of_type(kind):
            for where, value in references(resource, path):
                target = context.target(value)
                if target is None or target.type.startswith(_LOOSE):
                    continue
                if target.type != wanted or value.attribute != attribute:
                    how = f"!GetAtt <resource>.{attribute}" if attribute else "!Ref <resource>"
                    yield hit(
                        resource,
                        where,
                        f"{value}, of an {target.type}, is nothing that the property takes",
                        f"name an {wanted} by {how}",
                    )


def _wants_arn(context: Context, resource: Resource, paths: tuple[str, ...]) -> Iterator[Hit]:
    for path, value in references(resource, *paths):
        target = context.target(value)
        arn = _ARNS.get(target.type) if target else None
        if target is None or arn is None or value.attribute is not None:
            continue
        if resource.type == "AWS::SNS::Subscription" and resource.text("Protocol") not in (
            *("lambda", "sqs", "firehose"),
        ):
            continue
        yield hit(
            resource,
            path,
            f"!Ref {target.logical_id}, an {target.type}, is no ARN, which the property takes",
            f"write !GetAtt {target.logical_id}.{arn}",
        )
