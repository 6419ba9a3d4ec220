"""What an instance of a cluster may not set, because its cluster sets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional import aurora
from pcistack.regional.context import Context
from pcistack.regional.pack import rule
from pcistack.template.view import Resource

# Property of the instance -> the cluster's property, or nothing where the cluster has none.
_CLUSTERS_OWN: Final[Mapping[str, str]] = {
    "AllocatedStorage": "",
    "BackupRetentionPeriod": "BackupRetentionPeriod",
    "DBName": "DatabaseName",
    "EnableIAMDatabaseAuthentication": "EnableIAMDatabaseAuthentication",
    "Iops": "",
    "ManageMasterUserPassword": "ManageMasterUserPassword",
    "MasterUserPassword": "MasterUserPassword",
    "MasterUsername": "MasterUsername",
    "MaxAllocatedStorage": "",
    "PreferredBackupWindow": "PreferredBackupWindow",
    "VPCSecurityGroups": "VpcSecurityGroupIds",
}
# The same for flags: only `true` is refused.
_FLAGS: Final[Mapping[str, str]] = {
    "DeletionProtection": "DeletionProtection",
    "MultiAZ": "",
}


@rule(
    "AURORA-MEMBER-PROPERTY",
    "A property that an instance of a cluster may not have",
    types=(aurora.INSTANCE,),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBInstance, parameters that do not apply to Aurora",
)
def member_rule(context: Context) -> Iterator[Hit]:
    for instance in context.view.of_type(aurora.INSTANCE):
        if instance.get("DBClusterIdentifier") in (None, "") or not _is_aurora(instance):
            continue
        for name, its in {**_CLUSTERS_OWN, **_FLAGS}.items():
            value = instance.get(name)
            if value in (None, "", []) or (name in _FLAGS and instance.flag(name) is not True):
                continue
            yield hit(
                instance,
                name,
                f"{name} stands at an instance that is a member of a cluster: AWS refuses the "
                f"instance, in {context.here} or elsewhere",
                f"delete {name}" + (f" and set {its} at the cluster" if its else ""),
            )


@rule(
    "AURORA-MEMBER-ENCRYPTION",
    "An instance whose encryption is not that of its cluster",
    types=(aurora.INSTANCE,),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBInstance, StorageEncrypted and KmsKeyId",
)
def encryption_rule(context: Context) -> Iterator[Hit]:
    for instance in context.view.of_type(aurora.INSTANCE):
        cluster = context.members.cluster_of(instance)
        if cluster is None or _restored(cluster):
            continue
        mine, its = instance.flag("StorageEncrypted"), cluster.flag("StorageEncrypted")
        if cluster.get("StorageEncrypted") is None:
            its = None if cluster.get("KmsKeyId") is not None else False
        if mine is not None and its is not None and mine != its:
            yield hit(
                instance,
                "StorageEncrypted",
                f"the instance sets StorageEncrypted to {str(mine).lower()}, its cluster "
                f"{cluster.logical_id} {'encrypts' if its else 'does not encrypt'}: AWS refuses "
                f"the instance, in {context.here} or elsewhere",
                f"delete StorageEncrypted and set it at {cluster.logical_id}",
            )


def _is_aurora(instance: Resource) -> bool:
    return aurora.engine(instance).startswith("aurora") or instance.get("Engine") is None


def _restored(cluster: Resource) -> bool:
    names = ("SnapshotIdentifier", "SourceDBClusterIdentifier", "GlobalClusterIdentifier")
    return any(cluster.get(name) is not None for name in names)
