"""What each role of the pipeline may do, as statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pci_constructs.place import Place
from pci_constructs.policy import Condition, Statement, allow
from pcistack.account.aws import Call
from pcistack.account.verify.permissions import drift_actions
from stacks.delivery.settings import NUMBERED, Delivery

QUALIFIER: Final = "hnb659fds"
"""The CDK's, of its bootstrap roles and bucket."""

TAG: Final = "EnvironmentSuffix"

SERVICES: Final = (
    *("acm", "application-autoscaling", "cloudwatch", "ec2", "ecr", "ecs", "elasticloadbalancing"),
    *("events", "kms", "lambda", "logs", "rds", "route53", "route53resolver", "scheduler"),
    *("secretsmanager", "sns", "ssmmessages", "tag", "wafv2"),
)
"""Services that an environment is made of; a test holds them against the templates."""

DEPLOYS: Final = (
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:RollbackStack",
    "cloudformation:TagResource",
    "cloudformation:UpdateTerminationProtection",
)
"""What ``cdk deploy`` and ``cdk destroy`` ask of CloudFormation beside reading."""

READS_STACKS: Final = (
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeEvents",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackResources",
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:GetTemplateSummary",
    "cloudformation:ListStackResources",
)
"""What the CDK CLI reads of a stack."""

_ROLES: Final = (
    *("iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"),
    *("iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"),
)
"""What IAM lets one make conditional on a role's boundary."""

_KEPT_ROLES: Final = (
    *("iam:DeleteRole", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies"),
    *("iam:ListRolePolicies", "iam:ListRoleTags", "iam:TagRole", "iam:UntagRole"),
    *("iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription"),
)
_POLICIES: Final = (
    *("iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion"),
    *("iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy", "iam:ListPolicyTags"),
    *("iam:ListPolicyVersions", "iam:TagPolicy", "iam:UntagPolicy"),
)
_LINKED: Final = (
    *("ecs.amazonaws.com", "ecs.application-autoscaling.amazonaws.com"),
    *("elasticloadbalancing.amazonaws.com", "rds.amazonaws.com", "wafv2.amazonaws.com"),
)

REASONS: Final = {
    "Read": (
        "Reading calls only, each by its full name; most of them know no resource, and preflight, "
        "verify and sweep ask about the whole region."
    ),
    "DeployPullRequests": (
        "The numbers of pull requests are not known beforehand; a digit after pr keeps prod out."
    ),
    "DeployTaggedAndByTheRole": (
        "The numbers of pull requests are not known beforehand; the tag must name the environment "
        "of one, and CloudFormation must take the role whose permissions end there."
    ),
    "PublishUnderTheirOwnPrefix": (
        "Assets are named by their hashes; no other environment takes code from these prefixes."
    ),
    "WhatEnvironmentsAreMadeOf": (
        "CloudFormation makes, tags, reads and deletes what these services have; the role that cdk "
        "bootstrap makes for it may do everything. What carries the tag of another environment, "
        "and the deletion of keys and databases without a tag, are denied."
    ),
    "TheirBuckets": (
        "CloudFormation names buckets after their stack; their numbers are not known beforehand."
    ),
    "TheirCode": ("Assets are named by their hashes, under the prefix of their environment."),
    "TheirRoles": (
        "CloudFormation names roles after their stack; their numbers are not known beforehand."
    ),
    "RolesInsideTheBoundary": (
        "CloudFormation names roles after their stack; each must have the boundary, beyond which "
        "nothing that it is given has an effect."
    ),
    "RolesOfTheirNames": (
        "CloudFormation names roles after their stack; their numbers are not known beforehand."
    ),
    "PoliciesOfTheirNames": (
        "CloudFormation names policies after their stack; only roles inside the boundary get them."
    ),
    "RolesThatServicesBring": (
        "AWS names the roles of its services; only those of the services named may be made."
    ),
}
"""Why a statement has wildcards, by its id."""

READS_ALL: Final = {
    "PCI-7.2.5-RESOURCE-WILDCARD": (
        "Drift is asked of every environment, whose names are not known beforehand; what is read "
        "are settings and names, never the value of a secret nor an object."
    ),
}
"""What is accepted on what the roles read."""

ACCEPTED: Final = {
    "PCI.DSS.321-IAMPolicyNoStatementsWithFullAccess": REASONS["WhatEnvironmentsAreMadeOf"],
    "PCI-7.2.5-ACTION-WILDCARD": REASONS["WhatEnvironmentsAreMadeOf"],
    "PCI-7.2.5-ACTION-WILDCARD at PolicyDocument.Statement.1": REASONS["TheirBuckets"],
    "PCI-10.3.2-LOG-DELETION": (
        "The logs of a pull request's environment end with it; it holds test data only. Log groups "
        "that carry the tag of another environment are denied."
    ),
}
"""What is accepted on the boundary beside that."""


def reads() -> Statement:
    """Return what preflight, verify and sweep ask; nothing that writes."""
    asked = {call.permission for call in Call} | drift_actions() | set(READS_STACKS)
    return allow(*sorted(asked), sid="Read")


def takes_bootstrap_roles(place: Place) -> Statement:
    """Return what lets the CDK CLI deploy: the roles that ``cdk bootstrap`` has made, by name."""
    roles = [
        f"arn:{place.partition}:iam::{place.account}:role/"
        f"cdk-{QUALIFIER}-{purpose}-role-{place.account}-{place.region}"
        for purpose in ("deploy", "file-publishing", "lookup")
    ]
    return allow("sts:AssumeRole", on=roles, sid="TakeTheRolesOfTheBootstrap")


def is_pull_request(kind: str) -> Condition:
    """Return the condition that a tag names the environment of a pull request.

    Args:
        kind: ``ResourceTag`` for what is there, ``RequestTag`` for what is made.
    """
    return {"StringLike": {f"aws:{kind}/{TAG}": list(NUMBERED)}}


def deploys_pull_requests(place: Place, delivery: Delivery, execution: str) -> list[Statement]:
    """Return what deploys and destroys the stacks of pull requests, and no other.

    The roles of ``cdk bootstrap`` are not assumed: they may delete every stack of the account.

    Args:
        place: Account and region.
        delivery: The settings.
        execution: ARN of the role that CloudFormation takes.
    """
    stacks = [
        place.arn("cloudformation", f"stack/{names.stack}/*") for names in delivery.pull_requests
    ]
    bucket = f"arn:{place.partition}:s3:::cdk-{QUALIFIER}-assets-{place.account}-{place.region}"
    return [
        allow(
            *(action for action in DEPLOYS if action != "cloudformation:CreateChangeSet"),
            on=stacks,
            sid="DeployPullRequests",
        ),
        allow(
            "cloudformation:CreateChangeSet",
            on=stacks,
            when={
                **is_pull_request("RequestTag"),
                "ArnEquals": {"cloudformation:RoleArn": execution},
            },
            sid="DeployTaggedAndByTheRole",
        ),
        allow(
            "iam:PassRole",
            on=execution,
            when={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
            sid="PassTheRole",
        ),
        allow("s3:GetObject", "s3:PutObject", on=_assets(bucket), sid="PublishUnderTheirOwnPrefix"),
        allow(
            *("s3:GetBucketLocation", "s3:GetEncryptionConfiguration", "s3:ListBucket"),
            on=bucket,
            sid="FindTheBucket",
        ),
        allow(
            "ssm:GetParameter",
            on=place.arn("ssm", f"parameter/cdk-bootstrap/{QUALIFIER}/version"),
            sid="ReadTheVersion",
        ),
    ]


def within_pull_requests(place: Place, delivery: Delivery) -> list[Statement]:
    """Return the most that anything in the environment of a pull request may do.

    It is the boundary of their roles, and what CloudFormation may do for them. What another
    environment's tag is on, and S3 and IAM of other names, stay out of reach.
    """
    bucket = f"arn:{place.partition}:s3:::cdk-{QUALIFIER}-assets-{place.account}-{place.region}"
    buckets = [
        f"arn:{place.partition}:s3:::{names.stack.lower()}" for names in delivery.pull_requests
    ]
    roles = _named(place, delivery, "role")
    return [
        allow(
            *(f"{service}:*" for service in sorted({*SERVICES, *delivery.services})),
            sid="WhatEnvironmentsAreMadeOf",
        ),
        allow("s3:*", on=[*buckets, *(f"{name}/*" for name in buckets)], sid="TheirBuckets"),
        allow("s3:GetObject", on=_assets(bucket), sid="TheirCode"),
        allow("iam:PassRole", on=roles, sid="TheirRoles"),
        {
            "Sid": "NothingOfAnotherEnvironment",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "StringNotLike": {f"aws:ResourceTag/{TAG}": list(NUMBERED)},
                "Null": {f"aws:ResourceTag/{TAG}": "false"},
            },
        },
        {
            "Sid": "NoKeyNorDatabaseWithoutTheirTag",
            "Effect": "Deny",
            "Action": [
                *("kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"),
                *("rds:DeleteDBCluster", "rds:DeleteDBInstance"),
            ],
            "Resource": [
                place.arn("kms", "key/*"),
                place.arn("rds", "cluster:*"),
                place.arn("rds", "db:*"),
            ],
            "Condition": {"StringNotLike": {f"aws:ResourceTag/{TAG}": list(NUMBERED)}},
        },
    ]


def makes_roles(place: Place, delivery: Delivery, boundary: str) -> list[Statement]:
    """Return what CloudFormation may do with IAM: roles of their names, inside the boundary.

    Args:
        place: Account and region.
        delivery: The settings.
        boundary: ARN of the boundary that each role must have.
    """
    roles, policies = _named(place, delivery, "role"), _named(place, delivery, "policy")
    linked = f"arn:{place.partition}:iam::{place.account}:role/aws-service-role/*"
    return [
        allow(
            *_ROLES,
            on=roles,
            when={"StringEquals": {"iam:PermissionsBoundary": boundary}},
            sid="RolesInsideTheBoundary",
        ),
        allow(*_KEPT_ROLES, on=roles, sid="RolesOfTheirNames"),
        allow(*_POLICIES, on=policies, sid="PoliciesOfTheirNames"),
        allow(
            "iam:CreateServiceLinkedRole",
            on=linked,
            when={"StringEquals": {"iam:AWSServiceName": list(_LINKED)}},
            sid="RolesThatServicesBring",
        ),
    ]


def _named(place: Place, delivery: Delivery, kind: str) -> list[str]:
    """Return ARNs of what CloudFormation names after the stacks of pull requests."""
    return [
        f"arn:{place.partition}:iam::{place.account}:{kind}/{names.stack}"
        for names in delivery.pull_requests
    ]


def _assets(bucket: str) -> Sequence[str]:
    """Return ARNs of the assets of pull requests: no other environment takes code from there."""
    return [f"{bucket}/{suffix}/*" for suffix in NUMBERED]


def wildcards(statements: Sequence[Statement]) -> dict[str, str]:
    """Return cdk-nag's findings of wildcards in statements, with the reason of each.

    Args:
        statements: The statements, for a place as findings write it.
    """
    return {
        f"AwsSolutions-IAM5[{kind}::{text}]": REASONS[str(statement["Sid"])]
        for statement in statements
        if statement["Effect"] == "Allow"
        for kind in ("Action", "Resource")
        for text in _texts(statement[kind])
        if "*" in text
    }


def _texts(value: object) -> Iterator[str]:
    yield from map(str, value if isinstance(value, list) else [value])
