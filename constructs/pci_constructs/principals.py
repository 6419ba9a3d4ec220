"""Who may act, as the CDK's interface type.

The library's stubs name a parameter differently in the classes and in the interface, so pyright
does not see that the classes fit (aws/jsii, interface stubs); the casts live here only.
"""

from __future__ import annotations

from typing import cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import IConstruct


def service(name: str) -> iam.IPrincipal:
    """Return an AWS service, such as ``rds.amazonaws.com``."""
    return cast("iam.IPrincipal", iam.ServicePrincipal(name))


def service_of_this_account(name: str, scope: IConstruct) -> iam.IPrincipal:
    """Return an AWS service that acts for the stack's own account only (confused deputy)."""
    return cast(
        "iam.IPrincipal",
        iam.PrincipalWithConditions(
            service(name), {"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
        ),
    )


def account() -> iam.IPrincipal:
    """Return the stack's account: whoever its IAM policies allow."""
    return cast("iam.IPrincipal", iam.AccountRootPrincipal())


def anyone() -> iam.IPrincipal:
    """Return everybody; for policies that are limited otherwise, such as an endpoint's."""
    return cast("iam.IPrincipal", iam.AnyPrincipal())
