"""Databases: encryption, TLS, audit, accounts, patches and change detection."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import (
    UNRESOLVED,
    Extent,
    Hit,
    hit,
    must_be_false,
    must_be_set,
    must_be_true,
    show,
)
from pcistack.pci_dss import accepted, audit_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import types_of, wrong
from pcistack.regional import aurora
from pcistack.template.references import name_of
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value

_RDS: Final = ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance")


def _databases(context: Context) -> list[Resource]:
    """Clusters, and instances that belong to none."""
    return [
        resource
        for resource in context.of_type(*_RDS)
        if resource.type == "AWS::RDS::DBCluster" or resource.get("DBClusterIdentifier") is None
    ]


def _restored(database: Resource) -> bool:
    """Encryption and master user come from the source."""
    return any(
        database.get(path) is not None
        for path in (
            "SnapshotIdentifier",
            "DBSnapshotIdentifier",
            "DBClusterSnapshotIdentifier",
            "SourceDBClusterIdentifier",
            "SourceDBInstanceIdentifier",
        )
    )


@rule(
    "PCI-3.5.1-DATABASE-ENCRYPTED",
    "Databases are encrypted at rest",
    asks="Stored card numbers are unreadable; encryption of the volume is a part of it, not all.",
    requirements=("3.5.1",),
    related=(
        "RDS.3",
        "RDS.27",
        "DocumentDB.1",
        "Neptune.1",
        "Redshift.10",
    ),
    types=(
        *_RDS,
        "AWS::DocDB::DBCluster",
        "AWS::Neptune::DBCluster",
        "AWS::Redshift::Cluster",
    ),
    fix="Set StorageEncrypted: true (Redshift: Encrypted: true) with a KmsKeyId.",
)
def database_encrypted(context: Context) -> Iterator[Hit]:
    others = context.of_type("AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster")
    for database in (*_databases(context), *others):
        if not _restored(database):
            yield from must_be_true(database, "StorageEncrypted")
    for member in context.of_type("AWS::RDS::DBInstance"):
        if member.flag("StorageEncrypted") is False and member not in _databases(context):
            yield from must_be_true(member, "StorageEncrypted")
    for cluster in context.of_type("AWS::Redshift::Cluster"):
        yield from must_be_true(cluster, "Encrypted")


@rule(
    "PCI-3.6.1-DATABASE-KEY",
    "Databases use a key of your own",
    asks="Keys that protect stored account data are protected and their use is limited; the "
    "policy of a key that AWS manages cannot be narrowed.",
    requirements=("3.6.1", "3.7.4"),
    severity=Severity.WARNING,
    types=_RDS,
    fix="Set KmsKeyId to a customer-managed key.",
)
def database_key(context: Context) -> Iterator[Hit]:
    for database in _databases(context):
        key = database.get("KmsKeyId")
        if _restored(database) or database.flag("StorageEncrypted") is not True:
            continue
        if key is None or (isinstance(key, str) and str(key).startswith("alias/aws/")):
            yield hit(database, "KmsKeyId", f"KmsKeyId is {show(key)}: the key is AWS's")


_TLS_PARAMETERS: Final = {
    "mysql": ("require_secure_transport", ("on", "1", "true")),
    "mariadb": ("require_secure_transport", ("on", "1", "true")),
    "postgres": ("rds.force_ssl", ("1",)),
    "sqlserver": ("rds.force_ssl", ("1",)),
}


# The first versions that take TLS only, unless a parameter group says otherwise.
_ON_BY_DEFAULT: Final = {
    "aurora-mysql": (8, 4),
    "aurora-postgresql": (17,),
    "mariadb": (11, 8),
    "postgres": (15,),
}


def _parameters(context: Context, database: Resource) -> tuple[Resource | None, str, Value]:
    """Return a database's parameter group, the path of its parameters, and the parameters."""
    path = (
        "DBClusterParameterGroupName"
        if database.type == "AWS::RDS::DBCluster"
        else "DBParameterGroupName"
    )
    group = context.target(database.get(path))
    return group, path, group.get("Parameters") if group else None


def _parameter(parameters: Value, name: str) -> Value:
    if isinstance(parameters, Unknown | Reference | Partial):
        return Unknown()
    return parameters.get(name) if isinstance(parameters, dict) else None


@rule(
    "PCI-4.2.1-DATABASE-TLS",
    "Databases refuse connections without TLS",
    asks="Strong cryptography protects card data in transit; administration is encrypted.",
    requirements=("4.2.1", "2.2.7", "8.3.2"),
    related=(
        "RDS.38",
        "RDS.39",
    ),
    types=(*_RDS, "AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup"),
    extent=Extent.FULL,
    fix="Give the cluster a parameter group with require_secure_transport: ON (MySQL) or "
    "rds.force_ssl: 1 (PostgreSQL, SQL Server).",
)
def database_tls(context: Context) -> Iterator[Hit]:
    for database in _databases(context):
        engine = aurora.engine(database)
        wanted = next((w for name, w in _TLS_PARAMETERS.items() if name in engine), None)
        if wanted is None:
            continue
        name, good = wanted
        group, path, parameters = _parameters(context, database)
        given = database.get(path)
        value = _parameter(parameters, name)
        if value is None and _is_on_by_default(engine, _family(database, group, given)):
            continue
        if group is None:
            problem = f"{path} {UNRESOLVED}" if given else f"{path} is not set"
            yield hit(database, path, f"{problem}; nothing shows that {name} is on")
            continue
        value = _parameter(parameters, name)
        if str(value).lower() not in good:
            yield hit(
                group,
                f"Parameters.{name}",
                f"{name} is {show(value)}, so {database.logical_id} takes clear text",
            )


def _family(database: Resource, group: Resource | None, given: Value) -> str:
    """Return the family of a database's parameter group, or what says as much; else nothing."""
    if group is not None:
        return group.text("Family") or ""
    if isinstance(given, str) and given.startswith("default."):
        return given.removeprefix("default.")
    return "" if given else aurora.version(database) or ""  # no group is the engine's default one


def _is_on_by_default(engine: str, family: str) -> bool:
    """Whether an engine refuses clear text unless a parameter group says otherwise.

    Source: RDS user guide, "Requiring an SSL connection to a PostgreSQL DB instance"; Aurora user
    guide, "Security with Aurora PostgreSQL" and "Security with Aurora MySQL".
    """
    release = re.match(r"[\d.]+", family.removeprefix(engine))
    first = _ON_BY_DEFAULT.get(engine)
    if release is None or first is None:
        return False
    return tuple(int(part) for part in release.group().split(".") if part) >= first


@rule(
    "PCI-4.2.1-DATABASE-TLS-VERSION",
    "MySQL databases take TLS 1.2 and 1.3 only",
    asks="Strong cryptography protects card data in transit; old versions are off.",
    requirements=("4.2.1", "12.3.3"),
    types=("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup"),
    extent=Extent.FULL,
    fix="Set the parameter tls_version: TLSv1.2,TLSv1.3.",
)
def database_tls_version(context: Context) -> Iterator[Hit]:
    for database in _databases(context):
        group, _, parameters = _parameters(context, database)
        if group is None or "mysql" not in aurora.engine(database):
            continue
        value = _parameter(parameters, "tls_version")
        if value is None:
            severity, problem = Severity.WARNING, "is not set; the engine's default decides"
        elif accepted.strong_tls_versions(str(value)):
            continue
        else:
            severity, problem = Severity.ERROR, f"is {show(value)}"
        yield Hit(
            resource=group.logical_id,
            property="Parameters.tls_version",
            message=f"tls_version {problem}",
            severity=severity,
        )


@rule(
    "PCI-10.2.1-DATABASE-AUDIT",
    "Aurora MySQL writes an audit log of logins, grants and definitions",
    asks="Audit logs are on and active; they record access, administration and changes of rights.",
    requirements=("10.2.1", "10.2.2", "7.2.6"),
    security_hub=("RDS.34",),
    types=("AWS::RDS::DBCluster", "AWS::RDS::DBClusterParameterGroup"),
    extent=Extent.FULL,
    fix="Set the parameters server_audit_logging: 1 and server_audit_events: "
    "CONNECT,QUERY_DCL,QUERY_DDL, and export the audit log.",
)
def database_audit(context: Context) -> Iterator[Hit]:
    for database in _databases(context):
        if aurora.engine(database) != "aurora-mysql":
            continue
        group, path, parameters = _parameters(context, database)
        if group is None:
            yield hit(database, path, "nothing shows that server_audit_logging is on")
            continue
        logging = _parameter(parameters, "server_audit_logging")
        if not accepted.parameter_on(logging):
            yield hit(
                group, "Parameters.server_audit_logging", f"server_audit_logging is {show(logging)}"
            )
        value = _parameter(parameters, "server_audit_events")
        missing = accepted.missing_events(str(value or ""))
        if missing:
            yield hit(
                group,
                "Parameters.server_audit_events",
                f"server_audit_events is {show(value)}, without {', '.join(sorted(missing))}",
            )


_EXPORTS: Final = {
    "aurora-mysql": ("audit", "error"),
    "mysql": ("error",),
    "mariadb": ("error",),
    "postgres": ("postgresql",),
    "oracle": ("audit",),
    "sqlserver": ("error",),
    "docdb": ("audit",),
    "neptune": ("audit",),
}


@rule(
    "PCI-10.2.1-DATABASE-EXPORTS",
    "Databases send their audit and error logs to CloudWatch Logs",
    asks="Audit logs are active and are promptly copied away from the component.",
    requirements=("10.2.1", "10.3.3"),
    security_hub=(
        "RDS.9",
        "RDS.34",
        "RDS.37",
        "DocumentDB.4",
        "Neptune.2",
        "RDS.36",
    ),
    types=(*_RDS, "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"),
    extent=Extent.FULL,
    fix="Name the logs in EnableCloudwatchLogsExports.",
)
def database_exports(context: Context) -> Iterator[Hit]:
    others = {"AWS::DocDB::DBCluster": "docdb", "AWS::Neptune::DBCluster": "neptune"}
    path = "EnableCloudwatchLogsExports"
    for database in (*_databases(context), *context.of_type(*others)):
        engine = others.get(database.type) or aurora.engine(database)
        wanted = next((logs for name, logs in _EXPORTS.items() if name in engine), ())
        exported = [str(item) for item in database.items(path)]
        missing = [log for log in wanted if log not in exported]
        if not missing:
            continue
        unknown = database.is_unknown(path)
        yield hit(
            database,
            "EnableCloudwatchLogsExports",
            f"exports {UNRESOLVED}" if unknown else f"{', '.join(missing)} not exported",
        )


_STATEMENT_PARAMETERS: Final = {
    "general_log": ("1", "on"),
    "log_statement": ("all", "mod"),
}


@rule(
    "PCI-3.3.1-STATEMENTS-LOGGED",
    "No log holds whole statements, which can hold card data",
    asks="Sensitive authentication data is not kept after authorisation, nor card numbers where "
    "they are readable: a log of statements would keep both.",
    requirements=("3.3.1", "3.2.1", "3.5.1"),
    types=(
        *_RDS,
        "AWS::RDS::DBClusterParameterGroup",
        "AWS::RDS::DBParameterGroup",
        "AWS::RDS::OptionGroup",
        *types_of(audit_settings.STATEMENTS),
    ),
    fix="Leave general out of the exports; general_log 0, log_statement ddl, audit events without "
    "QUERY and QUERY_DML.",
)
def statements_logged(context: Context) -> Iterator[Hit]:
    yield from wrong(context, audit_settings.STATEMENTS)
    yield from _option_events(context)
    for database in context.of_type(*_RDS):
        for index, item in enumerate(database.items("EnableCloudwatchLogsExports")):
            if item == accepted.STATEMENT_LOG:
                yield hit(
                    database,
                    f"EnableCloudwatchLogsExports.{index}",
                    "the general log is exported; it holds whole statements",
                )
    for group in context.of_type("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup"):
        for name, bad in _STATEMENT_PARAMETERS.items():
            value = _parameter(group.get("Parameters"), name)
            if str(value).lower() in bad:
                yield _parameter_hit(group, name, value)
        yield from _slow_limits(group)
        for name in ("server_audit_events", "pgaudit.log"):
            value = _parameter(group.get("Parameters"), name)
            if not accepted.without_statements(str(value or "")):
                yield _parameter_hit(group, name, value)


_SECONDS: Final = {
    "long_query_time": 1.0,
    "log_min_duration_statement": 0.001,
    "log_min_duration_sample": 0.001,
    "auto_explain.log_min_duration": 0.001,
}


def _slow_limits(group: Resource) -> Iterator[Hit]:
    """Yield limits so low that the log of slow statements holds (nearly) every statement."""
    for name, unit in _SECONDS.items():
        value = _parameter(group.get("Parameters"), name)
        try:
            seconds = float(str(value)) * unit
        except ValueError:
            continue
        if 0 <= seconds < 1:
            found = _parameter_hit(group, name, value)
            yield found if seconds < _EVERY else replace(found, severity=Severity.WARNING)


def _option_events(context: Context) -> Iterator[Hit]:
    for group in context.of_type("AWS::RDS::OptionGroup"):
        for index, option in enumerate(group.items("OptionConfigurations")):
            settings = option.get("OptionSettings") if isinstance(option, dict) else None
            for item in settings if isinstance(settings, list) else ():
                if not isinstance(item, dict) or item.get("Name") != "SERVER_AUDIT_EVENTS":
                    continue
                if not accepted.without_statements(str(item.get("Value") or "")):
                    yield hit(
                        group,
                        f"OptionConfigurations.{index}.OptionSettings",
                        f"SERVER_AUDIT_EVENTS is {show(item.get('Value'))}: statements with card "
                        "data would be logged",
                    )


_EVERY: Final = 0.1
"""Seconds below which a limit catches ordinary statements."""


def _parameter_hit(group: Resource, name: str, value: Value) -> Hit:
    return hit(
        group,
        f"Parameters.{name}",
        f"{name} is {show(value)}: statements with card data would be logged",
    )


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
    types=(*_RDS, "AWS::Redshift::Cluster", "AWS::SecretsManager::Secret"),
    extent=Extent.FULL,
    fix="Choose a name of your own, such as txowner.",
)
def master_username(context: Context) -> Iterator[Hit]:
    redshift = context.of_type("AWS::Redshift::Cluster")
    for database in (*_databases(context), *redshift):
        if _restored(database):
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
    "PCI-7.2.5-DATABASE-IAM",
    "MySQL and PostgreSQL databases can authenticate by IAM",
    asks="Application accounts have the least privilege and no password where none is needed.",
    requirements=("7.2.5", "8.6.1"),
    related=(
        "RDS.10",
        "RDS.12",
    ),
    severity=Severity.WARNING,
    types=_RDS,
    fix="Set EnableIAMDatabaseAuthentication: true.",
)
def database_iam(context: Context) -> Iterator[Hit]:
    for database in _databases(context):
        if any(name in aurora.engine(database) for name in ("mysql", "postgres", "mariadb")):
            yield from must_be_true(database, "EnableIAMDatabaseAuthentication")


_LONG_TERM: Final = ("8.0.mysql_aurora.3.04.", "8.0.mysql_aurora.3.10.")


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
        if not version.startswith(_LONG_TERM):
            yield hit(instance, "AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade is false")


@rule(
    "PCI-3.6.1-INSIGHTS-KEY",
    "Performance Insights uses a key of your own",
    asks="Statement text in Performance Insights can hold card data; its key is protected too.",
    requirements=("3.5.1", "3.6.1"),
    severity=Severity.WARNING,
    types=_RDS,
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
    types=("AWS::RDS::EventSubscription", *_RDS),
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
    for database in _databases(context):
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


@rule(
    "PCI-1.4.4-DATA-API",
    "The database has no HTTP endpoint",
    asks="What stores cardholder data is not directly accessible from untrusted networks; the "
    "Data API answers outside of the VPC.",
    requirements=("1.4.4", "7.2.6"),
    severity=Severity.WARNING,
    types=("AWS::RDS::DBCluster",),
    fix="Set EnableHttpEndpoint: false.",
)
def data_api(context: Context) -> Iterator[Hit]:
    for cluster in context.of_type("AWS::RDS::DBCluster"):
        yield from must_be_false(cluster, "EnableHttpEndpoint")
