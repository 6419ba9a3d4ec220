"""The service: hardened Fargate tasks that scale with their load."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IDependable

from pci_constructs.image import PRIVATE_IMAGE
from pci_constructs.log_group import owned_log_group
from pci_constructs.names import Names
from pci_constructs.place import Place
from pci_constructs.policy import allow, from_this_account
from pci_constructs.protection import Protection
from pci_constructs.role import RoleProps, closed_role

_TASKS: Final = "ecs-tasks.amazonaws.com"
_SECRET_FIELDS: Final = {
    "DATABASE_HOST": "host",
    "DATABASE_PORT": "port",
    "DATABASE_NAME": "dbname",
    "DATABASE_USER": "username",
    "DATABASE_PASSWORD": "password",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProps:
    """Inputs of :class:`Service`.

    Attributes:
        vpc: The VPC.
        subnets: Selects the private tier.
        image: Container image, public or in a private ECR repository.
        user: User the container runs as; not root.
        container_port: TCP port the container listens on.
        health_check_command: Shell command inside the container that fails when it is unwell.
        scratch_paths: Directories that the image must write to; each becomes a tmpfs in memory.
        scratch_mib: Size of each scratch directory.
        cpu: Task CPU in units of 1/1024 vCPU.
        memory_mib: Task memory.
        desired_count: Tasks without load: the least that autoscaling keeps.
        max_count: The most that autoscaling starts.
        secret: Database credentials, given to the container by ECS.
        names: Names of cluster, service and log groups.
        place: The account and region that the task's roles are for.
        protection: Retention and removal of the logs.
        logs_key: Encrypts the logs.
        secrets_key: Key of the secret.
    """

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection
    image: str
    user: str
    container_port: int
    health_check_command: str
    scratch_paths: tuple[str, ...]
    scratch_mib: int
    cpu: int
    memory_mib: int
    desired_count: int
    max_count: int
    secret: secretsmanager.ISecret
    names: Names
    place: Place
    protection: Protection
    logs_key: kms.IKey
    secrets_key: kms.IKey


class Service(Construct):
    """An ECS Fargate service in private subnets, without public addresses and without root.

    Attributes:
        cluster: The ECS cluster.
        service: The Fargate service; attach it to a target group.
        security_group: The tasks' group; it has no way out but what is added to it.
        scaling: Task-count scaling on CPU and memory.
        log_group: What the container prints.
    """

    def __init__(self, scope: Construct, construct_id: str, *, props: ServiceProps) -> None:
        super().__init__(scope, construct_id)
        self.log_group = self._log_group("LogGroup", props.names.task_logs, props)
        self.cluster = self._cluster(props)
        self.security_group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=props.vpc,
            description="Tasks: reached by the load balancer only, every way out is listed",
            allow_all_outbound=False,
        )
        self.service = self._service(props, self._task_definition(props))
        self._slowly_in, self._quickly_out = Duration.minutes(5), Duration.minutes(1)
        self.scaling = self._scaling(props)

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

    def _log_group(self, construct_id: str, name: str, props: ServiceProps) -> logs.LogGroup:
        return owned_log_group(
            self, construct_id, name=name, key=props.logs_key, protection=props.protection
        )

    def _cluster(self, props: ServiceProps) -> ecs.Cluster:
        insights = self._log_group(
            "ContainerInsightsLogGroup", props.names.container_insights_logs, props
        )
        cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=props.names.ecs_cluster,
            vpc=props.vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )
        cluster.node.add_dependency(insights)  # else Container Insights makes the group itself
        return cluster

    def _task_definition(self, props: ServiceProps) -> ecs.FargateTaskDefinition:
        task = ecs.FargateTaskDefinition(
            self,
            "TaskDefinition",
            cpu=props.cpu,
            memory_limit_mib=props.memory_mib,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.X86_64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
            execution_role=self._execution_role(props),
            task_role=self._task_role(props.place),
        )
        linux = ecs.LinuxParameters(self, "Linux", init_process_enabled=False)
        linux.drop_capabilities(ecs.Capability.ALL)
        task.add_container(
            "Service",
            container_name="service",
            image=self._image(props),
            user=props.user,
            readonly_root_filesystem=True,
            privileged=False,
            linux_parameters=linux,
            memory_limit_mib=props.memory_mib,
            port_mappings=[ecs.PortMapping(container_port=props.container_port)],
            secrets={
                name: ecs.Secret.from_secrets_manager(props.secret, field)
                for name, field in _SECRET_FIELDS.items()
            },
            health_check=ecs.HealthCheck(
                command=["CMD-SHELL", props.health_check_command],
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
        self._scratch(task, props)
        return task

    def _scratch(self, task: ecs.FargateTaskDefinition, props: ServiceProps) -> None:
        """Mount the scratch directories; the L2 class cannot set their owner."""
        resource = task.node.default_child
        assert isinstance(resource, ecs.CfnTaskDefinition)
        resource.add_property_override(
            "ContainerDefinitions.0.LinuxParameters.Tmpfs",
            [
                {
                    "ContainerPath": path,
                    "Size": props.scratch_mib,
                    "MountOptions": ["mode=1777", "noexec", "nosuid", "nodev"],
                }
                for path in props.scratch_paths
            ],
        )

    def _image(self, props: ServiceProps) -> ecs.ContainerImage:
        match = PRIVATE_IMAGE.fullmatch(props.image)
        if match is None:
            return ecs.ContainerImage.from_registry(props.image)
        repository = ecr.Repository.from_repository_attributes(
            self,
            "Repository",
            repository_arn=_repository_arn(match, props.place),
            repository_name=match["name"],
        )
        return ecs.ContainerImage.from_ecr_repository(repository, match["tag"].lstrip(":@"))

    def _execution_role(self, props: ServiceProps) -> iam.IRole:
        """What ECS needs to start the task, and nothing that the task itself can use."""
        statements = [
            allow("logs:CreateLogStream", "logs:PutLogEvents", on=self.log_group.log_group_arn),
            allow("secretsmanager:GetSecretValue", on=props.secret.secret_arn),
            allow("kms:Decrypt", on=props.secrets_key.key_arn),
        ]
        accepted = {}
        match = PRIVATE_IMAGE.fullmatch(props.image)
        if match is not None:
            repository = _repository_arn(match, props.place)
            statements += [
                allow("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", on=repository),
                allow("ecr:GetAuthorizationToken"),
            ]
            accepted["AwsSolutions-IAM5[Resource::*]"] = (
                "ecr:GetAuthorizationToken has no resource; every other action names its resource."
            )
        return closed_role(
            self,
            "ExecutionRole",
            props=RoleProps(
                description="Lets ECS start the task",
                service=_TASKS,
                when=from_this_account(props.place, service="ecs"),
                statements=tuple(statements),
                accepted=accepted,
            ),
        )

    def _task_role(self, place: Place) -> iam.IRole:
        """The task's own identity; it may do nothing until the application needs something."""
        return closed_role(
            self,
            "TaskRole",
            props=RoleProps(
                description="Identity of the running task",
                service=_TASKS,
                when=from_this_account(place, service="ecs"),
            ),
        )

    def _service(self, props: ServiceProps, task: ecs.FargateTaskDefinition) -> ecs.FargateService:
        return ecs.FargateService(
            self,
            "Service",
            service_name=props.names.ecs_service,
            cluster=self.cluster,
            task_definition=task,
            platform_version=ecs.FargatePlatformVersion.LATEST,
            # No desired count: it would undo what autoscaling has set at every deployment.
            assign_public_ip=False,
            vpc_subnets=props.subnets,
            security_groups=[self.security_group],
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            min_healthy_percent=100,
            max_healthy_percent=200,
            enable_execute_command=False,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
            enable_ecs_managed_tags=True,
        )

    def _scaling(self, props: ServiceProps) -> ecs.ScalableTaskCount:
        scaling = self.service.auto_scale_task_count(
            min_capacity=props.desired_count, max_capacity=props.max_count
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


def _repository_arn(image: re.Match[str], place: Place) -> str:
    owner = f"{image['region']}:{image['account']}"
    return f"arn:{place.partition}:ecr:{owner}:repository/{image['name']}"
