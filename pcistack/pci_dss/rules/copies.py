"""Requirements 1.4.4, 3.2.1 and 3.5.1: copies of a store are as private and encrypted as it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit, must_be_true, show
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
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
