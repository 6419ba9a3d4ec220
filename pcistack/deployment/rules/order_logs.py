"""Order: a log group of the template exists before what writes to it, by its name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.tasks import awslogs, containers, services_of
from pcistack.template.view import Reference, Resource, Unknown, Value

_GUIDE: Final = "CloudFormation user guide: DependsOn attribute; "
_GROUP: Final = "AWS::Logs::LogGroup"


def _missing(context: Context, writer: Resource, value: Value) -> Resource | None:
    """Return the log group that a value names, if nothing makes the writer wait for it."""
    text = context.access.names.text(value).removesuffix(":*")
    for group in context.of_type(_GROUP) if value is not None else ():
        names = context.access.names
        if text in (names.name(group), names.arn(group)):
            return None if context.order.waits_for(writer, group) else group
    return None


_DESTINATIONS: Final = (
    ("AWS::WAFv2::LoggingConfiguration", "LogDestinationConfigs"),
    ("AWS::Route53Resolver::ResolverQueryLoggingConfig", "DestinationArn"),
    ("AWS::Logs::MetricFilter", "LogGroupName"),
    ("AWS::Logs::SubscriptionFilter", "LogGroupName"),
)


@rule(
    "DEPLOY-ORDER-LOG-DESTINATION",
    "Log delivery that may be set up before its log group exists",
    types=tuple(kind for kind, _ in _DESTINATIONS),
    source=_GUIDE + "WAF API reference: PutLoggingConfiguration (WAFLogDestinationPermissionIssue)",
)
def destination_rule(context: Context) -> Iterator[Hit]:
    for kind, path in _DESTINATIONS:
        for writer in context.of_type(kind):
            for value in writer.items(path):
                group = _missing(context, writer, value)
                if group:
                    yield hit(
                        writer,
                        path,
                        f"it names {group.logical_id} by text alone and may be created before "
                        "it: the service refuses a log group that is not there",
                        f"set DependsOn: {group.logical_id}",
                    )


@rule(
    "DEPLOY-ORDER-TASK-LOGS",
    "A service whose tasks may start before their log group exists",
    types=("AWS::ECS::Service",),
    source=_GUIDE + "Amazon ECS developer guide: awslogs-group",
)
def task_logs_rule(context: Context) -> Iterator[Hit]:
    for container in containers(context):
        options = awslogs(container)
        for service in services_of(context, container.task) if options else ():
            group = _missing(context, service, options.get("awslogs-group") if options else None)
            if group:
                yield hit(
                    service,
                    "TaskDefinition",
                    f"its tasks write to {group.logical_id}, which they name by text alone: a "
                    "task that starts before the group exists fails",
                    f"refer to the group with Ref, or set DependsOn: {group.logical_id}",
                )


@rule(
    "DEPLOY-LOG-GROUP-NAME",
    "A log group that is named as none of the template is",
    types=tuple(kind for kind, _ in _DESTINATIONS),
    source="CloudWatch Logs API reference: ResourceNotFoundException; WAF: "
    "WAFLogDestinationPermissionIssueException",
)
def misnamed_rule(context: Context) -> Iterator[Hit]:
    """Only a name that is another one misspelt; any other group may stand elsewhere."""
    names = context.access.names
    known = {names.name(group): group for group in context.of_type(_GROUP)}
    for kind, path in _DESTINATIONS if known else ():
        for writer in context.of_type(kind):
            for value in writer.items(path):
                if isinstance(value, Reference | Unknown) or context.target(value) is not None:
                    continue
                text = names.text(value).removesuffix(":*").rpartition(":log-group:")[2]
                near = difflib.get_close_matches(text, known, 1, 0.9)
                if near and text not in known and not text.startswith("arn:"):
                    yield hit(
                        writer,
                        path,
                        f"the template has no log group {text}; {near[0]} is meant?",
                        f"refer to {known[near[0]].logical_id}",
                    )


@rule(
    "DEPLOY-ORDER-OWN-LOG-GROUP",
    "A log group that the service may have made before the template does",
    types=("AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::EC2::FlowLog", "AWS::ECS::Service"),
    source=_GUIDE + "CloudWatch Logs API reference: CreateLogGroup "
    "(ResourceAlreadyExistsException)",
)
def own_group_rule(context: Context) -> Iterator[Hit]:
    groups = {context.access.names.name(group): group for group in context.of_type(_GROUP)}
    if not groups:
        return
    for writer, path, name in _own_groups(context):
        group = groups.get(name)
        if group and not context.order.waits_for(writer, group):
            if context.order.waits_for(group, writer):
                remedy = f"give {writer.logical_id} a name and make it wait for the group"
            else:
                remedy = f"set DependsOn: {group.logical_id}"
            yield hit(
                writer,
                path,
                f"the service makes the log group {name} by itself as soon as it has something "
                f"to write: {group.logical_id} then fails, because it exists already",
                remedy,
            )


def _own_groups(context: Context) -> Iterator[tuple[Resource, str, str]]:
    """Yield who makes a log group by itself, the property that asks for it, and its name."""
    names = context.access.names
    for kind, place in (("AWS::RDS::DBCluster", "cluster"), ("AWS::RDS::DBInstance", "instance")):
        for database in context.of_type(kind):
            for log in database.items("EnableCloudwatchLogsExports"):
                name = f"/aws/rds/{place}/{names.name(database)}/{names.text(log)}"
                yield database, "EnableCloudwatchLogsExports", name
    for flow in context.of_type("AWS::EC2::FlowLog"):
        if flow.get("LogGroupName") is not None:
            yield flow, "LogGroupName", names.text(flow.get("LogGroupName"))
    for service in context.of_type("AWS::ECS::Service"):
        cluster = context.target(service.get("Cluster"), "AWS::ECS::Cluster")
        if cluster:
            name = f"/aws/ecs/containerinsights/{names.name(cluster)}/performance"
            yield service, "Cluster", name


@rule(
    "DEPLOY-ORDER-FUNCTION-LOGS",
    "A custom resource whose function may write before its log group exists",
    types=("AWS::CloudFormation::CustomResource",),
    severity=Severity.WARNING,
    source=_GUIDE + "Lambda developer guide: Lambda makes the log group at the first invocation",
)
def function_logs_rule(context: Context) -> Iterator[Hit]:
    groups = {context.access.names.name(group): group for group in context.of_type(_GROUP)}
    for custom, function in context.custom_resources if groups else ():
        name = f"/aws/lambda/{context.access.names.name(function)}"
        group = groups.get(name)
        if group and not context.order.waits_for(custom, group):
            yield hit(
                custom,
                "ServiceToken",
                f"it invokes {function.logical_id}, which makes {name} by itself: "
                f"{group.logical_id} then fails, because it exists already",
                f"set DependsOn: {group.logical_id}",
            )
