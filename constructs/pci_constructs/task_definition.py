"""A task definition that hands its execution role to the CDK with what is listed already."""

from __future__ import annotations

from functools import cache

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from pci_constructs.role import ListedRole
from pci_constructs.settings.workload import Runtime, WorkloadSettings


class TaskDefinition(ecs.FargateTaskDefinition):
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
            runtime_platform=_platform(runtime.architecture),
            execution_role=execution_role.role,
            task_role=task_role,
        )

    def everything_is_listed(self) -> None:
        """From now on, what the CDK grants to the execution role takes effect."""
        self._granted_to = self._open

    def obtain_execution_role(self) -> iam.IRole:
        """Return the role that the CDK grants to."""
        return self._granted_to


@cache
def _platform(architecture: str) -> ecs.RuntimePlatform:
    arm = architecture == "arm64"
    return ecs.RuntimePlatform(
        cpu_architecture=ecs.CpuArchitecture.ARM64 if arm else ecs.CpuArchitecture.X86_64,
        operating_system_family=ecs.OperatingSystemFamily.LINUX,
    )
