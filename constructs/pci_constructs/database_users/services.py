"""The services whose tasks hold what an identity's secret said when they were started."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient


class Services:
    """The services of each identity.

    Attributes:
        client: ECS.
        by_identity: Services of each identity, as cluster and name.
    """

    def __init__(
        self, client: ECSClient, by_identity: Mapping[str, Sequence[Sequence[str]]]
    ) -> None:
        self.client = client
        self.by_identity = by_identity

    @classmethod
    def of_environment(cls, client: ECSClient) -> Services:
        """Return the services that the function is configured for."""
        return cls(client, json.loads(os.environ["SERVICES"]))

    def restart(self, identity: str) -> list[str]:
        """Start tasks that read the secret anew, in a rolling way, and end the others after.

        A service that is not there has no task.

        Returns:
            The services that were restarted.
        """
        exceptions = self.client.exceptions
        restarted = []
        for cluster, service in self.by_identity.get(identity, ()):
            try:
                self.client.update_service(
                    cluster=cluster, service=service, forceNewDeployment=True
                )
            except (
                exceptions.ServiceNotFoundException,
                exceptions.ServiceNotActiveException,
                exceptions.ClusterNotFoundException,
            ):
                continue
            restarted.append(f"{cluster}/{service}")
        return restarted
