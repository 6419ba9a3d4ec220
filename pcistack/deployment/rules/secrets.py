"""Secrets: values that Secrets Manager generates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, listed, objects, referred_again, text
from pcistack.policies.arns import parts
from pcistack.template.view import Resource

_SECRET: Final = "AWS::SecretsManager::Secret"
_ATTACHMENT: Final = "AWS::SecretsManager::SecretTargetAttachment"
_POLICY: Final = "AWS::SecretsManager::ResourcePolicy"
_AT: Final = "GenerateSecretString"
_KINDS: Final = ("Lowercase", "Numbers", "Punctuation", "Uppercase")


@rule(
    "DEPLOY-SECRET",
    "A secret whose value Secrets Manager cannot make",
    types=(_SECRET,),
    severity=Severity.FATAL,
    source="Secrets Manager API reference: GetRandomPassword; CloudFormation: GenerateSecretString",
)
def secret_rule(context: Context) -> Iterator[Hit]:
    for secret in context.of_type(_SECRET):
        given = fields(secret.get(_AT))
        if given and secret.get("SecretString") is not None:
            yield hit(
                secret,
                "SecretString",
                "the secret is given and generated (GenerateSecretString) as well",
                "keep one of them",
            )
        names = ("SecretStringTemplate", "GenerateStringKey")
        missing = [name for name in names if given.get(name) is None]
        if len(missing) == 1:
            yield hit(
                secret,
                f"{_AT}.{missing[0]}",
                f"{' and '.join(names)} belong together, and {missing[0]} is not set",
                f"add {missing[0]}",
            )
        template = text(given.get("SecretStringTemplate"))
        if template is not None and not _is_object(template):
            yield hit(
                secret,
                f"{_AT}.SecretStringTemplate",
                "the template is no object of JSON",
                'write it as {"username": "owner"}',
            )
        left = [kind for kind in _KINDS if secret.flag(f"{_AT}.Exclude{kind}") is not True]
        length = secret.number(f"{_AT}.PasswordLength")
        if given and not left:
            yield hit(secret, _AT, "every kind of character is excluded", "leave one of them in")
        elif length is not None and 0 < length < len(left):
            required = secret.flag(f"{_AT}.RequireEachIncludedType")
            if required is not False:
                yield hit(
                    secret,
                    f"{_AT}.PasswordLength",
                    f"{length:g} characters cannot hold one of each of {len(left)} kinds",
                    f"set PasswordLength to {len(left)} at least",
                )


def _is_object(template: str) -> bool:
    try:
        return isinstance(json.loads(template), dict)
    except ValueError:
        return False


@rule(
    "DEPLOY-SECRET-SHARING",
    "A secret that is copied to its own region, attached twice or public",
    types=(_SECRET, _ATTACHMENT, _POLICY),
    severity=Severity.FATAL,
    source="Secrets Manager API reference: ReplicateSecretToRegions, PutResourcePolicy "
    "(PublicPolicyException); CloudFormation: SecretTargetAttachment, one for a secret",
)
def sharing_rule(context: Context) -> Iterator[Hit]:
    for secret in context.of_type(_SECRET):
        for path, item in objects(secret, "ReplicaRegions"):
            if context.region and text(item.get("Region")) == context.region:
                yield hit(
                    secret,
                    f"{path}.Region",
                    f"the secret is in {context.region} itself",
                    "name another region",
                )
    for attachment, attached, first in referred_again(context.of_type(_ATTACHMENT), "SecretId"):
        yield hit(
            attachment,
            "SecretId",
            f"{first} attaches {attached.logical_id} already",
            "keep one of them",
        )
    for policy in context.of_type(_POLICY):
        for index, statement in enumerate(policy.items("ResourcePolicy.Statement")):
            item = fields(statement)
            principal = item.get("Principal")
            anyone = principal == "*" or "*" in listed(fields(principal).get("AWS"))
            allowed = text(item.get("Effect")) == "Allow" and not item.get("Condition")
            if policy.flag("BlockPublicPolicy") is True and anyone and allowed:
                yield hit(
                    policy,
                    f"ResourcePolicy.Statement.{index}.Principal",
                    "everybody is allowed, and BlockPublicPolicy refuses that",
                    "name who is allowed",
                )


_DYNAMIC: Final = re.compile(r"\{\{resolve:secretsmanager:(?P<rest>.*?)\}\}")
_KINDS_OF_VALUE: Final = ("SecretString", "SecretBinary")
_SECURE: Final = frozenset(
    {
        ("AWS::DirectoryService::MicrosoftAD", "Password"),
        ("AWS::DirectoryService::SimpleAD", "Password"),
        ("AWS::ElastiCache::ReplicationGroup", "AuthToken"),
        ("AWS::IAM::User", "LoginProfile.Password"),
        ("AWS::KinesisFirehose::DeliveryStream", "RedshiftDestinationConfiguration.Password"),
        ("AWS::OpsWorks::App", "AppSource.Password"),
        ("AWS::RDS::DBCluster", "MasterUserPassword"),
        ("AWS::RDS::DBInstance", "MasterUserPassword"),
        ("AWS::Redshift::Cluster", "MasterUserPassword"),
    }
)


@rule(
    "DEPLOY-DYNAMIC-REFERENCE",
    "A dynamic reference that CloudFormation does not resolve",
    types=(ANY,),
    severity=Severity.FATAL,
    source="CloudFormation user guide: Dynamic references; resources that support ssm-secure",
)
def dynamic_rule(context: Context) -> Iterator[Hit]:
    for resource in context.view.resources.values():
        for path, value in resource.leaves:
            if not isinstance(value, str) or "{{resolve:s" not in value:
                continue
            secure = "{{resolve:ssm-secure:" in value and resource.type.startswith("AWS::")
            if secure and (resource.type, path) not in _SECURE:
                yield hit(
                    resource,
                    path,
                    "ssm-secure is resolved for passwords of a few types only",
                    "keep the value in Secrets Manager, or read it at run time",
                )
            for match in _DYNAMIC.finditer(context.access.names.text(value)):
                yield from _form(resource, path, match["rest"])


def _form(resource: Resource, path: str, rest: str) -> Iterator[Hit]:
    pieces = parts(rest)
    behind = pieces[7:] if pieces[0] == "arn" else pieces[1:]
    kind = behind[0] if behind else ""
    if kind and "<" not in kind and kind not in _KINDS_OF_VALUE:
        yield hit(
            resource,
            path,
            f"a secret has SecretString, and no {kind}",
            "write {{resolve:secretsmanager:<secret>:SecretString:<key>}}",
        )
