"""Policies in IAM's own words, as an assessor reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pci_constructs.place import Place

Statement: TypeAlias = Mapping[str, object]
Condition: TypeAlias = Mapping[str, Mapping[str, object]]


def policy(*statements: Statement) -> dict[str, object]:
    """Return a policy document with the statements."""
    return {"Version": "2012-10-17", "Statement": [dict(statement) for statement in statements]}


def allow(
    *actions: str,
    on: str | Sequence[str] | None = "*",
    to: Mapping[str, object] | None = None,
    when: Condition | None = None,
    sid: str | None = None,
) -> Statement:
    """Return a statement that allows actions.

    Args:
        actions: The actions, each by its full name (PCI DSS 7.2: no wildcard).
        on: ARN of the resource, or of several; ``*`` in the policy of a resource, which means that
            one, and None in the trust of a role, which has none.
        to: Principal of a resource's policy, such as ``{"Service": "rds.amazonaws.com"}``.
        when: Conditions by operator and key.
        sid: Says what the statement is for.
    """
    parts = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": to,
        "Action": actions[0] if len(actions) == 1 else list(actions),
        "Resource": on if on is None or isinstance(on, str) else list(on),
        "Condition": when,
    }
    return {name: part for name, part in parts.items() if part is not None}


def deny(*actions: str, when: Condition, sid: str) -> Statement:
    """Return a statement that denies actions on everything, under a condition."""
    return {**allow(*actions, when=when, sid=sid), "Effect": "Deny"}


def from_this_account(place: Place, *, service: str | None = None) -> Condition:
    """Return the condition that a service acts for this account (confused deputy).

    Args:
        place: Gives the account.
        service: Service of whose resources it must be, such as ``ecs``; None for any.
    """
    account: Condition = {"StringEquals": {"aws:SourceAccount": place.account}}
    if service is None:
        return account
    return {**account, "ArnLike": {"aws:SourceArn": place.arn(service, "*")}}


def by_this_account(place: Place) -> Condition:
    """Return the condition that who asks is of this account (a policy of a VPC endpoint)."""
    return {"StringEquals": {"aws:PrincipalAccount": place.account}}
