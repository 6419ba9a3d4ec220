"""What services do in the name of the roles that a template gives them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.deployment.context import Context
from pcistack.deployment.grants import NO_CONTEXT
from pcistack.deployment.paths import expand, fields
from pcistack.policies.arns import ACCOUNT
from pcistack.template.view import Resource, Value

_WRITE_LOGS: Final = ("logs:CreateLogStream", "logs:PutLogEvents")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleUse:
    """What a service calls in the name of a role.

    Attributes:
        resource: What asks for it.
        path: Property that names the role.
        role: The role.
        actions: What is called.
        arn: On what; empty where it does not matter.
        what: What comes of it if the role may not.
        severity: How bad that is.
        sent: Condition keys, lower-cased, that the call carries.
    """

    resource: Resource
    path: str
    role: Resource
    actions: tuple[str, ...]
    arn: str
    what: str
    severity: Severity
    sent: Mapping[str, tuple[str, ...]]


def calls(context: Context) -> Iterator[RoleUse]:
    """Yield every call that the template's resources make in the name of its roles."""
    if context.of_type("AWS::IAM::Role") and not context.grants_more:
        for kind, find in _FINDERS.items():
            for resource in context.of_type(kind):
                yield from find(context, resource)


def _call(
    context: Context,
    resource: Resource,
    path: str,
    actions: tuple[str, ...],
    arn: str,
    what: str,
    severity: Severity = Severity.WARNING,
    sent: Mapping[str, tuple[str, ...]] = NO_CONTEXT,
) -> Iterator[RoleUse]:
    role = context.access.role(resource.get(path))
    if role is not None:
        yield RoleUse(
            resource=resource,
            path=path,
            role=role,
            actions=actions,
            arn=arn,
            what=what,
            severity=severity,
            sent=sent,
        )


def _group(context: Context, name: str) -> str:
    return context.placed("arn:{p}:logs:{r}:") + f"{ACCOUNT}:log-group:{name}:log-stream:x"


def _flow_log(context: Context, flow: Resource) -> Iterator[RoleUse]:
    names, destination = context.access.names, flow.get("LogDestination")
    name = flow.get("LogGroupName")
    if name is not None:
        arn = _group(context, names.text(name))
    else:
        arn = f"{names.text(destination).removesuffix(':*')}:log-stream:x"
    path = "DeliverLogsPermissionArn"
    yield from _call(context, flow, path, _WRITE_LOGS, arn, "no flow is logged")


def _monitoring(context: Context, database: Resource) -> Iterator[RoleUse]:
    arn = _group(context, "RDSOSMetrics")
    what = "RDS refuses enhanced monitoring with it"
    yield from _call(context, database, "MonitoringRoleArn", _WRITE_LOGS, arn, what, Severity.FATAL)


def _api_account(context: Context, account: Resource) -> Iterator[RoleUse]:
    actions = (*_WRITE_LOGS, "logs:DescribeLogGroups")
    what = "API Gateway refuses it"
    yield from _call(
        context, account, "CloudWatchRoleArn", actions, "<value>", what, Severity.FATAL
    )


def _state_machine(context: Context, machine: Resource) -> Iterator[RoleUse]:
    if machine.get("LoggingConfiguration.Destinations") and (
        machine.get("LoggingConfiguration.Level") != "OFF"
    ):
        actions = ("logs:CreateLogDelivery", "logs:PutResourcePolicy", "logs:DescribeLogGroups")
        what = "Step Functions refuses the log destination"
        yield from _call(context, machine, "RoleArn", actions, "*", what, Severity.FATAL)


def _trail(context: Context, trail: Resource) -> Iterator[RoleUse]:
    group = context.access.names.text(trail.get("CloudWatchLogsLogGroupArn")).removesuffix(":*")
    arn = f"{group}:log-stream:{ACCOUNT}_CloudTrail_{context.region or '<AWS::Region>'}"
    what = "CloudTrail refuses the log group"
    yield from _call(
        context, trail, "CloudWatchLogsRoleArn", _WRITE_LOGS, arn, what, Severity.FATAL
    )


def _subscription(context: Context, subscription: Resource) -> Iterator[RoleUse]:
    target = context.access.names.target(subscription.get("DestinationArn"))
    action = _DELIVER.get(target.type if target else "", "")
    if target and action:
        arn = context.access.names.arn(target) or ""
        what = "CloudWatch Logs cannot deliver its test message and refuses the filter"
        yield from _call(context, subscription, "RoleArn", (action,), arn, what, Severity.FATAL)


_DELIVER: Final[Mapping[str, str]] = {
    "AWS::Kinesis::Stream": "kinesis:PutRecord",
    "AWS::KinesisFirehose::DeliveryStream": "firehose:PutRecord",
}
_TARGETS: Final[Mapping[str, str]] = {
    **_DELIVER,
    "AWS::StepFunctions::StateMachine": "states:StartExecution",
    "AWS::CodeBuild::Project": "codebuild:StartBuild",
    "AWS::Events::EventBus": "events:PutEvents",
    "AWS::Lambda::Function": "lambda:InvokeFunction",
    "AWS::SQS::Queue": "sqs:SendMessage",
    "AWS::SNS::Topic": "sns:Publish",
}


def _event_rule(context: Context, rule: Resource) -> Iterator[RoleUse]:
    for path, value in expand(rule, "Targets.*.Arn"):
        place = path.removesuffix(".Arn")
        yield from _target(context, rule, f"{place}.RoleArn", value, f"{place}.EcsParameters")


def _schedule(context: Context, schedule: Resource) -> Iterator[RoleUse]:
    value = schedule.get("Target.Arn")
    yield from _target(context, schedule, "Target.RoleArn", value, "Target.EcsParameters")
    universal = _UNIVERSAL.match(context.access.names.text(value))
    if universal:
        service, method = universal["service"], universal["action"]
        action = f"{_PREFIXES.get(service, service)}:{method[0].upper()}{method[1:]}"
        what = "no run of the schedule does anything"
        yield from _call(context, schedule, "Target.RoleArn", (action,), "", what)


_UNIVERSAL: Final = re.compile(r"^arn:[\w-]+:scheduler:::aws-sdk:(?P<service>\w+):(?P<action>\w+)$")
_PREFIXES: Final[Mapping[str, str]] = {
    "sfn": "states",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "elasticloadbalancingv2": "elasticloadbalancing",
}


def _target(
    context: Context, resource: Resource, path: str, value: Value, tasks: str
) -> Iterator[RoleUse]:
    target = context.access.names.target(value)
    what = f"{resource.logical_id} starts nothing"
    action = _TARGETS.get(target.type if target else "", "")
    if target and action:
        arn = context.access.names.arn(target) or ""
        yield from _call(context, resource, path, (action,), arn, what)
    task = context.target(fields(resource.get(tasks)).get("TaskDefinitionArn"))
    if task is None or task.type != "AWS::ECS::TaskDefinition":
        return
    arn = context.access.names.arn(task) or ""
    yield from _call(context, resource, path, ("ecs:RunTask",), arn, what)
    for kind in ("ExecutionRoleArn", "TaskRoleArn"):
        passed = context.access.role(task.get(kind))
        if passed is not None:
            arn = context.access.names.arn(passed) or ""
            passed_on = {"iam:passedtoservice": ("ecs-tasks.amazonaws.com",)}
            yield from _call(context, resource, path, ("iam:PassRole",), arn, what, sent=passed_on)


def _proxy(context: Context, proxy: Resource) -> Iterator[RoleUse]:
    for _, value in expand(proxy, "Auth.*.SecretArn"):
        secret = context.access.names.target(value)
        arn = (context.access.names.arn(secret) or "") if secret else ""
        if arn:
            actions = ("secretsmanager:GetSecretValue",)
            what = "the proxy has no password for the database"
            yield from _call(context, proxy, "RoleArn", actions, arn, what, Severity.ERROR)


_READS: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::SQS::Queue": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "AWS::Kinesis::Stream": ("kinesis:GetRecords", "kinesis:GetShardIterator"),
}


def _pipe(context: Context, pipe: Resource) -> Iterator[RoleUse]:
    source = context.access.names.target(pipe.get("Source"))
    if source is not None and source.type in _READS:
        arn = context.access.names.arn(source) or ""
        what = "the pipe cannot read its source and fails"
        yield from _call(context, pipe, "RoleArn", _READS[source.type], arn, what, Severity.ERROR)
    yield from _target(context, pipe, "RoleArn", pipe.get("Target"), "TargetParameters.Ecs")


def _firehose(context: Context, stream: Resource) -> Iterator[RoleUse]:
    for kind in ("ExtendedS3DestinationConfiguration", "S3DestinationConfiguration"):
        bucket = context.access.names.target(stream.get(f"{kind}.BucketARN"))
        if bucket is not None and bucket.type == "AWS::S3::Bucket":
            arn = f"{context.access.names.arn(bucket)}/x"
            what = "nothing is delivered"
            path = f"{kind}.RoleARN"
            yield from _call(context, stream, path, ("s3:PutObject",), arn, what)


def _replication(context: Context, bucket: Resource) -> Iterator[RoleUse]:
    names = context.access.names
    what = "nothing is replicated"
    for _, value in expand(bucket, "ReplicationConfiguration.Rules.*.Destination.Bucket"):
        arn = f"{names.text(value)}/x"
        path = "ReplicationConfiguration.Role"
        yield from _call(context, bucket, path, ("s3:ReplicateObject",), arn, what)


def _notified(context: Context, subscription: Resource) -> Iterator[RoleUse]:
    target = context.access.names.target(subscription.get("Endpoint"))
    if target is not None and target.type == "AWS::KinesisFirehose::DeliveryStream":
        arn = context.access.names.arn(target) or ""
        actions = ("firehose:PutRecord", "firehose:PutRecordBatch")
        path, what = "SubscriptionRoleArn", "nothing is delivered"
        yield from _call(context, subscription, path, actions, arn, what)


_FINDERS: Final[Mapping[str, Callable[[Context, Resource], Iterator[RoleUse]]]] = {
    "AWS::EC2::FlowLog": _flow_log,
    "AWS::RDS::DBInstance": _monitoring,
    "AWS::RDS::DBCluster": _monitoring,
    "AWS::RDS::DBProxy": _proxy,
    "AWS::ApiGateway::Account": _api_account,
    "AWS::StepFunctions::StateMachine": _state_machine,
    "AWS::CloudTrail::Trail": _trail,
    "AWS::Logs::SubscriptionFilter": _subscription,
    "AWS::Events::Rule": _event_rule,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::Pipes::Pipe": _pipe,
    "AWS::KinesisFirehose::DeliveryStream": _firehose,
    "AWS::S3::Bucket": _replication,
    "AWS::SNS::Subscription": _notified,
}
KINDS: Final = tuple(_FINDERS)
"""Types whose services act in the name of a role."""
