"""Tables, caches, backups and records: what DynamoDB, ElastiCache, AWS Backup and Route 53 take."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, listed, objects, text
from pcistack.template.view import Resource, Value, number

_TABLE: Final = "AWS::DynamoDB::Table"
_CACHE: Final = "AWS::ElastiCache::ReplicationGroup"
_PLAN: Final = "AWS::Backup::BackupPlan"
_VAULT: Final = "AWS::Backup::BackupVault"
_RECORD: Final = "AWS::Route53::RecordSet"
_INDEXES: Final = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")


@rule(
    "DEPLOY-TABLE",
    "Keys or indexes of a table that DynamoDB refuses",
    types=(_TABLE,),
    severity=Severity.FATAL,
    source="DynamoDB API reference: CreateTable, KeySchema, GlobalSecondaryIndexes",
)
def table_rule(context: Context) -> Iterator[Hit]:
    for table in context.of_type(_TABLE):
        provisioned = table.text("BillingMode") == "PROVISIONED" or (
            table.get("BillingMode") is None and table.get("ProvisionedThroughput") is not None
        )
        yield from _schema(table, "KeySchema", table.get("KeySchema"))
        for kind in _INDEXES:
            names = Counter(text(item.get("IndexName")) for _, item in objects(table, kind))
            for path, item in objects(table, kind):
                yield from _schema(table, f"{path}.KeySchema", item.get("KeySchema"))
                name = text(item.get("IndexName"))
                if name is not None and names.pop(name, 1) > 1:
                    yield hit(table, f"{path}.IndexName", f"two indexes are {name}", "rename one")
                bare = item.get("ProvisionedThroughput") is None
                if kind == _INDEXES[0] and provisioned and bare:
                    yield hit(
                        table,
                        f"{path}.ProvisionedThroughput",
                        "an index of a provisioned table has a throughput of its own",
                        "add ProvisionedThroughput",
                    )


def _schema(table: Resource, path: str, value: Value) -> Iterator[Hit]:
    kinds = [text(fields(item).get("KeyType")) for item in listed(value)]
    if None in kinds or is_open(value) or not kinds:
        return
    if kinds not in (["HASH"], ["HASH", "RANGE"]):
        yield hit(
            table,
            path,
            f"a key is HASH, or HASH and RANGE, not {' and '.join(map(str, kinds))}",
            "name the HASH key first, and one RANGE key at most",
        )


_TIME: Final = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_FAMILIES: Final = {"redis": "redis", "valkey": "valkey", "memcached": "memcached"}


@rule(
    "DEPLOY-CACHE",
    "Windows or parameters of a cache that ElastiCache refuses",
    types=(_CACHE,),
    severity=Severity.FATAL,
    source="ElastiCache API reference: CreateReplicationGroup, SnapshotWindow, "
    "CacheParameterGroupName",
)
def cache_rule(context: Context) -> Iterator[Hit]:
    for cache in context.of_type(_CACHE):
        found = _TIME.fullmatch(cache.text("SnapshotWindow") or "")
        if found:
            a, b, c, d = (int(part) for part in found.groups())
            length = (c * 60 + d - a * 60 - b) % 1440
            if length < 60:
                yield hit(
                    cache,
                    "SnapshotWindow",
                    f"the window lasts {length} minutes; ElastiCache wants 60 at least",
                    "make it longer",
                )
        group = context.target(
            cache.get("CacheParameterGroupName"), "AWS::ElastiCache::ParameterGroup"
        )
        family = group.text("CacheParameterGroupFamily") if group else None
        version, engine = cache.text("EngineVersion"), (cache.text("Engine") or "redis").lower()
        if group is None or family is None or version is None or engine not in _FAMILIES:
            continue
        major = version.split(".")[0]
        if not family.startswith(engine) or family[len(engine) :].split(".")[0] != major:
            yield hit(
                cache,
                "CacheParameterGroupName",
                f"{group.logical_id} is of {family}, and the cache of {engine} {version}",
                f"set CacheParameterGroupFamily to that of {engine} {version}",
            )


@rule(
    "DEPLOY-BACKUP",
    "A plan or a vault that AWS Backup refuses",
    types=(_PLAN, _VAULT),
    severity=Severity.FATAL,
    source="AWS Backup API reference: BackupRuleInput, Lifecycle (90 days in cold storage), "
    "PutBackupVaultLockConfiguration",
)
def backup_rule(context: Context) -> Iterator[Hit]:
    for plan in context.of_type(_PLAN):
        for path, item in objects(plan, "BackupPlan.BackupPlanRule"):
            life = fields(item.get("Lifecycle"))
            cold = number(life.get("MoveToColdStorageAfterDays"))
            end = number(life.get("DeleteAfterDays"))
            if cold is not None and end is not None and 0 < end < cold + 90:
                yield hit(
                    plan,
                    f"{path}.Lifecycle.DeleteAfterDays",
                    f"{end:g} days; what is cold after {cold:g} stays 90 at least",
                    f"set DeleteAfterDays to {cold + 90:g} or more",
                )
            start = number(item.get("StartWindowMinutes"))
            most = number(item.get("CompletionWindowMinutes"))
            if start is not None and most is not None and most < start + 60:
                yield hit(
                    plan,
                    f"{path}.CompletionWindowMinutes",
                    f"{most:g} minutes; a backup that begins within {start:g} gets 60 more",
                    f"set it to {start + 60:g} or more",
                )
            yield from _locked(context, plan, path, item, end)
    for vault in context.of_type(_VAULT):
        low = vault.number("LockConfiguration.MinRetentionDays")
        high = vault.number("LockConfiguration.MaxRetentionDays")
        if low is not None and high is not None and low > high:
            yield hit(
                vault,
                "LockConfiguration.MinRetentionDays",
                f"the shortest time, {low:g} days, is above the longest, {high:g}",
                "exchange them",
            )


def _locked(
    context: Context, plan: Resource, path: str, item: dict[str, Value], end: float | None
) -> Iterator[Hit]:
    """A locked vault takes no backups that it would have to keep for longer, or shorter."""
    vault = context.target(item.get("TargetBackupVault"), _VAULT)
    for name, over in (("MaxRetentionDays", True), ("MinRetentionDays", False)):
        limit = vault.number(f"LockConfiguration.{name}") if vault else None
        if vault and limit and end is not None and (end > limit if over else end < limit):
            yield hit(
                plan,
                f"{path}.Lifecycle.DeleteAfterDays",
                f"{end:g} days; {vault.logical_id} has {name}: {limit:g}, and every backup fails",
                f"keep to {name} of {vault.logical_id}",
                severity=Severity.WARNING,
            )


@rule(
    "DEPLOY-RECORD",
    "A record that Route 53 refuses",
    types=(_RECORD,),
    severity=Severity.FATAL,
    source="Route 53 API reference: ChangeResourceRecordSets (RRSet with DNS name is not permitted "
    "in zone); developer guide: CNAME record type",
)
def record_rule(context: Context) -> Iterator[Hit]:
    for record in context.of_type(_RECORD):
        zone = context.target(record.get("HostedZoneId"), "AWS::Route53::HostedZone")
        known = zone.text("Name") if zone else record.text("HostedZoneName")
        name = (record.text("Name") or "").rstrip(".").lower()
        its = (known or "").rstrip(".").lower()
        if not name or not its:
            continue
        if name != its and not name.endswith(f".{its}"):
            yield hit(
                record,
                "Name",
                f"{name} is not in the zone {its}",
                f"write a name that ends in .{its}",
            )
        elif name == its and record.text("Type") == "CNAME":
            yield hit(
                record,
                "Type",
                f"{name} is the zone itself, which has no CNAME",
                "write an A record with AliasTarget",
            )
        alias = context.target(record.get("AliasTarget.HostedZoneId"), "AWS::Route53::HostedZone")
        balancer = context.target(record.get("AliasTarget.DNSName"))
        if (
            alias is not None
            and balancer is not None
            and not balancer.type.startswith("AWS::Route53")
        ):
            yield hit(
                record,
                "AliasTarget.HostedZoneId",
                f"{alias.logical_id} is the zone of the record, not of {balancer.logical_id}",
                f"write the zone of {balancer.logical_id}, such as CanonicalHostedZoneID",
            )
