"""What the service, workers and jobs have in common: a hardened task, and what it is given."""

from __future__ import annotations

import re
from typing import Final

from aws_cdk import Duration, Size
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from pci_constructs.acknowledge import acknowledge
from pci_constructs.foundation import Foundation
from pci_constructs.log_group import owned_log_group
from pci_constructs.names import DATABASE_VARIABLES
from pci_constructs.network import Tier
from pci_constructs.place import Place
from pci_constructs.policy import Statement, allow, from_this_account
from pci_constructs.role import ListedRole, RoleProps, listed_role
from pci_constructs.settings.image import PRIVATE_IMAGE
from pci_constructs.settings.workload import (
    Permission,
    Runtime,
    Secret,
    ServiceSettings,
    WorkerSettings,
    WorkloadSettings,
)

_TASKS: Final = "ecs-tasks.amazonaws.com"
_LOG_BUFFER_MIB: Final = 25
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
        execution_role = self._execution_role()
        self.task_role = self._task_role(self.foundation.place)
        task = _TaskDefinition(
            self,
            "TaskDefinition",
            settings=settings,
            runtime=self.runtime,
            execution_role=execution_role,
            task_role=self.task_role,
        )
        linux = ecs.LinuxParameters(self, "Linux", init_process_enabled=False)
        linux.drop_capabilities(ecs.Capability.ALL)
        port = settings.container_port if isinstance(settings, ServiceSettings) else None
        task.add_container(
            "Service",
            container_name=self.name,
            image=self._image(),
            command=list(settings.command) if settings.command else None,
            user=self.runtime.user,
            readonly_root_filesystem=True,
            privileged=False,
            linux_parameters=linux,
            memory_limit_mib=settings.memory_mib,
            port_mappings=[ecs.PortMapping(container_port=port)] if port else None,
            environment=settings.variables or None,
            secrets=self._secrets() or None,
            health_check=self._health_check(),
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix=self.name,
                log_group=self.log_group,
                mode=ecs.AwsLogDriverMode.NON_BLOCKING,
                max_buffer_size=Size.mebibytes(_LOG_BUFFER_MIB),
            ),
        )
        if settings.variables:
            acknowledge(
                task,
                {
                    "AwsSolutions-ECS2": "The variables are plain settings; names and values that "
                    "look like a credential are refused when the file is read (PCI DSS 8.6.2)."
                },
            )
        self._scratch(task)
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
            interval=Duration.seconds(15),
            timeout=Duration.seconds(5),
            retries=3,
            start_period=Duration.seconds(settings.start_seconds),
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

    def _scratch(self, task: ecs.FargateTaskDefinition) -> None:
        """Mount the scratch directories; the L2 class cannot set their owner."""
        resource = task.node.default_child
        assert isinstance(resource, ecs.CfnTaskDefinition)
        resource.add_property_override(
            "ContainerDefinitions.0.LinuxParameters.Tmpfs",
            [
                {
                    "ContainerPath": path,
                    "Size": self._workload.scratch_mib,
                    "MountOptions": ["mode=1777", "noexec", "nosuid", "nodev"],
                }
                for path in self.runtime.scratch_paths
            ],
        )

    def _image(self) -> ecs.ContainerImage:
        match = PRIVATE_IMAGE.fullmatch(self.runtime.image)
        if match is None:
            return ecs.ContainerImage.from_registry(self.runtime.image)
        repository = ecr.Repository.from_repository_attributes(
            self,
            "Repository",
            repository_arn=_repository_arn(match, self.foundation.place),
            repository_name=match["name"],
        )
        return ecs.ContainerImage.from_ecr_repository(repository, match["tag"].lstrip(":@"))

    def _execution_role(self) -> ListedRole:
        """What ECS needs to start the task, and nothing that the task itself can use."""
        place = self.foundation.place
        statements = [
            allow("logs:CreateLogStream", "logs:PutLogEvents", on=self.log_group.log_group_arn)
        ]
        if self._secret is not None:
            statements += [
                allow("secretsmanager:GetSecretValue", on=self._secret.secret_arn),
                allow("kms:Decrypt", on=self.foundation.keys.secrets.key_arn),
            ]
        own = self._workload.secrets.values()
        statements += [
            allow("secretsmanager:GetSecretValue", on=arn)
            for arn in dict.fromkeys(secret.arn for secret in own)
        ]
        statements += [
            allow("kms:Decrypt", on=key)
            for key in dict.fromkeys(secret.kms_key for secret in own if secret.kms_key)
        ]
        accepted = {}
        match = PRIVATE_IMAGE.fullmatch(self.runtime.image)
        if match is not None:
            repository = _repository_arn(match, place)
            statements += [
                allow("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", on=repository),
                allow("ecr:GetAuthorizationToken"),
            ]
            accepted["AwsSolutions-IAM5[Resource::*]"] = (
                "ecr:GetAuthorizationToken has no resource; every other action names its resource."
            )
        return listed_role(
            self,
            "ExecutionRole",
            props=RoleProps(
                description="Lets ECS start the task",
                service=_TASKS,
                when=from_this_account(place, service="ecs"),
                statements=tuple(statements),
                accepted=accepted,
            ),
        )

    def _task_role(self, place: Place) -> iam.IRole:
        """The task's own identity; it may do what the settings list, and nothing else."""
        permissions = self._workload.permissions
        accepted = {
            f"AwsSolutions-IAM5[Resource::{resource}]": permission.reason
            for permission in permissions
            for resource in permission.resources
            if resource.endswith("/*") and permission.reason
        }
        return listed_role(
            self,
            "TaskRole",
            props=RoleProps(
                description="Identity of the running task",
                service=_TASKS,
                when=from_this_account(place, service="ecs"),
                statements=tuple(
                    statement for each in permissions for statement in _permit(each, place)
                ),
                accepted=accepted or None,
            ),
        ).role

    def s3_statements(self) -> list[Statement]:
        """Return what the gateway endpoint of S3 must let this workload's role do."""
        return [
            allow(
                *actions,
                on=list(permission.resources),
                to={"AWS": "*"},
                when={"ArnEquals": {"aws:PrincipalArn": self.task_role.role_arn}},
            )
            for permission in self._workload.permissions
            if (actions := [name for name in permission.actions if name.startswith("s3:")])
        ]


class _TaskDefinition(ecs.FargateTaskDefinition):
    """A task definition whose needs are listed in its roles; what comes later is granted."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: WorkloadSettings,
        runtime: Runtime,
        execution_role: ListedRole,
        task_role: iam.IRole,
    ) -> None:
        self._granted_to = execution_role.closed
        self._open = execution_role.role
        super().__init__(
            scope,
            construct_id,
            cpu=settings.cpu,
            memory_limit_mib=settings.memory_mib,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64
                if runtime.architecture == "arm64"
                else ecs.CpuArchitecture.X86_64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
            execution_role=execution_role.role,
            task_role=task_role,
        )

    def everything_is_listed(self) -> None:
        """From now on, what the CDK grants to the execution role takes effect."""
        self._granted_to = self._open

    def obtain_execution_role(self) -> iam.IRole:
        """Return the role that the CDK grants to."""
        return self._granted_to


def _permit(permission: Permission, place: Place) -> list[Statement]:
    """Return what a permission allows, and the use of the key through the same services."""
    resources = list(permission.resources)
    own = allow(*permission.actions, on=resources[0] if len(resources) == 1 else resources)
    if permission.kms_key is None:
        return [own]
    services = dict.fromkeys(action.partition(":")[0] for action in permission.actions)
    through = [f"{service}.{place.region}.amazonaws.com" for service in services]
    key = allow(
        "kms:Decrypt",
        "kms:GenerateDataKey",
        on=permission.kms_key,
        when={"StringEquals": {"kms:ViaService": through}},
    )
    return [own, key]


def _repository_arn(image: re.Match[str], place: Place) -> str:
    owner = f"{image['region']}:{image['account']}"
    return f"arn:{place.partition}:ecr:{owner}:repository/{image['name']}"
