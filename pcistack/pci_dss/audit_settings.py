"""Settings of the services' own logs, of detection, and of what the logs must not hold."""

from __future__ import annotations

from typing import Final

from pcistack.checks.findings import Severity
from pcistack.pci_dss.settings import Setting

_WARN: Final = Severity.WARNING
_TRUE: Final = ("true",)
_FALSE: Final = ("false",)
_SILENT: Final = "nothing is logged"


def _set(kind: str, path: str, why: str = _SILENT, *, severity: Severity | None = None) -> Setting:
    return Setting(type=kind, path=path, why=why, needed=True, severity=severity)


def _not(kind: str, path: str, why: str, *bad: str, severity: Severity | None = None) -> Setting:
    return Setting(type=kind, path=path, why=why, bad=bad, severity=severity)


SERVICE_LOGS: Final = (
    *(
        Setting(
            type="AWS::CodeBuild::Project",
            path="LogsConfig.CloudWatchLogs.Status",
            why=_SILENT,
            bad=("disabled",),
            only=("LogsConfig.S3Logs.Status", other),
        )
        for other in ("None", "DISABLED")
    ),
    _set("AWS::RedshiftServerless::Namespace", "LogExports"),
    _set("AWS::KafkaConnect::Connector", "LogDelivery"),
    _set(
        "AWS::NetworkFirewall::LoggingConfiguration", "LoggingConfiguration.LogDestinationConfigs"
    ),
    _set("AWS::EC2::VPNConnection", "VpnTunnelOptionsSpecifications", severity=_WARN),
    _set("AWS::OSIS::Pipeline", "LogPublishingOptions.IsLoggingEnabled", severity=_WARN),
    _not("AWS::OSIS::Pipeline", "LogPublishingOptions.IsLoggingEnabled", _SILENT, *_FALSE),
    *(
        Setting(
            type="AWS::AmazonMQ::Broker",
            path=path,
            why=_SILENT,
            good=_TRUE,
            needed=True,
            only=("EngineType", engine),
        )
        for engine, path in (
            ("ACTIVEMQ", "Logs.Audit"),
            ("ACTIVEMQ", "Logs.General"),
            ("RABBITMQ", "Logs.General"),
        )
    ),
    *(
        Setting(
            type="AWS::FSx::FileSystem",
            path=f"WindowsConfiguration.AuditLogConfiguration.{level}",
            why="who opens files is not logged",
            bad=("disabled",),
            needed=True,
            only=("FileSystemType", "WINDOWS"),
            severity=_WARN,
        )
        for level in ("FileAccessAuditLogLevel", "FileShareAccessAuditLogLevel")
    ),
)
LEVELS: Final = (
    _not(
        "AWS::Lambda::Function",
        "LoggingConfig.ApplicationLogLevel",
        "what the function records below is lost",
        "fatal",
        severity=_WARN,
    ),
)

_HOLDS: Final = "statements with card data would be logged"
STATEMENTS: Final = (
    *(
        _not(kind, f"Parameters.{name}", _HOLDS, *bad)
        for kind in ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")
        for name, bad in {
            "log_queries_not_using_indexes": ("1", "on"),
            "binlog_rows_query_log_events": ("1", "on"),
            "pgaudit.log_parameter": ("1", "on"),
            "log_parameter_max_length_on_error": ("-1",),
            "log_transaction_sample_rate": ("1", "1.0"),
        }.items()
    ),
    _not("AWS::DocDB::DBClusterParameterGroup", "Parameters.audit_logs", _HOLDS, "all"),
    _not("AWS::DocDB::DBClusterParameterGroup", "Parameters.profiler", _HOLDS, "enabled"),
    _not(
        "AWS::Neptune::DBClusterParameterGroup",
        "Parameters.neptune_enable_slow_query_log",
        _HOLDS,
        *("info", "debug"),
    ),
    _not(
        "AWS::RedshiftServerless::Namespace",
        "LogExports.*",
        _HOLDS,
        "useractivitylog",
        severity=_WARN,
    ),
    _not(
        "AWS::Redshift::Cluster",
        "LoggingProperties.LogExports.*",
        _HOLDS,
        "useractivitylog",
        severity=_WARN,
    ),
    *(
        _not(kind, f"LogPublishingOptions.{log}.Enabled", _HOLDS, *_TRUE, severity=_WARN)
        for kind in ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")
        for log in ("SEARCH_SLOW_LOGS", "INDEX_SLOW_LOGS")
    ),
    _not(
        "AWS::ElastiCache::ReplicationGroup",
        "LogDeliveryConfigurations.*.LogType",
        "commands with what they carry would be logged",
        "slow-log",
        severity=_WARN,
    ),
)

_UNSEEN: Final = "what happens is not in the audit log"
_RDS_GROUPS: Final = ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")
AUDIT_OFF: Final = (
    *(
        _not(kind, f"Parameters.{name}", _UNSEEN, *bad)
        for kind in _RDS_GROUPS
        for name, bad in {
            "pgaudit.log": ("none",),
            "log_connections": ("0", "off"),
            "log_min_messages": ("panic", "fatal", "log"),
            "audit_trail": ("none",),
        }.items()
    ),
    *(
        _not(
            kind,
            "Parameters.log_output",
            "logs stay in tables of the database and never leave it",
            "table",
            severity=_WARN,
        )
        for kind in _RDS_GROUPS
    ),
    _not(
        "AWS::DocDB::DBClusterParameterGroup",
        "Parameters.audit_logs",
        _UNSEEN,
        *("disabled", "none"),
    ),
    _not(
        "AWS::Neptune::DBClusterParameterGroup", "Parameters.neptune_enable_audit_log", _UNSEEN, "0"
    ),
)

_OFF: Final = "it detects nothing"
DETECTION: Final = (
    Setting(type="AWS::GuardDuty::Detector", path="Enable", why=_OFF, good=_TRUE, needed=True),
    _not("AWS::GuardDuty::Detector", "Features.*.Status", _OFF, "disabled", severity=_WARN),
    *(
        _not("AWS::GuardDuty::Detector", f"DataSources.{path}", _OFF, *_FALSE, severity=_WARN)
        for path in (
            "S3Logs.Enable",
            "Kubernetes.AuditLogs.Enable",
            "MalwareProtection.ScanEc2InstanceWithFindings.EbsVolumes",
        )
    ),
    _not(
        "AWS::GuardDuty::Filter",
        "Action",
        "findings are archived unread",
        "archive",
        severity=_WARN,
    ),
    _not("AWS::Macie::Session", "Status", _OFF, "paused", severity=_WARN),
    _not("AWS::SecurityHub::Hub", "AutoEnableControls", _OFF, *_FALSE, severity=_WARN),
    _not(
        "AWS::SecurityHub::AutomationRule",
        "Actions.*.FindingFieldsUpdate.Workflow.Status",
        "findings are closed unread",
        *("suppressed", "resolved"),
        severity=_WARN,
    ),
)
TRAILS: Final = (
    _not(
        "AWS::CloudTrail::EventDataStore",
        "TerminationProtectionEnabled",
        "the record can be deleted",
        *_FALSE,
        severity=_WARN,
    ),
)
