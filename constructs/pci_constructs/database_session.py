"""A task of its own in which a person looks into the database; nobody enters another one."""

from __future__ import annotations

from typing import Final

from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from pci_constructs.log_group import owned_log_group
from pci_constructs.names import DATABASE_SESSION
from pci_constructs.service import Service
from pci_constructs.settings.operations import OperationsSettings
from pci_constructs.settings.regions import database_root
from pci_constructs.settings.workload import Runtime, WorkloadSettings
from pci_constructs.workload import Workload

_AGENT: Final = {
    "agent": "/managed-agents",
    "agent-state": "/var/lib/amazon/ssm",
    "agent-logs": "/var/log/amazon/ssm",
}
"""What the agent of ECS Exec writes to, as the root file system stays read-only; ECS's guide does
not support that, and who uses it so needs these (containers-roadmap 1359)."""
_FILE: Final = "/tmp/session"
"""Where the command is that ``pcistack database-session`` runs."""
_SESSION: Final = """\
command -v script > /dev/null ||
  { echo "The image has no 'script', so that nothing could be recorded."; exit 1; }
umask 077
printf '%s' "$DATABASE_ROOT" > /tmp/root.pem
export MYSQL_PWD="$DATABASE_PASSWORD"
exec mysql --host="$HOST_OF_SESSION" --port="$DATABASE_PORT" --user="$DATABASE_USER" \\
  --ssl-mode=VERIFY_IDENTITY --ssl-ca=/tmp/root.pem "$DATABASE_NAME"
"""
"""What a person runs. It waits in a file, as the agent takes a command apart at its quotes; the
agent records a session by ``script``, which the image must have (ECS guide, ECS Exec)."""


class DatabaseSession(Workload):
    """A task definition that ``pcistack database-session`` runs with ECS Exec (PCI DSS 7.2.6).

    It does nothing but wait, and ends by itself. What is typed and shown in it goes to a log group
    of its own (PCI DSS 10.2.1.2).

    Attributes:
        settings: Its settings.
        record: The log group of what is typed and shown.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        beside: Service,
        secret: secretsmanager.ISecret,
        settings: OperationsSettings,
    ) -> None:
        """Create the task definition and its record, and tell the cluster of it.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            beside: The service, whose cluster and place it uses.
            secret: Login of the identity that the person has.
            settings: Image and time.

        Raises:
            ValueError: The settings have no image.
        """
        if settings.session_image is None:
            raise ValueError("a database session needs operations.session_image")
        self.settings = settings
        reads = settings.session_identity == "reader"
        host = "DATABASE_READER_HOST" if reads else "DATABASE_HOST"
        wait = f"printf '%s' \"$SESSION\" > {_FILE} && exec sleep {settings.session_minutes * 60}"
        super().__init__(
            scope,
            construct_id,
            foundation=beside.foundation,
            tier=beside.tier,
            name=DATABASE_SESSION,
            settings=WorkloadSettings(
                command=(wait,),
                variables={
                    "DATABASE_ROOT": database_root(beside.foundation.place.region),
                    "SESSION": _SESSION.replace("HOST_OF_SESSION", host),
                },
            ),
            runtime=Runtime(
                image=settings.session_image,
                user="65534",
                architecture="x86_64",
                scratch_paths=("/tmp",),
            ),
            secret=secret,
            cluster=beside.cluster,
            reached="nothing",
        )
        self.record = owned_log_group(
            self,
            "Record",
            name=self.foundation.names.database_sessions,
            foundation=self.foundation,
        )
        self._wait(self.task_definition)
        self._permit_agent()
        self._record_on(beside.cluster)

    def _wait(self, task: ecs.FargateTaskDefinition) -> None:
        """Let the container wait, whatever its image would do, with room for the agent."""
        resource, container = task.node.default_child, task.default_container
        assert isinstance(resource, ecs.CfnTaskDefinition)
        assert container is not None
        first = "ContainerDefinitions.0"
        resource.add_property_override(f"{first}.EntryPoint", ["sh", "-c"])
        # ends what a session leaves behind
        resource.add_property_override(f"{first}.LinuxParameters.InitProcessEnabled", True)
        for name, path in _AGENT.items():
            task.add_volume(name=name)
            container.add_mount_points(
                ecs.MountPoint(container_path=path, source_volume=name, read_only=False)
            )

    def _permit_agent(self) -> None:
        self.permit(
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
            "logs:DescribeLogGroups",
            on="*",
            reason="The channels of ECS Exec have no resource, and its agent asks whether the log "
            "group of the record is encrypted.",
        )
        self.permit(
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
            on=self.record.log_group_arn,
        )

    def _record_on(self, cluster: ecs.ICluster) -> None:
        """Let the cluster record sessions; without encryption there is none."""
        resource = cluster.node.default_child
        assert isinstance(resource, ecs.CfnCluster)
        resource.configuration = ecs.CfnCluster.ClusterConfigurationProperty(
            execute_command_configuration=ecs.CfnCluster.ExecuteCommandConfigurationProperty(
                logging="OVERRIDE",
                log_configuration=ecs.CfnCluster.ExecuteCommandLogConfigurationProperty(
                    cloud_watch_log_group_name=self.record.log_group_name,
                    cloud_watch_encryption_enabled=True,
                ),
            )
        )
