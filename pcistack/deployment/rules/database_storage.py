"""Databases: storage that RDS gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.template.view import Resource

_CLUSTER: Final = "AWS::RDS::DBCluster"
_INSTANCE: Final = "AWS::RDS::DBInstance"


@rule(
    "DEPLOY-DATABASE-STORAGE",
    "Storage of an Aurora cluster that Aurora does not have",
    types=(_CLUSTER,),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster, AllocatedStorage, Iops and StorageType",
)
def storage_rule(context: Context) -> Iterator[Hit]:
    for cluster in context.of_type(_CLUSTER):
        if not (cluster.text("Engine") or "").lower().startswith("aurora"):
            continue
        for name in ("AllocatedStorage", "DBClusterInstanceClass", "Iops"):
            if cluster.get(name) is not None:
                yield hit(
                    cluster,
                    name,
                    f"{name} is for Multi-AZ clusters; Aurora has none",
                    f"delete {name}",
                )
        kind = cluster.text("StorageType")
        if kind not in (None, "", "aurora", "aurora-iopt1"):
            yield hit(
                cluster,
                "StorageType",
                f"Aurora has no storage of the type {kind}",
                "choose from aurora, aurora-iopt1",
            )


_SMALLEST: Final[Mapping[str, int]] = {"gp2": 5, "gp3": 20, "io1": 100, "io2": 100}
_LICENSES: Final[Mapping[str, tuple[str, ...]]] = {
    "mysql": ("general-public-license",),
    "mariadb": ("general-public-license",),
    "postgres": ("postgresql-license",),
}
_STRIPED: Final = 400  # GiB from which gp3 takes iops and throughput of one's own


@rule(
    "DEPLOY-DATABASE-DISK",
    "Storage or a license that RDS does not give",
    types=(_INSTANCE,),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBInstance, AllocatedStorage, Iops, MaxAllocatedStorage, "
    "LicenseModel; RDS user guide: DB instance storage",
)
def disk_rule(context: Context) -> Iterator[Hit]:
    for instance in context.of_type(_INSTANCE):
        engine = (instance.text("Engine") or "").lower()
        copied = any("Source" in name or "Snapshot" in name for name in instance.raw.properties)
        if engine not in _LICENSES or instance.get("DBClusterIdentifier") is not None or copied:
            continue
        yield from _size(instance)
        license_ = instance.text("LicenseModel")
        if license_ is not None and license_ not in _LICENSES[engine]:
            yield hit(
                instance,
                "LicenseModel",
                f"{engine} has no {license_}",
                f"set LicenseModel: {_LICENSES[engine][0]}, or delete it",
            )


def _size(instance: Resource) -> Iterator[Hit]:
    size, most = instance.number("AllocatedStorage"), instance.number("MaxAllocatedStorage")
    kind = instance.text("StorageType") or "gp2"
    least = _SMALLEST.get(kind, 5)
    if instance.get("AllocatedStorage") is None:
        yield hit(instance, "AllocatedStorage", "no size is given", "add AllocatedStorage")
    elif size is not None and size < least:
        yield hit(
            instance,
            "AllocatedStorage",
            f"{size:g} GiB of {kind}; RDS gives {least} at least",
            f"set AllocatedStorage: {least}",
        )
    if size is not None and most is not None and most < size:
        yield hit(
            instance,
            "MaxAllocatedStorage",
            f"the largest size, {most:g} GiB, is below the first, {size:g}",
            f"choose more than {size:g}",
        )
    for name in ("Iops", "StorageThroughput"):
        if kind == "gp3" and size is not None and size < _STRIPED and instance.get(name):
            yield hit(
                instance,
                name,
                f"{name} is for gp3 of {_STRIPED} GiB and more, not of {size:g}",
                f"delete {name}",
            )
