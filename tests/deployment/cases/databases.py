"""Databases and their parameter groups: what RDS refuses."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template

_RDS = "AWS::RDS"


def _written(kind: str, text: str, more: str = "") -> str:
    return template(f"Thing:\n  Type: {_RDS}::{kind}\n  Properties: {{{text}}}\n{more}")


def _case(
    rule: str, kind: str, path: str, bad: str, good: str, name: str = "", more: str = ""
) -> Case:
    return Case(
        rule=f"DEPLOY-DATABASE-{rule}",
        name=name,
        severity=Severity.FATAL,
        property=path,
        bad=_written(kind, bad, more),
        good=_written(kind, good, more),
    )


_GROUP = """
Group: {Type: AWS::RDS::DBSubnetGroup, Properties: {SubnetIds: [!Ref A, !Ref B]}}
A: {Type: AWS::EC2::Subnet, Properties: {VpcId: v, AvailabilityZone: a}}
B: {Type: AWS::EC2::Subnet, Properties: {VpcId: v, AvailabilityZone: b}}
"""
_SUBNETS = """
A: {Type: AWS::EC2::Subnet, Properties: {VpcId: v, AvailabilityZone: a}}
B: {Type: AWS::EC2::Subnet, Properties: {VpcId: v, AvailabilityZone: a}}
C: {Type: AWS::EC2::Subnet, Properties: {VpcId: v, AvailabilityZone: b}}
"""
_MYSQL = "Description: d, Family: aurora-mysql8.0, Parameters: "
_POSTGRES = "Description: d, Family: postgres17, Parameters: "

CASES = (
    Case(
        rule="DEPLOY-DATABASE-PARAMETER",
        property="Parameters.require_ssl",
        bad=_written("DBClusterParameterGroup", f"{_MYSQL}{{require_ssl: '1'}}"),
        good=_written("DBClusterParameterGroup", f"{_MYSQL}{{require_secure_transport: 'ON'}}"),
    ),
    Case(
        rule="DEPLOY-DATABASE-PARAMETER",
        name="of another engine",
        property="Parameters.require_secure_transport",
        bad=_written("DBParameterGroup", f"{_POSTGRES}{{require_secure_transport: '1'}}"),
        good=_written("DBParameterGroup", f"{_POSTGRES}{{rds.force_ssl: '1'}}"),
    ),
    Case(
        rule="DEPLOY-DATABASE-PARAMETER",
        name="misspelt",
        severity=Severity.WARNING,
        property="Parameters.log_min_duration_statment",
        bad=_written("DBParameterGroup", f"{_POSTGRES}{{log_min_duration_statment: '1'}}"),
        good=_written("DBParameterGroup", f"{_POSTGRES}{{log_min_duration_statement: '1'}}"),
    ),
    _case(
        "PARAMETER",
        "DBParameterGroup",
        "Parameters.binlog_format",
        f"{_MYSQL}{{binlog_format: ROW}}",
        f"{_MYSQL}{{slow_query_log: '1'}}",
        "of clusters",
    ),
    _case(
        "PARAMETER-VALUE",
        "DBClusterParameterGroup",
        "Parameters.tls_version",
        f"{_MYSQL}{{tls_version: TLSv9}}",
        f"{_MYSQL}{{tls_version: 'TLSv1.2,TLSv1.3'}}",
    ),
    _case(
        "PARAMETER-VALUE",
        "DBClusterParameterGroup",
        "Parameters.require_secure_transport",
        f"{_MYSQL}{{require_secure_transport: 'YES'}}",
        f"{_MYSQL}{{require_secure_transport: '1'}}",
        "switch",
    ),
    _case(
        "PARAMETER-VALUE",
        "DBParameterGroup",
        "Parameters.log_statement",
        f"{_POSTGRES}{{log_statement: some}}",
        f"{_POSTGRES}{{log_statement: ddl}}",
        "choice",
    ),
    _case(
        "PARAMETER-VALUE",
        "DBParameterGroup",
        "Parameters.max_connections",
        f"{_POSTGRES}{{max_connections: '0'}}",
        f"{_POSTGRES}{{max_connections: 'LEAST({{DBInstanceClassMemory/9531392}},5000)'}}",
        "range",
    ),
    _case(
        "ZONE",
        "DBInstance",
        "AvailabilityZone",
        "DBSubnetGroupName: !Ref Group, AvailabilityZone: c",
        "DBSubnetGroupName: !Ref Group, AvailabilityZone: b",
        more=_GROUP,
    ),
    _case(
        "ZONE",
        "DBSubnetGroup",
        "SubnetIds",
        "SubnetIds: [!Ref A, !Ref B]",
        "SubnetIds: [!Ref A, !Ref C]",
        "group",
        more=_SUBNETS,
    ),
    _case(
        "ZONE",
        "DBSubnetGroup",
        "SubnetIds",
        "SubnetIds: [subnet-1]",
        "SubnetIds: [subnet-1, subnet-2]",
        "one subnet",
    ),
    _case(
        "NAME",
        "DBCluster",
        "DatabaseName",
        "Engine: aurora-mysql, DatabaseName: my-db",
        "Engine: aurora-mysql, DatabaseName: my_db",
    ),
    _case(
        "NAME",
        "DBInstance",
        "MasterUsername",
        "Engine: postgres, MasterUsername: rdsadmin",
        "Engine: postgres, MasterUsername: owner",
        "user",
    ),
    _case(
        "NAME",
        "DBInstance",
        "MasterUsername",
        "Engine: mysql, MasterUsername: 1st",
        "Engine: mysql, MasterUsername: first",
        "form of the user",
    ),
    _case(
        "MONITORING",
        "DBInstance",
        "MonitoringRoleArn",
        "MonitoringInterval: 60",
        "MonitoringInterval: 60, MonitoringRoleArn: r",
    ),
    _case(
        "MONITORING",
        "DBInstance",
        "PerformanceInsightsRetentionPeriod",
        "PerformanceInsightsRetentionPeriod: 7",
        "PerformanceInsightsRetentionPeriod: 7, EnablePerformanceInsights: true",
        "insights",
    ),
    _case(
        "PASSWORD",
        "DBCluster",
        "MasterUserPassword",
        "ManageMasterUserPassword: true, MasterUserPassword: secret-123",
        "ManageMasterUserPassword: true",
    ),
    _case(
        "WINDOWS",
        "DBCluster",
        "PreferredBackupWindow",
        "PreferredBackupWindow: '02:00-03:00', PreferredMaintenanceWindow: 'sun:02:30-sun:03:30'",
        "PreferredBackupWindow: '02:00-03:00', PreferredMaintenanceWindow: 'sun:03:00-sun:04:00'",
    ),
    _case(
        "WINDOWS",
        "DBCluster",
        "PreferredBackupWindow",
        "PreferredBackupWindow: '23:30-00:30', PreferredMaintenanceWindow: 'mon:00:00-mon:01:00'",
        "PreferredBackupWindow: '23:00-00:00', PreferredMaintenanceWindow: 'mon:00:00-mon:01:00'",
        "over midnight",
    ),
    _case(
        "WINDOWS",
        "DBCluster",
        "PreferredMaintenanceWindow",
        "PreferredMaintenanceWindow: 'sun:02:30-sun:02:45'",
        "PreferredMaintenanceWindow: 'sun:23:45-mon:00:15'",
        "length",
    ),
    _case(
        "CREDENTIALS",
        "DBCluster",
        "MasterUserPassword",
        "Engine: aurora-mysql, MasterUsername: owner",
        "Engine: aurora-mysql, MasterUsername: owner, ManageMasterUserPassword: true",
    ),
    _case(
        "CREDENTIALS",
        "DBInstance",
        "MasterUsername",
        "Engine: postgres, ManageMasterUserPassword: true",
        "Engine: postgres, SourceDBInstanceIdentifier: other",
        "user",
    ),
    _case(
        "STORAGE",
        "DBCluster",
        "StorageType",
        "Engine: aurora-mysql, StorageType: gp3",
        "Engine: aurora-mysql, StorageType: aurora-iopt1",
    ),
    _case(
        "EVENTS",
        "EventSubscription",
        "EventCategories.0",
        "SnsTopicArn: t, SourceType: db-instance, EventCategories: [password change]",
        "SnsTopicArn: t, SourceType: db-instance, EventCategories: [configuration change]",
    ),
    _case(
        "EVENTS",
        "EventSubscription",
        "SourceType",
        "SnsTopicArn: t, SourceType: db-cluster-parameter-group",
        "SnsTopicArn: t, SourceType: db-parameter-group",
        "source",
    ),
)
