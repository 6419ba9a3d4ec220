"""Who invokes the functions of a template, and whether a permission lets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.deployment.context import Context
from pcistack.deployment.paths import expand
from pcistack.policies.arns import ACCOUNT
from pcistack.policies.matching import all_of, any_of, glob, same
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value

FUNCTION: Final = "AWS::Lambda::Function"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A service that invokes a function of the template.

    Attributes:
        resource: What asks for it.
        path: Property that names the function.
        function: The function.
        service: The service's principal.
        source: ARN that it sends as ``SourceArn``; ``<value>`` if not known.
        severity: What it means when the service may not.
    """

    resource: Resource
    path: str
    function: Resource
    service: str
    source: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class _Invoker:
    kind: str
    path: str
    service: str
    severity: Severity = Severity.WARNING
    source: Callable[[Context, Resource], str] = lambda _context, _resource: "<value>"


def _own(context: Context, resource: Resource) -> str:
    return context.access.names.arn(resource) or "<value>"


def _at(path: str) -> Callable[[Context, Resource], str]:
    def source(context: Context, resource: Resource) -> str:
        target = context.access.names.target(resource.get(path))
        arn = context.access.names.arn(target) if target else None
        return arn or context.access.names.text(resource.get(path))

    return source


def _group(context: Context, resource: Resource) -> str:
    group = context.access.names.text(resource.get("LogGroupName"))
    return context.placed("arn:{p}:logs:{r}:") + f"{ACCOUNT}:log-group:{group}:*"


_INVOKERS: Final = (
    _Invoker(
        "AWS::SecretsManager::RotationSchedule",
        "RotationLambdaARN",
        "secretsmanager",
        Severity.FATAL,
        _at("SecretId"),
    ),
    _Invoker(
        "AWS::S3::Bucket",
        "NotificationConfiguration.LambdaConfigurations.*.Function",
        "s3",
        Severity.FATAL,
        _own,
    ),
    _Invoker("AWS::Logs::SubscriptionFilter", "DestinationArn", "logs", Severity.FATAL, _group),
    _Invoker("AWS::Config::ConfigRule", "Source.SourceIdentifier", "config", Severity.FATAL),
    _Invoker(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Targets.*.Id",
        "elasticloadbalancing",
        Severity.FATAL,
    ),
    _Invoker("AWS::Events::Rule", "Targets.*.Arn", "events", source=_own),
    _Invoker("AWS::SNS::Subscription", "Endpoint", "sns", source=_at("TopicArn")),
    _Invoker("AWS::SNS::Topic", "Subscription.*.Endpoint", "sns", source=_own),
    _Invoker("AWS::CloudWatch::Alarm", "AlarmActions.*", "lambda.alarms.cloudwatch", source=_own),
    _Invoker("AWS::IoT::TopicRule", "TopicRulePayload.Actions.*.Lambda.FunctionArn", "iot"),
    _Invoker("AWS::ApiGateway::Method", "Integration.Uri", "apigateway"),
    _Invoker("AWS::ApiGatewayV2::Integration", "IntegrationUri", "apigateway"),
    *(
        _Invoker("AWS::Cognito::UserPool", f"LambdaConfig.{trigger}", "cognito-idp", source=_own)
        for trigger in ("PreSignUp", "PostConfirmation", "PreTokenGeneration", "CustomMessage")
    ),
)
KINDS: Final = tuple(dict.fromkeys(invoker.kind for invoker in _INVOKERS))
"""Types whose service invokes functions."""


def invocations(context: Context) -> Iterator[Invocation]:
    """Yield every invocation that the template asks for, as far as its functions are in it."""
    if context.grants_more or not context.of_type(FUNCTION):
        return
    for invoker in _INVOKERS:
        for resource in context.of_type(invoker.kind):
            if resource.get("Integration.Credentials") or resource.get("CredentialsArn"):
                continue  # a role invokes it, not the service
            for path, value in expand(resource, invoker.path):
                function = context.access.names.target(value)
                if function is not None and function.type == FUNCTION:
                    yield Invocation(
                        resource=resource,
                        path=path,
                        function=function,
                        service=f"{invoker.service}.amazonaws.com",
                        source=invoker.source(context, resource),
                        severity=invoker.severity,
                    )


def permitted(context: Context, one: Invocation) -> bool | None:
    """Whether a permission of the template lets a service invoke a function."""
    return any_of(
        all_of([_is_about(context, permission, one.function), _lets(context, permission, one)])
        for permission in context.of_type("AWS::Lambda::Permission")
    )


def _is_about(context: Context, permission: Resource, function: Resource) -> bool | None:
    named, names = permission.get("FunctionName"), context.access.names
    target = names.target(named)
    if target is not None:
        return target is function
    if isinstance(named, Unknown | Partial | Reference):
        return None
    return names.text(named) in (names.arn(function), names.name(function))


def _lets(context: Context, permission: Resource, one: Invocation) -> bool | None:
    text = context.access.names.text
    tests: list[bool | None] = [
        glob(text(permission.get("Action")).lower(), "lambda:invokefunction"),
        _principal(permission.get("Principal"), one.service),
    ]
    if permission.get("SourceArn") is not None:
        tests.append(glob(text(permission.get("SourceArn")), one.source))
    if permission.get("SourceAccount") is not None:
        tests.append(same(text(permission.get("SourceAccount")), ACCOUNT))
    return all_of(tests)


def _principal(value: Value, service: str) -> bool | None:
    if not isinstance(value, str) or isinstance(value, Partial):
        return None
    if value == "*":
        return True
    name = service.partition(".amazonaws")[0]
    return value.startswith(f"{name}.")
