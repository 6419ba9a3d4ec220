"""Settings whose support depends on what else is in the template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

from pcistack.evidence.logins import behind, master_credentials, secret_values
from pcistack.evidence.values import SupportingSetting, targets
from pcistack.network.network import STORES, Kind, SubnetTier
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.plain_requests import POLICY_OWNERS, refuses_plain
from pcistack.template.references import name_of
from pcistack.template.view import Partial, Reference, Resource

Supporting: TypeAlias = Iterator[tuple[str, SupportingSetting]]

_EXAMPLE: Final = re.compile(r":certificate/(0{8}-|x$|example)")
"""A certificate of the documentation, which no account has."""


def settings_in_context(context: Context) -> Supporting:
    """Yield such settings, each with the requirements that it supports."""
    yield from _isolated_subnets(context)
    yield from _doors_of_stores(context)
    yield from _certificates(context)
    yield from _clear_text_refused(context)
    yield from _web_acls(context)
    yield from _web_acl_logs(context)
    yield from _audits(context)
    yield from _alarms(context)
    yield from _subscriptions(context)
    yield from _database_logins(context)
    yield from _own_logins(context)


def _isolated_subnets(context: Context) -> Supporting:
    network = context.network
    for group in context.of_type("AWS::RDS::DBSubnetGroup"):
        names = [name_of(item) for item in group.items("SubnetIds")]
        known = [network.subnets[name] for name in names if name in network.subnets]
        if known and len(known) == len(names) and all(s.tier is SubnetTier.ISOLATED for s in known):
            yield "1.3.2 1.4.1 1.4.4", SupportingSetting.of(group, "SubnetIds")


def _doors_of_stores(context: Context) -> Supporting:
    """Rules that let something other than a public load balancer into a store."""
    workloads = context.network.workloads.values()
    stores = {group for one in workloads if one.kind in STORES for group in one.groups}
    public = {
        group
        for one in workloads
        if one.kind is Kind.LOAD_BALANCER or one.public is not False
        for group in one.groups
    }
    for door in context.of_type("AWS::EC2::SecurityGroupIngress"):
        if name_of(door.get("GroupId")) not in stores:
            continue
        source = door.get("SourceSecurityGroupId")
        if isinstance(source, Reference | Partial) and name_of(source) not in public:
            yield "1.4.4 7.2.6", SupportingSetting.of(door, "SourceSecurityGroupId")


def _certificates(context: Context) -> Supporting:
    for listener in context.of_type("AWS::ElasticLoadBalancingV2::Listener"):
        for index, _ in enumerate(listener.items("Certificates")):
            path = f"Certificates.{index}.CertificateArn"
            arn = listener.get(path)
            if isinstance(arn, Reference | Partial) or (
                isinstance(arn, str) and not _EXAMPLE.search(arn)
            ):
                yield "4.2.1 4.2.1.1", SupportingSetting.of(listener, path)


def _clear_text_refused(context: Context) -> Supporting:
    for resource in context.of_type(*POLICY_OWNERS):
        statement = refuses_plain(context, resource)
        if statement is not None:
            policy = context.view.resources[statement.resource]
            yield (
                "4.2.1",
                SupportingSetting(
                    resource=policy.logical_id,
                    type=policy.type,
                    property=f"{statement.path}.Condition.Bool.aws:SecureTransport",
                    value="false, denied",
                ),
            )


def _web_acls(context: Context) -> Supporting:
    """Web ACLs that stand in front of something, and their rules that block."""
    for link in context.of_type("AWS::WAFv2::WebACLAssociation"):
        acl = context.target(link.get("WebACLArn"))
        if acl is None or not isinstance(link.get("ResourceArn"), Reference | Partial):
            continue
        blocking = list(blocking_rules(acl))
        if blocking:
            yield "6.4.2", SupportingSetting.of(link, "WebACLArn")
        for path in blocking:
            yield "6.4.2", SupportingSetting.of(acl, f"{path}.Name")


def guarding(context: Context) -> dict[str, str]:
    """Return the web ACLs that stand in front of something, with what each guards."""
    return {
        acl.logical_id: name_of(link.get("ResourceArn"))
        for link in context.of_type("AWS::WAFv2::WebACLAssociation")
        if (acl := context.target(link.get("WebACLArn"))) is not None
    }


def _web_acl_logs(context: Context) -> Supporting:
    """Logs of web ACLs that stand in front of something."""
    for logging in context.of_type("AWS::WAFv2::LoggingConfiguration"):
        if name_of(logging.get("ResourceArn")) in guarding(context):
            setting = SupportingSetting.of(logging, "LogDestinationConfigs")
            if logging.items("LogDestinationConfigs"):
                yield "6.4.2 10.2.1 10.2.1.4 10.4.2", setting


def audited(context: Context, database: Resource) -> frozenset[str]:
    """Return what the audit log of a database records; nothing unless it is on and exported."""
    cluster = database.type == "AWS::RDS::DBCluster"
    group = context.target(
        database.get("DBClusterParameterGroupName" if cluster else "DBParameterGroupName")
    )
    events = group.text("Parameters.server_audit_events") if group is not None else None
    on = group is not None and accepted.parameter_on(group.get("Parameters.server_audit_logging"))
    exported = "audit" in database.items("EnableCloudwatchLogsExports")
    return accepted.audit_events(events) if events and on and exported else frozenset()


_AUDITED: Final = {
    "CONNECT": "10.2.1.4 10.2.2",
    "QUERY_DCL": "10.2.1.2 10.2.1.5",
    "QUERY_DDL": "10.2.1.7",
}


def _audits(context: Context) -> Supporting:
    for database in context.of_type("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"):
        events = audited(context, database)
        group = context.target(
            database.get("DBClusterParameterGroupName") or database.get("DBParameterGroupName")
        )
        if group is None or not events:
            continue
        setting = SupportingSetting.of(group, "Parameters.server_audit_events")
        if events >= accepted.AUDIT_EVENTS:
            yield "10.2.1", setting
        for event, numbers in _AUDITED.items():
            if event in events:
                yield numbers, setting


def blocking_rules(acl: Resource) -> Iterator[str]:
    """Yield the path of each rule of a web ACL that blocks, or lets its group block."""
    for index, item in enumerate(acl.items("Rules")):
        if isinstance(item, dict):
            action, override = item.get("Action"), item.get("OverrideAction")
            blocks = isinstance(action, dict) and "Block" in action
            groups = isinstance(override, dict) and "None" in override
            if blocks or groups:
                yield f"Rules.{index}"


_CONTROLS: Final = {
    ("AWS/Logs", "IncomingLogEvents"): "10.2.1.6 10.7.2",
    ("AWS/Logs", "IncomingBytes"): "10.2.1.6 10.7.2",
    ("AWS/Lambda", "Errors"): "10.7.2",
    ("AWS/WAFV2", "BlockedRequests"): "10.4.1.1 10.7.2",
}


def telling_alarms(context: Context) -> list[Resource]:
    """Return alarms that tell somebody: that do more than change how much runs."""
    return [
        one
        for one in context.of_type("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        if one.flag("ActionsEnabled") is not False and any(_tells(context, one))
    ]


def _tells(context: Context, alarm: Resource) -> Iterator[bool]:
    for action in alarm.items("AlarmActions"):
        target = context.target(action)
        yield target is None or target.type == "AWS::SNS::Topic"


def heard(context: Context) -> set[str]:
    """Return the topics of the template with subscribers."""
    told = {name_of(one.get("TopicArn")) for one in context.of_type("AWS::SNS::Subscription")}
    own = {one.logical_id for one in context.of_type("AWS::SNS::Topic") if one.get("Subscription")}
    return told | own


def _subscriptions(context: Context) -> Supporting:
    """Subscriptions to topics that alarms tell."""
    told = {
        name_of(action) for one in telling_alarms(context) for action in one.items("AlarmActions")
    }
    for one in context.of_type("AWS::SNS::Subscription"):
        if name_of(one.get("TopicArn")) in told and one.get("Protocol") is not None:
            yield "10.7.2 12.10.1", SupportingSetting.of(one, "Protocol")


def _alarms(context: Context) -> Supporting:
    """Alarms that tell somebody: of a control's failure, of logs, of anything."""
    filtered = {
        (transformed.get("MetricNamespace"), transformed.get("MetricName"))
        for one in context.of_type("AWS::Logs::MetricFilter")
        for transformed in one.items("MetricTransformations")
        if isinstance(transformed, dict)
    }
    topics = {one.logical_id for one in context.of_type("AWS::SNS::Topic")} - heard(context)
    for alarm in telling_alarms(context):
        if topics.issuperset(map(name_of, alarm.items("AlarmActions"))):
            continue  # nobody hears it
        metric = (alarm.get("Namespace"), alarm.get("MetricName"))
        numbers = _CONTROLS.get((str(metric[0]), str(metric[1])), "")
        if metric in filtered:
            numbers = f"{numbers} 10.4.1.1"
        yield f"{numbers} 12.10.1", SupportingSetting.of(alarm, "AlarmActions")


def _database_logins(context: Context) -> Supporting:
    """IAM logins of a database, where a role may really log in."""
    used = any(
        action.startswith("rds-db:connect")
        for statements in context.statements.values()
        for statement in statements
        for action in statement.actions
        if statement.allows
    )
    for database in context.of_type("AWS::RDS::DBCluster", "AWS::RDS::DBInstance"):
        if used and database.flag("EnableIAMDatabaseAuthentication"):
            yield (
                "7.2.6 7.3.1 8.2.2",
                SupportingSetting.of(database, "EnableIAMDatabaseAuthentication"),
            )


def _own_logins(context: Context) -> Supporting:
    """Credentials of containers that are not a database's master user."""
    masters = master_credentials(context)
    for task, path in secret_values(context):
        names = {behind(context.view, name) for name in targets(task.get(path))}
        if masters and names and not names & masters:
            yield "7.2.5 8.2.2", SupportingSetting.of(task, path)
