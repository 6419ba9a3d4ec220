"""The database: Aurora MySQL Serverless v2, out of the internet's reach."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from pci_constructs.acknowledge import acknowledge
from pci_constructs.engine import has_long_term_support, mysql_version
from pci_constructs.log_group import owned_log_group
from pci_constructs.names import LOG_KINDS, Names
from pci_constructs.place import Place
from pci_constructs.policy import from_this_account
from pci_constructs.protection import Protection
from pci_constructs.role import RoleProps, closed_role

_PARAMETERS: Final = {
    "require_secure_transport": "ON",  # PCI DSS 4.2.1
    "tls_version": "TLSv1.2,TLSv1.3",  # PCI DSS 4.2.1
    "server_audit_logging": "1",  # PCI DSS 10.2.1
    "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL",  # not QUERY: it can hold card numbers
    "slow_query_log": "1",  # whole statements, so card numbers must be unreadable before (3.5.1)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseProps:
    """Inputs of :class:`Database`.

    Attributes:
        vpc: The VPC.
        subnets: Selects the isolated tier.
        zones: Availability zones; the instances take them in turn, the writer first.
        engine_version: Full Aurora version, such as ``8.0.mysql_aurora.3.10.4``.
        min_capacity: Smallest capacity in ACU (2 GiB of memory each), in steps of 0.5.
        max_capacity: Largest capacity in ACU, at least 1.
        auto_pause: Idle time after which a cluster with ``min_capacity`` 0 pauses, or None.
        readers: Number of reader instances, 0 to 15.
        port: TCP port; not MySQL's 3306.
        database_name: Database made at the start.
        master_username: Master user; not ``admin`` (PCI DSS 2.2.2).
        backup_retention: How long automatic backups are kept, 1 to 35 days.
        names: Identifiers of cluster, instances and log groups.
        place: The account that enhanced monitoring acts for.
        protection: Removal, deletion protection, log retention.
        accepted: Findings on the cluster that the environment accepts: reason by rule id.
        data_key: Encrypts storage, backups and snapshots.
        secrets_key: Encrypts the master password.
        logs_key: Encrypts the exported logs.
    """

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection
    zones: tuple[str, ...]
    engine_version: str
    min_capacity: float
    max_capacity: float
    auto_pause: Duration | None
    readers: int
    port: int
    database_name: str
    master_username: str
    backup_retention: Duration
    names: Names
    place: Place
    protection: Protection
    accepted: Mapping[str, str]
    data_key: kms.IKey
    secrets_key: kms.IKey
    logs_key: kms.IKey


class Database(Construct):
    """Aurora MySQL Serverless v2 with forced TLS, audit log and generated password.

    Attributes:
        cluster: The cluster.
        writer: The instance that takes connections; wait for it before you connect.
        security_group: Admit clients here, on :attr:`DatabaseProps.port`.
        secret: The master credentials, attached: host, port, dbname, username, password.
        log_groups: Exported logs by kind.
    """

    def __init__(self, scope: Construct, construct_id: str, *, props: DatabaseProps) -> None:
        super().__init__(scope, construct_id)
        self.security_group = self._security_group(props)
        self.log_groups = self._log_groups(props)
        self._master_secret = self._secret(props)
        self.cluster = self._cluster(props)
        self.writer = self.cluster.node.find_child("Writer")
        self._finish_cluster(props)
        assert self.cluster.secret is not None
        self.secret: secretsmanager.ISecret = self.cluster.secret

    def _security_group(self, props: DatabaseProps) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=props.vpc,
            description="Aurora: clients of the private tier only, no way out",
            allow_all_outbound=False,
        )

    def _log_groups(self, props: DatabaseProps) -> dict[str, logs.LogGroup]:
        return {
            kind: owned_log_group(
                self,
                f"{kind.capitalize()}LogGroup",
                name=props.names.database_logs(kind),
                key=props.logs_key,
                protection=props.protection,
            )
            for kind in LOG_KINDS
        }

    def _secret(self, props: DatabaseProps) -> secretsmanager.Secret:
        """Generate the master password; it is in no parameter and no template (PCI DSS 8.6.2)."""
        return secretsmanager.Secret(
            self,
            "MasterSecret",
            description=f"Master user of {props.names.database_cluster}",
            encryption_key=props.secrets_key,
            removal_policy=props.protection.removal_policy,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"username": props.master_username}),
                generate_string_key="password",
                password_length=32,
                exclude_characters="\"@/\\'`",  # what Aurora refuses or a shell trips over
                require_each_included_type=True,
            ),
        )

    def _cluster(self, props: DatabaseProps) -> rds.DatabaseCluster:
        engine = rds.DatabaseClusterEngine.aurora_mysql(
            version=rds.AuroraMysqlEngineVersion.of(
                props.engine_version, mysql_version(props.engine_version)
            )
        )
        upgrades = not has_long_term_support(props.engine_version)
        writer, *readers = [
            rds.ClusterInstance.serverless_v2(
                construct_id,
                instance_identifier=identifier,
                availability_zone=props.zones[number % len(props.zones)],
                auto_minor_version_upgrade=upgrades,
                publicly_accessible=False,
                ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,  # the one every region has
                scale_with_writer=construct_id == "Reader1",  # it takes over on failure
            )
            for number, (construct_id, identifier) in enumerate(self._instances(props))
        ]
        return rds.DatabaseCluster(
            self,
            "Cluster",
            engine=engine,
            cluster_identifier=props.names.database_cluster,
            writer=writer,
            readers=readers,
            serverless_v2_min_capacity=props.min_capacity,
            serverless_v2_max_capacity=props.max_capacity,
            serverless_v2_auto_pause_duration=props.auto_pause,
            vpc=props.vpc,
            vpc_subnets=props.subnets,
            security_groups=[self.security_group],
            port=props.port,
            default_database_name=props.database_name,
            credentials=rds.Credentials.from_secret(
                cast("secretsmanager.ISecret", self._master_secret)
            ),
            iam_authentication=True,
            storage_encrypted=True,
            storage_encryption_key=props.data_key,
            parameter_group=rds.ParameterGroup(
                self,
                "Parameters",
                engine=engine,
                description=f"TLS and audit log of {props.names.database_cluster}",
                parameters=dict(_PARAMETERS),
                removal_policy=RemovalPolicy.DESTROY,
            ),
            cloudwatch_logs_exports=list(LOG_KINDS),
            backup=rds.BackupProps(retention=props.backup_retention),
            copy_tags_to_snapshot=True,
            delete_automated_backups=not props.protection.keep_data,
            deletion_protection=props.protection.deletion_protection,
            removal_policy=props.protection.database_removal_policy,
            monitoring_interval=Duration.seconds(60),
            monitoring_role=self._monitoring_role(props.place),
            engine_lifecycle_support=(
                rds.EngineLifecycleSupport.OPEN_SOURCE_RDS_EXTENDED_SUPPORT_DISABLED
            ),
        )

    def _instances(self, props: DatabaseProps) -> list[tuple[str, str]]:
        """Return construct id and identifier of the writer and of each reader."""
        readers = range(1, props.readers + 1)
        return [
            ("Writer", props.names.database_writer),
            *((f"Reader{n}", props.names.database_reader(n)) for n in readers),
        ]

    def _monitoring_role(self, place: Place) -> iam.IRole:
        monitoring = (
            f"arn:{place.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
        )
        return closed_role(
            self,
            "MonitoringRole",
            props=RoleProps(
                description="Lets RDS publish operating-system metrics",
                service="monitoring.rds.amazonaws.com",
                when=from_this_account(place),
                aws_policies=(monitoring,),
                accepted={
                    f"AwsSolutions-IAM4[Policy::{monitoring}]": "RDS asks for this policy; it "
                    "writes to the RDSOSMetrics log group and to nothing else."
                },
            ),
        )

    def _finish_cluster(self, props: DatabaseProps) -> None:
        resource = self.cluster.node.default_child
        assert isinstance(resource, rds.CfnDBCluster)
        # Else Aurora makes the groups itself.
        resource.node.add_dependency(*self.log_groups.values())
        instances = self._instances(props) if has_long_term_support(props.engine_version) else []
        for construct_id, _ in instances:
            acknowledge(
                self.cluster.node.find_child(construct_id),
                {
                    "PCI.DSS.321-RDSAutomaticMinorVersionUpgradeEnabled": "The engine is on a "
                    "long-term support line, on which AWS advises against automatic minor "
                    "upgrades; patch releases are applied in the maintenance window, and the "
                    "end of support is checked at every synth."
                },
            )
        accepted = {
            "AwsSolutions-RDS14": "Backtrack is not offered in every region (eu-central-2 lacks "
            "it); automatic backups restore to any second instead.",
            "PCI.DSS.321-RDSLoggingEnabled[LogExport::general]": "The general log holds whole "
            "statements and with them card numbers, which PCI DSS 3.3 forbids to keep.",
        }
        if not props.protection.deletion_protection:
            accepted["AwsSolutions-RDS10"] = (
                "This environment is destroyed after use and holds no card data; protection is on "
                "in the production profile."
            )
        if props.min_capacity == 0:
            accepted["PCI-10.7.2-CONTROL-FAILURE"] = (
                "A paused database writes no audit log, so its silence says nothing; an "
                "environment that pauses holds no card data."
            )
        acknowledge(resource, {**accepted, **props.accepted})
