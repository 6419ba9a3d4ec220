"""The service: tasks that scale with their load."""

from __future__ import annotations

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct, IDependable

from pci_constructs import durations
from pci_constructs.foundation import Foundation
from pci_constructs.names import SERVICE
from pci_constructs.network import Tier
from pci_constructs.settings.workload import ServiceSettings
from pci_constructs.workload import Workload


def fargate_service(workload: Workload, *, count: int | None) -> ecs.FargateService:
    """Run a workload's task all the time; a bad new version is rolled back.

    Args:
        workload: The workload.
        count: Number of tasks; None leaves it to autoscaling, as it would undo what that has set
            at every deployment.
    """
    return ecs.FargateService(
        workload,
        "Service",
        service_name=workload.foundation.names.ecs_service(workload.name),
        cluster=workload.cluster,
        task_definition=workload.task_definition,
        platform_version=ecs.FargatePlatformVersion.LATEST,
        desired_count=count,
        assign_public_ip=False,
        vpc_subnets=workload.tier.subnets,
        security_groups=[workload.security_group],
        circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
        min_healthy_percent=100,
        max_healthy_percent=200,
        enable_execute_command=False,
        propagate_tags=ecs.PropagatedTagSource.SERVICE,
        enable_ecs_managed_tags=True,
    )


def wait_for(service: ecs.FargateService, *others: IDependable) -> None:
    """Start no task of a service before others exist."""
    resource = service.node.default_child
    assert resource is not None
    resource.node.add_dependency(*others)


class Service(Workload):
    """An ECS Fargate service in private subnets.

    Attributes:
        settings: Its settings.
        service: The Fargate service; attach it to a target group.
        scaling: Task-count scaling on CPU and memory.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: Foundation,
        tier: Tier,
        secret: secretsmanager.ISecret | None,
        settings: ServiceSettings | None = None,
        name: str = SERVICE,
        cluster: ecs.ICluster | None = None,
    ) -> None:
        """Create the service.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            foundation: Names, protection and keys.
            tier: Where the tasks run.
            secret: Login of a database identity, given to the container by ECS; None for no login.
            settings: Image, size, scaling; the defaults if left out.
            name: Its name beside others; any but the default is one of the names' workloads.
            cluster: The ECS cluster; left out, it makes one, of which a stack can have one only.
        """
        self.settings = settings or ServiceSettings()
        super().__init__(
            scope,
            construct_id,
            foundation=foundation,
            tier=tier,
            name=name,
            settings=self.settings,
            runtime=self.settings.runtime,
            secret=secret,
            cluster=cluster,
            reached="the load balancer only",
        )
        self.service = fargate_service(self, count=None)
        self._slowly_in, self._quickly_out = durations.minutes(5), durations.minutes(1)
        self.scaling = self._scaling()

    def stand_behind(self, target_group: elbv2.ApplicationTargetGroup) -> None:
        """Give tasks time to start, and scale on requests too, at 3,000 a minute and task."""
        resource = self.service.node.default_child
        assert isinstance(resource, ecs.CfnService)
        resource.health_check_grace_period_seconds = self.settings.start_seconds + 30
        self.scaling.scale_on_request_count(
            "Requests",
            requests_per_target=3000,
            target_group=target_group,
            scale_in_cooldown=self._slowly_in,
            scale_out_cooldown=self._quickly_out,
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
