"""Who may act, as the CDK's interface type.

The library's stubs name a parameter differently in the classes and in the interface, so pyright
does not see that the classes fit (aws/jsii, interface stubs); the casts live here only.
"""

from __future__ import annotations

from typing import cast

from aws_cdk import aws_iam as iam

from pci_constructs.place import Place


def service(name: str) -> iam.IPrincipal:
    """Return an AWS service, such as ``rds.amazonaws.com``."""
    return cast("iam.IPrincipal", iam.ServicePrincipal(name))


def service_of_this_account(
    name: str, place: Place, *, source: str | None = None
) -> iam.IPrincipal:
    """Return an AWS service that acts for the stack's own account only (confused deputy).

    Args:
        name: The service, such as ``ecs-tasks.amazonaws.com``.
        place: Gives the account.
        source: Service of whose resources it acts, such as ``ecs``; None for any.
    """
    conditions: dict[str, dict[str, str]] = {"StringEquals": {"aws:SourceAccount": place.account}}
    if source is not None:
        conditions["ArnLike"] = {"aws:SourceArn": place.arn(source, "*")}
    return cast("iam.IPrincipal", iam.ServicePrincipal(name, conditions=conditions))


def account() -> iam.IPrincipal:
    """Return the stack's account: whoever its IAM policies allow."""
    return cast("iam.IPrincipal", iam.AccountRootPrincipal())


def anyone() -> iam.IPrincipal:
    """Return everybody; for policies that are limited otherwise, such as an endpoint's."""
    return cast("iam.IPrincipal", iam.AnyPrincipal())
