"""Databases of every engine: versions, groups, members and logs, kind by kind."""

from __future__ import annotations

import pytest

from pcistack.regional import community, facts
from tests.regional.cases import V310, cluster, resource
from tests.regional.helpers import rules
from tests.tables import cases

_INSTANCE = "AWS::RDS::DBInstance"
_KNOWN = facts.unknown(None).engine_versions


@cases(
    ("engine", "version", "status"),
    [
        ("mysql", "5.5", "deprecated"),
        ("mysql", "5.6.40", "deprecated"),
        ("mysql", "5.7", "available"),
        ("mysql", "8.0.22", "deprecated"),
        ("mysql", "8.0", "available"),
        ("mysql", "8.4.5", "available"),
        ("mysql", "9.7.0", "unknown"),
        ("mariadb", "10.3", "deprecated"),
        ("mariadb", "10.11", "available"),
        ("mariadb", "11.4.3", "available"),
        ("postgres", "9.6.24", "deprecated"),
        ("postgres", "10", "deprecated"),
        ("postgres", "12", "available"),
        ("postgres", "12.7", "deprecated"),
        ("postgres", "17", "available"),
        ("postgres", "19.1", "unknown"),
        ("postgres", "latest", "unknown"),
    ],
)
def test_a_version_is_retired_when_nothing_of_it_is_left(
    engine: str, version: str, status: str
) -> None:
    assert community.status(engine, version, _KNOWN[engine]) == status


def test_a_restored_database_keeps_its_retired_version() -> None:
    found = rules(
        resource(
            _INSTANCE,
            "Engine: mysql\nEngineVersion: 5.6.40\nDBSnapshotIdentifier: s\n"
            "DBInstanceClass: db.r6g.large",
        )
    )
    assert "DATABASE-VERSION-RETIRED" not in found


@pytest.mark.parametrize(
    ("engine", "version"),
    [("sqlserver-ee", "12.00.6433.1.v1"), ("oracle-ee", "12.1.0.2.v31"), ("oracle-se2", "18")],
)
def test_majors_of_licensed_engines_that_ended_are_refused(engine: str, version: str) -> None:
    text = f"Engine: {engine}\nEngineVersion: {version}\nDBInstanceClass: db.r5.large"
    assert "DATABASE-VERSION-RETIRED" in rules(resource(_INSTANCE, text))


@pytest.mark.parametrize(
    ("engine", "version", "group", "fits"),
    [
        ("postgres", "16.9", "default.postgres16", True),
        ("postgres", "16.9", "default.postgres15", False),
        ("mysql", "8.4.5", "default.mysql8.0", False),
        ("mariadb", "10.11.10", "default.mariadb10.11", True),
        ("mysql", "", "default.mysql8.4", True),
        ("mysql", "", "default.mysql5.6", False),
        ("mysql", "", "default.mariadb10.6", False),
        ("mysql", "", "ours", True),
    ],
)
def test_a_default_parameter_group_is_of_the_engines_major(
    engine: str, version: str, group: str, fits: bool
) -> None:
    text = f"Engine: {engine}\nDBInstanceClass: db.r6g.large\nDBParameterGroupName: {group}"
    text += f"\nEngineVersion: '{version}'" if version else ""
    assert ("AURORA-PARAMETER-FAMILY" not in rules(resource(_INSTANCE, text))) == fits


@pytest.mark.parametrize(
    "text",
    ["DeletionProtection: true", "MultiAZ: true", "VPCSecurityGroups: [sg-1]", "MasterUsername: a"],
)
def test_a_member_leaves_to_its_cluster_what_is_the_clusters(text: str) -> None:
    member = f"""
    Reader:
      Type: AWS::RDS::DBInstance
      Properties:
        DBClusterIdentifier: !Ref Database
        Engine: aurora-mysql
        DBInstanceClass: db.r6g.large
        {text}
    """
    assert "AURORA-MEMBER-PROPERTY" in rules(cluster(V310, more=member))
    assert "AURORA-MEMBER-PROPERTY" not in rules(
        cluster(
            V310,
            more=member.replace("true", "false").replace(
                text, text.partition(":")[0] + ": !Ref AWS::NoValue"
            ),
        )
    )


@pytest.mark.parametrize(
    ("engine", "log", "has"),
    [
        ("mysql", "slowquery", True),
        ("mysql", "postgresql", False),
        ("postgres", "upgrade", True),
        ("postgres", "audit", False),
        ("sqlserver-ex", "agent", True),
        ("oracle-se2", "listener", True),
        ("oracle-se2", "slowquery", False),
        ("aurora-postgresql", "audit", False),
    ],
)
def test_an_engine_exports_its_own_logs_only(engine: str, log: str, has: bool) -> None:
    text = f"Engine: {engine}\nDBInstanceClass: db.r6g.large\nEnableCloudwatchLogsExports: [{log}]"
    assert ("DATABASE-LOG-TYPE" not in rules(resource(_INSTANCE, text))) == has


def test_a_family_is_written_in_large_or_small_letters() -> None:
    group = "Group: {Type: AWS::RDS::DBParameterGroup, Properties: {Family: MySQL8.4}}"
    text = "Engine: mysql\nEngineVersion: 8.4.7\nDBParameterGroupName: !Ref Group"
    assert "AURORA-PARAMETER-FAMILY" not in rules(resource(_INSTANCE, text, more=group))
