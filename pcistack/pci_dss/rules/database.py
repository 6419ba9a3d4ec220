"""Databases: encryption and its keys, TLS, logins by IAM, and no way round the network."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.databases import RDS, databases, parameter, parameters_of, restored
from pcistack.pci_dss.pack import rule
from pcistack.regional import aurora
from pcistack.template.view import Resource, Value


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
        *RDS,
        "AWS::DocDB::DBCluster",
        "AWS::Neptune::DBCluster",
        "AWS::Redshift::Cluster",
    ),
    fix="Set StorageEncrypted: true (Redshift: Encrypted: true) with a KmsKeyId.",
)
def database_encrypted(context: Context) -> Iterator[Hit]:
    others = context.of_type("AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster")
    for database in (*databases(context), *others):
        if not restored(database):
            yield from must_be_true(database, "StorageEncrypted")
    for member in context.of_type("AWS::RDS::DBInstance"):
        if member.flag("StorageEncrypted") is False and member not in databases(context):
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
    types=RDS,
    fix="Set KmsKeyId to a customer-managed key.",
)
def database_key(context: Context) -> Iterator[Hit]:
    for database in databases(context):
        key = database.get("KmsKeyId")
        if restored(database) or database.flag("StorageEncrypted") is not True:
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


@rule(
    "PCI-4.2.1-DATABASE-TLS",
    "Databases refuse connections without TLS",
    asks="Strong cryptography protects card data in transit; administration is encrypted.",
    requirements=("4.2.1", "2.2.7", "8.3.2"),
    related=(
        "RDS.38",
        "RDS.39",
    ),
    types=(*RDS, "AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup"),
    extent=Extent.FULL,
    fix="Give the cluster a parameter group with require_secure_transport: ON (MySQL) or "
    "rds.force_ssl: 1 (PostgreSQL, SQL Server).",
)
def database_tls(context: Context) -> Iterator[Hit]:
    for database in databases(context):
        engine = aurora.engine(database)
        wanted = next((w for name, w in _TLS_PARAMETERS.items() if name in engine), None)
        if wanted is None:
            continue
        name, good = wanted
        group, path, parameters = parameters_of(context, database)
        given = database.get(path)
        value = parameter(parameters, name)
        if value is None and _is_on_by_default(engine, _family(database, group, given)):
            continue
        if group is None:
            problem = f"{path} {UNRESOLVED}" if given else f"{path} is not set"
            yield hit(database, path, f"{problem}; nothing shows that {name} is on")
            continue
        value = parameter(parameters, name)
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
    for database in databases(context):
        group, _, parameters = parameters_of(context, database)
        if group is None or "mysql" not in aurora.engine(database):
            continue
        value = parameter(parameters, "tls_version")
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
    "PCI-7.2.5-DATABASE-IAM",
    "MySQL and PostgreSQL databases can authenticate by IAM",
    asks="Application accounts have the least privilege and no password where none is needed.",
    requirements=("7.2.5", "8.6.1"),
    related=(
        "RDS.10",
        "RDS.12",
    ),
    severity=Severity.WARNING,
    types=RDS,
    fix="Set EnableIAMDatabaseAuthentication: true.",
)
def database_iam(context: Context) -> Iterator[Hit]:
    for database in databases(context):
        if any(name in aurora.engine(database) for name in ("mysql", "postgres", "mariadb")):
            yield from must_be_true(database, "EnableIAMDatabaseAuthentication")


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
