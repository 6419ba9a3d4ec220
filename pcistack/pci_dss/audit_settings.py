"""Settings of the services' own logs, and of what the logs must not hold (10.2, 3.3.1)."""

from __future__ import annotations

from typing import Final

from pcistack.checks.findings import Severity
from pcistack.pci_dss.settings import Setting, need, ought, refuse

_WARN: Final = Severity.WARNING
_TRUE: Final = ("true",)
_FALSE: Final = ("false",)
_SILENT: Final = "nothing is logged"


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
    ought("AWS::RedshiftServerless::Namespace", "LogExports", _SILENT),
    ought("AWS::KafkaConnect::Connector", "LogDelivery", _SILENT),
    ought("AWS::MWAA::Environment", "LoggingConfiguration", _SILENT, severity=_WARN),
    ought("AWS::EC2::VerifiedAccessInstance", "LoggingConfigurations", _SILENT, severity=_WARN),
    need(
        "AWS::EC2::VPNConnection",
        "VpnTunnelOptionsSpecifications.*.LogOptions.CloudwatchLogOptions.LogEnabled",
        _SILENT,
        severity=_WARN,
    ),
    ought(
        "AWS::NetworkFirewall::LoggingConfiguration",
        "LoggingConfiguration.LogDestinationConfigs",
        _SILENT,
    ),
    ought("AWS::EC2::VPNConnection", "VpnTunnelOptionsSpecifications", _SILENT, severity=_WARN),
    ought("AWS::OSIS::Pipeline", "LogPublishingOptions.IsLoggingEnabled", _SILENT, severity=_WARN),
    refuse("AWS::OSIS::Pipeline", "LogPublishingOptions.IsLoggingEnabled", _SILENT, *_FALSE),
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
    refuse(
        "AWS::Lambda::Function",
        "LoggingConfig.ApplicationLogLevel",
        "what the function records below is lost",
        "fatal",
        severity=_WARN,
    ),
    refuse(
        "AWS::StepFunctions::StateMachine",
        "LoggingConfiguration.Level",
        "what goes right is not recorded",
        "fatal",
        severity=_WARN,
    ),
)

_HOLDS: Final = "statements with card data would be logged"
STATEMENTS: Final = (
    *(
        refuse(kind, f"Parameters.{name}", _HOLDS, *bad)
        for kind in ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")
        for name, bad in {
            "log_queries_not_using_indexes": ("1", "on"),
            "binlog_rows_query_log_events": ("1", "on"),
            "pgaudit.log_parameter": ("1", "on"),
            "log_parameter_max_length_on_error": ("-1",),
            "log_transaction_sample_rate": ("1", "1.0"),
        }.items()
    ),
    *(
        refuse(
            kind,
            "Parameters.log_min_error_statement",
            "statements would be logged that only draw a remark",
            *("debug5", "debug4", "debug3", "debug2", "debug1", "info", "notice", "log"),
            severity=_WARN,
        )
        for kind in ("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup")
    ),
    refuse(
        "AWS::DocDB::DBClusterParameterGroup",
        "Parameters.audit_logs",
        _HOLDS,
        *("all", "dml_read", "dml_write", "ddl,dml_read", "ddl,dml_write", "dml_read,dml_write"),
        *("ddl,dml_read,dml_write", "ddl, dml_read", "ddl, dml_write"),
    ),
    refuse("AWS::DocDB::DBClusterParameterGroup", "Parameters.profiler", _HOLDS, "enabled"),
    refuse(
        "AWS::Neptune::DBClusterParameterGroup",
        "Parameters.neptune_enable_slow_query_log",
        _HOLDS,
        *("info", "debug"),
    ),
    refuse(
        "AWS::RedshiftServerless::Namespace",
        "LogExports.*",
        _HOLDS,
        "useractivitylog",
        severity=_WARN,
    ),
    refuse(
        "AWS::Redshift::Cluster",
        "LoggingProperties.LogExports.*",
        _HOLDS,
        "useractivitylog",
        severity=_WARN,
    ),
    *(
        refuse(kind, f"LogPublishingOptions.{log}.Enabled", _HOLDS, *_TRUE, severity=_WARN)
        for kind in ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")
        for log in ("SEARCH_SLOW_LOGS", "INDEX_SLOW_LOGS")
    ),
    refuse(
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
        refuse(kind, f"Parameters.{name}", _UNSEEN, *bad)
        for kind in _RDS_GROUPS
        for name, bad in {
            "pgaudit.log": ("none",),
            "log_connections": ("0", "off"),
            "log_min_messages": ("panic", "fatal", "log"),
            "audit_trail": ("none",),
        }.items()
    ),
    *(
        refuse(
            kind,
            "Parameters.log_disconnections",
            "when a session ends is not recorded",
            *("0", "off"),
            severity=_WARN,
        )
        for kind in _RDS_GROUPS
    ),
    *(
        refuse(
            kind,
            "Parameters.log_output",
            "logs stay in tables of the database and never leave it",
            "table",
            severity=_WARN,
        )
        for kind in _RDS_GROUPS
    ),
    refuse(
        "AWS::DocDB::DBClusterParameterGroup",
        "Parameters.audit_logs",
        _UNSEEN,
        *("disabled", "none"),
    ),
    refuse(
        "AWS::Neptune::DBClusterParameterGroup", "Parameters.neptune_enable_audit_log", _UNSEEN, "0"
    ),
)

TRAILS: Final = (
    refuse(
        "AWS::CloudTrail::EventDataStore",
        "TerminationProtectionEnabled",
        "the record can be deleted",
        *_FALSE,
        severity=_WARN,
    ),
)
