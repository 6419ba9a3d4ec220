"""What stands when resources of your own are made; :mod:`stacks.own_resources` gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from constructs import Construct

from pci_constructs.database import Database
from pci_constructs.database_identities import DatabaseIdentities
from pci_constructs.foundation import Foundation
from pci_constructs.ingress import Ingress
from pci_constructs.job import Job
from pci_constructs.monitoring import Monitoring
from pci_constructs.network import Network
from pci_constructs.service import Service
from pci_constructs.worker import Worker
from stacks.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class AtHand:
    """The stack's parts.

    Attributes:
        scope: Parent of your own constructs, whose ids are yours to choose.
        environment: The environment's file.
        foundation: Names, place, protection and keys; ``foundation.keys.own()`` makes a further
            key.
        network: VPC, and the tiers whose subnets have the same routes.
        database: The database; nothing but its flows is reachable.
        identities: The secrets of its users.
        service: The service.
        workers: What runs beside it, by name.
        jobs: What runs to its end, by name.
        ingress: The way in, if there is one.
        monitoring: The topic of the alarms, and the alarms.
    """

    scope: Construct
    environment: Environment
    foundation: Foundation
    network: Network
    database: Database
    identities: DatabaseIdentities
    service: Service
    workers: Mapping[str, Worker]
    jobs: Mapping[str, Job]
    ingress: Ingress | None
    monitoring: Monitoring
