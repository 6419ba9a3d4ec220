"""Access: a role that a service is given must let that service assume it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import expand
from pcistack.template.view import Resource, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """Where a type names a role, and what for.

    Attributes:
        path: Property path; ``*`` stands for every item of a list.
        service: Principal that must be able to assume it, without region.
        source: ARN that it sends as ``aws:SourceArn``, with ``{p}`` and ``{r}``; empty if that
            is not documented.
        fatal: Whether the service tries it while the resource is created.
    """

    path: str
    service: str
    source: str = ""
    fatal: bool = True


_ECS: Final = "arn:{p}:ecs:{r}:<AWS::AccountId>:task/cluster/id"
_TASKS: Final = "ecs-tasks.amazonaws.com"

_USES: Final[Mapping[str, tuple[_Use, ...]]] = {
    "AWS::ECS::TaskDefinition": (
        _Use(path="ExecutionRoleArn", service=_TASKS, source=_ECS, fatal=False),
        _Use(path="TaskRoleArn", service=_TASKS, source=_ECS, fatal=False),
    ),
    "AWS::Lambda::Function": (_Use(path="Role", service="lambda.amazonaws.com"),),
    "AWS::Serverless::Function": (_Use(path="Role", service="lambda.amazonaws.com"),),
    "AWS::EC2::FlowLog": (
        _Use(
            path="DeliverLogsPermissionArn",
            service="vpc-flow-logs.amazonaws.com",
            source="arn:{p}:ec2:{r}:<AWS::AccountId>:vpc-flow-log/fl-1",
            fatal=False,
        ),
    ),
    "AWS::RDS::DBInstance": (
        _Use(path="MonitoringRoleArn", service="monitoring.rds.amazonaws.com"),
    ),
    "AWS::RDS::DBCluster": (
        _Use(path="MonitoringRoleArn", service="monitoring.rds.amazonaws.com"),
        _Use(path="AssociatedRoles.*.RoleArn", service="rds.amazonaws.com"),
    ),
    "AWS::RDS::DBProxy": (_Use(path="RoleArn", service="rds.amazonaws.com", fatal=False),),
    "AWS::Events::Rule": (
        _Use(path="RoleArn", service="events.amazonaws.com"),
        _Use(path="Targets.*.RoleArn", service="events.amazonaws.com"),
    ),
    "AWS::Scheduler::Schedule": (_Use(path="Target.RoleArn", service="scheduler.amazonaws.com"),),
    "AWS::Pipes::Pipe": (_Use(path="RoleArn", service="pipes.amazonaws.com"),),
    "AWS::StepFunctions::StateMachine": (_Use(path="RoleArn", service="states.amazonaws.com"),),
    "AWS::CodeBuild::Project": (_Use(path="ServiceRole", service="codebuild.amazonaws.com"),),
    "AWS::CodePipeline::Pipeline": (_Use(path="RoleArn", service="codepipeline.amazonaws.com"),),
    "AWS::CodeDeploy::DeploymentGroup": (
        _Use(path="ServiceRoleArn", service="codedeploy.amazonaws.com"),
    ),
    "AWS::KinesisFirehose::DeliveryStream": tuple(
        _Use(path=f"{kind}.RoleARN", service="firehose.amazonaws.com")
        for kind in (
            "S3DestinationConfiguration",
            "ExtendedS3DestinationConfiguration",
            "HttpEndpointDestinationConfiguration",
            "KinesisStreamSourceConfiguration",
            "AmazonopensearchserviceDestinationConfiguration",
        )
    ),
    "AWS::Logs::SubscriptionFilter": (_Use(path="RoleArn", service="logs.amazonaws.com"),),
    "AWS::Logs::Destination": (_Use(path="RoleArn", service="logs.amazonaws.com"),),
    "AWS::CloudTrail::Trail": (
        _Use(path="CloudWatchLogsRoleArn", service="cloudtrail.amazonaws.com"),
    ),
    "AWS::Config::ConfigurationRecorder": (_Use(path="RoleARN", service="config.amazonaws.com"),),
    "AWS::ApiGateway::Account": (
        _Use(path="CloudWatchRoleArn", service="apigateway.amazonaws.com"),
    ),
    "AWS::AppSync::DataSource": (_Use(path="ServiceRoleArn", service="appsync.amazonaws.com"),),
    "AWS::Backup::BackupSelection": (
        _Use(path="BackupSelection.IamRoleArn", service="backup.amazonaws.com"),
    ),
    "AWS::Batch::JobDefinition": (
        _Use(path="ContainerProperties.JobRoleArn", service=_TASKS, fatal=False),
        _Use(path="ContainerProperties.ExecutionRoleArn", service=_TASKS, fatal=False),
    ),
    "AWS::EKS::Cluster": (_Use(path="RoleArn", service="eks.amazonaws.com"),),
    "AWS::EKS::Nodegroup": (_Use(path="NodeRole", service="ec2.amazonaws.com"),),
    "AWS::Glue::Job": (_Use(path="Role", service="glue.amazonaws.com"),),
    "AWS::Glue::Crawler": (_Use(path="Role", service="glue.amazonaws.com"),),
    "AWS::S3::Bucket": (
        _Use(path="ReplicationConfiguration.Role", service="s3.amazonaws.com", fatal=False),
    ),
    "AWS::SageMaker::NotebookInstance": (_Use(path="RoleArn", service="sagemaker.amazonaws.com"),),
    "AWS::Transfer::Server": (_Use(path="LoggingRole", service="transfer.amazonaws.com"),),
    "AWS::Transfer::User": (_Use(path="Role", service="transfer.amazonaws.com"),),
    "AWS::IAM::InstanceProfile": (_Use(path="Roles.*", service="ec2.amazonaws.com", fatal=False),),
}


@rule(
    "DEPLOY-ROLE-TRUST",
    "A role that the service it is given to cannot assume",
    types=tuple(_USES),
    source="IAM user guide: Creating a role to delegate permissions to an AWS service",
)
def trust_rule(context: Context) -> Iterator[Hit]:
    for kind, uses in _USES.items():
        for resource in context.of_type(kind):
            for use in uses:
                for path, value in expand(resource, use.path):
                    yield from _judged(context, resource, path, value, use)


def _judged(
    context: Context, resource: Resource, path: str, value: Value, use: _Use
) -> Iterator[Hit]:
    role = context.access.role(value)
    if role is None:
        return
    sent = {"aws:sourceaccount": ("<AWS::AccountId>",)}
    if use.source and context.region:
        sent["aws:sourcearn"] = (context.placed(use.source),)
    if context.access.may_assume(role, use.service, sent) is False:
        yield hit(
            resource,
            path,
            f"{use.service} cannot assume {role.logical_id}: its trust policy has no statement "
            f"that lets it in {context.here}",
            f"in AssumeRolePolicyDocument of {role.logical_id} allow sts:AssumeRole to "
            f'{{"Service": "{use.service}"}}, with no condition that the service does not meet',
            severity=Severity.FATAL if use.fatal else None,
        )
