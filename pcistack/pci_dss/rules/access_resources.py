"""Requirement 7.3: what resource policies open, to whom, and for which account services act."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit, hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.statement_hits import hit_at
from pcistack.policies.narrowing import is_every_resource, is_everything
from pcistack.policies.statements import RESOURCE_POLICIES, Statement

_PUBLIC_NARROWING: Final = (
    *("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceowner"),
    *("aws:principalorgid", "aws:principalaccount", "aws:principalarn", "aws:principalorgpaths"),
    *("aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcaccount", "aws:vpceaccount"),
    *("aws:vpceorg", "kms:calleraccount", "s3:dataaccesspointaccount", "s3:dataaccesspointarn"),
    *("aws:sourceip", "aws:userid", "lambda:eventsourcetoken", "elasticfilesystem:accessed"),
    *("elasticfilesystem:accesspointarn", "sns:endpoint", "iot:", "aws:federatedprovider"),
)
"""Keys that hold a statement for everyone to some accounts, networks or machines."""


_HOLDERS: Final = (*RESOURCE_POLICIES, "AWS::DynamoDB::GlobalTable")


def _resource_policies(context: Context) -> Iterator[Statement]:
    for resource in context.of_type(*_HOLDERS):
        for statement in context.statements.get(resource.logical_id, ()):
            if statement.allows:
                yield statement


@rule(
    "PCI-7.3.3-POLICY-PUBLIC",
    "No resource policy lets everyone in",
    asks="The access control system denies all unless allowed.",
    requirements=("7.3.3", "7.3.1", "1.4.4"),
    security_hub=(
        "S3.1",
        "Lambda.1",
    ),
    related=(
        "S3.2",
        "S3.3",
        "SQS.3",
        "SNS.4",
        "ECR.5",
    ),
    types=(
        *_HOLDERS,
        "AWS::IAM::Role",
        "AWS::Lambda::LayerVersionPermission",
        "AWS::ApiGateway::RestApi",
    ),
    extent=Extent.FULL,
    fix="Name the principals, or add a condition such as aws:SourceAccount.",
)
def policy_public(context: Context) -> Iterator[Hit]:
    for statement in _resource_policies(context):
        if statement.everyone and not statement.narrowed_by(*_PUBLIC_NARROWING):
            yield hit_at(statement, f"everyone may {', '.join(statement.actions) or 'do this'}")
        if "NotPrincipal" in statement.inverted:
            yield hit_at(statement, "everyone but some principals is let in (NotPrincipal)")
    for role in context.of_type("AWS::IAM::Role"):
        for statement in context.statements.get(role.logical_id, ()):
            trust = "AssumeRolePolicyDocument" in statement.path
            keys = (*_PUBLIC_NARROWING, "sts:externalid", "cognito-identity", "token.actions")
            public = trust and statement.allows and statement.everyone
            if public and not statement.narrowed_by(*keys):
                yield hit_at(statement, "everyone may assume the role")
            if trust and statement.allows and "NotPrincipal" in statement.inverted:
                yield hit_at(statement, "everyone but some principals may assume the role")
    yield from _private_apis(context)
    for permission in context.of_type("AWS::Lambda::LayerVersionPermission"):
        if permission.get("Principal") == "*" and permission.get("OrganizationId") is None:
            yield hit(
                permission,
                "Principal",
                "everyone may use the layer and read what is in it",
                severity=Severity.WARNING,
            )


def _private_apis(context: Context) -> Iterator[Hit]:
    """A private API is open to the endpoints of every account, unless its policy says otherwise."""
    for api in context.of_type("AWS::ApiGateway::RestApi"):
        if "PRIVATE" not in [str(one) for one in api.items("EndpointConfiguration.Types")]:
            continue
        statements = context.statements.get(api.logical_id, ())
        keys = ("aws:sourcevpc", "aws:sourcevpce", *_PUBLIC_NARROWING)
        denied = any(
            not one.allows and "sourcevpc" in str(one.written).lower() for one in statements
        )
        for statement in statements if not denied else ():
            if statement.allows and statement.everyone and not statement.narrowed_by(*keys):
                yield hit_at(statement, "endpoints of every account may call the private API")


_ON_BEHALF: Final = frozenset(
    {
        *("vpc-flow-logs.amazonaws.com", "monitoring.rds.amazonaws.com", "ecs-tasks.amazonaws.com"),
        *("delivery.logs.amazonaws.com", "cloudtrail.amazonaws.com", "config.amazonaws.com"),
        *("cloudwatch.amazonaws.com", "events.rds.amazonaws.com", "sns.amazonaws.com"),
        *("events.amazonaws.com", "scheduler.amazonaws.com", "s3.amazonaws.com"),
        *("secretsmanager.amazonaws.com", "logdelivery.elasticloadbalancing.amazonaws.com"),
        *("logging.s3.amazonaws.com", "backup.amazonaws.com", "budgets.amazonaws.com"),
    }
)
"""Services that AWS documents as a possible confused deputy: they act for other accounts too."""

# a stack that is bound to an account has its number instead of the pseudo parameter
_OWN_PREFIX: Final = re.compile(r"AWSLogs/(<AWS::AccountId>|[0-9]{12})/")
_SOURCE: Final = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")
_HARMLESS: Final = frozenset({"s3:getbucketacl", "s3:listbucket", "s3:getbucketlocation"})


@rule(
    "PCI-7.2.5-CONFUSED-DEPUTY",
    "AWS services act for this account only",
    asks="Application and system accounts have the least privilege; a service that acts for many "
    "accounts is held to one.",
    requirements=("7.2.5", "7.3.1"),
    severity=Severity.WARNING,
    types=("AWS::IAM::Role", *RESOURCE_POLICIES, "AWS::Lambda::Permission"),
    fix="Add the condition StringEquals aws:SourceAccount (for Lambda: SourceAccount or "
    "SourceArn).",
)
def confused_deputy(context: Context) -> Iterator[Hit]:
    for role in context.of_type("AWS::IAM::Role"):
        for statement in context.statements.get(role.logical_id, ()):
            if "AssumeRolePolicyDocument" in statement.path and statement.allows:
                yield from _deputies(statement)
    for statement in _resource_policies(context):
        if not set(statement.actions) <= _HARMLESS and not _own_prefix(statement):
            yield from _deputies(statement)
    for permission in context.of_type("AWS::Lambda::Permission"):
        principal = permission.get("Principal")
        is_service = isinstance(principal, str) and principal.endswith(".amazonaws.com")
        if is_service and not permission.get("SourceAccount") and not permission.get("SourceArn"):
            yield hit(
                permission, "SourceAccount", f"{principal} may invoke the function for any account"
            )


def _deputies(statement: Statement) -> Iterator[Hit]:
    deputies = [service for service in statement.services if service in _ON_BEHALF]
    if deputies and not statement.narrowed_by(*_SOURCE):
        yield hit_at(statement, f"{', '.join(deputies)} may act here for any account")


def _own_prefix(statement: Statement) -> bool:
    """Log delivery writes below AWSLogs/<account>/ of its own account only."""
    return bool(statement.resources) and all(
        _OWN_PREFIX.search(resource) for resource in statement.resources
    )


@rule(
    "PCI-7.2.5-ENDPOINT-POLICY",
    "Endpoints open the buckets, tables and queues that are needed",
    asks="Only what is necessary may leave; without a policy an endpoint leads to every bucket, "
    "table, queue or stream of every account.",
    requirements=("7.2.5", "1.3.2"),
    severity=Severity.WARNING,
    types=("AWS::EC2::VPCEndpoint",),
    fix="Set PolicyDocument with the actions and ARNs that are needed.",
)
def endpoint_policy(context: Context) -> Iterator[Hit]:
    for endpoint in context.of_type("AWS::EC2::VPCEndpoint"):
        gateway = endpoint.get("VpcEndpointType") in (None, "Gateway")
        if not gateway and not _carries_data(endpoint.get("ServiceName")):
            continue
        statements = context.statements.get(endpoint.logical_id, ())
        if not statements and not endpoint.is_unknown("PolicyDocument"):
            yield hit(
                endpoint,
                "PolicyDocument",
                "no policy: the endpoint leads to every bucket, table, queue or stream of every "
                "account",
            )
        for statement in statements:
            everything = statement.inverted or any(map(is_every_resource, statement.resources))
            anything = any(is_everything(one.partition(":")[2] or one) for one in statement.actions)
            if statement.allows and (everything or anything):
                keys = ("aws:principal", "aws:resource", "s3:resourceaccount")
                if not statement.narrowed_by(*keys):
                    yield hit_at(statement, "the policy opens every resource or every action")


_CARRIERS: Final = frozenset(
    {
        *("s3", "s3express", "s3-global", "dynamodb", "sqs", "sns", "kinesis-streams", "events"),
        *("kinesis-firehose", "lambda", "states", "execute-api", "dynamodb-streams", "ebs"),
        *("elasticfilesystem", "datasync", "transfer", "s3tables", "timestream"),
    }
)
"""Services that take data for whichever account asks, by the last word of the endpoint's name."""


def _carries_data(service: object) -> bool:
    """Whether data can leave to another account through an endpoint for a service."""
    words = str(service).split(".") if isinstance(service, str) else []
    return bool(words) and "vpce-svc" not in str(service) and words[-1] in _CARRIERS
