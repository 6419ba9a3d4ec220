"""Sentences on requirements 10, 11 and 12: logs, alarms, changes."""

from __future__ import annotations

from typing import Final

from pcistack.checks.findings import counted
from pcistack.evidence.by_design.data import databases
from pcistack.evidence.by_design.sentence import every, listed, name_in, on_fargate, says
from pcistack.evidence.logs import NOWHERE, UNCLAIMED, log_sources
from pcistack.evidence.settings_in_context import audited, guarding, heard, telling_alarms
from pcistack.evidence.software import software
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.template.references import name_of
from pcistack.template.view import Resource

_GROUP: Final = "AWS::Logs::LogGroup"
_BUCKET: Final = "AWS::S3::Bucket"
_ALARM: Final = "AWS::CloudWatch::Alarm"


def _audit(context: Context, *events: str) -> bool:
    """Whether every database has an audit log that is on, exported, and holds some events."""

    def records(database: Resource) -> bool:
        return {*events} <= audited(context, database)

    return every(databases(context), records)


def _log_buckets(context: Context) -> list[Resource]:
    return [one for one in context.of_type(_BUCKET) if one.logical_id in context.log_buckets]


@says("10.2.1")
def what_is_recorded(context: Context) -> str:
    found = sorted({row.records for row in log_sources(context.view)} - {UNCLAIMED})
    return f"Recorded: {'; '.join(found)}." if found else ""


@says("10.2.1")
def output_may_be_dropped(context: Context) -> str:
    """Tell what is against the requirement, too."""
    dropped = any(
        task.get(f"ContainerDefinitions.{index}.LogConfiguration.Options.mode") == "non-blocking"
        for task in context.of_type("AWS::ECS::TaskDefinition")
        for index, _ in enumerate(task.items("ContainerDefinitions"))
    )
    if not dropped:
        return ""
    return "Containers do not wait for their log: output is dropped when its buffer is full."


@says("10.2.1.1")
def reads_are_not_recorded(context: Context) -> str:
    if not _audit(context, "CONNECT"):
        return ""
    return "The audit log of the database records who logs in and when, not what they read."


@says("10.2.1.2 10.2.1.5")
def grants_are_recorded(context: Context) -> str:
    if not _audit(context, "QUERY_DCL"):
        return ""
    return "The audit log of the database records grants, and changes of users and passwords."


@says("10.2.1.7")
def definitions_are_recorded(context: Context) -> str:
    if not _audit(context, "QUERY_DDL"):
        return ""
    return "The audit log of the database records what is created, changed and dropped in it."


@says("10.2.1.4")
def refusals_are_recorded(context: Context) -> str:
    found = []
    if _audit(context, "CONNECT"):
        found.append("failed logins to the database")
    if any(one.get("TrafficType") != "ACCEPT" for one in context.of_type("AWS::EC2::FlowLog")):
        found.append("connections that the network refuses")
    logging = context.of_type("AWS::WAFv2::LoggingConfiguration")
    if any(name_of(one.get("ResourceArn")) in guarding(context) for one in logging):
        found.append("requests that the web ACL blocks")
    return f"Recorded are {listed(found)}." if found else ""


@says("10.3.1")
def logs_are_encrypted(context: Context) -> str:
    groups = context.of_type(_GROUP)
    if not every(groups, lambda one: context.target(one.get("KmsKeyId")) is not None):
        return ""
    return "Every log group of the template is encrypted with a key of this template."


@says("10.3.2")
def log_buckets_are_versioned(context: Context) -> str:
    buckets = _log_buckets(context)
    if not every(buckets, lambda one: one.get("VersioningConfiguration.Status") == "Enabled"):
        return ""
    path = "LifecycleConfiguration.Rules"
    days = [
        one.number(f"{path}.{index}.NoncurrentVersionExpiration.NoncurrentDays")
        for one in buckets
        for index, _ in enumerate(one.items(path))
    ]
    known = [day for day in days if day is not None]
    if not known:
        return "Log buckets keep every version."
    span = counted(min(known), "day")
    return f"Log buckets keep a version that was deleted or overwritten for {span}."


@says("10.3.2")
def no_role_deletes_logs(context: Context) -> str:
    statements = [one for found in context.statements.values() for one in found if one.allows]
    deleting = ("logs:deleteloggroup", "logs:deletelogstream")
    if not statements or any(one.allows_action(each) for one in statements for each in deleting):
        return ""
    return "No policy of the template lets anybody delete log groups or streams."


@says("10.3.3")
def logs_leave_at_once(context: Context) -> str:
    rows = [row for row in log_sources(context.view) if row.records != UNCLAIMED]
    if not rows or any(row.destination == NOWHERE for row in rows):
        return ""
    return "Logs leave what writes them at once, to CloudWatch Logs or S3."


_WATCHED: Final = {
    ("AWS/Logs", "IncomingLogEvents"): "a log that falls silent",
    ("AWS/Logs", "IncomingBytes"): "a log that falls silent",
    ("AWS/Lambda", "Errors"): "a rotation or another function that fails",
    ("AWS/WAFV2", "BlockedRequests"): "a web ACL that blocks unusually much",
}


@says("10.4.1.1 10.7.2 10.2.1.6")
def controls_raise_alarms(context: Context) -> str:
    found = [
        _WATCHED[metric]
        for one in telling_alarms(context)
        if (metric := (str(one.get("Namespace")), str(one.get("MetricName")))) in _WATCHED
    ]
    if not found:
        return ""
    return f"{counted(len(found), 'alarm')} on security controls: {listed(found)}."


@says("10.4.1.1")
def log_texts_are_not_searched(context: Context) -> str:
    """Tell what is not there, too."""
    if not context.of_type(_GROUP) or context.of_type("AWS::Logs::MetricFilter"):
        return ""
    return "No metric filter searches the texts of the logs."


@says("10.7.2 12.10.1 10.4.1.1")
def who_is_told(context: Context) -> str:
    actions = [action for one in telling_alarms(context) for action in one.items("AlarmActions")]
    topics = {one.logical_id for action in actions if (one := context.target(action))}
    if not actions:
        return ""
    silent = sorted(name_in(context, name) for name in topics - heard(context))
    outside = any(context.target(action) is None for action in actions)
    said = "Alarms go to topics with subscribers."
    if silent:
        said = f"Alarms go to {listed(silent)}, to which nobody is subscribed in this template."
    elif outside:
        said = "Alarms go to what is not in this template: show who is told there."
    return said


@says("10.5.1")
def logs_are_kept(context: Context) -> str:
    groups = [one.number("RetentionInDays") for one in context.of_type(_GROUP)]
    rules = [
        rule
        for one in _log_buckets(context)
        for rule in one.items("LifecycleConfiguration.Rules")
        if isinstance(rule, dict)
    ]
    ends = [rule.get("ExpirationInDays") for rule in rules]
    known = [float(day) for day in (*groups, *ends) if isinstance(day, int | float)]
    if not known or min(known) < accepted.LOG_DAYS or any("Transitions" in rule for rule in rules):
        return ""
    return f"Logs are kept for {counted(min(known), 'day')} or more, all of it at hand."


@says("10.6.1")
def clocks_are_kept(context: Context) -> str:
    services = context.of_type("AWS::ECS::Service")
    if not every(services, on_fargate):
        return ""
    return "Tasks run on Fargate, whose clocks AWS synchronizes."


@says("11.5.2")
def database_changes_are_told(context: Context) -> str:
    found = sorted(
        str(one.get("SourceType"))
        for one in context.of_type("AWS::RDS::EventSubscription")
        if one.get("SourceType") is not None and one.flag("Enabled") is not False
    )
    return f"RDS tells of changes of: {', '.join(dict.fromkeys(found))}." if found else ""


@says("12.3.4 6.3.3")
def support_ends(context: Context) -> str:
    dates = sorted(row.supported_until for row in software(context.view) if row.ends)
    if not dates:
        return ""
    return f"The first version to lose its vendor's support does so on {dates[0]}."


@says("12.5.1")
def components_are_listed(context: Context) -> str:
    count = len(context.view.resources)
    return f"{counted(count, 'component')} of this template, each with its scope." if count else ""


@says("12.10.1")
def alarms_say_what_to_do(context: Context) -> str:
    alarms = telling_alarms(context)
    if not every(alarms, lambda one: bool(one.get("AlarmDescription"))):
        return ""
    return f"Each alarm that tells somebody says what it means: {counted(len(alarms), 'alarm')}."
