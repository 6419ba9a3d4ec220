"""Two resources of one template that ask for one name, of which the second is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.template.view import Partial, Reference, Resource

# Type -> what makes two of them one: the name, and what it is unique in.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::ApiGateway::Resource": ("PathPart", "RestApiId", "ParentId"),
    "AWS::ApiGatewayV2::Route": ("RouteKey", "ApiId"),
    "AWS::ApiGatewayV2::Stage": ("StageName", "ApiId"),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("PolicyName", "ScalingTargetId"),
    "AWS::Backup::BackupVault": ("BackupVaultName",),
    "AWS::CloudWatch::Alarm": ("AlarmName",),
    "AWS::CloudWatch::Dashboard": ("DashboardName",),
    "AWS::CloudTrail::Trail": ("TrailName",),
    "AWS::CodeBuild::Project": ("Name",),
    "AWS::Config::ConfigRule": ("ConfigRuleName",),
    "AWS::DynamoDB::Table": ("TableName",),
    "AWS::EC2::SecurityGroup": ("GroupName", "VpcId"),
    "AWS::ECR::Repository": ("RepositoryName",),
    "AWS::ECS::Cluster": ("ClusterName",),
    "AWS::ECS::Service": ("ServiceName", "Cluster"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("Name",),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("Name",),
    "AWS::Events::EventBus": ("Name",),
    "AWS::Events::Rule": ("Name", "EventBusName"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", "Path"),
    "AWS::IAM::Role": ("RoleName",),
    "AWS::KMS::Alias": ("AliasName",),
    "AWS::Kinesis::Stream": ("Name",),
    "AWS::KinesisFirehose::DeliveryStream": ("DeliveryStreamName",),
    "AWS::Lambda::Function": ("FunctionName",),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::RDS::DBCluster": ("DBClusterIdentifier",),
    "AWS::RDS::DBInstance": ("DBInstanceIdentifier",),
    "AWS::RDS::DBSubnetGroup": ("DBSubnetGroupName",),
    "AWS::RDS::EventSubscription": ("SubscriptionName",),
    "AWS::Route53::RecordSet": ("Name", "Type", "HostedZoneId", "HostedZoneName", "SetIdentifier"),
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::Scheduler::Schedule": ("Name", "GroupName"),
    "AWS::SecretsManager::Secret": ("Name",),
    "AWS::SNS::Topic": ("TopicName",),
    "AWS::SQS::Queue": ("QueueName",),
    "AWS::SSM::Parameter": ("Name",),
    "AWS::StepFunctions::StateMachine": ("StateMachineName",),
    "AWS::WAFv2::WebACL": ("Name", "Scope"),
}


@rule(
    "DEPLOY-NAME-TWICE",
    "A name that another resource of the template has",
    types=tuple(_NAMES),
    severity=Severity.FATAL,
    source="CloudFormation user guide: Name type (AlreadyExists)",
)
def twice_rule(context: Context) -> Iterator[Hit]:
    for kind, paths in _NAMES.items():
        seen: dict[tuple[str, ...], str] = {}
        for resource in context.of_type(kind):
            key = _key(resource, paths)
            if key is None:
                continue
            first = seen.setdefault(key, resource.logical_id)
            if first != resource.logical_id:
                yield hit(
                    resource,
                    paths[0],
                    f"{first} has the {paths[0]} {key[0]} already: the second one is refused",
                    f"give each {kind} a name of its own",
                )


def _key(resource: Resource, paths: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return what makes a resource one; None where its name is not known, or has no place."""
    name = resource.get(paths[0])
    if type(name) is not str or not name:
        return None
    found = [name.rstrip(".").lower() if paths[0] == "Name" else name]
    for path in paths[1:]:
        value = resource.get(path)
        if not isinstance(value, str | Reference | None) or (
            isinstance(value, Partial) and not value.references
        ):
            return None
        found.append(str(value))
    return tuple(found)
