"""Which JSON keys the value of a secret has."""

from __future__ import annotations

import json
from typing import Final

from pcistack.deployment.context import Context
from pcistack.template.view import Resource, Value

ATTACHED: Final = ("engine", "host", "port")
"""Keys that an attachment writes into a secret, whatever the database."""

MANAGED: Final = frozenset({"username", "password"})
"""Keys of a secret that RDS makes and keeps itself."""

_DATABASE_NAMES: Final = {
    "AWS::RDS::DBCluster": ("DatabaseName", "dbClusterIdentifier"),
    "AWS::RDS::DBInstance": ("DBName", "dbInstanceIdentifier"),
}


def keys_of(context: Context, secret: Resource) -> frozenset[str] | None:
    """Return the JSON keys of a secret of the template; None if they are not known.

    A secret that is plain text has none.
    """
    generated = secret.get("GenerateSecretString")
    if isinstance(generated, dict):
        written = generated.get("SecretStringTemplate")
        if written is None:
            keys: frozenset[str] | None = frozenset()
        else:
            keys = _keys(written)
            name = generated.get("GenerateStringKey")
            keys = None if keys is None or not isinstance(name, str) else keys | {str(name)}
    else:
        keys = _keys(secret.get("SecretString"))
    if keys is None:
        return None
    for attachment in attachments(context, secret):
        added = _attached(context, attachment)
        keys = keys | added
    return keys


def attachments(context: Context, secret: Resource) -> list[Resource]:
    """Return what attaches a secret to a database."""
    return [
        attachment
        for attachment in context.of_type("AWS::SecretsManager::SecretTargetAttachment")
        if context.access.names.target(attachment.get("SecretId")) is secret
    ]


def _attached(context: Context, attachment: Resource) -> frozenset[str]:
    target = context.target(attachment.get("TargetId"))
    name, identifier = _DATABASE_NAMES.get(target.type if target else "", ("", ""))
    if target is None or not name:
        return frozenset((*ATTACHED, "dbname", "dbClusterIdentifier", "dbInstanceIdentifier"))
    dbname = () if target.get(name) is None else ("dbname",)
    return frozenset((*ATTACHED, *dbname, identifier))


def _keys(written: Value) -> frozenset[str] | None:
    if not isinstance(written, str):
        return None
    try:
        parsed = json.loads(str(written))
    except ValueError:
        return None if "<" in written or "{" in written else frozenset()
    return frozenset(str(key) for key in parsed) if isinstance(parsed, dict) else frozenset()
