"""A job: a task that runs to its end, on a schedule, before the service, or when asked to."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from pci_constructs.policy import Statement, allow, from_this_account
from pci_constructs.role import RoleProps, listed_role
from pci_constructs.service import Service
from pci_constructs.settings.workload import JobSettings
from pci_constructs.workload import Workload


class Job(Workload):
    """A Fargate task that ends.

    Attributes:
        settings: Its settings.
        schedule: Its schedule, if it has one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        beside: Service,
        secret: secretsmanager.ISecret | None,
        settings: JobSettings,
    ) -> None:
        """Create the job.

        Args:
            scope: Parent construct.
            construct_id: Its name, one of the names' jobs.
            beside: The service, whose cluster, place and, if it has none of its own, image it uses.
            secret: Login to the database, given to the container by ECS; None for no login.
            settings: Command, size, when it runs.
        """
        self.settings = settings
        super().__init__(
            scope,
            construct_id,
            foundation=beside.foundation,
            tier=beside.tier,
            name=construct_id,
            settings=settings,
            runtime=settings.runtime_beside(beside.runtime),
            secret=secret,
            cluster=beside.cluster,
            reached="nothing",
        )
        self.schedule: scheduler.CfnSchedule | None = None

    def run_on_schedule(self, expression: str, group: scheduler.CfnScheduleGroup) -> None:
        """Let EventBridge Scheduler start it.

        Args:
            expression: A schedule such as ``cron(0 2 * * ? *)``, in UTC.
            group: Group of the stack's schedules, by which their metrics are found.
        """
        role = self._scheduler_role()
        place = scheduler.CfnSchedule
        self.schedule = scheduler.CfnSchedule(
            self,
            "Schedule",
            description=f"Runs the job {self.name}",
            group_name=group.ref,
            schedule_expression=expression,
            schedule_expression_timezone="UTC",
            flexible_time_window=place.FlexibleTimeWindowProperty(mode="OFF"),
            target=place.TargetProperty(
                arn=self.cluster.cluster_arn,
                role_arn=role.role_arn,
                ecs_parameters=place.EcsParametersProperty(
                    task_definition_arn=self.task_definition.task_definition_arn,
                    launch_type="FARGATE",
                    platform_version="LATEST",
                    task_count=1,
                    propagate_tags="TASK_DEFINITION",
                    enable_ecs_managed_tags=True,
                    network_configuration=place.NetworkConfigurationProperty(
                        awsvpc_configuration=place.AwsVpcConfigurationProperty(
                            subnets=self.tier.subnet_ids,
                            security_groups=[self.security_group.security_group_id],
                            assign_public_ip="DISABLED",
                        )
                    ),
                ),
                retry_policy=place.RetryPolicyProperty(
                    maximum_event_age_in_seconds=3600, maximum_retry_attempts=3
                ),
            ),
        )

    @property
    def _tasks(self) -> str:
        return f"task/{self.foundation.names.ecs_cluster}/*"

    def starting(self) -> tuple[Statement, ...]:
        """What starts it needs this: to run its task, and to hand its two roles to ECS."""
        task = self.task_definition
        roles = [task.task_role.role_arn, task.obtain_execution_role().role_arn]
        return (
            allow("ecs:RunTask", on=task.task_definition_arn),
            allow(
                "ecs:TagResource",
                on=self.foundation.place.arn("ecs", self._tasks),
                when={"StringEquals": {"ecs:CreateAction": "RunTask"}},
            ),
            allow(
                "iam:PassRole",
                on=roles,
                when={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
            ),
        )

    def _scheduler_role(self) -> iam.IRole:
        return listed_role(
            self,
            "SchedulerRole",
            props=RoleProps(
                description=f"Lets EventBridge Scheduler start the job {self.name}",
                service="scheduler.amazonaws.com",
                when=from_this_account(self.foundation.place),
                statements=self.starting(),
                accepted={
                    "AwsSolutions-IAM5[Resource::"
                    f"{self.foundation.place.in_findings.arn('ecs', self._tasks)}]": "A task has a "
                    "random id; the cluster is named."
                },
            ),
        ).role


def schedule(scope: Construct, jobs: Sequence[Job]) -> scheduler.CfnScheduleGroup | None:
    """Let jobs run by themselves; return the group of their schedules, if there are any."""
    timed = [(job, job.settings.schedule) for job in jobs if job.settings.schedule]
    if not timed:
        return None
    names = timed[0][0].foundation.names
    group = scheduler.CfnScheduleGroup(scope, "Schedules", name=names.schedules)
    for job, expression in timed:
        job.run_on_schedule(expression, group)
    return group
