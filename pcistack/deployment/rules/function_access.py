"""Access: functions may be invoked, and may do what Lambda does in their name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.grants import refused, refused_on_key
from pcistack.deployment.invocations import FUNCTION, KINDS, invocations, permitted
from pcistack.deployment.keys import key_of
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import expand
from pcistack.policies.arns import ACCOUNT
from pcistack.template.view import Resource

_GUIDE: Final = "Lambda developer guide: "
_INTERFACES: Final = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DeleteNetworkInterface",
)


@rule(
    "DEPLOY-INVOKE-PERMISSION",
    "A function that a service is to invoke, and may not",
    types=KINDS,
    source=_GUIDE + "Granting Lambda function access to AWS services (AWS::Lambda::Permission)",
)
def permission_rule(context: Context) -> Iterator[Hit]:
    for one in invocations(context):
        if permitted(context, one) is False:
            yield hit(
                one.resource,
                one.path,
                f"no AWS::Lambda::Permission lets {one.service} invoke {one.function.logical_id} "
                f"for {one.resource.logical_id}"
                + ("" if one.severity is Severity.WARNING else ": the service refuses it"),
                "add an AWS::Lambda::Permission with Action: lambda:InvokeFunction, Principal: "
                f"{one.service}, FunctionName: {one.function.logical_id}"
                + (f", SourceArn: {one.source}" if "<value>" not in one.source else ""),
                severity=one.severity,
            )


@rule(
    "DEPLOY-FUNCTION-VPC",
    "A function in a VPC whose role may not make network interfaces",
    types=(FUNCTION,),
    severity=Severity.FATAL,
    source=_GUIDE + "Giving Lambda functions access to resources in a VPC, required IAM "
    "permissions",
)
def vpc_rule(context: Context) -> Iterator[Hit]:
    for function in context.of_type(FUNCTION):
        role = context.access.role(function.get("Role"))
        subnets = function.get("VpcConfig.SubnetIds")
        if role is None or not isinstance(subnets, list) or not subnets:
            continue
        missing = refused(context, role, _INTERFACES, "<value>")
        if missing:
            yield hit(
                function,
                "Role",
                f"{role.logical_id} may not call {', '.join(missing)}: Lambda refuses to place "
                "the function into a VPC",
                f"attach service-role/AWSLambdaVPCAccessExecutionRole to {role.logical_id}, or "
                f"allow {', '.join(_INTERFACES)} on *",
            )


@rule(
    "DEPLOY-FUNCTION-LOGS",
    "A function whose role may not write its log",
    types=(FUNCTION,),
    severity=Severity.WARNING,
    source=_GUIDE + "Sending Lambda function logs to CloudWatch Logs, required permissions",
)
def logs_rule(context: Context) -> Iterator[Hit]:
    names = context.access.names
    for function in context.of_type(FUNCTION):
        role = context.access.role(function.get("Role"))
        if role is None:
            continue
        given = function.get("LoggingConfig.LogGroup")
        group = names.text(given) if given is not None else f"/aws/lambda/{names.name(function)}"
        arn = context.placed("arn:{p}:logs:{r}:") + f"{ACCOUNT}:log-group:{group}"
        actions = ("logs:CreateLogStream", "logs:PutLogEvents")
        missing = refused(context, role, actions, f"{arn}:log-stream:x")
        if missing:
            yield hit(
                function,
                "Role",
                f"{role.logical_id} may not call {', '.join(missing)} on {arn}: the function "
                "runs and leaves no log",
                f"in a policy of {role.logical_id} allow {', '.join(actions)} on {arn}:*",
            )


_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::SQS::Queue": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "AWS::Kinesis::Stream": ("kinesis:GetRecords", "kinesis:GetShardIterator"),
    "AWS::DynamoDB::Table": ("dynamodb:GetRecords", "dynamodb:GetShardIterator"),
}


@rule(
    "DEPLOY-FUNCTION-SOURCE",
    "An event source that the function's role may not read",
    types=("AWS::Lambda::EventSourceMapping",),
    severity=Severity.FATAL,
    source=_GUIDE + "Event source mappings, execution role permissions",
)
def source_rule(context: Context) -> Iterator[Hit]:
    for mapping in context.of_type("AWS::Lambda::EventSourceMapping"):
        function = context.target(mapping.get("FunctionName"), FUNCTION)
        source = context.access.names.target(mapping.get("EventSourceArn"))
        role = context.access.role(function.get("Role")) if function else None
        if role is None or source is None or source.type not in _SOURCES:
            continue
        arn = context.access.names.arn(source) or ""
        if source.type == "AWS::DynamoDB::Table":
            arn += "/stream/2026-01-01T00:00:00.000"
        missing = refused(context, role, _SOURCES[source.type], arn)
        if missing:
            yield hit(
                mapping,
                "EventSourceArn",
                f"{role.logical_id} may not call {', '.join(missing)} on {source.logical_id}: "
                "Lambda refuses the mapping",
                f"in a policy of {role.logical_id} allow {', '.join(_SOURCES[source.type])}",
            )


_DESTINATIONS: Final[Mapping[str, str]] = {
    "AWS::SQS::Queue": "sqs:SendMessage",
    "AWS::SNS::Topic": "sns:Publish",
    "AWS::Events::EventBus": "events:PutEvents",
    FUNCTION: "lambda:InvokeFunction",
}


@rule(
    "DEPLOY-FUNCTION-DESTINATION",
    "A dead-letter queue or destination that the function's role may not write to",
    types=(FUNCTION, "AWS::Lambda::EventInvokeConfig"),
    severity=Severity.FATAL,
    source=_GUIDE + "Capturing records of Lambda asynchronous invocations",
)
def destination_rule(context: Context) -> Iterator[Hit]:
    for resource, function, path in _destinations(context):
        role = context.access.role(function.get("Role"))
        for where, value in expand(resource, path):
            target = context.access.names.target(value)
            action = _DESTINATIONS.get(target.type) if target else None
            if role is None or target is None or action is None:
                continue
            missing = refused(context, role, (action,), context.access.names.arn(target) or "")
            if missing:
                yield hit(
                    resource,
                    where,
                    f"{role.logical_id} may not call {action} on {target.logical_id}: Lambda "
                    "refuses the configuration",
                    f"in a policy of {role.logical_id} allow {action} on {target.logical_id}",
                )


def _destinations(context: Context) -> Iterator[tuple[Resource, Resource, str]]:
    for function in context.of_type(FUNCTION):
        yield function, function, "DeadLetterConfig.TargetArn"
    for config in context.of_type("AWS::Lambda::EventInvokeConfig"):
        function_of = context.target(config.get("FunctionName"), FUNCTION)
        for outcome in ("OnFailure", "OnSuccess") if function_of else ():
            assert function_of is not None
            yield config, function_of, f"DestinationConfig.{outcome}.Destination"


@rule(
    "DEPLOY-FUNCTION-KEY",
    "A function whose role may not decrypt its own environment",
    types=(FUNCTION,),
    source=_GUIDE + "Securing environment variables (KMSAccessDeniedException)",
)
def key_rule(context: Context) -> Iterator[Hit]:
    for function in context.of_type(FUNCTION):
        key = key_of(context, function.get("KmsKeyArn"))
        role = context.access.role(function.get("Role"))
        variables = function.get("Environment.Variables")
        if key is None or role is None or not variables:
            continue
        if refused_on_key(context, role, key, "lambda", ("kms:Decrypt",)):
            yield hit(
                function,
                "KmsKeyArn",
                f"{role.logical_id} may not call kms:Decrypt with {key.logical_id}: no invocation "
                "can read the environment",
                f"allow kms:Decrypt on {key.logical_id} in a policy of {role.logical_id}, and in "
                f"KeyPolicy of {key.logical_id} to the role or to the account's root",
            )
