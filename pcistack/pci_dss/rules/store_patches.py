"""Requirement 6.3.3: what AWS patches is let be patched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.rule import Hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import refuse, types_of, wrong

UPGRADES: Final = tuple(
    refuse(kind, path, "known holes stay open until somebody thinks of them", "false")
    for kind, path in (
        ("AWS::ElastiCache::ReplicationGroup", "AutoMinorVersionUpgrade"),
        ("AWS::ElastiCache::CacheCluster", "AutoMinorVersionUpgrade"),
        ("AWS::MemoryDB::Cluster", "AutoMinorVersionUpgrade"),
        ("AWS::AmazonMQ::Broker", "AutoMinorVersionUpgrade"),
        ("AWS::DMS::ReplicationInstance", "AutoMinorVersionUpgrade"),
        ("AWS::DocDB::DBInstance", "AutoMinorVersionUpgrade"),
        ("AWS::Neptune::DBInstance", "AutoMinorVersionUpgrade"),
        ("AWS::Redshift::Cluster", "AllowVersionUpgrade"),
        ("AWS::OpenSearchService::Domain", "SoftwareUpdateOptions.AutoSoftwareUpdateEnabled"),
    )
)


@rule(
    "PCI-6.3.3-STORE-PATCHES",
    "Caches, brokers, warehouses and replication instances take minor upgrades by themselves",
    asks="Known vulnerabilities are patched in time.",
    requirements=("6.3.3",),
    security_hub=("ElastiCache.2", "MQ.3", "DMS.6"),
    types=types_of(UPGRADES),
    fix="Leave the property out, or set it to true.",
)
def store_patches(context: Context) -> Iterator[Hit]:
    yield from wrong(context, UPGRADES)
