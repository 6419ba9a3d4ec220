"""Requirements 3.5.1, 4.2.1 and 1.4.4: stores beside the database, and copies of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit, must_be_false, must_be_true, show
from pcistack.pci_dss import tls_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import wrong
from pcistack.template.view import Resource

_ACCOUNT: Final = re.compile(r"arn:[^:]*:[^:]*:[^:]*:(\d{12}):")
_RESTORED: Final = (
    ("AWS::RDS::DBCluster", "SnapshotIdentifier", "StorageEncrypted", "KmsKeyId"),
    ("AWS::RDS::DBCluster", "SourceDBClusterIdentifier", "StorageEncrypted", "KmsKeyId"),
    ("AWS::RDS::DBInstance", "DBSnapshotIdentifier", "StorageEncrypted", "KmsKeyId"),
    ("AWS::RDS::DBInstance", "DBClusterSnapshotIdentifier", "StorageEncrypted", "KmsKeyId"),
    ("AWS::RDS::DBInstance", "SourceDBInstanceIdentifier", "StorageEncrypted", "KmsKeyId"),
    ("AWS::DocDB::DBCluster", "SnapshotIdentifier", "StorageEncrypted", "KmsKeyId"),
    ("AWS::DocDB::DBCluster", "SourceDBClusterIdentifier", "StorageEncrypted", "KmsKeyId"),
    ("AWS::Neptune::DBCluster", "SnapshotIdentifier", "StorageEncrypted", "KmsKeyId"),
    ("AWS::Neptune::DBCluster", "SourceDBClusterIdentifier", "StorageEncrypted", "KmsKeyId"),
    ("AWS::Redshift::Cluster", "SnapshotIdentifier", "Encrypted", "KmsKeyId"),
    ("AWS::ElastiCache::ReplicationGroup", "SnapshotArns", "AtRestEncryptionEnabled", "KmsKeyId"),
    ("AWS::ElastiCache::ReplicationGroup", "SnapshotName", "AtRestEncryptionEnabled", "KmsKeyId"),
    ("AWS::MemoryDB::Cluster", "SnapshotArns", "KmsKeyId", "KmsKeyId"),
    ("AWS::FSx::FileSystem", "BackupId", "KmsKeyId", "KmsKeyId"),
)


@rule(
    "PCI-3.5.1-RESTORED",
    "What is restored from a snapshot is encrypted, and is one's own",
    asks="Stored card numbers are unreadable; a restored store is as its snapshot was.",
    requirements=("3.5.1",),
    severity=Severity.WARNING,
    types=tuple(dict.fromkeys(kind for kind, *_ in _RESTORED)),
    fix="Name a KmsKeyId, so that the restored store is encrypted whatever the snapshot is.",
)
def restored(context: Context) -> Iterator[Hit]:
    for kind, source, flag, key in _RESTORED:
        for resource in context.of_type(kind):
            value = resource.get(source)
            if not value:
                continue
            if resource.flag(flag) is not True and not resource.get(key):
                yield hit(resource, source, "nothing says that what is restored is encrypted")
            account = _ACCOUNT.search(str(value))
            if account:
                yield hit(resource, source, f"the data comes from the account {account[1]}")


@rule(
    "PCI-3.5.1-GLOBAL-ENCRYPTED",
    "Global and limitless databases are encrypted",
    asks="Stored card numbers are unreadable.",
    requirements=("3.5.1",),
    types=("AWS::RDS::GlobalCluster", "AWS::DocDB::GlobalCluster", "AWS::Neptune::GlobalCluster"),
    fix="Set StorageEncrypted: true; a global cluster of an existing one takes its encryption.",
)
def global_encrypted(context: Context) -> Iterator[Hit]:
    for kind in (
        "AWS::RDS::GlobalCluster",
        "AWS::DocDB::GlobalCluster",
        "AWS::Neptune::GlobalCluster",
    ):
        for cluster in context.of_type(kind):
            if not cluster.get("SourceDBClusterIdentifier"):
                yield from must_be_true(cluster, "StorageEncrypted")


@rule(
    "PCI-4.2.1-PROXY-TLS",
    "Database proxies take TLS only, and log no statement",
    asks="Strong cryptography protects card data in transit; logs hold no card data.",
    requirements=("4.2.1", "3.3.1", "8.3.2"),
    types=("AWS::RDS::DBProxy",),
    fix="Set RequireTLS: true, and leave DebugLogging out.",
)
def proxy_tls(context: Context) -> Iterator[Hit]:
    for proxy in context.of_type("AWS::RDS::DBProxy"):
        yield from must_be_true(proxy, "RequireTLS")
        yield from must_be_false(proxy, "DebugLogging")


@rule(
    "PCI-4.2.1-CACHE-TLS",
    "Caches of every kind speak TLS and are encrypted",
    asks="Strong cryptography protects card data in transit; what is stored is unreadable.",
    requirements=("4.2.1", "3.5.1", "8.3.2"),
    security_hub=("DynamoDB.7",),
    types=("AWS::ElastiCache::CacheCluster", "AWS::MemoryDB::Cluster", "AWS::DAX::Cluster"),
    fix="Use AWS::ElastiCache::ReplicationGroup with TransitEncryptionEnabled, "
    "AtRestEncryptionEnabled and user groups; TLSEnabled; ClusterEndpointEncryptionType TLS.",
)
def cache_tls(context: Context) -> Iterator[Hit]:
    for cache in context.of_type("AWS::ElastiCache::CacheCluster"):
        if cache.get("ReplicationGroupId") is not None:
            continue
        if str(cache.get("Engine")).lower() == "memcached":
            yield from must_be_true(cache, "TransitEncryptionEnabled")
            yield hit(
                cache,
                "Engine",
                "Memcached keeps what it holds in the clear; hold no card data in it",
                severity=Severity.WARNING,
            )
        else:
            yield hit(
                cache,
                "Engine",
                f"a single {show(cache.get('Engine'))} node is neither encrypted nor asks who you "
                "are",
            )
    for cluster in context.of_type("AWS::MemoryDB::Cluster"):
        if cluster.flag("TLSEnabled") is False:
            yield hit(cluster, "TLSEnabled", "TLSEnabled is false")
        if cluster.get("ACLName") == "open-access":
            yield hit(cluster, "ACLName", "open-access: whoever reaches it may use it")
    for cluster in context.of_type("AWS::DAX::Cluster"):
        if cluster.get("ClusterEndpointEncryptionType") != "TLS":
            yield hit(
                cluster,
                "ClusterEndpointEncryptionType",
                f"it is {show(cluster.get('ClusterEndpointEncryptionType'))}, it must be TLS",
            )


_COPIES: Final = (
    ("AWS::RDS::Integration", "TargetArn"),
    ("AWS::Redshift::Integration", "TargetArn"),
    ("AWS::DMS::ReplicationTask", "TargetEndpointArn"),
    ("AWS::DMS::ReplicationConfig", "TargetEndpointArn"),
    ("AWS::DMS::DataMigration", "MigrationProjectIdentifier"),
    ("AWS::AppFlow::Flow", "DestinationFlowConfigList"),
    ("AWS::DataSync::Task", "DestinationLocationArn"),
)


@rule(
    "PCI-3.2.1-DATA-COPIED",
    "What copies stored data elsewhere is known, and its target in scope",
    asks="Card data is kept where it is needed and nowhere else; every flow of it is documented.",
    requirements=("3.2.1", "1.2.4", "12.5.2"),
    severity=Severity.WARNING,
    types=tuple(kind for kind, _ in _COPIES),
    fix="Draw the copy in the data-flow diagram, and acknowledge it with what protects its target.",
)
def data_copied(context: Context) -> Iterator[Hit]:
    for kind, path in _COPIES:
        for resource in context.of_type(kind):
            account = _ACCOUNT.search(str(resource.get(path)))
            where = f" to the account {account[1]}" if account else ""
            yield hit(resource, path, f"it copies stored data{where}")


_PLAIN_ENDPOINTS: Final = ("none", "None", "")


@rule(
    "PCI-4.2.1-MIGRATION-TLS",
    "Endpoints that move data between stores speak TLS",
    asks="Strong cryptography protects card data in transit.",
    requirements=("4.2.1",),
    security_hub=("DMS.9", "DMS.10", "DMS.11", "DMS.12"),
    types=("AWS::DMS::Endpoint", "AWS::DMS::ReplicationInstance"),
    fix="Set SslMode: verify-full (or require where the engine has no more); PubliclyAccessible "
    "false.",
)
def migration_tls(context: Context) -> Iterator[Hit]:
    for endpoint in context.of_type("AWS::DMS::Endpoint"):
        engine = (endpoint.text("EngineName") or "").lower()
        if engine in ("s3", "kinesis", "dynamodb", "neptune", "opensearch"):
            continue  # these are APIs of AWS, over HTTPS
        if endpoint.get("SslMode") is None or endpoint.text("SslMode") in _PLAIN_ENDPOINTS:
            yield hit(endpoint, "SslMode", f"SslMode is {show(endpoint.get('SslMode'))}")
    yield from wrong(context, tls_settings.MIGRATION_TLS)
    for instance in context.of_type("AWS::DMS::ReplicationInstance"):
        if instance.flag("PubliclyAccessible") is not False:
            yield hit(
                instance,
                "PubliclyAccessible",
                f"PubliclyAccessible is {show(instance.get('PubliclyAccessible'))}; the default is "
                "true",
            )


_BLOCKS: Final = (
    ("AWS::EC2::SnapshotBlockPublicAccess", "State", ("block-all-sharing", "block-new-sharing")),
)


@rule(
    "PCI-1.4.4-SNAPSHOTS-PUBLIC",
    "Snapshots and access points stay blocked from the public",
    asks="What stores cardholder data is not directly accessible from untrusted networks.",
    requirements=("1.4.4", "7.3.3"),
    security_hub=("S3.24",),
    types=(
        "AWS::EC2::SnapshotBlockPublicAccess",
        "AWS::S3::AccessPoint",
        "AWS::S3::MultiRegionAccessPoint",
        "AWS::EMR::BlockPublicAccessConfiguration",
    ),
    fix="State block-all-sharing; every flag of PublicAccessBlockConfiguration true.",
)
def snapshots_public(context: Context) -> Iterator[Hit]:
    for kind, path, good in _BLOCKS:
        for resource in context.of_type(kind):
            if resource.get(path) not in good:
                yield hit(resource, path, f"{path} is {show(resource.get(path))}")
    for kind, path in (
        ("AWS::S3::AccessPoint", "PublicAccessBlockConfiguration"),
        ("AWS::S3::MultiRegionAccessPoint", "PublicAccessBlockConfiguration"),
    ):
        for point in context.of_type(kind):
            yield from _unblocked(point, path)


def _unblocked(point: Resource, path: str) -> Iterator[Hit]:
    """Yield the flags that are off; an access point without them blocks everything."""
    for flag in (
        "BlockPublicAcls",
        "BlockPublicPolicy",
        "IgnorePublicAcls",
        "RestrictPublicBuckets",
    ):
        if point.flag(f"{path}.{flag}") is False:
            yield hit(point, f"{path}.{flag}", f"{flag} is false")
