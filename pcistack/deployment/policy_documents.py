"""Policies of a template, and their statements, where CloudFormation holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.deployment.context import Context
from pcistack.deployment.paths import expand, listed
from pcistack.template.view import Resource, Value

IDENTITY_POLICIES: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::IAM::Role": ("Policies.*.PolicyDocument",),
    "AWS::IAM::Group": ("Policies.*.PolicyDocument",),
    "AWS::IAM::GroupPolicy": ("PolicyDocument",),
    "AWS::IAM::ManagedPolicy": ("PolicyDocument",),
    "AWS::IAM::Policy": ("PolicyDocument",),
    "AWS::IAM::RolePolicy": ("PolicyDocument",),
    "AWS::IAM::User": ("Policies.*.PolicyDocument",),
    "AWS::IAM::UserPolicy": ("PolicyDocument",),
}
"""Where a policy of an identity stands: it names no principal and needs a resource."""

RESOURCE_POLICIES: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::IAM::Role": ("AssumeRolePolicyDocument",),
    "AWS::KMS::Key": ("KeyPolicy",),
    "AWS::KMS::ReplicaKey": ("KeyPolicy",),
    "AWS::S3::BucketPolicy": ("PolicyDocument",),
    "AWS::SNS::TopicPolicy": ("PolicyDocument",),
    "AWS::SQS::QueuePolicy": ("PolicyDocument",),
    "AWS::SecretsManager::ResourcePolicy": ("ResourcePolicy",),
    "AWS::EC2::VPCEndpoint": ("PolicyDocument",),
    "AWS::ECR::Repository": ("RepositoryPolicyText",),
}
"""Where a policy of a resource stands: it names principals."""

POLICIES: Final[Mapping[str, tuple[str, ...]]] = {
    kind: (*IDENTITY_POLICIES.get(kind, ()), *RESOURCE_POLICIES.get(kind, ()))
    for kind in (*IDENTITY_POLICIES, *RESOURCE_POLICIES)
}
"""Both."""


def policies(
    context: Context, table: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[Resource, str, dict[str, Value]]]:
    """Yield the policies at the paths of a table, each with its resource and path."""
    for kind, paths in table.items():
        for resource in context.of_type(kind):
            for path in paths:
                for found, value in expand(resource, path):
                    if isinstance(value, dict):
                        yield resource, found, value


def statements(
    context: Context, table: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[Resource, str, dict[str, Value]]]:
    """Yield their statements, each with its resource and path."""
    for resource, path, policy in policies(context, table):
        held = policy.get("Statement")
        for index, statement in enumerate(listed(held)):
            if isinstance(statement, dict):
                at = f"{path}.Statement"
                yield resource, f"{at}.{index}" if isinstance(held, list) else at, statement
