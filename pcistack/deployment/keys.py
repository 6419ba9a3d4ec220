"""Which key of the template a property names, and whether it serves who needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pcistack.deployment.context import Context
from pcistack.policies.arns import ACCOUNT
from pcistack.policies.evaluation import ABSENT, DEPLOYER, Principal, Request
from pcistack.template.view import Resource, Value

KEYS = ("AWS::KMS::Key", "AWS::KMS::ReplicaKey")


def key_of(context: Context, value: Value) -> Resource | None:
    """Return the key of the template that a value names: by reference, ARN, id or alias."""
    names = context.access.names
    found = names.target(value)
    if found is None and isinstance(value, str):
        text = names.text(value)
        for alias in context.of_type("AWS::KMS::Alias"):
            if text.endswith(names.text(alias.get("AliasName"))):
                found = names.target(alias.get("TargetKeyId"))
        for key in context.of_type(*KEYS):
            if text in (names.arn(key), names.name(key)):
                found = key
    return found if found is not None and found.type in KEYS else None


def refused_through(
    context: Context, key: Resource, service: str, actions: Sequence[str]
) -> list[str]:
    """Return what a key's policy refuses to whoever deploys, when a service asks on their behalf.

    Args:
        context: The template.
        key: A key of it.
        service: The service, as ``kms:ViaService`` spells it, without region.
        actions: Actions of KMS that it asks for.
    """
    sent: dict[str, tuple[str, ...]] = {
        "kms:calleraccount": (ACCOUNT,),
        "kms:grantisforawsresource": ("true",),
    }
    if context.region:
        spellings = {context.domain, "amazonaws.com"}  # either may stand in a policy in China
        sent["kms:viaservice"] = tuple(f"{service}.{context.region}.{s}" for s in spellings)
    return _refused(context, key, DEPLOYER, actions, sent)


def refused_to_service(
    context: Context,
    key: Resource,
    service: str,
    actions: Sequence[str],
    sent: Mapping[str, tuple[str, ...]],
) -> list[str]:
    """Return what a key's policy refuses to a service that asks in its own name.

    Args:
        context: The template.
        key: A key of it.
        service: The service's principal.
        actions: Actions of KMS that it asks for.
        sent: Condition keys, lower-cased, that it sends.
    """
    carried = {"aws:sourceaccount": (ACCOUNT,), "kms:viaservice": ABSENT, **sent}
    return _refused(context, key, Principal(service=service), actions, carried)


def _refused(
    context: Context,
    key: Resource,
    principal: Principal,
    actions: Sequence[str],
    sent: Mapping[str, tuple[str, ...]],
) -> list[str]:
    return [
        action
        for action in actions
        if context.access.key_allows(key, Request(action=action, principal=principal, context=sent))
        is False
    ]
