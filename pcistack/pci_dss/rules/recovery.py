"""Requirement 12.10.1: what an incident destroys can be brought back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity, counted
from pcistack.checks.rule import Hit, hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import refuse, types_of, wrong
from pcistack.template.document import KEEPING
from pcistack.template.view import Resource

_OFF: Final = "nothing of it can be brought back"
BACKUPS: Final = tuple(
    refuse(kind, path, _OFF, *bad, severity=Severity.WARNING)
    for kind, path, bad in (
        ("AWS::RDS::DBInstance", "BackupRetentionPeriod", ("0",)),
        ("AWS::Redshift::Cluster", "AutomatedSnapshotRetentionPeriod", ("0",)),
        ("AWS::EFS::FileSystem", "BackupPolicy.Status", ("disabled",)),
        ("AWS::Cassandra::Table", "PointInTimeRecoveryEnabled", ("false",)),
        (
            "AWS::DynamoDB::Table",
            "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled",
            ("false",),
        ),
        ("AWS::FSx::FileSystem", "WindowsConfiguration.AutomaticBackupRetentionDays", ("0",)),
        ("AWS::FSx::FileSystem", "OntapConfiguration.AutomaticBackupRetentionDays", ("0",)),
        ("AWS::FSx::FileSystem", "OpenZFSConfiguration.AutomaticBackupRetentionDays", ("0",)),
        ("AWS::ElastiCache::ReplicationGroup", "SnapshotRetentionLimit", ("0",)),
    )
)
_WEEK: Final = 7
_CLUSTERS: Final = ("AWS::RDS::DBCluster", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster")
_PROTECTED: Final = {
    **dict.fromkeys((*_CLUSTERS, "AWS::RDS::DBInstance"), "DeletionProtection"),
    "AWS::DynamoDB::Table": "DeletionProtectionEnabled",
    "AWS::NeptuneGraph::Graph": "DeletionProtection",
    "AWS::DSQL::Cluster": "DeletionProtectionEnabled",
}


@rule(
    "PCI-12.10.1-STORE-RECOVERY",
    "A store that is kept has backups of a week, and is not deleted by one call",
    asks="The plan for an incident covers how data is backed up and business goes on.",
    requirements=("12.10.1",),
    security_hub=("DocumentDB.2",),
    severity=Severity.WARNING,
    types=(*types_of(BACKUPS), *_PROTECTED),
    fix="BackupRetentionPeriod of 7 or more, DeletionProtection true, point-in-time recovery on. A "
    "store that its stack may delete (DeletionPolicy Delete) needs neither.",
)
def store_recovery(context: Context) -> Iterator[Hit]:
    yield from wrong(context, BACKUPS)
    for cluster in context.of_type(*_CLUSTERS):
        path = "BackupRetentionPeriod"
        days = cluster.number(path)
        if cluster.get(path) is None:
            days = 1  # the default of all three
        counts = _kept(cluster) or cluster.type == "AWS::DocDB::DBCluster"
        if counts and days is not None and days < _WEEK:
            yield hit(cluster, path, f"backups go back {counted(days, 'day')}")
    for kind, path in _PROTECTED.items():
        for store in context.of_type(kind):
            if _kept(store) and store.flag(path) is False:
                yield hit(store, path, "it is to be kept, and one call deletes it")


def _kept(store: Resource) -> bool:
    return store.raw.body.get("DeletionPolicy") in KEEPING
