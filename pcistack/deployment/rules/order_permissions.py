"""Order: permissions and policies are there before they are tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import expand
from pcistack.template.references import name_of
from pcistack.template.view import Resource

_GUIDE: Final = "CloudFormation user guide: DependsOn attribute; "
_FUNCTION: Final = "AWS::Lambda::Function"
_INVOKERS: Final = (
    ("AWS::SecretsManager::RotationSchedule", "RotationLambdaARN", "secretsmanager.amazonaws.com"),
    ("AWS::Logs::SubscriptionFilter", "DestinationArn", "logs."),
    ("AWS::Config::ConfigRule", "Source.SourceIdentifier", "config.amazonaws.com"),
    ("AWS::S3::Bucket", "NotificationConfiguration.LambdaConfigurations.*.Function", "s3."),
)
"""Types that try to invoke a function while they are created, and the service's principal."""


@rule(
    "DEPLOY-ORDER-PERMISSION",
    "A function that is tried before the permission to invoke it may exist",
    types=tuple(kind for kind, _, _ in _INVOKERS),
    source=_GUIDE + "Secrets Manager user guide: Lambda rotation function permissions; S3 user "
    "guide: Granting permissions to publish event notification messages",
)
def permission_rule(context: Context) -> Iterator[Hit]:
    for kind, path, service in _INVOKERS:
        for resource in context.of_type(kind):
            for where, value in expand(resource, path):
                function = context.target(value, _FUNCTION)
                given = [
                    permission
                    for permission in context.of_type("AWS::Lambda::Permission")
                    if function
                    and context.target(permission.get("FunctionName")) is function
                    and str(permission.get("Principal")).startswith(service)
                ]
                before = context.order.before(resource.logical_id)
                if given and not before & {one.logical_id for one in given}:
                    yield hit(
                        resource,
                        where,
                        f"nothing makes it wait for {given[0].logical_id}: the service tries to "
                        "invoke the function while this is created, and refuses",
                        f"set DependsOn: {given[0].logical_id}",
                    )


_LOG_BUCKETS: Final = (
    ("AWS::CloudTrail::Trail", "S3BucketName"),
    ("AWS::Config::DeliveryChannel", "S3BucketName"),
    ("AWS::Redshift::Cluster", "LoggingProperties.BucketName"),
)
_BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"


@rule(
    "DEPLOY-ORDER-BUCKET-POLICY",
    "Log delivery that is tried before the bucket's policy may allow it",
    types=(_BALANCER, *(kind for kind, _ in _LOG_BUCKETS)),
    source=_GUIDE + "Elastic Load Balancing user guide: Access logs (Access Denied for bucket)",
)
def bucket_policy_rule(context: Context) -> Iterator[Hit]:
    policies: dict[str, list[str]] = {}
    for policy in context.of_type("AWS::S3::BucketPolicy"):
        policies.setdefault(name_of(policy.get("Bucket")), []).append(policy.logical_id)
    for resource, path, bucket in _deliveries(context) if policies else ():
        given = policies.get(bucket, [])
        if given and not context.order.before(resource.logical_id) & set(given):
            yield hit(
                resource,
                path,
                f"nothing makes it wait for {given[0]}: the service writes a test object while "
                "this is created, and is refused",
                f"set DependsOn: {given[0]}",
            )


def _deliveries(context: Context) -> Iterator[tuple[Resource, str, str]]:
    for balancer in context.of_type(_BALANCER):
        for item in balancer.items("LoadBalancerAttributes"):
            if isinstance(item, dict) and str(item.get("Key")).endswith("_logs.s3.bucket"):
                yield balancer, "LoadBalancerAttributes", name_of(item.get("Value"))
    for kind, path in _LOG_BUCKETS:
        for resource in context.of_type(kind):
            yield resource, path, name_of(resource.get(path))


_TRIED: Final = (
    (_FUNCTION, "Role", "VpcConfig"),
    ("AWS::StepFunctions::StateMachine", "RoleArn", "LoggingConfiguration"),
    ("AWS::Pipes::Pipe", "RoleArn", "Source"),
    ("AWS::ApiGateway::Account", "CloudWatchRoleArn", "CloudWatchRoleArn"),
)
"""Types whose service tries a role's permissions while they are created, if a property is set."""


@rule(
    "DEPLOY-ORDER-POLICY",
    "A role that is tried before its policy may be attached",
    types=(*(kind for kind, _, _ in _TRIED), "AWS::Lambda::EventSourceMapping"),
    source=_GUIDE + "Lambda developer guide: required permissions of the execution role",
)
def policy_rule(context: Context) -> Iterator[Hit]:
    for resource, path, role in _tried(context):
        missing = _not_waited_for(context, resource, role)
        if missing:
            yield hit(
                resource,
                path,
                f"nothing makes it wait for {', '.join(missing)}: the service tries what "
                f"{role.logical_id} may do while this is created",
                f"set DependsOn: [{', '.join(missing)}]",
            )


def _tried(context: Context) -> Iterator[tuple[Resource, str, Resource]]:
    for kind, path, asks in _TRIED:
        for resource in context.of_type(kind):
            role = context.access.role(resource.get(path))
            if role and resource.get(asks) is not None:
                yield resource, path, role
    for mapping in context.of_type("AWS::Lambda::EventSourceMapping"):
        function = context.target(mapping.get("FunctionName"), _FUNCTION)
        role = context.access.role(function.get("Role")) if function else None
        if role:
            yield mapping, "FunctionName", role


@rule(
    "DEPLOY-ORDER-POLICY-USED",
    "A task or custom resource that may run before its role has its policy",
    types=("AWS::ECS::Service", "AWS::CloudFormation::CustomResource"),
    severity=Severity.WARNING,
    source=_GUIDE + "IAM policies are resources of their own",
)
def policy_used_rule(context: Context) -> Iterator[Hit]:
    for resource, path, role in _used(context):
        missing = _not_waited_for(context, resource, role)
        if missing:
            yield hit(
                resource,
                path,
                f"nothing makes it wait for {', '.join(missing)}: it may run before "
                f"{role.logical_id} has its permissions",
                f"set DependsOn: [{', '.join(missing)}]",
            )


def _used(context: Context) -> Iterator[tuple[Resource, str, Resource]]:
    for service in context.of_type("AWS::ECS::Service"):
        task = context.target(service.get("TaskDefinition"), "AWS::ECS::TaskDefinition")
        for path in ("ExecutionRoleArn", "TaskRoleArn"):
            role = context.access.role(task.get(path)) if task else None
            if role:
                yield service, "TaskDefinition", role
    for custom, function in context.custom_resources:
        role = context.access.role(function.get("Role"))
        if role:
            yield custom, "ServiceToken", role


def _not_waited_for(context: Context, resource: Resource, role: Resource) -> list[str]:
    """Return the policies that name a role and that a resource does not wait for."""
    before = context.order.before(resource.logical_id)
    attached = context.access.attached(role)
    return [
        policy.logical_id
        for policy in attached
        if policy.logical_id not in before
        and not context.order.waits_for(policy, resource)  # it is about what is created here
    ]
