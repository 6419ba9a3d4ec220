"""Requirement 10: logs are written, encrypted, kept for a year, and cannot be changed."""

from __future__ import annotations

import fnmatch
import re
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
    must_be_true,
    show,
)
from pcistack.pci_dss import accepted, audit_settings
from pcistack.pci_dss.context import Context, attributes
from pcistack.pci_dss.log_groups import exported_group, group_of, insights
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import types_of, wrong
from pcistack.policies.statements import Statement
from pcistack.template.references import name_of
from pcistack.template.view import Partial, Resource, Value


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


# AWS's policies that let a function make log groups: they allow logs:CreateLogGroup on "*".
_MAKES_GROUPS: Final = re.compile(
    r"AWSLambda\w*ExecutionRole|AWSLambdaExecute|CloudWatch(Logs)?FullAccess(V2)?"
    r"|PowerUserAccess|AdministratorAccess"
)
_CREATE: Final = "logs:CreateLogGroup"


@rule(
    "PCI-10.3.1-LOG-GROUP-RETURNS",
    "No function can make its log group again once it is deleted",
    asks="Logs are protected and kept; what a function still writes while its stack is deleted "
    "must not bring its log group back, without your key and for ever.",
    requirements=("10.3.1", "10.5.1", "3.2.1"),
    severity=Severity.WARNING,
    types=(
        "AWS::Lambda::Function",
        "AWS::IAM::Role",
        "AWS::IAM::Policy",
        "AWS::IAM::ManagedPolicy",
    ),
    fix="Give the function's role logs:CreateLogStream and logs:PutLogEvents on its log group, in "
    "place of logs:CreateLogGroup or AWSLambdaBasicExecutionRole. The next deployment of the same "
    "name fails otherwise, because the group already exists (aws/aws-cdk#31487).",
)
def log_group_returns(context: Context) -> Iterator[Hit]:
    for function in context.of_type("AWS::Lambda::Function"):
        group = _own_group(context, function)
        role = context.target(function.get("Role"))
        if group is None or role is None:
            continue
        statements = [
            statement
            for statement in _statements_of(context, role)
            if statement.allows_action(_CREATE) and _covers(statement, group)
        ]
        if any(not statement.allows for statement in statements):
            continue
        message = f"{role.logical_id} may make {group.logical_id} again when it is deleted"
        for statement in statements:
            yield Hit(resource=statement.resource, property=statement.path, message=message)
        for index, item in enumerate(role.items("ManagedPolicyArns")):
            name = str(item).rpartition("/")[2] if isinstance(item, str) else ""
            if _MAKES_GROUPS.fullmatch(name):
                yield hit(role, f"ManagedPolicyArns.{index}", f"{message}: {name} allows {_CREATE}")


def _own_group(context: Context, function: Resource) -> Resource | None:
    """Return the log group of the template that a function writes to, if there is one."""
    named = function.get("LoggingConfig.LogGroup")
    if named is None:
        return _default_group(context, function)
    for group in context.of_type("AWS::Logs::LogGroup"):
        name = group.get("LogGroupName")
        if name_of(named) == group.logical_id or (
            isinstance(name, str) and str(name) == str(named)
        ):
            return group
    return None


def _default_group(context: Context, function: Resource) -> Resource | None:
    """Return the log group of the template that Lambda writes to if none is named."""
    return group_of(context, "/aws/lambda/", function, "FunctionName")


_ATTACHED: Final = {
    "AWS::IAM::Policy": "Roles",
    "AWS::IAM::ManagedPolicy": "Roles",
    "AWS::IAM::RolePolicy": "RoleName",
}


def _statements_of(context: Context, role: Resource) -> Iterator[Statement]:
    """Yield the statements of a role's policies, as far as the template has them."""
    holders = {role.logical_id: None}
    for kind, path in _ATTACHED.items():
        holders |= dict.fromkeys(
            holder.logical_id for holder in context.pointing(kind, path, role.logical_id)
        )
    holders |= dict.fromkeys(name_of(item) for item in role.items("ManagedPolicyArns"))
    for holder in holders:
        for statement in context.statements.get(holder, ()):
            if "AssumeRolePolicyDocument" not in statement.path:
                yield statement


def _covers(statement: Statement, group: Resource) -> bool:
    """Whether a statement is about a log group; a name that is not known matches every wildcard."""
    return not statement.resources or any(_matches(item, group) for item in statement.resources)


def _matches(resource: str, group: Resource) -> bool:
    if resource == group.logical_id or f"<{group.logical_id}" in resource:
        return True
    _, named, rest = resource.partition(":log-group:")
    name = group.get("LogGroupName")
    if not named or not isinstance(name, str):
        return "*" in (rest if named else resource)
    return fnmatch.fnmatchcase(str(name), rest.partition(":")[0])


@rule(
    "PCI-10.2.1-FLOW-LOGS",
    "Every VPC logs all of its traffic",
    asks="Audit logs are on for all components; network traffic is part of the record.",
    requirements=("10.2.1", "10.2.2"),
    related=("EC2.6",),
    types=("AWS::EC2::VPC", "AWS::EC2::FlowLog", "AWS::EC2::TransitGateway"),
    extent=Extent.FULL,
    fix="Add AWS::EC2::FlowLog with ResourceType VPC and TrafficType ALL.",
)
def flow_logs(context: Context) -> Iterator[Hit]:
    logged: set[str] = set()
    for log in context.of_type("AWS::EC2::FlowLog"):
        traffic = log.get("TrafficType")
        if traffic not in ("ALL", None) or (
            traffic is None and not str(log.get("ResourceType")).startswith("TransitGateway")
        ):
            yield hit(log, "TrafficType", f"TrafficType is {show(traffic)}, not ALL")
        if log.get("ResourceType") == "VPC" and _destination(log):
            logged.add(name_of(log.get("ResourceId")))
        elif not _destination(log):
            yield hit(log, "LogDestination", "the flow log has no destination")
    for vpc in context.of_type("AWS::EC2::VPC"):
        if vpc.logical_id not in logged:
            yield Hit(resource=vpc.logical_id, message="no flow log records its traffic")
    recorded = {name_of(log.get("ResourceId")) for log in context.of_type("AWS::EC2::FlowLog")}
    for gateway in context.of_type("AWS::EC2::TransitGateway"):
        if gateway.logical_id not in recorded:
            message = "no flow log records what passes it"
            yield hit(gateway, "", message, severity=Severity.WARNING)


def _destination(log: Resource) -> bool:
    kind = log.get("LogDestinationType")
    if kind in (None, "cloud-watch-logs"):
        where = log.get("LogGroupName") or log.get("LogDestination")
        return bool(where) and bool(log.get("DeliverLogsPermissionArn"))
    return bool(log.get("LogDestination"))


@rule(
    "PCI-10.2.1-BALANCER-LOGS",
    "Load balancers log every request",
    asks="Audit logs are on for all components that face the internet.",
    requirements=("10.2.1", "10.4.2"),
    related=("ELB.5",),
    types=(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElasticLoadBalancing::LoadBalancer",
    ),
    extent=Extent.FULL,
    fix="Set the attributes access_logs.s3.enabled true and access_logs.s3.bucket.",
)
def balancer_logs(context: Context) -> Iterator[Hit]:
    for balancer in context.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        if balancer.get("Type") == "gateway" or _only_passes(context, balancer):
            continue
        found = attributes(balancer)
        on = str(found.get("access_logs.s3.enabled")).lower() == "true"
        if not on or not found.get("access_logs.s3.bucket"):
            yield hit(
                balancer,
                "LoadBalancerAttributes",
                f"access_logs.s3.enabled is {show(found.get('access_logs.s3.enabled'))}, "
                f"access_logs.s3.bucket {show(found.get('access_logs.s3.bucket'))}",
            )
    for balancer in context.of_type("AWS::ElasticLoadBalancing::LoadBalancer"):
        yield from must_be_true(balancer, "AccessLoggingPolicy.Enabled")


def _only_passes(context: Context, balancer: Resource) -> bool:
    """Whether it is a network load balancer without TLS: such a one has no access log to write."""
    if balancer.get("Type") != "network":
        return False
    listeners = context.pointing(
        "AWS::ElasticLoadBalancingV2::Listener", "LoadBalancerArn", balancer.logical_id
    )
    return all(listener.get("Protocol") in ("TCP", "UDP", "TCP_UDP") for listener in listeners)


@rule(
    "PCI-10.2.1-BALANCER-LOG-BUCKET",
    "The bucket of the load balancer's log can take it",
    asks="Audit logs are active: a load balancer delivers to buckets with S3's own keys only, and "
    "drops its log otherwise.",
    requirements=("10.2.1",),
    types=("AWS::S3::Bucket",),
    extent=Extent.FULL,
    fix="Use SSEAlgorithm AES256 for this one bucket.",
)
def balancer_log_bucket(context: Context) -> Iterator[Hit]:
    path = "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault"
    for name, source in context.log_buckets.items():
        bucket = context.view.resources[name]
        algorithm = bucket.get(f"{path}.SSEAlgorithm")
        if source == "load balancer" and algorithm not in (None, "AES256"):
            yield Hit(
                resource=name,
                property=f"{path}.SSEAlgorithm",
                message=f"SSEAlgorithm is {show(algorithm)}; access logs would not arrive",
            )


@rule(
    "PCI-10.3.2-LOG-BUCKET-VERSIONED",
    "Buckets that hold logs keep every version",
    asks="Log files are protected from modification.",
    requirements=("10.3.2", "10.3.3"),
    related=("S3.14",),
    types=("AWS::S3::Bucket",),
    fix="Set VersioningConfiguration.Status: Enabled, or ObjectLockEnabled: true.",
)
def log_bucket_versioned(context: Context) -> Iterator[Hit]:
    for name in context.log_buckets:
        bucket = context.view.resources[name]
        locked = bucket.flag("ObjectLockEnabled") is True
        if bucket.get("VersioningConfiguration.Status") != "Enabled" and not locked:
            yield Hit(
                resource=name,
                property="VersioningConfiguration.Status",
                message=f"Status is {show(bucket.get('VersioningConfiguration.Status'))}; a log "
                "can be overwritten without a trace",
            )


@rule(
    "PCI-10.5.1-LOG-BUCKET-RETENTION",
    "Buckets that hold logs keep them for 12 months, then delete them",
    asks="Audit logs are kept for at least 12 months.",
    requirements=("10.5.1", "3.2.1"),
    related=(
        "S3.10",
        "S3.13",
    ),
    types=("AWS::S3::Bucket",),
    extent=Extent.FULL,
    fix="Give it a lifecycle rule with ExpirationInDays of 365 or more.",
)
def log_bucket_retention(context: Context) -> Iterator[Hit]:
    for name in context.log_buckets:
        bucket = context.view.resources[name]
        rules = [
            item
            for item in bucket.items("LifecycleConfiguration.Rules")
            if isinstance(item, dict) and item.get("Status") == "Enabled"
        ]
        days = [value for item in rules if (value := item.get("ExpirationInDays")) is not None]
        path = "LifecycleConfiguration.Rules"
        if not days:
            yield Hit(
                resource=name,
                property=path,
                message="no rule deletes logs; they are kept for ever",
                severity=Severity.WARNING,
            )
        for value in days:
            number = float(value) if isinstance(value, int | float) else None
            if number is None and isinstance(value, str) and value.isdigit():
                number = float(value)
            if number is None or number < accepted.LOG_DAYS:
                problem = UNRESOLVED if number is None else f"is {counted(number, 'day')}"
                yield Hit(
                    resource=name,
                    property=path,
                    message=f"the expiration {problem}; {accepted.LOG_DAYS} days are asked for",
                )


@rule(
    "PCI-10.2.1-CONTAINER-LOGS",
    "Every container's output is logged",
    asks="Audit logs are on for all components.",
    requirements=("10.2.1",),
    related=("ECS.9",),
    types=("AWS::ECS::TaskDefinition",),
    extent=Extent.FULL,
    fix="Set LogConfiguration with the awslogs driver and a log group of the template.",
)
def container_logs(context: Context) -> Iterator[Hit]:
    for task in context.of_type("AWS::ECS::TaskDefinition"):
        for index, container in enumerate(task.items("ContainerDefinitions")):
            if not isinstance(container, dict):
                continue
            path = f"ContainerDefinitions.{index}.LogConfiguration"
            driver = task.get(f"{path}.LogDriver")
            group = task.get(f"{path}.Options.awslogs-group")
            if not driver or driver in ("none", "json-file") or (driver == "awslogs" and not group):
                yield hit(
                    task,
                    path,
                    f"{show(container.get('Name'))}: LogDriver is {show(driver)}, "
                    f"group {show(group)}",
                )


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
    "PCI-10.3.2-TRAIL",
    "Trails are on, complete, validated and encrypted",
    asks="Audit logs are on, protected from modification, and changes to them are noticed.",
    requirements=("10.3.2", "10.3.4", "10.2.1"),
    security_hub=(
        "CloudTrail.2",
        "CloudTrail.4",
    ),
    related=(
        "CloudTrail.1",
        "CloudTrail.5",
    ),
    types=("AWS::CloudTrail::Trail",),
    extent=Extent.FULL,
    fix="IsLogging, IsMultiRegionTrail, IncludeGlobalServiceEvents and EnableLogFileValidation "
    "true, with a KMSKeyId.",
)
def trail(context: Context) -> Iterator[Hit]:
    for one in context.of_type("AWS::CloudTrail::Trail"):
        yield from must_be_true(one, "IsLogging")
        yield from must_be_true(one, "EnableLogFileValidation")
        yield from must_be_true(one, "IsMultiRegionTrail")
        yield from must_be_set(one, "KMSKeyId", "the trail has no key of yours")


_SEARCH_DOMAINS: Final = ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain")
_ON: Final = re.compile(r"'(Enabled|Status)': (True|'true'|'ENABLED')")
# Where a kind's logs are set, what shows that one is on, and how much it matters.
_LOGS_BY_KIND: Final = {
    "AWS::EKS::Cluster": ("Logging.ClusterLogging.EnabledTypes", re.compile("'audit'"), None),
    "AWS::MSK::Cluster": ("LoggingInfo.BrokerLogs", _ON, None),
}
_DEPLOYMENT: Final = "AWS::ApiGateway::Deployment"
_SERVICE_LOGS: Final = (
    ("AWS::ApiGateway::Stage", "AccessLogSetting.DestinationArn"),
    ("AWS::ApiGatewayV2::Stage", "AccessLogSettings.DestinationArn"),
    ("AWS::CloudFront::Distribution", "DistributionConfig.Logging.Bucket"),
    ("AWS::Redshift::Cluster", "LoggingProperties"),
    ("AWS::StepFunctions::StateMachine", "LoggingConfiguration.Destinations"),
)


@rule(
    "PCI-10.2.1-SERVICE-LOGS",
    "APIs, distributions, warehouses and state machines log",
    asks="Audit logs are on for all components.",
    requirements=("10.2.1", "10.4.2"),
    security_hub=(
        "APIGateway.9",
        "CloudFront.5",
        "Redshift.4",
        "StepFunctions.1",
        "Opensearch.5",
        "ES.5",
        "EKS.8",
        "MQ.2",
        "EC2.171",
    ),
    types=(
        *(kind for kind, _ in _SERVICE_LOGS),
        _DEPLOYMENT,
        *_SEARCH_DOMAINS,
        *types_of(audit_settings.SERVICE_LOGS),
        *_LOGS_BY_KIND,
        "AWS::Transfer::Server",
    ),
    extent=Extent.FULL,
    fix="Set the property to a log group or bucket.",
)
def service_logs(context: Context) -> Iterator[Hit]:
    yield from _deployments(context)
    for kind, path in _SERVICE_LOGS:
        for resource in context.of_type(kind):
            if resource.logical_id in context.delivered or _logs_in_real_time(resource):
                continue
            yield from must_be_set(resource, path, f"{path} is not set, so nothing is logged")
    for machine in context.of_type("AWS::StepFunctions::StateMachine"):
        path = "LoggingConfiguration.Level"  # OFF is the default
        level = machine.get(path)
        if machine.items("LoggingConfiguration.Destinations") and level in (None, "OFF"):
            yield hit(machine, path, f"Level is {show(level)}, so nothing is logged")
    for domain in context.of_type(*_SEARCH_DOMAINS):
        yield from must_be_true(domain, "LogPublishingOptions.AUDIT_LOGS.Enabled")
    yield from wrong(context, audit_settings.SERVICE_LOGS)
    yield from _logs_by_kind(context)


def _deployments(context: Context) -> Iterator[Hit]:
    for deployment in context.of_type(_DEPLOYMENT):
        if deployment.get("StageName") is not None:  # it makes a stage of its own
            path = "StageDescription.AccessLogSetting.DestinationArn"
            yield from must_be_set(deployment, path, f"{path} is not set, so nothing is logged")


def _logs_by_kind(context: Context) -> Iterator[Hit]:
    for kind, (path, sign, severity) in _LOGS_BY_KIND.items():
        for resource in context.of_type(kind):
            if not sign.search(str(resource.get(path))) and not resource.is_unknown(path):
                yield hit(resource, path, "no log of it is on", severity=severity)
    for server in context.of_type("AWS::Transfer::Server"):
        if not server.get("LoggingRole") and not server.items("StructuredLogDestinations"):
            yield hit(
                server,
                "StructuredLogDestinations",
                "who sends and fetches files is not logged",
                severity=Severity.WARNING,
            )


def _logs_in_real_time(resource: Resource) -> bool:
    """Whether a distribution sends each request to a stream."""
    return bool(resource.get("DistributionConfig.DefaultCacheBehavior.RealtimeLogConfigArn"))


@rule(
    "PCI-10.2.1-BUCKET-LOGS",
    "Buckets log who reads and writes them",
    asks="Audit logs record access to data.",
    requirements=("10.2.1",),
    security_hub=("S3.9",),
    severity=Severity.WARNING,
    types=("AWS::S3::Bucket",),
    fix="Set LoggingConfiguration, or record the bucket's data events in CloudTrail.",
)
def bucket_logs(context: Context) -> Iterator[Hit]:
    for bucket in context.of_type("AWS::S3::Bucket"):
        if bucket.logical_id not in context.log_buckets:
            yield from must_be_set(bucket, "LoggingConfiguration", "access is not logged")


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
    "PCI-3.3.1-BODIES-LOGGED",
    "No API logs whole requests and responses",
    asks="Sensitive authentication data is not kept; whole bodies in a log would hold it.",
    requirements=("3.3.1", "3.5.1"),
    types=(
        "AWS::ApiGateway::Stage",
        "AWS::ApiGatewayV2::Stage",
        _DEPLOYMENT,
        "AWS::CloudFront::Distribution",
    ),
    fix="Set DataTraceEnabled: false.",
)
def bodies_logged(context: Context) -> Iterator[Hit]:
    for deployment in context.of_type(_DEPLOYMENT):
        yield from must_be_false(deployment, "StageDescription.DataTraceEnabled")
        for index in range(len(deployment.items("StageDescription.MethodSettings"))):
            path = f"StageDescription.MethodSettings.{index}.DataTraceEnabled"
            yield from must_be_false(deployment, path)
    for distribution in context.of_type("AWS::CloudFront::Distribution"):
        path = "DistributionConfig.Logging.IncludeCookies"
        if distribution.flag(path) is True:
            yield hit(distribution, path, "session cookies are logged", severity=Severity.WARNING)
    for stage in context.of_type("AWS::ApiGateway::Stage"):
        for index in range(len(stage.items("MethodSettings"))):
            yield from must_be_false(stage, f"MethodSettings.{index}.DataTraceEnabled")
    for stage in context.of_type("AWS::ApiGatewayV2::Stage"):
        routes = stage.get("RouteSettings")
        for route in routes if isinstance(routes, dict) else ():
            if str(_route(routes, route).get("DataTraceEnabled")).lower() == "true":
                yield hit(stage, "RouteSettings", f"whole requests of {route} are logged")


def _route(routes: Value, name: str) -> dict[str, Value]:
    found = routes.get(name) if isinstance(routes, dict) else None
    return found if isinstance(found, dict) else {}


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
