"""Requirement 10: log groups are encrypted, owned, kept for a year, and nobody deletes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity, counted
from pcistack.checks.rule import (
    UNRESOLVED,
    Extent,
    Hit,
    hit,
    must_be_false,
    must_be_set,
    show,
)
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.log_groups import exported_group, group_of, insights
from pcistack.pci_dss.pack import rule
from pcistack.template.view import Partial, Resource


@rule(
    "PCI-10.5.1-LOG-RETENTION",
    "Log groups keep their logs for 12 months",
    asks="Audit logs are kept for at least 12 months, the last three at once available.",
    requirements=("10.5.1",),
    related=("CloudWatch.16",),
    types=("AWS::Logs::LogGroup",),
    extent=Extent.FULL,
    fix="Set RetentionInDays to 365 or more. An environment without card data may acknowledge "
    "it beside the log group, with that reason.",
)
def log_retention(context: Context) -> Iterator[Hit]:
    for group in context.of_type("AWS::Logs::LogGroup"):
        days = group.number("RetentionInDays")
        if group.is_unknown("RetentionInDays"):
            message = f"RetentionInDays {UNRESOLVED}"
        elif days is not None and days < accepted.LOG_DAYS:
            message = f"logs are kept for {counted(days, 'day')}, {accepted.LOG_DAYS} are asked for"
        else:
            continue
        yield hit(group, "RetentionInDays", message)


@rule(
    "PCI-3.2.1-LOG-END",
    "Log groups have an end",
    asks="Data is kept only as long as it is needed, then disposed of.",
    requirements=("3.2.1",),
    severity=Severity.WARNING,
    types=("AWS::Logs::LogGroup",),
    fix="Set RetentionInDays, 365 or more.",
)
def log_end(context: Context) -> Iterator[Hit]:
    for group in context.of_type("AWS::Logs::LogGroup"):
        yield from must_be_set(group, "RetentionInDays", "logs are kept for ever")


@rule(
    "PCI-10.3.1-LOG-ENCRYPTED",
    "Log groups are encrypted with a key of your own",
    asks="Reading logs is limited to those with a need; the key's policy limits it too.",
    requirements=("10.3.1", "3.5.1"),
    types=("AWS::Logs::LogGroup",),
    fix="Set KmsKeyId to a customer-managed key that lets logs.<region>.amazonaws.com use it.",
)
def log_encrypted(context: Context) -> Iterator[Hit]:
    for group in context.of_type("AWS::Logs::LogGroup"):
        key = group.get("KmsKeyId")
        if not key or (isinstance(key, str) and str(key).startswith("alias/aws/")):
            yield hit(group, "KmsKeyId", f"KmsKeyId is {show(key)}: no key of yours")


@rule(
    "PCI-10.3.1-LOG-GROUP-IMPLICIT",
    "No service makes a log group by itself",
    asks="Logs are protected and kept; a log group that a service makes is not encrypted with "
    "your key and its retention is nobody's decision.",
    requirements=("10.3.1", "10.5.1", "3.2.1"),
    severity=Severity.WARNING,
    types=("AWS::Lambda::Function", "AWS::RDS::DBCluster", "AWS::ECS::Cluster"),
    fix="Own the log group: for a function LoggingConfig.LogGroup, for a cluster "
    "/aws/rds/cluster/<id>/<log>, for Container Insights "
    "/aws/ecs/containerinsights/<cluster>/performance.",
)
def log_group_implicit(context: Context) -> Iterator[Hit]:
    for function in context.of_type("AWS::Lambda::Function"):
        if not function.get("LoggingConfig.LogGroup") and _default_group(context, function) is None:
            yield hit(
                function,
                "LoggingConfig.LogGroup",
                "the function's log group is not in the template",
            )
    for cluster in context.of_type("AWS::RDS::DBCluster"):
        for log in cluster.items("EnableCloudwatchLogsExports"):
            if exported_group(context, cluster, str(log)) is None:
                yield hit(
                    cluster,
                    "EnableCloudwatchLogsExports",
                    f"the log group of the {log} log is not in the template",
                )
    for ecs in context.of_type("AWS::ECS::Cluster"):
        on = str(insights(ecs)) in ("enabled", "enhanced")
        prefix = "/aws/ecs/containerinsights/"
        if on and group_of(context, prefix, ecs, "ClusterName", "/performance") is None:
            yield hit(
                ecs, "ClusterSettings", "the log group of Container Insights is not in the template"
            )


def _default_group(context: Context, function: Resource) -> Resource | None:
    """Return the log group of the template that Lambda writes to if none is named."""
    return group_of(context, "/aws/lambda/", function, "FunctionName")


_DELETING: Final = ("logs:DeleteLogGroup", "logs:DeleteLogStream")


@rule(
    "PCI-10.3.2-LOG-DELETION",
    "No role of the template may delete logs",
    asks="Log files are protected from modification by individuals.",
    requirements=("10.3.2", "7.2.5"),
    severity=Severity.WARNING,
    types=("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role"),
    fix="Take logs:Delete* out of the policy.",
)
def log_deletion(context: Context) -> Iterator[Hit]:
    for resource in context.of_type(
        "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::IAM::User"
    ):
        for statement in context.statements.get(resource.logical_id, ()):
            wide = [action for action in _DELETING if statement.allows_action(action)]
            if statement.allows and wide and "*" not in statement.actions:
                yield hit(resource, statement.path, f"{', '.join(wide)} allowed")


@rule(
    "PCI-10.4.1.1-LOG-CLASS",
    "Log groups that alarms and filters watch are of the standard class",
    asks="Logs are reviewed automatically; other classes have no metric filters.",
    requirements=("10.4.1.1",),
    severity=Severity.WARNING,
    types=("AWS::Logs::LogGroup",),
    fix="Leave LogGroupClass out.",
)
def log_class(context: Context) -> Iterator[Hit]:
    for group in context.of_type("AWS::Logs::LogGroup"):
        value = group.get("LogGroupClass")
        if isinstance(value, str) and not isinstance(value, Partial) and value != "STANDARD":
            yield hit(
                group, "LogGroupClass", f"LogGroupClass is {value}: no metric filter or live review"
            )


@rule(
    "PCI-10.3.2-LOG-TOKEN",
    "Nobody writes logs with a bearer token",
    asks="Log files are protected from modification; what IAM does not know it cannot deny.",
    requirements=("10.3.2",),
    types=("AWS::Logs::LogGroup",),
    extent=Extent.FULL,
    fix="Leave BearerTokenAuthenticationEnabled out.",
)
def log_token(context: Context) -> Iterator[Hit]:
    for group in context.of_type("AWS::Logs::LogGroup"):
        yield from must_be_false(group, "BearerTokenAuthenticationEnabled")
