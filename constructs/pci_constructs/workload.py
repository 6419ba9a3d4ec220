"""What the service, workers and jobs have in common: a hardened task, and what it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IDependable

from pci_constructs import durations
from pci_constructs.acknowledge import acknowledge, in_finding
from pci_constructs.foundation import Foundation
from pci_constructs.log_group import owned_log_group
from pci_constructs.names import DATABASE_VARIABLES
from pci_constructs.network import Tier
from pci_constructs.policy import Statement, allow, policy
from pci_constructs.settings.image import PRIVATE_IMAGE
from pci_constructs.settings.workload import (
    Permission,
    Runtime,
    Secret,
    ServiceSettings,
    WorkerSettings,
    WorkloadSettings,
)
from pci_constructs.task_definition import TaskDefinition
from pci_constructs.task_roles import execution_role, permitted, repository_arn, task_role

_LOG_BUFFER_BYTES: Final = 25 * 1024 * 1024
"""What waits in memory for CloudWatch Logs before the driver drops lines, instead of stopping the
application; the default of 1 MiB is soon full (AWS containers blog, awslogs non-blocking mode)."""


class Workload(Construct):
    """A Fargate task in private subnets, without public address and without root.

    Attributes:
        name: Its name; the container and its log streams have it too.
        runtime: What its container runs.
        cluster: The ECS cluster.
        task_definition: Its task definition; what is granted to its roles takes effect.
        task_role: What the running container may do.
        security_group: The tasks' group; it has no way out but what is added to it.
        log_group: What the container prints.
        permissions: What the running container may do with AWS services.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: Foundation,
        tier: Tier,
        name: str,
        settings: WorkloadSettings,
        runtime: Runtime,
        secret: secretsmanager.ISecret | None,
        cluster: ecs.ICluster | None,
        reached: str,
    ) -> None:
        """Create the task definition and what it needs.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            foundation: Names, protection and keys.
            tier: Where the tasks run.
            name: Its name, one of the names' workloads.
            settings: Size, variables, secrets, permissions.
            runtime: Image, user, processor, scratch directories.
            secret: Login to the database, given to the container by ECS; None for no login.
            cluster: The ECS cluster; None makes one, of which a stack can have one only.
            reached: Who reaches the tasks, for the security group's description.
        """
        super().__init__(scope, construct_id)
        self.name, self.runtime = name, runtime
        self.foundation, self.tier = foundation, tier
        self._workload, self._secret = settings, secret
        self.permissions = list(settings.permissions)
        self._own_policy: iam.CfnManagedPolicy | None = None
        self._permitted: list[Statement] = []
        self.log_group = owned_log_group(
            self, "LogGroup", name=foundation.names.task_logs(name), foundation=foundation
        )
        self.cluster: ecs.ICluster = cluster or self._cluster()
        self.security_group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=tier.vpc,
            description=f"Tasks: reached by {reached}, every way out is listed",
            allow_all_outbound=False,
        )
        self.task_definition = self._task_definition()

    @property
    def has_login(self) -> bool:
        """Whether its container gets a login to the database."""
        return self._secret is not None

    def _cluster(self) -> ecs.Cluster:
        names = self.foundation.names
        insights = owned_log_group(
            self,
            "ContainerInsightsLogGroup",
            name=names.container_insights_logs,
            foundation=self.foundation,
        )
        cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=names.ecs_cluster,
            vpc=self.tier.vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )
        cluster.node.add_dependency(insights)  # else Container Insights makes the group itself
        return cluster

    def _task_definition(self) -> ecs.FargateTaskDefinition:
        settings = self._workload
        own_role = task_role(self, place=self.foundation.place, permissions=settings.permissions)
        self.task_role, self._task_role = own_role.role, own_role.resource
        task = TaskDefinition(
            self,
            "TaskDefinition",
            settings=settings,
            runtime=self.runtime,
            execution_role=execution_role(
                self,
                foundation=self.foundation,
                log_group=self.log_group,
                login=self._secret,
                secrets=settings.secrets,
                image=self.runtime.image,
            ),
            task_role=self.task_role,
        )
        port = settings.container_port if isinstance(settings, ServiceSettings) else None
        task.add_container(
            "Service",
            container_name=self.name,
            image=self._image(),
            command=list(settings.command) if settings.command else None,
            user=self.runtime.user,
            readonly_root_filesystem=True,
            privileged=False,
            memory_limit_mib=settings.memory_mib,
            port_mappings=[ecs.PortMapping(container_port=port)] if port else None,
            environment=settings.variables or None,
            secrets=self._secrets() or None,
            health_check=self._health_check(),
            logging=ecs.GenericLogDriver(
                log_driver="awslogs",
                options={
                    "awslogs-group": self.log_group.log_group_name,
                    "awslogs-stream-prefix": self.name,
                    "awslogs-region": self.foundation.place.region,
                    "mode": "non-blocking",
                    "max-buffer-size": f"{_LOG_BUFFER_BYTES}b",
                },
            ),
        )
        if settings.variables:
            _accept_variables(task)
        self._harden(task)
        task.everything_is_listed()
        return task

    def _health_check(self) -> ecs.HealthCheck | None:
        settings = self._workload
        if not isinstance(settings, ServiceSettings | WorkerSettings):
            return None
        command = settings.health_check_command
        if command is None:
            return None
        return ecs.HealthCheck(
            command=["CMD-SHELL", command] if isinstance(command, str) else ["CMD", *command],
            interval=durations.seconds(15),
            timeout=durations.seconds(5),
            retries=3,
            start_period=durations.seconds(settings.start_seconds),
        )

    def _secrets(self) -> dict[str, ecs.Secret]:
        """What ECS puts into variables when a task starts."""
        login = {
            name: ecs.Secret.from_secrets_manager(self._secret, field)
            for name, field in (DATABASE_VARIABLES if self._secret else {}).items()
            if self._secret is not None
        }
        own = {
            name: ecs.Secret.from_secrets_manager(self._imported(name, secret), secret.json_key)
            for name, secret in self._workload.secrets.items()
        }
        return {**login, **own}

    def _imported(self, name: str, secret: Secret) -> secretsmanager.ISecret:
        return secretsmanager.Secret.from_secret_complete_arn(self, f"Secret{name}", secret.arn)

    def _harden(self, task: ecs.FargateTaskDefinition) -> None:
        """Drop every capability; mount scratch directories, whose owner the L2 class cannot set."""
        resource = task.node.default_child
        assert isinstance(resource, ecs.CfnTaskDefinition)
        resource.add_property_override(
            "ContainerDefinitions.0.LinuxParameters",
            {
                "Capabilities": {"Drop": ["ALL"]},
                "InitProcessEnabled": False,
                "Tmpfs": [
                    {
                        "ContainerPath": path,
                        "Size": self._workload.scratch_mib,
                        "MountOptions": ["mode=1777", "noexec", "nosuid", "nodev"],
                    }
                    for path in self.runtime.scratch_paths
                ],
            },
        )

    def _image(self) -> ecs.ContainerImage:
        match = PRIVATE_IMAGE.fullmatch(self.runtime.image)
        if match is None:
            return ecs.ContainerImage.from_registry(self.runtime.image)
        repository = ecr.Repository.from_repository_attributes(
            self,
            "Repository",
            repository_arn=repository_arn(match, self.foundation.place),
            repository_name=match["name"],
        )
        return ecs.ContainerImage.from_ecr_repository(repository, match["tag"].lstrip(":@"))

    def s3_statements(self) -> list[Statement]:
        """Return what the gateway endpoint of S3 must let this workload's role do."""
        return [
            allow(
                *actions,
                on=list(permission.resources),
                to={"AWS": "*"},
                when={"ArnEquals": {"aws:PrincipalArn": self.task_role.role_arn}},
            )
            for permission in self.permissions
            if (actions := [name for name in permission.actions if name.startswith("s3:")])
        ]

    @property
    def rights(self) -> list[IDependable]:
        """What :meth:`permit` has added to its role; no task should start before."""
        return [self._own_policy] if self._own_policy else []

    def give(self, variables: Mapping[str, str]) -> None:
        """Give its container more variables, such as the name of a resource of your own.

        Args:
            variables: Values by name; none is a credential (PCI DSS 8.6.2), for which the settings
                have ``secrets``.
        """
        container = self.task_definition.default_container
        assert container is not None
        for name, value in variables.items():
            container.add_environment(name, value)
        _accept_variables(self.task_definition)

    def permit(
        self,
        *actions: str,
        on: str | Sequence[str],
        key: kms.IKey | None = None,
        reason: str | None = None,
    ) -> None:
        """Let the running container do more (PCI DSS 7.2.5), before its network is connected.

        Args:
            actions: The actions, each by its full name; a grant of the CDK has wildcards.
            on: ARN of the resource, or of several.
            key: Key of these, which the container may use through their service.
            reason: Why a resource ends with ``/*``; at least 20 characters.
        """
        permission = Permission.model_construct(
            actions=actions,
            resources=(on,) if isinstance(on, str) else tuple(on),
            kms_key=key.key_arn if key else None,
            reason=reason,
        )
        self.permissions.append(permission)
        self._permitted += permitted(permission, self.foundation.place)
        document = policy(*self._permitted)
        if self._own_policy is None:
            self._own_policy = iam.CfnManagedPolicy(
                self, "OwnPolicy", policy_document=document, roles=[self._task_role]
            )
        self._own_policy.policy_document = document
        if reason:
            for resource in permission.resources:
                finding = f"AwsSolutions-IAM5[Resource::{in_finding(self, resource)}]"
                acknowledge(self._own_policy, {finding: reason})


def _accept_variables(task: ecs.FargateTaskDefinition) -> None:
    acknowledge(
        task,
        {
            "AwsSolutions-ECS2": "The variables are plain settings; names and values that "
            "look like a credential are refused when the file is read (PCI DSS 8.6.2)."
        },
    )
