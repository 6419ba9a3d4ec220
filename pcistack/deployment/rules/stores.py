"""Tables and caches, as DynamoDB and ElastiCache take them."""

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
from pcistack.template.view import Resource, Value

_TABLE: Final = "AWS::DynamoDB::Table"
_CACHE: Final = "AWS::ElastiCache::ReplicationGroup"
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
