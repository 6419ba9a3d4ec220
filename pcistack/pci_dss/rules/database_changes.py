"""Databases: default users, patches, keys of insights, and changes that reach someone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import (
    UNRESOLVED,
    Extent,
    Hit,
    hit,
    must_be_set,
)
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.databases import RDS, databases, restored
from pcistack.pci_dss.pack import rule
from pcistack.regional.curated import has_long_term_support
from pcistack.template.references import name_of
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value


@rule(
    "PCI-2.2.2-MASTER-USERNAME",
    "The master user has no default name",
    asks="Vendor default accounts are removed, disabled or changed.",
    requirements=("2.2.2",),
    security_hub=(
        "RDS.24",
        "RDS.25",
    ),
    related=("Redshift.8",),
    types=(*RDS, "AWS::Redshift::Cluster", "AWS::SecretsManager::Secret"),
    extent=Extent.FULL,
    fix="Choose a name of your own, such as txowner.",
)
def master_username(context: Context) -> Iterator[Hit]:
    redshift = context.of_type("AWS::Redshift::Cluster")
    for database in (*databases(context), *redshift):
        if restored(database):
            continue
        name = database.get("MasterUsername")
        holder, path = database, "MasterUsername"
        secret = context.target(name)
        if secret is not None and secret.type == "AWS::SecretsManager::Secret":
            holder, path = secret, "GenerateSecretString.SecretStringTemplate"
            name = _username(secret)
        if name is None and database.type != "AWS::Redshift::Cluster":
            continue  # CloudFormation refuses it, unless it is a replica
        if isinstance(name, Unknown | Reference | Partial):
            problem = UNRESOLVED
        elif accepted.default_user(str(name)):
            problem = f"is {name}, a default name"
        else:
            continue
        yield hit(holder, path, f"the master user's name {problem}")


def _username(secret: Resource) -> Value:
    template = secret.text("GenerateSecretString.SecretStringTemplate")
    try:
        parsed: object = json.loads(template or "")
    except ValueError:
        return Unknown()
    name = parsed.get("username") if isinstance(parsed, dict) else None
    return name if isinstance(name, str) else Unknown()


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


@rule(
    "PCI-3.6.1-INSIGHTS-KEY",
    "Performance Insights uses a key of your own",
    asks="Statement text in Performance Insights can hold card data; its key is protected too.",
    requirements=("3.5.1", "3.6.1"),
    severity=Severity.WARNING,
    types=RDS,
    fix="Set PerformanceInsightsKmsKeyId (instance: PerformanceInsightsKMSKeyId).",
)
def insights_key(context: Context) -> Iterator[Hit]:
    for kind, flag, path in (
        ("AWS::RDS::DBCluster", "PerformanceInsightsEnabled", "PerformanceInsightsKmsKeyId"),
        ("AWS::RDS::DBInstance", "EnablePerformanceInsights", "PerformanceInsightsKMSKeyId"),
    ):
        for database in context.of_type(kind):
            if database.flag(flag) is True:
                yield from must_be_set(
                    database, path, "Performance Insights is encrypted with AWS's own key"
                )


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
