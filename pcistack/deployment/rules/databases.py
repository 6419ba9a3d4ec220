"""Databases: zones, names, windows, monitoring and members that RDS takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.engines import engine_of, user_hits
from pcistack.deployment.pack import rule
from pcistack.mysql import SYSTEM_SCHEMAS
from pcistack.template.view import Reference, Resource

_CLUSTER: Final = "AWS::RDS::DBCluster"
_INSTANCE: Final = "AWS::RDS::DBInstance"
_SUBNETS: Final = "AWS::RDS::DBSubnetGroup"
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LENGTH: Final[Mapping[str, int]] = {"mysql": 64, "mariadb": 64, "postgres": 63, "oracle": 8}
_WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = 24 * 60


@rule(
    "DEPLOY-DATABASE-ZONE",
    "An instance in a zone that its subnet group does not cover",
    types=(_INSTANCE, _SUBNETS),
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
    yield from _out_of_zone(context)


def _out_of_zone(context: Context) -> Iterator[Hit]:
    for instance in context.of_type(_INSTANCE):
        zone = instance.text("AvailabilityZone")
        cluster = context.target(instance.get("DBClusterIdentifier"), _CLUSTER)
        named = instance.get("DBSubnetGroupName") or (
            cluster.get("DBSubnetGroupName") if cluster else None
        )
        group = context.target(named, _SUBNETS)
        if zone is None or group is None:
            continue
        zones, whole = _zones(context, group)
        if whole and None not in zones and zone not in zones:
            yield hit(
                instance,
                "AvailabilityZone",
                f"{group.logical_id} has no subnet in {zone}, only in "
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
    types=(_CLUSTER, _INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster and CreateDBInstance, DBName and MasterUsername",
)
def name_rule(context: Context) -> Iterator[Hit]:
    for database in context.of_type(_CLUSTER, _INSTANCE):
        engine = engine_of(database)
        path = "DatabaseName" if database.type == _CLUSTER else "DBName"
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
            elif engine in ("mysql", "mariadb") and name.lower() in SYSTEM_SCHEMAS:
                yield hit(database, path, f"{name} is reserved by {engine}", "choose another name")
        if user:
            yield from user_hits(database, engine, user, "MasterUsername")


@rule(
    "DEPLOY-DATABASE-MONITORING",
    "Monitoring of a database that lacks a part",
    types=(_CLUSTER, _INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBInstance, MonitoringInterval and MonitoringRoleArn",
)
def monitoring_rule(context: Context) -> Iterator[Hit]:
    for database in context.of_type(_CLUSTER, _INSTANCE):
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
        switch = "PerformanceInsightsEnabled" if database.type == _CLUSTER else _SWITCH
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
    _CLUSTER: "PerformanceInsightsKmsKeyId",
    _INSTANCE: "PerformanceInsightsKMSKeyId",
}


@rule(
    "DEPLOY-DATABASE-WINDOWS",
    "A backup window inside the maintenance window",
    types=(_CLUSTER, _INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster, PreferredBackupWindow",
)
def windows_rule(context: Context) -> Iterator[Hit]:
    for database in context.of_type(_CLUSTER, _INSTANCE):
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
        member = database.type == _INSTANCE and database.get("DBClusterIdentifier") is not None
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
    "DEPLOY-DATABASE-MEMBER",
    "A property of an instance that its cluster decides",
    types=(_INSTANCE,),
    severity=Severity.WARNING,
    source="RDS API reference: CreateDBInstance, not applicable to Amazon Aurora DB instances",
)
def member_rule(context: Context) -> Iterator[Hit]:
    for instance in context.of_type(_INSTANCE):
        cluster = context.target(instance.get("DBClusterIdentifier"), _CLUSTER)
        if cluster is None or not (cluster.text("Engine") or "").startswith("aurora"):
            continue
        for name in ("EnableCloudwatchLogsExports", "KmsKeyId"):
            if instance.get(name) not in (None, [], ""):
                yield hit(
                    instance,
                    name,
                    f"{name} of an Aurora instance is of its cluster: RDS refuses or ignores it",
                    f"move {name} to {cluster.logical_id}",
                )
        own, its = instance.get("DBSubnetGroupName"), cluster.get("DBSubnetGroupName")
        plain = type(own) is str and isinstance(its, Reference)
        other = context.target(own) is not None and isinstance(its, Reference) and own != its
        if own is not None and its is not None and (plain or other):
            yield hit(
                instance,
                "DBSubnetGroupName",
                f"{cluster.logical_id} is in another subnet group: an instance is where its "
                "cluster is",
                "delete DBSubnetGroupName",
                severity=Severity.ERROR,
            )
