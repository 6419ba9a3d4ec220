"""Databases: zones, names, windows, users, monitoring and events that RDS takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.engines import engine_of, user_hits
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import text
from pcistack.template.view import Resource

CLUSTER: Final = "AWS::RDS::DBCluster"
INSTANCE: Final = "AWS::RDS::DBInstance"
_SUBNETS: Final = "AWS::RDS::DBSubnetGroup"
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
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LENGTH: Final[Mapping[str, int]] = {"mysql": 64, "mariadb": 64, "postgres": 63, "oracle": 8}
_MYSQL_RESERVED_NAMES: Final = ("mysql", "information_schema", "performance_schema", "sys")
_WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = 24 * 60


@rule(
    "DEPLOY-DATABASE-ZONE",
    "An instance in a zone that its subnet group does not cover",
    types=(INSTANCE, _SUBNETS),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBInstance, AvailabilityZone; CreateDBSubnetGroup",
)
def zone_rule(context: Context) -> Iterator[Hit]:
    for group in context.of_type(_SUBNETS):
        zones, whole = _zones(context, group)
        if whole and len(group.items("SubnetIds")) < 2:
            yield hit(
                group,
                "SubnetIds",
                "the group has one subnet; RDS wants two at least, in two zones",
                "name subnets of two zones",
            )
        elif whole and zones and None not in zones and len(zones) < 2:
            yield hit(
                group,
                "SubnetIds",
                f"every subnet is in {next(iter(zones))}; RDS wants two zones at least",
                "name subnets of two zones",
            )
    for instance in context.of_type(INSTANCE):
        zone = instance.text("AvailabilityZone")
        cluster = context.target(instance.get("DBClusterIdentifier"), CLUSTER)
        named = instance.get("DBSubnetGroupName") or (
            cluster.get("DBSubnetGroupName") if cluster else None
        )
        group_ = context.target(named, _SUBNETS)
        if zone is None or group_ is None:
            continue
        zones, whole = _zones(context, group_)
        if whole and None not in zones and zone not in zones:
            yield hit(
                instance,
                "AvailabilityZone",
                f"{group_.logical_id} has no subnet in {zone}, only in "
                f"{', '.join(sorted(z for z in zones if z))}",
                "choose one of these zones, or delete AvailabilityZone",
            )
        if instance.flag("MultiAZ") and cluster is None:
            yield hit(
                instance,
                "AvailabilityZone",
                "RDS chooses the zones of a database with MultiAZ",
                "delete AvailabilityZone",
            )


def _zones(context: Context, group: Resource) -> tuple[set[str | None], bool]:
    """Return the zones of a subnet group, and whether every subnet is of the template."""
    named = group.get("SubnetIds")
    if not isinstance(named, list):
        return set(), False
    subnets = [context.target(value, "AWS::EC2::Subnet") for value in named]
    literal = all(type(value) is str and "," not in value for value in named)
    whole = bool(subnets) and (literal or all(subnet is not None for subnet in subnets))
    return {subnet.text("AvailabilityZone") if subnet else None for subnet in subnets}, whole


@rule(
    "DEPLOY-DATABASE-NAME",
    "A name of a database or of its user that the engine refuses",
    types=(CLUSTER, INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster and CreateDBInstance, DBName and MasterUsername",
)
def name_rule(context: Context) -> Iterator[Hit]:
    for database in context.of_type(CLUSTER, INSTANCE):
        engine = engine_of(database)
        path = "DatabaseName" if database.type == CLUSTER else "DBName"
        name, user = database.text(path), database.text("MasterUsername")
        longest = _LENGTH.get(engine, 64)
        if name and engine in _LENGTH:
            pattern = re.compile(r"[A-Za-z_][A-Za-z0-9_]*") if engine == "postgres" else _NAME
            if not pattern.fullmatch(name) or len(name) > longest:
                yield hit(
                    database,
                    path,
                    f"{name!r} is no name of a database: {engine} takes letters, digits and _, a "
                    f"letter first, at most {longest}",
                    "write such a name",
                )
            elif engine in ("mysql", "mariadb") and name.lower() in _MYSQL_RESERVED_NAMES:
                yield hit(database, path, f"{name} is reserved by {engine}", "choose another name")
        if user:
            yield from user_hits(database, engine, user, "MasterUsername")


@rule(
    "DEPLOY-DATABASE-MONITORING",
    "Monitoring of a database that lacks a part",
    types=(CLUSTER, INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBInstance, MonitoringInterval and MonitoringRoleArn",
)
def monitoring_rule(context: Context) -> Iterator[Hit]:
    for database in context.of_type(CLUSTER, INSTANCE):
        interval, role = database.number("MonitoringInterval"), database.get("MonitoringRoleArn")
        if interval and role in (None, ""):
            yield hit(
                database,
                "MonitoringRoleArn",
                f"MonitoringInterval {interval:g} needs a role that writes the metrics",
                "set MonitoringRoleArn to a role that monitoring.rds.amazonaws.com may assume, or "
                "MonitoringInterval: 0",
            )
        elif role not in (None, "") and database.get("MonitoringInterval") in (None, 0, "0"):
            yield hit(
                database,
                "MonitoringInterval",
                "MonitoringRoleArn is set, and monitoring is off: RDS refuses a role without an "
                "interval",
                "set MonitoringInterval: 60, or delete MonitoringRoleArn",
            )
        switch = "PerformanceInsightsEnabled" if database.type == CLUSTER else _SWITCH
        if database.get(switch) is None or database.flag(switch) is False:
            for name in ("PerformanceInsightsRetentionPeriod", _INSIGHTS_KEY[database.type]):
                advanced = (database.text("DatabaseInsightsMode") or "").lower() == "advanced"
                if database.get(name) is not None and not advanced:
                    yield hit(
                        database,
                        name,
                        f"{name} is set, and Performance Insights is off",
                        f"set {switch}: true, or delete {name}",
                    )


_SWITCH: Final = "EnablePerformanceInsights"
_INSIGHTS_KEY: Final = {
    CLUSTER: "PerformanceInsightsKmsKeyId",
    INSTANCE: "PerformanceInsightsKMSKeyId",
}


@rule(
    "DEPLOY-DATABASE-PASSWORD",
    "A master password given in two ways, or in none",
    types=(CLUSTER, INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster, ManageMasterUserPassword and MasterUserPassword",
)
def password_rule(context: Context) -> Iterator[Hit]:
    for database in context.of_type(CLUSTER, INSTANCE):
        managed = database.flag("ManageMasterUserPassword")
        if managed and database.get("MasterUserPassword") is not None:
            yield hit(
                database,
                "MasterUserPassword",
                "RDS manages the password (ManageMasterUserPassword) and one is given as well",
                "delete MasterUserPassword, or ManageMasterUserPassword",
            )
        if managed is not True and database.get("MasterUserSecret") is not None:
            yield hit(
                database,
                "MasterUserSecret",
                "MasterUserSecret is for a password that RDS manages",
                "set ManageMasterUserPassword: true",
            )
        password = database.text("MasterUserPassword")
        engine = engine_of(database)
        longest = {"mysql": 41, "mariadb": 41, "oracle": 30}.get(engine, 128)
        if password and engine and not 8 <= len(password) <= longest:
            yield hit(
                database,
                "MasterUserPassword",
                f"the password has {len(password)} characters; {engine} takes 8 to {longest}",
                "let Secrets Manager generate it",
            )


_COPIES: Final = (
    *("SnapshotIdentifier", "SourceDBClusterIdentifier", "ReplicationSourceIdentifier"),
    *("GlobalClusterIdentifier", "DBSnapshotIdentifier", "SourceDBInstanceIdentifier"),
    *("SourceDbiResourceId", "SourceDBInstanceAutomatedBackupsArn"),
    *("DBClusterSnapshotIdentifier", "RestoreTime", "UseLatestRestorableTime"),
    "SourceDbClusterResourceId",
)


@rule(
    "DEPLOY-DATABASE-CREDENTIALS",
    "A new database without a user or a password",
    types=(CLUSTER, INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster and CreateDBInstance, MasterUsername",
)
def credentials_rule(context: Context) -> Iterator[Hit]:
    """A copy of another database has its user and password."""
    for database in context.of_type(CLUSTER, INSTANCE):
        given = set(database.raw.properties)
        member = database.type == INSTANCE and "DBClusterIdentifier" in given
        if member or not engine_of(database) or given & {*_COPIES, "Fn::Transform"}:
            continue
        managed = {"ManageMasterUserPassword", "MasterUserAuthenticationType"}
        for name in ("MasterUsername", "MasterUserPassword"):
            if name in given or (name == "MasterUserPassword" and given & managed):
                continue
            yield hit(
                database,
                name,
                f"the database is new and has no {name}",
                f"add {name}"
                + (", or ManageMasterUserPassword: true" if name == "MasterUserPassword" else ""),
            )


@rule(
    "DEPLOY-DATABASE-STORAGE",
    "Storage of an Aurora cluster that Aurora does not have",
    types=(CLUSTER,),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster, AllocatedStorage, Iops and StorageType",
)
def storage_rule(context: Context) -> Iterator[Hit]:
    for cluster in context.of_type(CLUSTER):
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


@rule(
    "DEPLOY-DATABASE-WINDOWS",
    "A backup window inside the maintenance window",
    types=(CLUSTER, INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster, PreferredBackupWindow",
)
def windows_rule(context: Context) -> Iterator[Hit]:
    for database in context.of_type(CLUSTER, INSTANCE):
        backup = _minutes(database.text("PreferredBackupWindow") or "")
        weekly = _week(database.text("PreferredMaintenanceWindow") or "")
        for path, window in (
            ("PreferredBackupWindow", backup),
            ("PreferredMaintenanceWindow", weekly),
        ):
            length = (
                (window[1] - window[0]) % (_DAY if window is backup else 7 * _DAY) if window else 60
            )
            if length < 30:
                yield hit(
                    database,
                    path,
                    f"the window lasts {length} minutes; RDS wants 30 at least",
                    "make it longer",
                )
        member = database.type == INSTANCE and database.get("DBClusterIdentifier") is not None
        if backup and weekly and not member:
            start, end = weekly[0] % _DAY, weekly[0] % _DAY + (weekly[1] - weekly[0]) % (7 * _DAY)
            first, last = backup[0], backup[0] + (backup[1] - backup[0]) % _DAY
            if any(first + shift < end and start < last + shift for shift in (-_DAY, 0, _DAY)):
                yield hit(
                    database,
                    "PreferredBackupWindow",
                    f"the backup window {database.text('PreferredBackupWindow')} overlaps the "
                    f"maintenance window {database.text('PreferredMaintenanceWindow')}",
                    "choose another hour",
                )


def _minutes(text_: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", text_)
    if not found:
        return None
    a, b, c, d = (int(part) for part in found.groups())
    return a * 60 + b, c * 60 + d


def _week(text_: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\w{3}):(\d\d):(\d\d)-(\w{3}):(\d\d):(\d\d)", text_.lower())
    if not found or found.group(1) not in _WEEK or found.group(4) not in _WEEK:
        return None
    day, a, b, day2, c, d = found.groups()
    return (
        _WEEK.index(day) * _DAY + int(a) * 60 + int(b),
        _WEEK.index(day2) * _DAY + int(c) * 60 + int(d),
    )


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
