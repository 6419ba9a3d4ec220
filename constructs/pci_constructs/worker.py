"""A worker: tasks beside the service that run all the time and that nothing reaches."""

from __future__ import annotations

from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from pci_constructs.service import Service, fargate_service
from pci_constructs.settings.workload import WorkerSettings
from pci_constructs.workload import Workload


class Worker(Workload):
    """A Fargate service without a port.

    Attributes:
        settings: Its settings.
        service: The Fargate service.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        beside: Service,
        secret: secretsmanager.ISecret | None,
        settings: WorkerSettings,
    ) -> None:
        """Create the worker.

        Args:
            scope: Parent construct.
            construct_id: Its name, one of the names' workers.
            beside: The service, whose cluster, place and, if it has none of its own, image it uses.
            secret: Login to the database, given to the container by ECS; None for no login.
            settings: Command, size, number of tasks.
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
        self.service = fargate_service(self, count=settings.desired_count)
