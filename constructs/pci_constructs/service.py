"""The service: hardened Fargate tasks that scale with their load."""

from __future__ import annotations

import re
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IDependable

from pci_constructs.foundation import Foundation
from pci_constructs.log_group import owned_log_group
from pci_constructs.names import SERVICE
from pci_constructs.network import Tier
from pci_constructs.place import Place
from pci_constructs.policy import allow, from_this_account
from pci_constructs.role import ListedRole, RoleProps, listed_role
from pci_constructs.settings.image import PRIVATE_IMAGE
from pci_constructs.settings.workload import ServiceSettings

_TASKS: Final = "ecs-tasks.amazonaws.com"
_SECRET_FIELDS: Final = {
    "DATABASE_HOST": "host",
    "DATABASE_PORT": "port",
    "DATABASE_NAME": "dbname",
    "DATABASE_USER": "username",
    "DATABASE_PASSWORD": "password",
}


class Service(Construct):
    """An ECS Fargate service in private subnets, without public addresses and without root.

    Attributes:
        settings: Its settings.
        cluster: The ECS cluster.
        service: The Fargate service; attach it to a target group.
        task_definition: Its task definition; what is granted to its roles takes effect.
        security_group: The tasks' group; it has no way out but what is added to it.
        scaling: Task-count scaling on CPU and memory.
        log_group: What the container prints.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: Foundation,
        tier: Tier,
        secret: secretsmanager.ISecret,
        settings: ServiceSettings | None = None,
        name: str = SERVICE,
        cluster: ecs.Cluster | None = None,
    ) -> None:
        """Create the service.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            foundation: Names, protection and keys.
            tier: Where the tasks run.
            secret: Database credentials, given to the container by ECS.
            settings: Image, size, scaling; the defaults if left out.
            name: Its name beside others; any but the default is one of the names' workloads.
            cluster: The ECS cluster; left out, it makes one, of which a stack can have one only.
        """
        super().__init__(scope, construct_id)
        self.settings = settings or ServiceSettings()
        self._foundation, self._name, self._secret = foundation, name, secret
        self.log_group = owned_log_group(
            self, "LogGroup", name=foundation.names.task_logs(name), foundation=foundation
        )
        self.cluster = cluster or self._cluster(tier)
        self.security_group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=tier.vpc,
            description="Tasks: reached by the load balancer only, every way out is listed",
            allow_all_outbound=False,
        )
        self.task_definition = self._task_definition()
        self.service = self._service(tier)
        self._slowly_in, self._quickly_out = Duration.minutes(5), Duration.minutes(1)
        self.scaling = self._scaling()

    def wait_for(self, *others: IDependable) -> None:
        """Start no task before others exist."""
        resource = self.service.node.default_child
        assert resource is not None
        resource.node.add_dependency(*others)

    def scale_on_requests(self, target_group: elbv2.ApplicationTargetGroup) -> None:
        """Scale on the load balancer's requests too, at 3,000 a minute and task."""
        self.scaling.scale_on_request_count(
            "Requests",
            requests_per_target=3000,
            target_group=target_group,
            scale_in_cooldown=self._slowly_in,
            scale_out_cooldown=self._quickly_out,
        )

    def _cluster(self, tier: Tier) -> ecs.Cluster:
        names = self._foundation.names
        insights = owned_log_group(
            self,
            "ContainerInsightsLogGroup",
            name=names.container_insights_logs,
            foundation=self._foundation,
        )
        cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=names.ecs_cluster,
            vpc=tier.vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )
        cluster.node.add_dependency(insights)  # else Container Insights makes the group itself
        return cluster

    def _task_definition(self) -> ecs.FargateTaskDefinition:
        settings = self.settings
        task = _TaskDefinition(
            self,
            "TaskDefinition",
            cpu=settings.cpu,
            memory_mib=settings.memory_mib,
            execution_role=self._execution_role(),
            task_role=self._task_role(self._foundation.place),
        )
        linux = ecs.LinuxParameters(self, "Linux", init_process_enabled=False)
        linux.drop_capabilities(ecs.Capability.ALL)
        task.add_container(
            "Service",
            container_name="service",
            image=self._image(),
            user=settings.user,
            readonly_root_filesystem=True,
            privileged=False,
            linux_parameters=linux,
            memory_limit_mib=settings.memory_mib,
            port_mappings=[ecs.PortMapping(container_port=settings.container_port)],
            secrets={
                name: ecs.Secret.from_secrets_manager(self._secret, field)
                for name, field in _SECRET_FIELDS.items()
            },
            health_check=ecs.HealthCheck(
                command=_health_command(settings.health_check_command),
                interval=Duration.seconds(15),
                timeout=Duration.seconds(5),
                retries=3,
                start_period=Duration.seconds(30),
            ),
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix="service",
                log_group=self.log_group,
                mode=ecs.AwsLogDriverMode.NON_BLOCKING,
            ),
        )
        self._scratch(task)
        task.everything_is_listed()
        return task

    def _scratch(self, task: ecs.FargateTaskDefinition) -> None:
        """Mount the scratch directories; the L2 class cannot set their owner."""
        resource = task.node.default_child
        assert isinstance(resource, ecs.CfnTaskDefinition)
        resource.add_property_override(
            "ContainerDefinitions.0.LinuxParameters.Tmpfs",
            [
                {
                    "ContainerPath": path,
                    "Size": self.settings.scratch_mib,
                    "MountOptions": ["mode=1777", "noexec", "nosuid", "nodev"],
                }
                for path in self.settings.scratch_paths
            ],
        )

    def _image(self) -> ecs.ContainerImage:
        match = PRIVATE_IMAGE.fullmatch(self.settings.image)
        if match is None:
            return ecs.ContainerImage.from_registry(self.settings.image)
        repository = ecr.Repository.from_repository_attributes(
            self,
            "Repository",
            repository_arn=_repository_arn(match, self._foundation.place),
            repository_name=match["name"],
        )
        return ecs.ContainerImage.from_ecr_repository(repository, match["tag"].lstrip(":@"))

    def _execution_role(self) -> ListedRole:
        """What ECS needs to start the task, and nothing that the task itself can use."""
        statements = [
            allow("logs:CreateLogStream", "logs:PutLogEvents", on=self.log_group.log_group_arn),
            allow("secretsmanager:GetSecretValue", on=self._secret.secret_arn),
            allow("kms:Decrypt", on=self._foundation.keys.secrets.key_arn),
        ]
        accepted = {}
        match = PRIVATE_IMAGE.fullmatch(self.settings.image)
        if match is not None:
            repository = _repository_arn(match, self._foundation.place)
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
                when=from_this_account(self._foundation.place, service="ecs"),
                statements=tuple(statements),
                accepted=accepted,
            ),
        )

    def _task_role(self, place: Place) -> iam.IRole:
        """The task's own identity; it may do nothing until the application needs something."""
        return listed_role(
            self,
            "TaskRole",
            props=RoleProps(
                description="Identity of the running task",
                service=_TASKS,
                when=from_this_account(place, service="ecs"),
            ),
        ).role

    def _service(self, tier: Tier) -> ecs.FargateService:
        return ecs.FargateService(
            self,
            "Service",
            service_name=self._foundation.names.ecs_service(self._name),
            cluster=self.cluster,
            task_definition=self.task_definition,
            platform_version=ecs.FargatePlatformVersion.LATEST,
            # No desired count: it would undo what autoscaling has set at every deployment.
            assign_public_ip=False,
            vpc_subnets=tier.subnets,
            security_groups=[self.security_group],
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            min_healthy_percent=100,
            max_healthy_percent=200,
            enable_execute_command=False,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
            enable_ecs_managed_tags=True,
        )

    def _scaling(self) -> ecs.ScalableTaskCount:
        scaling = self.service.auto_scale_task_count(
            min_capacity=self.settings.desired_count, max_capacity=self.settings.max_count
        )
        scaling.scale_on_cpu_utilization(
            "Cpu",
            target_utilization_percent=60,
            scale_in_cooldown=self._slowly_in,
            scale_out_cooldown=self._quickly_out,
        )
        scaling.scale_on_memory_utilization(
            "Memory",
            target_utilization_percent=70,
            scale_in_cooldown=self._slowly_in,
            scale_out_cooldown=self._quickly_out,
        )
        return scaling


def _health_command(command: str | tuple[str, ...]) -> list[str]:
    return ["CMD-SHELL", command] if isinstance(command, str) else ["CMD", *command]


class _TaskDefinition(ecs.FargateTaskDefinition):
    """A task definition whose needs are listed in its roles; what comes later is granted."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cpu: int,
        memory_mib: int,
        execution_role: ListedRole,
        task_role: iam.IRole,
    ) -> None:
        self._granted_to = execution_role.closed
        self._open = execution_role.role
        super().__init__(
            scope,
            construct_id,
            cpu=cpu,
            memory_limit_mib=memory_mib,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.X86_64,
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


def _repository_arn(image: re.Match[str], place: Place) -> str:
    owner = f"{image['region']}:{image['account']}"
    return f"arn:{place.partition}:ecr:{owner}:repository/{image['name']}"
