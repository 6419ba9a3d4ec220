"""Access: a JSON key that is asked of a secret is in it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.secret_values import MANAGED, keys_of
from pcistack.deployment.tasks import containers, secret_of, secrets
from pcistack.policies.arns import parts
from pcistack.template.view import Partial, Resource

_RDS_OWN: Final = re.compile(r"^<\w+\.MasterUserSecret\.SecretArn>$")
_DYNAMIC: Final = re.compile(r"\{\{resolve:secretsmanager:(?P<secret>[^{}]*)\}\}")


@rule(
    "DEPLOY-SECRET-JSON-KEY",
    "A JSON key that the secret does not have, at the start of a task",
    types=("AWS::ECS::TaskDefinition",),
    source="Amazon ECS developer guide: Pass Secrets Manager secrets through environment variables",
)
def task_rule(context: Context) -> Iterator[Hit]:
    for container in containers(context):
        for use in secrets(context, container):
            pieces = parts(use.text)
            if _RDS_OWN.match(pieces[0]):
                owner, keys = pieces[0], MANAGED
                asked = pieces[1] if len(pieces) > 1 else ""
            else:
                secret, asked = secret_of(context, use), use.key
                found = keys_of(context, secret) if secret and asked else None
                if secret is None or found is None:
                    continue
                owner, keys = secret.logical_id, found
            if asked and "<" not in asked and asked not in keys:
                yield hit(
                    container.task,
                    use.path,
                    f"{owner} has no JSON key {asked!r} ({_listed(keys)}): ECS cannot read it, "
                    "and no task starts",
                    _nearest(asked, keys),
                )


@rule(
    "DEPLOY-SECRET-DYNAMIC-KEY",
    "A dynamic reference to a JSON key that the secret does not have",
    types=(ANY,),
    severity=Severity.FATAL,
    source="CloudFormation user guide: Get a secret or secret value from Secrets Manager",
)
def dynamic_rule(context: Context) -> Iterator[Hit]:
    if not context.of_type("AWS::SecretsManager::Secret"):
        return
    for resource in context.view.resources.values():
        for path, value in resource.leaves:
            if isinstance(value, Partial) and "{{resolve:secretsmanager:" in value:
                yield from _dynamic(context, resource, path, value)


def _dynamic(context: Context, resource: Resource, path: str, value: Partial) -> Iterator[Hit]:
    text = context.access.names.text(value)
    for match in _DYNAMIC.finditer(text):
        named, string, rest = match["secret"].partition(":SecretString:")
        asked = rest.partition(":")[0]
        for secret in context.of_type("AWS::SecretsManager::Secret") if string and asked else ():
            names = context.access.names
            keys = keys_of(context, secret)
            if named not in (names.arn(secret), names.name(secret)) or keys is None:
                continue
            if asked not in keys:
                yield hit(
                    resource,
                    path,
                    f"{secret.logical_id} has no JSON key {asked!r} ({_listed(keys)}): "
                    "CloudFormation cannot resolve the reference",
                    _nearest(asked, keys),
                )


def _listed(keys: frozenset[str]) -> str:
    return f"it has {', '.join(sorted(keys))}" if keys else "its value is no JSON object"


def _nearest(asked: str, keys: frozenset[str]) -> str:
    near = difflib.get_close_matches(asked, sorted(keys), 1)
    return f"name the key {(near or sorted(keys))[0]}" if keys else "leave the JSON key out"


_TARGET_TYPES: Final = (
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBCluster",
    "AWS::Redshift::Cluster",
    "AWS::DocDB::DBInstance",
    "AWS::DocDB::DBCluster",
    "AWS::RedshiftServerless::Namespace",
    "AWS::DocDBElastic::Cluster",
)


@rule(
    "DEPLOY-SECRET-ATTACHMENT",
    "A secret that is attached to something of another type",
    types=("AWS::SecretsManager::SecretTargetAttachment",),
    severity=Severity.FATAL,
    source="CloudFormation: AWS::SecretsManager::SecretTargetAttachment, TargetType",
)
def attachment_rule(context: Context) -> Iterator[Hit]:
    for attachment in context.of_type("AWS::SecretsManager::SecretTargetAttachment"):
        target, kind = context.target(attachment.get("TargetId")), attachment.text("TargetType")
        if target is None or kind is None or target.type == kind:
            continue
        if target.type in _TARGET_TYPES or kind not in _TARGET_TYPES:
            yield hit(
                attachment,
                "TargetType",
                f"{target.logical_id} is an {target.type}, not an {kind}",
                f"set TargetType: {target.type}",
            )
