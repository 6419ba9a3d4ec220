"""References to a part of the network of another kind than the property takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import references
from pcistack.template.view import Reference, Resource

_GROUP: Final = "AWS::EC2::SecurityGroup"
_SUBNET: Final = "AWS::EC2::Subnet"
# Last name of a property, of whichever type -> the one type whose Ref it takes.
_KINDS: Final[Mapping[str, str]] = {
    "SecurityGroupIds": _GROUP,
    "SecurityGroups": _GROUP,
    "SourceSecurityGroupId": _GROUP,
    "DestinationSecurityGroupId": _GROUP,
    "VpcSecurityGroupIds": _GROUP,
    "VPCSecurityGroups": _GROUP,
    "SubnetId": _SUBNET,
    "SubnetIds": _SUBNET,
    "Subnets": _SUBNET,
    "VpcSubnetIds": _SUBNET,
    "VPCZoneIdentifier": _SUBNET,
    "VpcId": "AWS::EC2::VPC",
    "RouteTableId": "AWS::EC2::RouteTable",
    "RouteTableIds": "AWS::EC2::RouteTable",
}
_FUNCTIONS: Final = ("AWS::Lambda::Function", "AWS::Lambda::Alias", "AWS::Lambda::Version")
_SECRETS: Final = ("AWS::SecretsManager::Secret", "AWS::SecretsManager::SecretTargetAttachment")
_TARGETS: Final = ("AWS::ElasticLoadBalancingV2::TargetGroup",)
_ACTIONS: Final = ("AWS::SNS::Topic",)
# Type and path -> the types whose Ref the property takes; of others than _PARTS nothing is said.
_NAMED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "AWS::ApplicationAutoScaling::ScalingPolicy": {
        "ScalingTargetId": ("AWS::ApplicationAutoScaling::ScalableTarget",),
    },
    "AWS::CloudWatch::Alarm": {
        "AlarmActions.*": _ACTIONS,
        "OKActions.*": _ACTIONS,
        "InsufficientDataActions.*": _ACTIONS,
    },
    "AWS::ECS::Service": {
        "Cluster": ("AWS::ECS::Cluster",),
        "LoadBalancers.*.TargetGroupArn": _TARGETS,
    },
    "AWS::ElasticLoadBalancingV2::Listener": {
        "LoadBalancerArn": ("AWS::ElasticLoadBalancingV2::LoadBalancer",),
        "DefaultActions.*.TargetGroupArn": _TARGETS,
    },
    "AWS::ElasticLoadBalancingV2::ListenerRule": {
        "ListenerArn": ("AWS::ElasticLoadBalancingV2::Listener",),
        "Actions.*.TargetGroupArn": _TARGETS,
    },
    "AWS::KMS::Alias": {"TargetKeyId": ("AWS::KMS::Key", "AWS::KMS::ReplicaKey")},
    "AWS::Lambda::EventSourceMapping": {"FunctionName": _FUNCTIONS},
    "AWS::Lambda::Permission": {"FunctionName": _FUNCTIONS},
    "AWS::Logs::LogGroup": {"KmsKeyId": ("AWS::KMS::Key", "AWS::KMS::ReplicaKey")},
    "AWS::RDS::DBCluster": {
        "DBSubnetGroupName": ("AWS::RDS::DBSubnetGroup",),
        "DBClusterParameterGroupName": ("AWS::RDS::DBClusterParameterGroup",),
    },
    "AWS::RDS::DBInstance": {
        "DBClusterIdentifier": ("AWS::RDS::DBCluster",),
        "DBSubnetGroupName": ("AWS::RDS::DBSubnetGroup",),
        "DBParameterGroupName": ("AWS::RDS::DBParameterGroup",),
    },
    "AWS::S3::BucketPolicy": {"Bucket": ("AWS::S3::Bucket",)},
    "AWS::SecretsManager::RotationSchedule": {"SecretId": _SECRETS},
    "AWS::SecretsManager::SecretTargetAttachment": {
        "SecretId": _SECRETS,
        "TargetId": ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"),
    },
    "AWS::SNS::Subscription": {"TopicArn": ("AWS::SNS::Topic",)},
    "AWS::SNS::TopicPolicy": {"Topics.*": ("AWS::SNS::Topic",)},
    "AWS::SQS::QueuePolicy": {"Queues.*": ("AWS::SQS::Queue",)},
}
_PARTS: Final = (
    *("AWS::EC2::", "AWS::RDS::", "AWS::ECS::", "AWS::ElasticLoadBalancingV2::", "AWS::Lambda::"),
    *("AWS::S3::", "AWS::IAM::", "AWS::KMS::", "AWS::SNS::", "AWS::SQS::", "AWS::Logs::"),
    "AWS::SecretsManager::",
)


@rule(
    "DEPLOY-REFERENCE-TYPE",
    "A reference to something of another type than the property takes",
    types=(ANY,),
    severity=Severity.FATAL,
    source="CloudFormation resource reference: return values of Ref",
)
def type_rule(context: Context) -> Iterator[Hit]:
    for kind, paths in _NAMED.items():
        for resource in context.of_type(kind):
            for pattern, types in paths.items():
                for path, value in references(resource, pattern):
                    yield from _judged(context, resource, path, value, types)
    for resource in context.view.resources.values():
        if not resource.type.startswith("AWS::") or resource.type.endswith("::MODULE"):
            continue
        for path, leaf in resource.leaves:
            if not isinstance(leaf, Reference):
                continue
            wanted = _KINDS.get(re.sub(r"(?:\.\d+)+$", "", path).rsplit(".", 1)[-1])
            if wanted:
                yield from _judged(context, resource, path, leaf, (wanted,))


def _judged(
    context: Context, resource: Resource, path: str, value: Reference, types: tuple[str, ...]
) -> Iterator[Hit]:
    target = context.target(value)
    if target is None or value.attribute is not None:
        return
    if target.type not in types and target.type.startswith(_PARTS):
        wanted = " or ".join(types)
        yield hit(
            resource,
            path,
            f"!Ref {target.logical_id} names an {target.type}, and the property takes an {wanted}",
            f"name an {wanted}",
        )
