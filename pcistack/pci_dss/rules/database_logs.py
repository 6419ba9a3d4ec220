"""Requirements 10.2.1 and 3.3.1: what databases record, and what no log of theirs may hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import (
    UNRESOLVED,
    Extent,
    Hit,
    hit,
    show,
)
from pcistack.pci_dss import accepted, audit_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.databases import RDS, databases, parameter, parameters_of
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import types_of, wrong
from pcistack.regional import aurora
from pcistack.template.view import Resource, Value


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
    for database in databases(context):
        if aurora.engine(database) != "aurora-mysql":
            continue
        group, path, parameters = parameters_of(context, database)
        if group is None:
            yield hit(database, path, "nothing shows that server_audit_logging is on")
            continue
        logging = parameter(parameters, "server_audit_logging")
        if not accepted.parameter_on(logging):
            yield hit(
                group, "Parameters.server_audit_logging", f"server_audit_logging is {show(logging)}"
            )
        value = parameter(parameters, "server_audit_events")
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
    types=(*RDS, "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"),
    extent=Extent.FULL,
    fix="Name the logs in EnableCloudwatchLogsExports.",
)
def database_exports(context: Context) -> Iterator[Hit]:
    others = {"AWS::DocDB::DBCluster": "docdb", "AWS::Neptune::DBCluster": "neptune"}
    path = "EnableCloudwatchLogsExports"
    for database in (*databases(context), *context.of_type(*others)):
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
        *RDS,
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
    for database in context.of_type(*RDS):
        for index, item in enumerate(database.items("EnableCloudwatchLogsExports")):
            if item == accepted.STATEMENT_LOG:
                yield hit(
                    database,
                    f"EnableCloudwatchLogsExports.{index}",
                    "the general log is exported; it holds whole statements",
                )
    for group in context.of_type("AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup"):
        for name, bad in _STATEMENT_PARAMETERS.items():
            value = parameter(group.get("Parameters"), name)
            if str(value).lower() in bad:
                yield _parameter_hit(group, name, value)
        yield from _slow_limits(group)
        for name in ("server_audit_events", "pgaudit.log"):
            value = parameter(group.get("Parameters"), name)
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
        value = parameter(group.get("Parameters"), name)
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
