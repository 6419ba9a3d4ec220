"""The stack: one environment, wired as the diagram shows it."""

from __future__ import annotations

from typing import cast

from aws_cdk import CfnOutput, DefaultStackSynthesizer, PermissionsBoundary, Stack, Tags
from aws_cdk import Environment as CdkEnvironment
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from pci_constructs.alarms import Watched
from pci_constructs.before_service import BeforeService
from pci_constructs.custom_resources import CustomResources
from pci_constructs.database import Database
from pci_constructs.database_identities import DatabaseIdentities
from pci_constructs.database_session import DatabaseSession
from pci_constructs.dns_firewall import DnsFirewall
from pci_constructs.encryption import Encryption
from pci_constructs.foundation import Foundation
from pci_constructs.ingress import Ingress
from pci_constructs.job import Job, schedule
from pci_constructs.monitoring import Monitoring
from pci_constructs.names import SERVICE
from pci_constructs.network import Network, admit
from pci_constructs.service import Service, wait_for
from pci_constructs.settings.workload import WorkloadSettings
from pci_constructs.worker import Worker
from pci_constructs.workload import Workload
from stacks.acceptable import CLUSTER, GROUP, INSTANCE
from stacks.acceptances import accept, accepted_changes
from stacks.at_hand import AtHand
from stacks.environment import Environment
from stacks.own_resources import own_resources
from stacks.workloads import services_by_identity


class PciDssStack(Stack):
    """A PCI-DSS transaction-processing stack for one environment.

    Attributes:
        encryption: Keys.
        network: VPC, subnets, flow log.
        database: Aurora MySQL Serverless v2.
        service: The Fargate service.
        workers: What runs beside it, by name.
        jobs: What runs to its end, by name.
        ingress: Load balancer and web ACL, if configured.
        database_session: The task in which a person looks into the database, if configured.
        identities: The database's users, and what makes and rotates them.
        monitoring: Alarms and dashboard.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        boundary = environment.protection.permissions_boundary
        super().__init__(
            scope,
            construct_id,
            env=CdkEnvironment(account=environment.account, region=environment.region),
            description=f"PCI DSS transaction processing, environment {environment.suffix}",
            termination_protection=environment.protection.deletion_protection,
            tags=_tags(environment),  # of the stack itself: a pipeline's role may ask for them
            permissions_boundary=PermissionsBoundary.from_name(boundary) if boundary else None,
            # Who may write the code of one environment cannot write that of another.
            synthesizer=DefaultStackSynthesizer(bucket_prefix=f"{environment.suffix}/"),
        )
        self._name_zones(environment)
        if environment.accepted_changes:
            self.template_options.metadata = accepted_changes(environment)
        names, protection = environment.names, environment.protection
        self.encryption = Encryption(self, "Encryption", names=names, protection=protection)
        foundation = Foundation(
            names=names, place=self.encryption.place, protection=protection, keys=self.encryption
        )
        self.network = Network(
            self,
            "Network",
            foundation=foundation,
            settings=environment.network,
        )
        self.database = Database(
            self,
            "Database",
            foundation=foundation,
            tier=self.network.isolated,
            settings=environment.database,
        )
        self.identities = DatabaseIdentities(
            self,
            "DatabaseIdentities",
            foundation=foundation,
            network=self.network,
            database=self.database,
            services=services_by_identity(environment),
        )
        self.service = Service(
            self,
            "Service",
            foundation=foundation,
            tier=self.network.private,
            secret=self._login(environment.service),
            settings=environment.service,
        )
        self.ingress = (
            Ingress(
                self,
                "Ingress",
                foundation=foundation,
                network=self.network,
                service=self.service,
                settings=environment.ingress,
            )
            if environment.ingress
            else None
        )
        self.workers = {
            name: Worker(
                _group(self, "Workers"),
                name,
                beside=self.service,
                secret=self._login(settings),
                settings=settings,
            )
            for name, settings in environment.workers.items()
        }
        self.jobs = {
            name: Job(
                _group(self, "Jobs"),
                name,
                beside=self.service,
                secret=self._login(settings),
                settings=settings,
            )
            for name, settings in environment.jobs.items()
        }
        self.database_session = (
            DatabaseSession(
                self,
                "DatabaseSession",
                beside=self.service,
                secret=self.identities.secret(environment.operations.session_identity),
                settings=environment.operations,
            )
            if environment.operations.database_session
            else None
        )
        self.monitoring = Monitoring(
            self,
            "Monitoring",
            foundation=foundation,
            watch=Watched(
                network=self.network,
                service=self.service,
                database=self.database,
                identities=self.identities,
                ingress=self.ingress,
                workers=tuple(self.workers.values()),
                jobs=tuple(self.jobs.values()),
            ),
            settings=environment.monitoring,
        )
        own_resources(
            AtHand(
                scope=Construct(self, "Own"),
                environment=environment,
                foundation=foundation,
                network=self.network,
                database=self.database,
                identities=self.identities,
                service=self.service,
                workers=self.workers,
                jobs=self.jobs,
                ingress=self.ingress,
                monitoring=self.monitoring,
            )
        )
        self.dns_firewall = (
            DnsFirewall(
                self,
                "DnsFirewall",
                foundation=foundation,
                network=self.network,
                outbound=environment.network.outbound,
                images=[workload.runtime.image for workload in self._workloads],
            )
            if environment.network.outbound is not None
            else None
        )
        self._connect()
        self._start(foundation)
        accept(
            environment,
            {
                CLUSTER: [self.database.cluster],
                INSTANCE: self.database.instances,
                GROUP: [
                    *(workload.security_group for workload in self._workloads),
                    self.identities.security_group,
                ],
            },
        )
        CustomResources(self, "CustomResources", foundation=foundation, tags=_tags(environment))
        tags = Tags.of(self)
        for key, value in _tags(environment).items():
            tags.add(key, value)
        self._outputs(environment)

    def _name_zones(self, environment: Environment) -> None:
        """Answer for the CDK, which would ask AWS for the zones of a stack with an account."""
        if environment.account is not None:
            key = f"availability-zones:account={environment.account}:region={environment.region}"
            self.node.set_context(key, list(environment.network.zones))

    def _login(self, settings: WorkloadSettings) -> secretsmanager.ISecret | None:
        return None if settings.identity == "none" else self.identities.secret(settings.identity)

    @property
    def _workloads(self) -> list[Workload]:
        session = [self.database_session] if self.database_session else []
        return [self.service, *self.workers.values(), *self.jobs.values(), *session]

    def _connect(self) -> None:
        """The flows of the tasks (PCI DSS 1.2.5); the way in has its own, all else is closed."""
        for workload in self._workloads:
            if workload.has_login:
                admit(
                    self.database.security_group,
                    workload.security_group,
                    name=f"{_prefix(workload)}TasksToDatabase",
                    port=self.database.settings.port,
                    reason="Tasks query the database over TLS",
                )
            self.network.give_way_out(workload.security_group, name=_prefix(workload))
            self.network.admit_to_s3(workload.s3_statements())
            self.network.admit_to_services(workload.permissions)

    def _start(self, foundation: Foundation) -> None:
        """Start no task before what it needs at its start: its login, ways and permitted flows.

        A task that fails because they are still being made counts for the circuit breaker, which
        has nothing to go back to at a first deployment. Jobs come before services.
        """
        groups = (
            self.database.security_group,
            self.network.endpoint_security_group,
            self.ingress.security_group if self.ingress else None,
        )
        needed = [
            self.identities.ready,
            *self.network.way_out,
            *(group for group in groups if group),
            *([self.dns_firewall.association] if self.dns_firewall else []),
        ]
        first = [job for job in self.jobs.values() if job.settings.when == "before-service"]
        if first:
            before = BeforeService(
                self, "BeforeService", foundation=foundation, jobs=first, after=needed
            )
            needed += before.runs
        services: list[Service | Worker] = [self.service, *self.workers.values()]
        for running in services:
            wait_for(running.service, running.security_group, *running.rights, *needed)
        self.schedules = schedule(self, list(self.jobs.values()))

    def _outputs(self, environment: Environment) -> None:
        """Say what pipelines and neighbours need; only what never changes is exported."""
        outputs = {
            "VpcId": self.network.vpc.vpc_id,
            "EcsClusterName": self.service.cluster.cluster_name,
            "ServiceName": self.service.service.service_name,
            "ClusterEndpoint": self.database.host,
            "ClusterReaderEndpoint": self.database.reader_host,
            "SecretArn": self.identities.arns["application"],
            "AlarmTopicArn": self.monitoring.topic_arn,
        }
        if self.ingress is not None:
            outputs["LoadBalancerDnsName"] = self.ingress.load_balancer.load_balancer_dns_name
        for name, value in outputs.items():
            CfnOutput(self, name, value=value, export_name=environment.names.export(name))
        for name, value in self._changing_outputs().items():
            CfnOutput(self, name, value=value)

    def _changing_outputs(self) -> dict[str, str]:
        """What a deployment may change; an export of it would refuse that while it is imported."""
        outputs = {"PrivateSubnetIds": ",".join(self.network.private.subnet_ids)}
        for identity in ("owner", "reader"):
            outputs[f"{identity.capitalize()}SecretArn"] = self.identities.arns[identity]
        if self.network.nat_addresses:
            outputs["NatAddresses"] = ",".join(self.network.nat_addresses)
        for workload in self._workloads:
            name = "Service" if workload.name == SERVICE else _pascal(workload.name)
            if isinstance(workload, Worker):
                outputs[f"{name}Name"] = workload.service.service_name
            outputs[f"{name}TaskDefinition"] = workload.task_definition.task_definition_arn
            outputs[f"{name}SecurityGroupId"] = workload.security_group.security_group_id
        return outputs


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


def _group(stack: Stack, construct_id: str) -> Construct:
    """Return the scope of workloads of a kind, whose ids are names of the user's."""
    present = stack.node.try_find_child(construct_id)
    return cast("Construct", present) if present else Construct(stack, construct_id)


def _prefix(workload: Workload) -> str:
    """What the ids of a workload's rules begin with; nothing for the service."""
    return "" if workload.name == SERVICE else workload.name


def _tags(environment: Environment) -> dict[str, str]:
    return {
        "EnvironmentSuffix": environment.suffix,
        "Project": environment.project,
        "DataClassification": environment.data_classification,
    }
