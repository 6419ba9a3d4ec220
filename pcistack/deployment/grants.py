"""What a role of the template is refused, by its own policies and by keys and resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pcistack.deployment.context import Context
from pcistack.deployment.keys import key_of
from pcistack.policies.arns import ACCOUNT
from pcistack.policies.evaluation import Principal, Request
from pcistack.policies.matching import any_of
from pcistack.template.view import Resource

NO_CONTEXT: Mapping[str, tuple[str, ...]] = {}


def refused(
    context: Context,
    role: Resource,
    actions: Iterable[str],
    arn: str = "",
    *,
    sent: Mapping[str, tuple[str, ...]] = NO_CONTEXT,
    policies: Sequence[Resource] = (),
) -> list[str]:
    """Return the actions that a role is certainly refused on a resource.

    Args:
        context: The template.
        role: A role of it.
        actions: What is asked.
        arn: On what; empty where it does not matter.
        sent: Condition keys, lower-cased, that the request carries.
        policies: Resources whose policies may allow it too, or deny it.
    """
    access = context.access
    principal = Principal(arn=access.names.arn(role) or "")
    found: list[str] = []
    for action in actions:
        request = Request(action=action, resource=arn, principal=principal, context=sent)
        own = access.role_may(role, request)
        statements = [s for one in policies for s in access.statements.get(one.logical_id, ())]
        allows, denies = access.evaluation.both(statements, request, with_principal=True)
        if denies or any_of([own, allows]) is False:
            found.append(action)
    return found


def refused_on_key(
    context: Context, role: Resource, key: Resource, service: str, actions: Iterable[str]
) -> list[str]:
    """Return the actions that a role is certainly refused on a key, through a service."""
    sent: dict[str, tuple[str, ...]] = {"kms:calleraccount": (ACCOUNT,)}
    if context.region:
        sent["kms:viaservice"] = (f"{service}.{context.region}.{context.domain}",)
    requests = (Request(action=action, context=sent) for action in actions)
    return [
        request.action
        for request in requests
        if context.access.key_allows(key, request, role) is False
    ]


def secret_refused(
    context: Context, role: Resource, secret: Resource, actions: Iterable[str]
) -> list[str]:
    """Return what a role is refused on a secret, the resource policies of the secret among them."""
    policies = [
        policy
        for policy in context.of_type("AWS::SecretsManager::ResourcePolicy")
        if context.access.names.target(policy.get("SecretId")) is secret
    ]
    arn = context.access.names.arn(secret) or ""
    return refused(context, role, actions, arn, policies=policies)


def key_of_secret(context: Context, secret: Resource) -> Resource | None:
    """Return the key of the template that a secret is encrypted with."""
    return key_of(context, secret.get("KmsKeyId"))
