"""Requirement 7: the least privilege, named, and open to nobody by default."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.sensitive_actions import matters
from pcistack.pci_dss.statement_hits import hit_at
from pcistack.policies.narrowing import arn_parts, is_every_resource, is_everything
from pcistack.policies.statements import IDENTITY_POLICIES, RESOURCE_POLICIES, Statement
from pcistack.template.view import Partial


def _identity(context: Context) -> Iterator[Statement]:
    for resource in context.of_type(*IDENTITY_POLICIES):
        for statement in context.statements.get(resource.logical_id, ()):
            if statement.allows and "AssumeRolePolicyDocument" not in statement.path:
                yield statement


def _wide(statement: Statement) -> list[str]:
    """Return the actions that are all of a service's, or all at all, in whatever spelling."""
    return [
        action
        for action in statement.actions
        if is_everything(action) or is_everything(action.partition(":")[2])
    ]


@rule(
    "PCI-7.2.5-ACTION-WILDCARD",
    "No policy gives all actions, of a service or at all",
    asks="Application and system accounts have the least privilege their work needs.",
    requirements=("7.2.5", "7.2.2"),
    related=(
        "IAM.1",
        "IAM.21",
    ),
    types=(*IDENTITY_POLICIES, *RESOURCE_POLICIES),
    fix="Name the actions.",
)
def action_wildcard(context: Context) -> Iterator[Hit]:
    for statement in _identity(context):
        wide = _wide(statement)
        if wide:
            yield hit_at(statement, f"allows {', '.join(wide)}")
        if "NotAction" in statement.inverted:
            yield hit_at(statement, "allows everything but some actions (NotAction)")
    for resource in context.of_type(*RESOURCE_POLICIES):
        for statement in context.statements.get(resource.logical_id, ()):
            wide = _wide(statement) if statement.allows and not statement.everyone else []
            if wide:
                yield hit_at(statement, f"allows {', '.join(wide)}", Severity.WARNING)


_CHOOSING: Final = (
    *("aws:resourcetag", "kms:viaservice", "kms:encryptioncontext", "kms:resourcealiases"),
    *("kms:requestalias", "kms:grantisforawsresource"),
    *("iam:passedtoservice", "iam:associatedresourcearn", "iam:permissionsboundary"),
    *("iam:policyarn", "iam:resourcetag", "secretsmanager:secretid", "secretsmanager:name"),
    *("secretsmanager:resourcetag", "dynamodb:leadingkeys", "ecs:cluster", "ecs:service"),
    *("ecs:resourcetag", "ecs:container-name", "ec2:resourcetag", "ec2:vpc", "ec2:subnet"),
    *("ec2:instanceprofile", "ssm:resourcetag", "ssm:documentname", "rds:", "sts:externalid"),
    *("aws:calledvia", "lambda:functionarn", "lambda:functionurl", "sns:endpoint", "s3:existing"),
    *("s3:dataaccesspointarn", "events:", "cloudwatch:namespace", "elasticfilesystem:accesspoint"),
    *("cloudformation:", "autoscaling:resourcetag", "servicecatalog:", "sqs:", "logs:"),
    *("sagemaker:resourcetag", "backup:copytargets", "ram:", "route53:changeresourcerecordsets"),
)
"""Condition keys that choose among resources; who asks, from where and when does not."""


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
    fix="Name the ARN in Resource, or limit it by a condition on the resource "
    "(aws:ResourceTag/..., kms:ViaService, iam:PassedToService).",
)
def resource_wildcard(context: Context) -> Iterator[Hit]:
    for statement in _identity(context):
        yield from _any_account(statement)
        everything = any(is_every_resource(one) for one in statement.resources)
        if not everything and "NotResource" not in statement.inverted:
            continue
        named = [one for one in statement.actions if matters(one) and one not in _wide(statement)]
        if named and not statement.narrowed_by(*_CHOOSING):
            yield hit_at(statement, f"allows {', '.join(named)} on every resource")


def _any_account(statement: Statement) -> Iterator[Hit]:
    """Yield a statement by which roles of every account may be assumed, under some name."""
    if not any(statement.allows_action(action) for action in _ASSUMES):
        return
    for text in statement.resources:
        parts = arn_parts(text)
        if len(parts) == 6 and parts[2] == "iam" and "*" in parts[4]:
            yield hit_at(statement, f"{text}: a role of that name in any account may be assumed")


_ASSUMES: Final = ("sts:AssumeRole", "sts:TagSession")
_BROAD_POLICIES: Final = frozenset(
    {
        *("AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "SecretsManagerReadWrite"),
        *("DatabaseAdministrator", "SystemAdministrator", "DataScientist", "NetworkAdministrator"),
        *("AWSKeyManagementServicePowerUser", "AmazonEC2RoleforDataPipelineRole"),
    }
)
_READING: Final = frozenset(
    {
        *("ReadOnlyAccess", "AmazonS3ReadOnlyAccess", "AmazonDynamoDBReadOnlyAccess"),
        *("AmazonSSMReadOnlyAccess", "AmazonSQSReadOnlyAccess", "AmazonKinesisReadOnlyAccess"),
        *("AmazonEC2RoleforSSM", "CloudWatchLogsReadOnlyAccess", "AmazonRDSReadOnlyAccess"),
        *("AmazonS3ObjectLambdaExecutionRolePolicy", "AmazonRedshiftReadOnlyAccess"),
        *("AmazonEC2ContainerRegistryPowerUser", "AWSCodeCommitPowerUser", "ViewOnlyAccess"),
    }
)
"""Policies that read the data of every resource of the account, or nearly."""

_ATTACHED: Final = {
    "AWS::IAM::Role": "ManagedPolicyArns",
    "AWS::IAM::User": "ManagedPolicyArns",
    "AWS::IAM::Group": "ManagedPolicyArns",
    "AWS::SSO::PermissionSet": "ManagedPolicies",
    "AWS::Serverless::Function": "Policies",
    "AWS::Serverless::StateMachine": "Policies",
}


@rule(
    "PCI-7.2.5-BROAD-POLICY",
    "No role has one of AWS's broad policies",
    asks="Application and system accounts have the least privilege their work needs.",
    requirements=("7.2.5", "7.2.2"),
    related=("IAM.1",),
    types=tuple(_ATTACHED),
    fix="Write a policy with the actions and resources that are needed.",
)
def broad_policy(context: Context) -> Iterator[Hit]:
    for kind, path in _ATTACHED.items():
        for resource in context.of_type(kind):
            for index, item in enumerate(resource.items(path)):
                name = str(item).rsplit("/", 1)[-1] if isinstance(item, str) else ""
                if name in _BROAD_POLICIES or (name.endswith("FullAccess") and "<" not in name):
                    yield hit(resource, f"{path}.{index}", f"{name} is attached")
                elif name in _READING:
                    yield hit(
                        resource,
                        f"{path}.{index}",
                        f"{name} is attached: it reads every resource of the account",
                        severity=Severity.WARNING,
                    )


@rule(
    "PCI-7.2.5-BOUNDARY",
    "A boundary of permissions bounds something",
    asks="Application and system accounts have the least privilege their work needs.",
    requirements=("7.2.5",),
    severity=Severity.WARNING,
    types=("AWS::IAM::Role", "AWS::IAM::User"),
    fix="Name a policy that allows what such a role may have at most.",
)
def boundary(context: Context) -> Iterator[Hit]:
    for resource in context.of_type("AWS::IAM::Role", "AWS::IAM::User"):
        value = resource.get("PermissionsBoundary")
        name = str(value).rsplit("/", 1)[-1] if isinstance(value, str) else ""
        if name in ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess"):
            yield hit(resource, "PermissionsBoundary", f"{name} bounds nothing")


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
