"""Values outside what a service takes."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template

# type, path, what it may not be, what it may be
_VALUES = (
    ("AWS::KMS::Key", "PendingWindowInDays", "5", "7"),
    ("AWS::Lambda::Function", "Timeout", "901", "900"),
    ("AWS::Lambda::Function", "MemorySize", "64", "128"),
    ("AWS::Lambda::Function", "Architectures.0", "arm", "arm64"),
    ("AWS::Logs::LogGroup", "RetentionInDays", "100", "365"),
    ("AWS::Logs::LogGroup", "LogGroupName", "a b", "/a/b"),
    ("AWS::RDS::DBCluster", "BackupRetentionPeriod", "36", "35"),
    ("AWS::RDS::DBCluster", "Port", "80", "3306"),
    ("AWS::RDS::DBCluster", "PreferredBackupWindow", "25:00-26:00", "22:00-23:00"),
    ("AWS::RDS::DBInstance", "MonitoringInterval", "7", "15"),
    ("AWS::RDS::DBInstance", "PerformanceInsightsRetentionPeriod", "8", "31"),
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier", "a--b", "a-b"),
    ("AWS::SecretsManager::RotationSchedule", "RotationRules.AutomaticallyAfterDays", "0", "30"),
    ("AWS::SNS::Topic", "TopicName", "a.b", "a.fifo"),
    ("AWS::SQS::Queue", "VisibilityTimeout", "43201", "43200"),
    ("AWS::S3::Bucket", "BucketName", "Logs", "logs"),
    ("AWS::ECS::Service", "LaunchType", "FARGAT", "FARGATE"),
    ("AWS::CloudWatch::Alarm", "Statistic", "p99", "Average"),
    ("AWS::IAM::Role", "MaxSessionDuration", "600", "3600"),
    ("AWS::Lambda::Function", "Role", "service", "arn:aws:iam::111111111111:role/service"),
    ("AWS::ECS::Cluster", "CapacityProviders.0", "FARGATES", "FARGATE_SPOT"),
    ("AWS::CloudWatch::Alarm", "Unit", "Seconds/Minute", "Count/Second"),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "HealthCheckPort", "70000", "traffic-port"),
    ("AWS::EC2::FlowLog", "TrafficType", "DENY", "ALL"),
)


def _written(kind: str, path: str, value: str) -> str:
    text = f"'{value}'"
    for step in reversed(path.split(".")):
        text = f"[{text}]" if step == "0" else f"{{{step}: {text}}}"
    return template(f"Thing:\n  Type: {kind}\n  Properties: {text}")


CASES = tuple(
    Case(
        rule="DEPLOY-LIMIT",
        name=f"{kind} {path}",
        severity=Severity.FATAL,
        property=path,
        bad=_written(kind, path, bad),
        good=_written(kind, path, good),
    )
    for kind, path, bad, good in _VALUES
)
CASES += (
    Case(
        rule="DEPLOY-REQUIRED",
        severity=Severity.FATAL,
        property="TargetKeyId",
        bad=template("Thing: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/a}}"),
        good=template(
            "Thing: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/a, TargetKeyId: !Ref K}}"
        ),
    ),
)
