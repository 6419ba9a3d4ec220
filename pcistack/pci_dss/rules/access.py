"""Requirement 7: the least privilege, named, and open to nobody by default."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit, hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.policies.statements import IDENTITY_POLICIES, RESOURCE_POLICIES, Statement
from pcistack.template.view import Partial


def _identity(context: Context) -> Iterator[Statement]:
    for resource in context.of_type(*IDENTITY_POLICIES):
        for statement in context.statements.get(resource.logical_id, ()):
            if statement.allows and "AssumeRolePolicyDocument" not in statement.path:
                yield statement


def _at(statement: Statement, message: str, severity: Severity | None = None) -> Hit:
    return Hit(
        resource=statement.resource,
        property=statement.path,
        message=message,
        severity=severity,
    )


@rule(
    "PCI-7.2.5-ACTION-WILDCARD",
    "No policy gives all actions, of a service or at all",
    asks="Application and system accounts have the least privilege their work needs.",
    requirements=("7.2.5", "7.2.2"),
    related=(
        "IAM.1",
        "IAM.21",
    ),
    types=IDENTITY_POLICIES,
    fix="Name the actions.",
)
def action_wildcard(context: Context) -> Iterator[Hit]:
    for statement in _identity(context):
        wide = [a for a in statement.actions if a == "*" or a.endswith(":*")]
        if wide:
            yield _at(statement, f"allows {', '.join(wide)}")
        if "NotAction" in statement.inverted:
            yield _at(statement, "allows everything but some actions (NotAction)")
    for statement in _resource_policies(context):
        wide = [a for a in statement.actions if a == "*" or a.endswith(":*")]
        if wide and not statement.everyone:
            yield _at(statement, f"allows {', '.join(wide)}", Severity.WARNING)


_NAMED: Final = (
    *("s3:getobject*", "s3:putobject*", "s3:deleteobject*", "s3:listbucket", "s3:putbucketpolicy"),
    *("kms:decrypt", "kms:encrypt", "kms:generatedatakey*", "kms:reencrypt*", "kms:creategrant"),
    *("secretsmanager:getsecretvalue", "secretsmanager:putsecretvalue"),
    *("secretsmanager:describesecret", "secretsmanager:updatesecret*"),
    *("ssm:getparameter*", "ssm:putparameter", "ssm:sendcommand", "ssm:startsession"),
    *("sqs:sendmessage", "sqs:receivemessage", "sqs:deletemessage", "sns:publish"),
    *("dynamodb:*item", "dynamodb:query", "dynamodb:scan"),
    *("rds:modifydb*", "rds:deletedb*", "rds-db:connect", "rds-data:*"),
    *("iam:passrole", "iam:createrole", "iam:put*policy", "iam:attach*policy", "sts:assumerole"),
    *("lambda:invokefunction", "lambda:updatefunction*", "ecs:updateservice", "ecs:runtask"),
    *("ecs:executecommand", "logs:createlogstream", "logs:putlogevents", "logs:deletelog*"),
    *("logs:putretentionpolicy", "logs:deleteretentionpolicy"),
    *("ec2:authorizesecuritygroup*", "ec2:revokesecuritygroup*", "ec2:terminateinstances"),
    *("kinesis:putrecord*", "kinesis:getrecords", "states:startexecution", "events:putevents"),
)
"""Actions that read or change what matters, and that can be limited to a resource."""


def _any_resource(resource: str) -> bool:
    """Whether a resource is every resource, of a kind or at all: ``arn:aws:logs:*:*:*``."""
    if resource == "*":
        return True
    parts = resource.split(":", 5)
    return len(parts) == 6 and parts[5] in ("*", "log-group:*", "secret:*", "key/*", "role/*")


@rule(
    "PCI-7.2.5-RESOURCE-WILDCARD",
    "Policies name the resources that they open",
    asks="Application and system accounts have the least privilege their work needs.",
    requirements=("7.2.5", "7.2.6", "7.2.2"),
    related=(
        "KMS.1",
        "KMS.2",
    ),
    types=IDENTITY_POLICIES,
    fix="Name the ARN in Resource, or limit it by a condition.",
)
def resource_wildcard(context: Context) -> Iterator[Hit]:
    for statement in _identity(context):
        if statement.condition or "*" in statement.actions:
            continue
        if not any(_any_resource(r) for r in statement.resources) and (
            "NotResource" not in statement.inverted
        ):
            continue
        wide = [
            action
            for action in statement.actions
            if any(fnmatch.fnmatchcase(action, pattern) for pattern in _NAMED)
        ]
        if wide:
            yield _at(statement, f"allows {', '.join(wide)} on every resource")


_BROAD_POLICIES: Final = (
    "AdministratorAccess",
    "PowerUserAccess",
    "IAMFullAccess",
    "SecretsManagerReadWrite",
)


@rule(
    "PCI-7.2.5-BROAD-POLICY",
    "No role has one of AWS's broad policies",
    asks="Application and system accounts have the least privilege their work needs.",
    requirements=("7.2.5", "7.2.2"),
    related=("IAM.1",),
    types=("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"),
    fix="Write a policy with the actions and resources that are needed.",
)
def broad_policy(context: Context) -> Iterator[Hit]:
    for resource in context.of_type("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"):
        for index, item in enumerate(resource.items("ManagedPolicyArns")):
            name = str(item).rsplit("/", 1)[-1] if isinstance(item, str) else ""
            if name in _BROAD_POLICIES or (name.endswith("FullAccess") and "<" not in name):
                yield hit(resource, f"ManagedPolicyArns.{index}", f"{name} is attached")


_PUBLIC_NARROWING: Final = (
    *("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceowner"),
    *("aws:principalorgid", "aws:principalaccount", "aws:principalarn", "aws:principalorgpaths"),
    *("aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "kms:calleraccount"),
    *("aws:sourceip", "aws:userid", "lambda:eventsourcetoken", "elasticfilesystem:accessed"),
    *("secretsmanager:vpc", "ecr:", "sns:endpoint"),
)


def _resource_policies(context: Context) -> Iterator[Statement]:
    for resource in context.of_type(*RESOURCE_POLICIES):
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
    types=(*RESOURCE_POLICIES, "AWS::IAM::Role"),
    extent=Extent.FULL,
    fix="Name the principals, or add a condition such as aws:SourceAccount.",
)
def policy_public(context: Context) -> Iterator[Hit]:
    for statement in _resource_policies(context):
        if statement.everyone and not statement.narrowed_by(*_PUBLIC_NARROWING):
            yield _at(statement, f"everyone may {', '.join(statement.actions) or 'do this'}")
        if "NotPrincipal" in statement.inverted:
            yield _at(statement, "everyone but some principals is let in (NotPrincipal)")
    for role in context.of_type("AWS::IAM::Role"):
        for statement in context.statements.get(role.logical_id, ()):
            trust = "AssumeRolePolicyDocument" in statement.path
            keys = (*_PUBLIC_NARROWING, "sts:externalid", "cognito-identity", "token.actions")
            public = trust and statement.allows and statement.everyone
            if public and not statement.narrowed_by(*keys):
                yield _at(statement, "everyone may assume the role")


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
        yield _at(statement, f"{', '.join(deputies)} may act here for any account")


def _own_prefix(statement: Statement) -> bool:
    """Log delivery writes below AWSLogs/<account>/ of its own account only."""
    return bool(statement.resources) and all(
        _OWN_PREFIX.search(resource) for resource in statement.resources
    )


@rule(
    "PCI-7.2.5-ENDPOINT-POLICY",
    "Gateway endpoints open the buckets and tables that are needed",
    asks="Only what is necessary may leave; without a policy an endpoint leads to every bucket of "
    "every account.",
    requirements=("7.2.5", "1.3.2"),
    severity=Severity.WARNING,
    types=("AWS::EC2::VPCEndpoint",),
    fix="Set PolicyDocument with the actions and ARNs that are needed.",
)
def endpoint_policy(context: Context) -> Iterator[Hit]:
    for endpoint in context.of_type("AWS::EC2::VPCEndpoint"):
        if endpoint.get("VpcEndpointType") not in (None, "Gateway"):
            continue
        statements = context.statements.get(endpoint.logical_id, ())
        if not statements and not endpoint.is_unknown("PolicyDocument"):
            yield hit(
                endpoint,
                "PolicyDocument",
                "no policy: the endpoint leads to every bucket or table of every account",
            )
        for statement in statements:
            everything = "*" in statement.resources or statement.inverted
            anything = any(action == "*" or action.endswith(":*") for action in statement.actions)
            if statement.allows and (everything or anything):
                keys = ("aws:principal", "aws:resource", "s3:resourceaccount")
                if not statement.narrowed_by(*keys):
                    yield _at(statement, "the policy opens every bucket or every action")


@rule(
    "PCI-7.2.2-USER-POLICY",
    "Users get their rights from groups or roles",
    asks="Access is assigned by job, with the least privilege needed.",
    requirements=("7.2.2", "8.6.1"),
    related=("IAM.2",),
    severity=Severity.WARNING,
    types=("AWS::IAM::User", "AWS::IAM::UserPolicy"),
    fix="Use a role; else put the user into a group that has the policy.",
)
def user_policy(context: Context) -> Iterator[Hit]:
    for user in context.of_type("AWS::IAM::User"):
        for path in ("Policies", "ManagedPolicyArns"):
            if user.items(path):
                yield hit(user, path, "a policy is attached to the user itself")
    for policy in context.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        if policy.items("Users"):
            yield hit(policy, "Users", "the policy is attached to users")


@rule(
    "PCI-7.2.1-POLICY-READABLE",
    "Policies can be read from the template",
    asks="Access follows a model that can be reviewed.",
    requirements=("7.2.1",),
    severity=Severity.WARNING,
    types=("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"),
    fix="Write the policy document into the template.",
)
def policy_readable(context: Context) -> Iterator[Hit]:
    for policy in context.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        document = policy.get("PolicyDocument")
        if policy.is_unknown("PolicyDocument") and not isinstance(document, Partial):
            yield hit(
                policy,
                "PolicyDocument",
                "what the policy allows cannot be known before the deployment",
            )
