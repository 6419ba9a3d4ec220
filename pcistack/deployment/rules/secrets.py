"""Secrets: values that Secrets Manager generates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, text

_SECRET: Final = "AWS::SecretsManager::Secret"
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
