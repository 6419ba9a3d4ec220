"""Tables of one region or several, as DynamoDB takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, listed, objects, repeated, text, texts
from pcistack.template.view import Resource, Value

_TABLE: Final = "AWS::DynamoDB::Table"
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
            for path, name in repeated(texts(table, kind, "IndexName")):
                yield hit(table, path, f"two indexes are {name}", "rename one")
            for path, item in objects(table, kind):
                yield from _schema(table, f"{path}.KeySchema", item.get("KeySchema"))
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


_GLOBAL_TABLE: Final = "AWS::DynamoDB::GlobalTable"


@rule(
    "DEPLOY-GLOBAL-TABLE",
    "A table of several regions that DynamoDB refuses",
    types=(_GLOBAL_TABLE,),
    severity=Severity.FATAL,
    source="CloudFormation resource reference: AWS::DynamoDB::GlobalTable, Replicas and "
    "StreamSpecification",
)
def global_table_rule(context: Context) -> Iterator[Hit]:
    for table in context.of_type(_GLOBAL_TABLE):
        regions = [text(region) for region in _regions(table)]
        if not regions or None in regions or table.is_unknown("Replicas"):
            continue
        if context.region and context.region not in regions:
            yield hit(
                table,
                "Replicas",
                f"none of the replicas is in {context.region}, where the stack is",
                f"add a replica with Region: {context.region}",
            )
        kind = table.get("StreamSpecification.StreamViewType")
        if len(regions) > 1 and kind is None and table.get("StreamSpecification") is None:
            yield hit(
                table,
                "StreamSpecification",
                "a table with replicas has a stream",
                "set StreamViewType: NEW_AND_OLD_IMAGES",
            )
        elif len(regions) > 1 and text(kind) not in (None, "NEW_AND_OLD_IMAGES"):
            yield hit(
                table,
                "StreamSpecification.StreamViewType",
                f"{text(kind)}: replicas follow a stream of NEW_AND_OLD_IMAGES",
                "write NEW_AND_OLD_IMAGES",
            )


def _regions(table: Resource) -> list[Value]:
    return [
        item.get("Region") if isinstance(item, dict) else None for item in table.items("Replicas")
    ]
