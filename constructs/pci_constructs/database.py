"""The database: Aurora MySQL Serverless v2, out of the internet's reach."""

from __future__ import annotations

from typing import Final

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from constructs import Construct

from pci_constructs import durations
from pci_constructs.acknowledge import acknowledge
from pci_constructs.foundation import Foundation
from pci_constructs.log_group import owned_log_group
from pci_constructs.names import SLOW_QUERIES
from pci_constructs.network import Tier
from pci_constructs.place import Place
from pci_constructs.policy import from_this_account
from pci_constructs.protection import database_removal_policy
from pci_constructs.role import RoleProps, listed_role
from pci_constructs.settings.database import DatabaseSettings
from pci_constructs.settings.engine import mysql_version
from pcistack.regional.curated import has_long_term_support

_PARAMETERS: Final = {
    "require_secure_transport": "ON",  # PCI DSS 4.2.1
    "tls_version": "TLSv1.2,TLSv1.3",  # PCI DSS 4.2.1
    "server_audit_logging": "1",  # PCI DSS 10.2.1
    "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL",  # not QUERY: it can hold card numbers
}


class Database(Construct):
    """Aurora MySQL Serverless v2 with forced TLS and audit log; RDS keeps the master password.

    Attributes:
        cluster: The cluster.
        instances: Its instances, the writer first.
        writer: The instance that takes connections; wait for it before you connect.
        host: Where it takes connections.
        reader_host: Where readers take connections that only read.
        security_group: Admit clients here, on the port of the settings.
        settings: Its settings.
        master_secret_arn: The master user's secret, which RDS makes, keeps and rotates; for the
            function of :class:`~pci_constructs.database_identities.DatabaseIdentities` alone.
        log_groups: Exported logs by kind.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: Foundation,
        tier: Tier,
        settings: DatabaseSettings | None = None,
    ) -> None:
        """Create the database.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            foundation: Names, protection and keys.
            tier: Where it stands; the instances take the zones in turn, the writer first.
            settings: Version, capacity, readers, backups; the defaults if left out.
        """
        super().__init__(scope, construct_id)
        self.settings = settings or DatabaseSettings()
        self._foundation = foundation
        self.security_group = self._security_group(tier)
        self.log_groups = self._log_groups()
        self.cluster = self._cluster(tier)
        node = self.cluster.node
        self.instances = [node.find_child(name) for name, _ in self._instances()]
        self.writer = self.instances[0]
        resource = node.default_child
        assert isinstance(resource, rds.CfnDBCluster)
        self._restore(resource, self.settings.snapshot)
        self._finish(resource)
        self.host = resource.attr_endpoint_address
        self.reader_host = resource.attr_read_endpoint_address
        self.master_secret_arn = resource.attr_master_user_secret_secret_arn

    def _security_group(self, tier: Tier) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=tier.vpc,
            description="Aurora: clients of the private tier only, no way out",
            allow_all_outbound=False,
        )

    def _log_groups(self) -> dict[str, logs.LogGroup]:
        return {
            kind: owned_log_group(
                self,
                f"{kind.capitalize()}LogGroup",
                name=self._foundation.names.database_logs(kind),
                foundation=self._foundation,
            )
            for kind in self._foundation.names.database_log_kinds
        }

    def _cluster(self, tier: Tier) -> rds.DatabaseCluster:
        settings, protection = self.settings, self._foundation.protection
        name = self._foundation.names.database_cluster
        engine = rds.DatabaseClusterEngine.aurora_mysql(
            version=rds.AuroraMysqlEngineVersion.of(
                settings.engine_version, mysql_version(settings.engine_version)
            )
        )
        slow_queries = "1" if SLOW_QUERIES in self.log_groups else "0"
        upgrades = not has_long_term_support(settings.engine_version)
        writer, *readers = [
            rds.ClusterInstance.serverless_v2(
                construct_id,
                instance_identifier=identifier,
                availability_zone=tier.zones[number % len(tier.zones)],
                auto_minor_version_upgrade=upgrades,
                publicly_accessible=False,
                ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,  # the one every region has
                scale_with_writer=construct_id == "Reader1",  # it takes over on failure
            )
            for number, (construct_id, identifier) in enumerate(self._instances())
        ]
        return rds.DatabaseCluster(
            self,
            "Cluster",
            engine=engine,
            cluster_identifier=name,
            writer=writer,
            readers=readers,
            serverless_v2_min_capacity=settings.min_capacity,
            serverless_v2_max_capacity=settings.max_capacity,
            serverless_v2_auto_pause_duration=(
                None
                if settings.auto_pause_seconds is None
                else durations.seconds(settings.auto_pause_seconds)
            ),
            vpc=tier.vpc,
            vpc_subnets=tier.subnets,
            security_groups=[self.security_group],
            port=settings.port,
            default_database_name=settings.name,
            manage_master_user_password=True,
            credentials=rds.Credentials.from_username(
                settings.master_username, encryption_key=self._foundation.keys.secrets
            ),
            iam_authentication=False,
            storage_encrypted=True,
            storage_encryption_key=self._foundation.keys.data,
            parameter_group=rds.ParameterGroup(
                self,
                "Parameters",
                engine=engine,
                description=f"TLS and audit log of {name}",
                parameters=_PARAMETERS | {"slow_query_log": slow_queries},
                removal_policy=RemovalPolicy.DESTROY,
            ),
            cloudwatch_logs_exports=list(self.log_groups),
            backup=rds.BackupProps(retention=durations.days(settings.backup_retention_days)),
            copy_tags_to_snapshot=True,
            delete_automated_backups=not protection.keep_data,
            deletion_protection=protection.deletion_protection,
            removal_policy=database_removal_policy(protection),
            monitoring_interval=durations.seconds(60),
            monitoring_role=self._monitoring_role(self._foundation.place),
            engine_lifecycle_support=(
                rds.EngineLifecycleSupport.OPEN_SOURCE_RDS_EXTENDED_SUPPORT_DISABLED
            ),
        )

    def _restore(self, resource: rds.CfnDBCluster, snapshot: str | None) -> None:
        """Begin with a snapshot, from which AWS takes what it refuses beside it."""
        if snapshot is None:
            return
        own = snapshot.split(":")[4] == self._foundation.place.account
        resource.snapshot_identifier = snapshot.split(":", 6)[6] if own else snapshot
        resource.master_username = resource.database_name = None
        resource.storage_encrypted = None  # KmsKeyId encrypts, whatever the snapshot is
        acknowledge(
            resource,
            dict.fromkeys(
                ("AwsSolutions-RDS2", "PCI.DSS.321-RDSStorageEncrypted"),
                "It is restored from a snapshot, and encrypted with the key that it names; AWS "
                "refuses StorageEncrypted beside the snapshot.",
            ),
        )

    def _instances(self) -> list[tuple[str, str]]:
        """Return construct id and identifier of the writer and of each reader."""
        readers = range(1, self.settings.readers + 1)
        return [
            ("Writer", self._foundation.names.database_writer),
            *((f"Reader{n}", self._foundation.names.database_reader(n)) for n in readers),
        ]

    def _monitoring_role(self, place: Place) -> iam.IRole:
        policy = "iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
        return listed_role(
            self,
            "MonitoringRole",
            props=RoleProps(
                description="Lets RDS publish operating-system metrics",
                service="monitoring.rds.amazonaws.com",
                when=from_this_account(place),
                aws_policies=(f"arn:{place.partition}:{policy}",),
                accepted={
                    f"AwsSolutions-IAM4[Policy::arn:{place.in_findings.partition}:{policy}]": "RDS "
                    "asks for this policy; it writes to the RDSOSMetrics log group and to nothing "
                    "else."
                },
            ),
        ).role

    def _finish(self, resource: rds.CfnDBCluster) -> None:
        # Else Aurora makes the groups itself.
        resource.node.add_dependency(*self.log_groups.values())
        pinned = has_long_term_support(self.settings.engine_version)
        for instance in self.instances if pinned else []:
            acknowledge(
                instance,
                {
                    "PCI.DSS.321-RDSAutomaticMinorVersionUpgradeEnabled": "The engine is on a "
                    "long-term support line, on which AWS advises against automatic minor "
                    "upgrades; patch releases are applied in the maintenance window, and the "
                    "end of support is checked at every synth."
                },
            )
        no_tokens = (
            "No identity logs in by token: each has a password of its own, of 190 bits, which "
            "rotates. Tokens would be a second way in that nobody uses."
        )
        accepted = {
            "AwsSolutions-RDS6": no_tokens,
            "PCI-7.2.5-DATABASE-IAM": no_tokens,
            "AwsSolutions-RDS14": "Backtrack is not offered in every region (eu-central-2 lacks "
            "it); automatic backups restore to any second instead.",
            "PCI.DSS.321-RDSLoggingEnabled[LogExport::general]": "The general log holds whole "
            "statements and with them card numbers, which PCI DSS 3.3 forbids to keep.",
        }
        if SLOW_QUERIES not in self.log_groups:
            accepted[f"PCI.DSS.321-RDSLoggingEnabled[LogExport::{SLOW_QUERIES}]"] = (
                "The slow query log holds whole statements and with them card numbers, which PCI "
                "DSS 3.3 forbids to keep; audit and error log are exported."
            )
        if not self._foundation.protection.deletion_protection:
            accepted["AwsSolutions-RDS10"] = (
                "This environment is destroyed after use and holds no card data; protection is on "
                "in the production profile."
            )
        if self.settings.min_capacity == 0:
            accepted["PCI-10.7.2-CONTROL-FAILURE"] = (
                "A paused database writes no audit log, so its silence says nothing; an "
                "environment that pauses holds no card data."
            )
        acknowledge(resource, accepted)
