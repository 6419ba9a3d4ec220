"""The stack: one environment, wired as the diagram shows it."""

from __future__ import annotations

from aws_cdk import CfnOutput, Duration, Stack, Tags
from aws_cdk import Environment as CdkEnvironment
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from pci_constructs.acknowledge import acknowledge
from pci_constructs.custom_resources import CustomResources, CustomResourcesProps
from pci_constructs.database import Database, DatabaseProps
from pci_constructs.encryption import Encryption, EncryptionProps
from pci_constructs.ingress import HostedZone, Ingress, IngressProps
from pci_constructs.monitoring import Monitoring, MonitoringProps
from pci_constructs.network import Network, NetworkProps, admit
from pci_constructs.place import Place
from pci_constructs.protection import Protection
from pci_constructs.rotation import Rotation, RotationProps
from pci_constructs.service import Service, ServiceProps
from stacks.environment import Environment, IngressSettings


class PciDssStack(Stack):
    """A PCI-DSS transaction-processing stack for one environment.

    Attributes:
        network: VPC, subnets, flow log.
        encryption: Keys.
        database: Aurora MySQL Serverless v2.
        service: The Fargate service.
        ingress: Load balancer and web ACL, if configured.
        monitoring: Alarms and dashboard.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(
            scope,
            construct_id,
            env=CdkEnvironment(account=environment.account, region=environment.region),
            description=f"PCI DSS transaction processing, environment {environment.suffix}",
            termination_protection=environment.protection.deletion_protection,
        )
        self._name_zones(environment)
        self._environment = environment
        self._names = environment.names
        self._protection = _protection(environment)
        self._place = Place.of(self)

        self.encryption = Encryption(
            self,
            "Encryption",
            props=EncryptionProps(
                names=self._names, place=self._place, protection=self._protection
            ),
        )
        self.network = self._network()
        self.database = self._database()
        self.service = self._service()
        self.ingress = self._ingress(environment.ingress) if environment.ingress else None
        self._connect()
        self._wait()
        self.rotation = self._rotation()
        self.monitoring = self._monitoring()
        CustomResources(
            self,
            "CustomResources",
            props=CustomResourcesProps(
                names=self._names,
                protection=self._protection,
                logs_key=self.encryption.logs,
                tags=self._tags(),
            ),
        )
        tags = Tags.of(self)
        for key, value in self._tags().items():
            tags.add(key, value)
        self._outputs()

    def _name_zones(self, environment: Environment) -> None:
        """Answer for the CDK, which would ask AWS for the zones of a stack with an account."""
        if environment.account is not None:
            key = f"availability-zones:account={environment.account}:region={environment.region}"
            self.node.set_context(key, list(environment.network.zones))

    def _network(self) -> Network:
        settings = self._environment.network
        return Network(
            self,
            "Network",
            props=NetworkProps(
                cidr=settings.cidr,
                zones=settings.zones,
                egress=settings.egress,
                nat_gateways=settings.nat_gateways,
                names=self._names,
                place=self._place,
                protection=self._protection,
                logs_key=self.encryption.logs,
            ),
        )

    def _database(self) -> Database:
        settings = self._environment.database
        return Database(
            self,
            "Database",
            props=DatabaseProps(
                vpc=self.network.vpc,
                subnets=self.network.isolated,
                zones=self._environment.network.zones,
                engine_version=settings.engine_version,
                min_capacity=settings.min_capacity,
                max_capacity=settings.max_capacity,
                auto_pause=_seconds(settings.auto_pause_seconds),
                readers=settings.readers,
                port=settings.port,
                database_name=settings.name,
                master_username=settings.master_username,
                backup_retention=Duration.days(settings.backup_retention_days),
                names=self._names,
                place=self._place,
                protection=self._protection,
                accepted=self._environment.acknowledged,
                data_key=self.encryption.data,
                secrets_key=self.encryption.secrets,
                logs_key=self.encryption.logs,
            ),
        )

    def _service(self) -> Service:
        settings = self._environment.service
        return Service(
            self,
            "Service",
            props=ServiceProps(
                vpc=self.network.vpc,
                subnets=self.network.private,
                image=settings.image,
                user=settings.user,
                container_port=settings.container_port,
                health_check_command=settings.health_check_command,
                scratch_paths=settings.scratch_paths,
                scratch_mib=settings.scratch_mib,
                cpu=settings.cpu,
                memory_mib=settings.memory_mib,
                desired_count=settings.desired_count,
                max_count=settings.max_count,
                secret=self.database.secret,
                names=self._names,
                place=self._place,
                protection=self._protection,
                logs_key=self.encryption.logs,
                secrets_key=self.encryption.secrets,
            ),
        )

    def _ingress(self, settings: IngressSettings) -> Ingress:
        ingress = Ingress(
            self,
            "Ingress",
            props=IngressProps(
                vpc=self.network.vpc,
                subnets=self.network.public,
                certificate=_certificate(settings),
                service=self.service.service,
                container_port=self._environment.service.container_port,
                health_check_path=self._environment.service.health_check_path,
                rate_limit=settings.rate_limit,
                names=self._names,
                place=self._place,
                protection=self._protection,
                logs_key=self.encryption.logs,
            ),
        )
        self.service.scale_on_requests(ingress.target_group)
        return ingress

    def _connect(self) -> None:
        """Every permitted flow of the stack (PCI DSS 1.2.5); all else is closed."""
        tasks = self.service.security_group
        admit(
            self.database.security_group,
            tasks,
            name="TasksToDatabase",
            port=self._environment.database.port,
            reason="Tasks query the database over TLS",
        )
        if self.network.endpoint_security_group is not None:
            admit(
                self.network.endpoint_security_group,
                tasks,
                name="TasksToEndpoints",
                port=443,
                reason="Tasks reach AWS services",
            )
        tasks.add_egress_rule(
            ec2.Peer.any_ipv4(),
            ec2.Port.tcp(443),
            "Image layers from S3 through the gateway endpoint; there is no other route"
            if self.network.endpoint_security_group is not None
            else "Image, secrets and logs over HTTPS through NAT",
        )
        if self.network.endpoint_security_group is None:
            acknowledge(
                tasks,
                {
                    "PCI-1.3.2-EGRESS-HTTPS-ANYWHERE": "The public image registry and the AWS "
                    "APIs have no fixed addresses; it is HTTPS only, through NAT, and in the "
                    "flow log. egress = 'endpoints' removes the route."
                },
            )

    def _wait(self) -> None:
        """Start no task before what it needs at its start: database, ways and permitted flows.

        A task that fails because they are still being made counts for the circuit breaker, which
        has nothing to go back to at a first deployment.
        """
        groups = (
            self.service.security_group,
            self.database.security_group,
            self.network.endpoint_security_group,
            self.ingress.security_group if self.ingress else None,
        )
        self.service.wait_for(
            self.database.writer, *self.network.way_out, *(group for group in groups if group)
        )

    def _rotation(self) -> Rotation:
        return Rotation(
            self,
            "Rotation",
            props=RotationProps(
                secret=self.database.secret,
                cluster=self.database.cluster,
                interval_days=self._environment.database.rotation_days,
                names=self._names,
                place=self._place,
                protection=self._protection,
                secrets_key=self.encryption.secrets,
                logs_key=self.encryption.logs,
            ),
        )

    def _monitoring(self) -> Monitoring:
        return Monitoring(
            self,
            "Monitoring",
            props=MonitoringProps(
                names=self._names,
                place=self._place,
                service=self.service,
                database=self.database,
                readers=self._environment.database.readers,
                pauses=self._environment.database.min_capacity == 0,
                max_capacity=self._environment.database.max_capacity,
                ingress=self.ingress,
                rotation=self.rotation.function,
                network=self.network,
                messages_key=self.encryption.messages,
                emails=self._environment.monitoring.emails,
            ),
        )

    def _tags(self) -> dict[str, str]:
        return {
            "EnvironmentSuffix": self._environment.suffix,
            "Project": self._environment.project,
            "DataClassification": self._environment.data_classification,
        }

    def _outputs(self) -> None:
        outputs = {
            "VpcId": self.network.vpc.vpc_id,
            "EcsClusterName": self.service.cluster.cluster_name,
            "ServiceName": self.service.service.service_name,
            "ClusterEndpoint": self.database.cluster.cluster_endpoint.hostname,
            "ClusterReaderEndpoint": self.database.cluster.cluster_read_endpoint.hostname,
            "SecretArn": self.database.secret.secret_arn,
            "AlarmTopicArn": self.monitoring.topic.topic_arn,
        }
        if self.ingress is not None:
            outputs["LoadBalancerDnsName"] = self.ingress.load_balancer.load_balancer_dns_name
        for name, value in outputs.items():
            CfnOutput(self, name, value=value, export_name=self._names.export(name))


def _protection(environment: Environment) -> Protection:
    settings = environment.protection
    return Protection(
        keep_data=settings.keep_data,
        deletion_protection=settings.deletion_protection,
        key_deletion_window=Duration.days(settings.key_deletion_window_days),
        log_retention_days=settings.log_retention_days,
    )


def _seconds(value: int | None) -> Duration | None:
    return None if value is None else Duration.seconds(value)


def _certificate(settings: IngressSettings) -> str | HostedZone:
    if settings.certificate_arn:
        return settings.certificate_arn
    assert settings.hosted_zone_id
    assert settings.hosted_zone_name
    assert settings.domain_name
    return HostedZone(
        zone_id=settings.hosted_zone_id,
        zone_name=settings.hosted_zone_name,
        domain_name=settings.domain_name,
    )
