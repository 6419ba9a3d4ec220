"""Requirements 6.3.3 and 11.5.2: databases take patches, and what changes them is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import (
    Hit,
    hit,
)
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.databases import RDS, databases
from pcistack.pci_dss.pack import rule
from pcistack.regional.curated import has_long_term_support
from pcistack.template.references import name_of
from pcistack.template.view import Resource


@rule(
    "PCI-6.3.3-DATABASE-PATCHES",
    "Databases take minor upgrades by themselves",
    asks="Known vulnerabilities are patched in time.",
    requirements=("6.3.3",),
    security_hub=("RDS.13",),
    types=("AWS::RDS::DBInstance",),
    fix="Set AutoMinorVersionUpgrade: true. Aurora's long-term support lines are excepted: AWS "
    "advises against it there, and patches come with the maintenance window.",
)
def database_patches(context: Context) -> Iterator[Hit]:
    for instance in context.of_type("AWS::RDS::DBInstance"):
        if instance.flag("AutoMinorVersionUpgrade") is not False:
            continue
        cluster = context.target(instance.get("DBClusterIdentifier"))
        version = (cluster or instance).text("EngineVersion") or ""
        if not has_long_term_support(version):
            yield hit(instance, "AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade is false")


# Security Hub's RDS.19 to RDS.21; of a cluster also that its master credentials were reset
# (RDS-EVENT-0016, a configuration change) and that it was deleted (RDS-EVENT-0171).
_EVENTS: Final = {
    "db-cluster": {"maintenance", "failure", "configuration change", "deletion"},
    "db-instance": {"maintenance", "configuration change", "failure"},
    "db-parameter-group": {"configuration change"},
}


@rule(
    "PCI-11.5.2-DATABASE-EVENTS",
    "Changes of the database reach someone",
    asks="A mechanism alerts people to changes of critical settings.",
    requirements=("11.5.2", "10.7.2"),
    security_hub=(
        "RDS.20",
        "RDS.21",
    ),
    related=("RDS.19",),
    types=("AWS::RDS::EventSubscription", *RDS),
    severity=Severity.WARNING,
    fix="Subscribe a topic to db-cluster (maintenance, failure, configuration change, deletion), "
    "db-instance (maintenance, configuration change, failure) and db-parameter-group "
    "(configuration change).",
)
def database_events(context: Context) -> Iterator[Hit]:
    subscriptions = context.of_type("AWS::RDS::EventSubscription")
    for subscription in subscriptions:
        if subscription.flag("Enabled") is False:
            yield hit(subscription, "Enabled", "the subscription is off")
    for database in databases(context):
        kinds = ["db-instance", "db-parameter-group"]
        if database.type == "AWS::RDS::DBCluster":
            kinds.insert(0, "db-cluster")
        for kind in kinds:
            missing = _EVENTS[kind] - _subscribed(context, subscriptions, kind, database)
            if missing:
                yield Hit(
                    resource=database.logical_id,
                    message=f"no subscription to {kind} events: {', '.join(sorted(missing))}",
                )


def _subscribed(
    context: Context, subscriptions: list[Resource], kind: str, database: Resource
) -> set[str]:
    found: set[str] = set()
    for subscription in subscriptions:
        source = subscription.get("SourceType")
        sources = {name_of(item) for item in subscription.items("SourceIds")}
        if subscription.flag("Enabled") is False or source not in (None, kind):
            continue
        if sources and not _members(context, kind, database) <= sources:
            continue
        categories = {str(item) for item in subscription.items("EventCategories")}
        found |= categories or _EVENTS[kind]
    return found


def _members(context: Context, kind: str, database: Resource) -> set[str]:
    """Logical ids that a subscription has to name if it names any."""
    if kind == "db-parameter-group":
        return set()
    instances = context.pointing("AWS::RDS::DBInstance", "DBClusterIdentifier", database.logical_id)
    if kind == "db-instance" and database.type == "AWS::RDS::DBCluster":
        return {instance.logical_id for instance in instances}
    return {database.logical_id}
