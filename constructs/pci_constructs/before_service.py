"""Runs jobs in a deployment, before the service: CloudFormation has no other way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aws_cdk import CustomResource
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct, IDependable

from pci_constructs import durations
from pci_constructs.acknowledge import acknowledge
from pci_constructs.foundation import Foundation
from pci_constructs.job import Job
from pci_constructs.log_group import owned_log_group
from pci_constructs.policy import allow
from pci_constructs.role import RoleProps, listed_role

_HANDLER: Final = Path(__file__).parent / "job_handler"


class BeforeService(Construct):
    """A function that runs each job when a deployment changes it, one after the other.

    A job that fails stops the deployment with the last lines that it printed; what waits for it
    keeps its version. A rollback runs no job.

    Attributes:
        function: The function.
        runs: One custom resource for each job; let what must come later wait for them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: Foundation,
        jobs: Sequence[Job],
        after: Sequence[IDependable],
    ) -> None:
        """Create the function and the runs.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            foundation: Names, place and keys.
            jobs: The jobs, in their order.
            after: What must exist before a task can start.
        """
        super().__init__(scope, construct_id)
        self._foundation = foundation
        log_group = owned_log_group(
            self, "LogGroup", name=foundation.names.job_runner_logs, foundation=foundation
        )
        role = self._role(jobs, log_group)
        self.function = lambda_.Function(
            self,
            "Function",
            description=f"Runs jobs in deployments of {foundation.names.stack}",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            handler="index.handler",
            code=lambda_.Code.from_asset(str(_HANDLER), exclude=["__pycache__"]),
            timeout=durations.minutes(15),
            memory_size=256,
            log_group=log_group,
            role=role,
        )
        acknowledge(
            self.function,
            {
                "PCI.DSS.321-LambdaInsideVPC": "It calls the ECS, CloudFormation and CloudWatch "
                "Logs APIs only; outside the VPC it has no path into the cardholder data "
                "environment."
            },
        )
        self.runs: list[CustomResource] = []
        for job in jobs:
            run = self._run(job)
            run.node.add_dependency(*after, job.security_group, *job.rights, *self.runs[-1:])
            self.runs.append(run)

    def _run(self, job: Job) -> CustomResource:
        minutes = job.settings.timeout_minutes
        return CustomResource(
            self,
            job.name,
            service_token=self.function.function_arn,
            resource_type="Custom::JobBeforeService",
            service_timeout=durations.minutes(minutes + 1),
            properties={
                "Cluster": job.cluster.cluster_name,
                "TaskDefinition": job.task_definition.task_definition_arn,
                "Container": job.name,
                "LogGroup": job.log_group.log_group_name,
                "Subnets": job.tier.subnet_ids,
                "SecurityGroups": [job.security_group.security_group_id],
                "TimeoutMinutes": str(minutes),
            },
        )

    def _role(self, jobs: Sequence[Job], log_group: logs.LogGroup) -> iam.IRole:
        place, names = self._foundation.place, self._foundation.names
        tasks, stack = f"task/{names.ecs_cluster}/*", f"stack/{names.stack}/*"
        streams = [f"log-group:{names.task_logs(job.name)}:log-stream:*" for job in jobs]
        reasons = {
            ("ecs", tasks): "A task has a random id; the cluster is named.",
            ("cloudformation", stack): "The id behind the name is random; it is this stack's.",
            **{("logs", stream): "A task's stream has a random name." for stream in streams},
        }
        return listed_role(
            self,
            "Role",
            props=RoleProps(
                description="Lets a deployment run jobs",
                service="lambda.amazonaws.com",
                statements=(
                    *(statement for job in jobs for statement in job.starting()),
                    allow("ecs:DescribeTasks", "ecs:StopTask", on=place.arn("ecs", tasks)),
                    allow("logs:GetLogEvents", on=[place.arn("logs", name) for name in streams]),
                    allow("cloudformation:DescribeStacks", on=place.arn("cloudformation", stack)),
                    allow("logs:CreateLogStream", "logs:PutLogEvents", on=log_group.log_group_arn),
                ),
                accepted={
                    f"AwsSolutions-IAM5[Resource::{place.in_findings.arn(service, name)}]": reason
                    for (service, name), reason in reasons.items()
                },
            ),
        ).role
