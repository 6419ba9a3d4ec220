"""A task's two roles: what ECS needs to start it, and what it may do itself (PCI DSS 7.2.5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from pci_constructs.foundation import Foundation
from pci_constructs.place import Place
from pci_constructs.policy import Statement, allow, from_this_account
from pci_constructs.role import ListedRole, RoleProps, listed_role
from pci_constructs.settings.image import PRIVATE_IMAGE
from pci_constructs.settings.workload import Permission, Secret

_TASKS: Final = "ecs-tasks.amazonaws.com"


def execution_role(
    scope: Construct,
    *,
    foundation: Foundation,
    log_group: logs.ILogGroup,
    login: secretsmanager.ISecret | None,
    secrets: Mapping[str, Secret],
    image: str,
) -> ListedRole:
    """Create what ECS needs to start the task, and nothing that the task itself can use.

    Args:
        scope: Parent construct.
        foundation: Place, and the key of the login.
        log_group: Where the container logs.
        login: Secret of its database identity, if it has one.
        secrets: Existing secrets by variable.
        image: The image; one in ECR is pulled with this role.
    """
    place = foundation.place
    statements = [allow("logs:CreateLogStream", "logs:PutLogEvents", on=log_group.log_group_arn)]
    if login is not None:
        statements += [
            allow("secretsmanager:GetSecretValue", on=login.secret_arn),
            allow("kms:Decrypt", on=foundation.keys.arns["secrets"]),
        ]
    statements += [
        allow("secretsmanager:GetSecretValue", on=arn)
        for arn in dict.fromkeys(secret.arn for secret in secrets.values())
    ]
    statements += [
        allow("kms:Decrypt", on=key)
        for key in dict.fromkeys(one.kms_key for one in secrets.values() if one.kms_key)
    ]
    accepted = {}
    match = PRIVATE_IMAGE.fullmatch(image)
    if match is not None:
        repository = repository_arn(match, place)
        statements += [
            allow("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", on=repository),
            allow("ecr:GetAuthorizationToken"),
        ]
        accepted["AwsSolutions-IAM5[Resource::*]"] = (
            "ecr:GetAuthorizationToken has no resource; every other action names its resource."
        )
    return listed_role(
        scope,
        "ExecutionRole",
        props=RoleProps(
            description="Lets ECS start the task",
            service=_TASKS,
            when=from_this_account(place, service="ecs"),
            statements=tuple(statements),
            accepted=accepted,
        ),
    )


def task_role(scope: Construct, *, place: Place, permissions: Iterable[Permission]) -> ListedRole:
    """Create the task's own identity; it may do what is permitted, and nothing else.

    Args:
        scope: Parent construct.
        place: Where its services are.
        permissions: What it may do.
    """
    permissions = list(permissions)
    accepted = {
        f"AwsSolutions-IAM5[Resource::{resource}]": permission.reason
        for permission in permissions
        for resource in permission.resources
        if resource.endswith("/*") and permission.reason
    }
    return listed_role(
        scope,
        "TaskRole",
        props=RoleProps(
            description="Identity of the running task",
            service=_TASKS,
            when=from_this_account(place, service="ecs"),
            statements=tuple(
                statement for each in permissions for statement in permitted(each, place)
            ),
            accepted=accepted or None,
        ),
    )


def permitted(permission: Permission, place: Place) -> list[Statement]:
    """Return what a permission allows, and the use of the key through the same services."""
    resources = list(permission.resources)
    own = allow(*permission.actions, on=resources[0] if len(resources) == 1 else resources)
    if permission.kms_key is None:
        return [own]
    services = dict.fromkeys(action.partition(":")[0] for action in permission.actions)
    through = [f"{service}.{place.region}.amazonaws.com" for service in services]
    key = allow(
        "kms:Decrypt",
        "kms:GenerateDataKey",
        on=permission.kms_key,
        when={"StringEquals": {"kms:ViaService": through}},
    )
    return [own, key]


def repository_arn(image: re.Match[str], place: Place) -> str:
    """Return the ARN of an image's repository in ECR, of whatever account."""
    owner = f"{image['region']}:{image['account']}"
    return f"arn:{place.partition}:ecr:{owner}:repository/{image['name']}"
