"""Databases: events that a subscription can ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import text
from pcistack.template.view import Reference

_CLUSTER: Final = "AWS::RDS::DBCluster"
_INSTANCE: Final = "AWS::RDS::DBInstance"
_EVENTS: Final = "AWS::RDS::EventSubscription"
_CATEGORIES: Final[Mapping[str, str]] = {
    "blue-green-deployment": "creation deletion failure notification",
    "custom-engine-version": "creation deletion failure restoration maintenance",
    "db-cluster": (
        "backup|configuration change|creation|deletion|failover|failure|global failover|"
        "maintenance|migration|notification|read replica|serverless|storage"
    ),
    "db-cluster-snapshot": "backup notification",
    "db-instance": (
        "availability|backtrack|backup|configuration change|creation|deletion|failover|failure|"
        "low storage|maintenance|networking|notification|read replica|recovery|restoration|"
        "security|security patching|storage"
    ),
    "db-parameter-group": "configuration change|",
    "db-proxy": "configuration change|creation|deletion|failure",
    "db-security-group": "configuration change|failure",
    "db-snapshot": "creation deletion notification restoration",
    "db-shard-group": "configuration change|creation|deletion|failure|maintenance|notification",
    "zero-etl": "configuration change|creation|deletion|failure|notification|maintenance",
}


@rule(
    "DEPLOY-DATABASE-EVENTS",
    "A subscription to events that its source does not have",
    types=(_EVENTS,),
    severity=Severity.FATAL,
    source="RDS API reference: CreateEventSubscription; RDS user guide: event categories",
)
def events_rule(context: Context) -> Iterator[Hit]:
    for subscription in context.of_type(_EVENTS):
        kind = subscription.text("SourceType")
        if kind is not None and kind not in _CATEGORIES:
            yield hit(
                subscription,
                "SourceType",
                f"RDS has no source of events {kind}",
                f"choose from {', '.join(sorted(_CATEGORIES))}",
            )
            continue
        if kind is None and subscription.get("SourceType") is None:
            if subscription.items("SourceIds"):
                yield hit(
                    subscription,
                    "SourceType",
                    "SourceIds are given without the type of the sources",
                    "set SourceType",
                )
            known = {name for each in _CATEGORIES for name in _categories(each)}
        elif kind is None:
            continue
        else:
            known = _categories(kind)
        for index, value in enumerate(subscription.items("EventCategories")):
            name = text(value)
            if name is not None and name not in known:
                yield hit(
                    subscription,
                    f"EventCategories.{index}",
                    f"{kind or 'RDS'} has no events of the category {name!r}",
                    f"choose from {', '.join(sorted(known))}",
                )


def _categories(kind: str) -> set[str]:
    names = _CATEGORIES[kind]
    return set(filter(None, names.split("|"))) if "|" in names else set(names.split())


_PROXY: Final = "AWS::RDS::DBProxy"


@rule(
    "DEPLOY-DATABASE-EVENT-SOURCE",
    "A subscription to events of something of another type",
    types=("AWS::RDS::EventSubscription",),
    severity=Severity.FATAL,
    source="RDS API reference: CreateEventSubscription, SourceIds (SourceNotFound)",
)
def event_source_rule(context: Context) -> Iterator[Hit]:
    kinds = {"db-cluster": _CLUSTER, "db-instance": _INSTANCE, "db-proxy": _PROXY}
    names = {
        _CLUSTER: {one.text("DBClusterIdentifier") for one in context.of_type(_CLUSTER)},
        _INSTANCE: {one.text("DBInstanceIdentifier") for one in context.of_type(_INSTANCE)},
    }
    for subscription in context.of_type("AWS::RDS::EventSubscription"):
        wanted = kinds.get(subscription.text("SourceType") or "")
        for index, value in enumerate(subscription.items("SourceIds") if wanted else ()):
            target = context.target(value) if isinstance(value, Reference) else None
            kind = target.type if target else ""
            for other, known in names.items():
                if (
                    type(value) is str
                    and value in known
                    and value not in names.get(wanted or "", ())
                ):
                    kind = other
            if kind in kinds.values() and kind != wanted:
                yield hit(
                    subscription,
                    f"SourceIds.{index}",
                    f"{target.logical_id if target else value} is an {kind}, not a "
                    f"{subscription.text('SourceType')}",
                    "name a source of that type",
                )
