"""What is promised of the stack as a whole: what is in it, its names and its exports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.account.aws import Call, objects, text
from pcistack.account.verify.deployed import CLUSTER, SERVICE, VPC, Deployed
from pcistack.account.verify.promise import Promise

NAMED: Final[Mapping[str, str]] = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::RDS::DBClusterParameterGroup": "DBClusterParameterGroupName",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::RDS::DBSubnetGroup": "DBSubnetGroupName",
    "AWS::RDS::EventSubscription": "SubscriptionName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Parameter": "Name",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
    "AWS::WAFv2::IPSet": "Name",
    "AWS::WAFv2::WebACL": "Name",
}
"""Property that holds the name which must be free in its account and region."""

_CALLED_BY_STACK: Final = (
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::ECS::Cluster",
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBClusterParameterGroup",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::RDS::EventSubscription",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SecretsManager::Secret",
    "AWS::WAFv2::WebACL",
)
"""Types whose physical id carries the stack's name also where the template chooses none."""


def _present(stack: Deployed) -> Iterator[str]:
    for kind in (VPC, SERVICE, CLUSTER):
        if not stack.of_type(kind):
            yield f"{kind}: the stack has none"


def _complete(stack: Deployed) -> Iterator[str]:
    for name, resource in stack.resources.items():
        if name not in stack.physical_ids and resource.condition is None:
            yield f"{name}: is in the template and not in the stack"
    for name in stack.physical_ids:
        if name not in stack.resources:
            yield f"{name}: is in the stack and not in the template"


def _outputs(stack: Deployed) -> Iterator[str]:
    exports = {text(export, "Name") for export in stack.aws.items(Call.EXPORTS, "Exports")}
    stacks = stack.aws.items(Call.STACKS, "Stacks", {"StackName": stack.stack})
    outputs = [output for item in stacks for output in objects(item, "Outputs")]
    exported = [output for output in outputs if text(output, "ExportName")]
    if not exported:
        yield f"{stack.stack}: exports nothing"
    for output in exported:
        name = text(output, "ExportName")
        own = name.rpartition(":")[2].startswith(f"{stack.suffix}-")
        if not (own and name in exports):
            yield f"{text(output, 'OutputKey')}: is not exported under the suffix {stack.suffix}"


def _names(stack: Deployed) -> Iterator[str]:
    for name, identifier in stack.of_type(*NAMED, *_CALLED_BY_STACK).items():
        resource = stack.resources[name]
        named = NAMED.get(resource.type, "") in resource.properties
        listed = named or resource.type in _CALLED_BY_STACK
        if listed and not _carries_suffix(identifier.lower(), stack):
            yield f"{name}: the name {identifier} does not contain the suffix {stack.suffix}"


def _carries_suffix(identifier: str, stack: Deployed) -> bool:
    """Whether the suffix stands in a name by itself, or the stack's name as CloudFormation has it.

    CloudFormation writes the stack's name without hyphens where a service takes none.
    """
    alone = rf"(?<![a-z0-9]){re.escape(stack.suffix)}(?![a-z0-9])"
    name = stack.stack.lower().replace("-", "")
    return bool(re.search(alone, identifier)) or name in identifier.replace("-", "")


PROMISES: Final = (
    Promise(
        id="present",
        says="There are a VPC, a service and a database",
        problems=_present,
    ),
    Promise(
        id="complete",
        says="The stack has the template's resources and no other",
        requirement="6.5.1",
        problems=_complete,
    ),
    Promise(
        id="outputs-exported",
        says="Outputs are exported under the suffix",
        problems=_outputs,
    ),
    Promise(
        id="names-carry-suffix",
        says="Every name contains the suffix",
        requirement="6.5.3",
        problems=_names,
    ),
)
