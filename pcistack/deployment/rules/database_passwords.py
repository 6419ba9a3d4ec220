"""Databases: users, passwords and where they come from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.engines import engine_of, user_hits
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, text
from pcistack.template.view import Partial, Resource

_CLUSTER: Final = "AWS::RDS::DBCluster"
_INSTANCE: Final = "AWS::RDS::DBInstance"


@rule(
    "DEPLOY-DATABASE-PASSWORD",
    "A master password given in two ways, or in none",
    types=(_CLUSTER, _INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster, ManageMasterUserPassword and MasterUserPassword",
)
def password_rule(context: Context) -> Iterator[Hit]:
    for database in context.of_type(_CLUSTER, _INSTANCE):
        managed = database.flag("ManageMasterUserPassword")
        if managed and database.get("MasterUserPassword") is not None:
            yield hit(
                database,
                "MasterUserPassword",
                "RDS manages the password (ManageMasterUserPassword) and one is given as well",
                "delete MasterUserPassword, or ManageMasterUserPassword",
            )
        if managed is not True and database.get("MasterUserSecret") is not None:
            yield hit(
                database,
                "MasterUserSecret",
                "MasterUserSecret is for a password that RDS manages",
                "set ManageMasterUserPassword: true",
            )
        password = database.text("MasterUserPassword")
        engine = engine_of(database)
        longest = {"mysql": 41, "mariadb": 41, "oracle": 30}.get(engine, 128)
        if password and engine and not 8 <= len(password) <= longest:
            yield hit(
                database,
                "MasterUserPassword",
                f"the password has {len(password)} characters; {engine} takes 8 to {longest}",
                "let Secrets Manager generate it",
            )


_COPIES: Final = (
    *("SnapshotIdentifier", "SourceDBClusterIdentifier", "ReplicationSourceIdentifier"),
    *("GlobalClusterIdentifier", "DBSnapshotIdentifier", "SourceDBInstanceIdentifier"),
    *("SourceDbiResourceId", "SourceDBInstanceAutomatedBackupsArn"),
    *("DBClusterSnapshotIdentifier", "RestoreTime", "UseLatestRestorableTime"),
    "SourceDbClusterResourceId",
)


@rule(
    "DEPLOY-DATABASE-CREDENTIALS",
    "A new database without a user or a password",
    types=(_CLUSTER, _INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster and CreateDBInstance, MasterUsername",
)
def credentials_rule(context: Context) -> Iterator[Hit]:
    """A copy of another database has its user and password."""
    for database in context.of_type(_CLUSTER, _INSTANCE):
        given = set(database.raw.properties)
        member = database.type == _INSTANCE and "DBClusterIdentifier" in given
        if member or not engine_of(database) or given & {*_COPIES, "Fn::Transform"}:
            continue
        managed = {"ManageMasterUserPassword", "MasterUserAuthenticationType"}
        for name in ("MasterUsername", "MasterUserPassword"):
            if name in given or (name == "MasterUserPassword" and given & managed):
                continue
            yield hit(
                database,
                name,
                f"the database is new and has no {name}",
                f"add {name}"
                + (", or ManageMasterUserPassword: true" if name == "MasterUserPassword" else ""),
            )


_SECRET: Final = "AWS::SecretsManager::Secret"
_FORBIDDEN: Final = '/@" '


@rule(
    "DEPLOY-DATABASE-SECRET",
    "A user or password of a secret that the engine does not take",
    types=(_SECRET, _CLUSTER, _INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster, MasterUsername and MasterUserPassword",
)
def secret_rule(context: Context) -> Iterator[Hit]:
    for database in context.of_type(_CLUSTER, _INSTANCE):
        engine = engine_of(database)
        password = database.get("MasterUserPassword")
        plain = text(password)
        if engine and plain and "{{" not in plain and set(plain) & set(_FORBIDDEN):
            yield hit(
                database,
                "MasterUserPassword",
                'the password has one of / @ " or a space, which RDS does not take',
                "let Secrets Manager generate it, with ExcludeCharacters: '/@\" '",
            )
        secret = _secret(context, password)
        given = fields(secret.get("GenerateSecretString")) if secret else {}
        if secret is None or not engine or not given:
            continue
        length = secret.number("GenerateSecretString.PasswordLength")
        longest = {"mysql": 41, "mariadb": 41, "oracle": 30}.get(engine, 128)
        if length is not None and length > longest:
            yield hit(
                secret,
                "GenerateSecretString.PasswordLength",
                f"{length:g} characters; {engine} of {database.logical_id} takes {longest}",
                f"set PasswordLength to {longest} at most",
            )
        yield from _characters(secret, database)
        user = _user(secret)
        if user and _secret(context, database.get("MasterUsername")) is secret:
            path = "GenerateSecretString.SecretStringTemplate"
            yield from user_hits(secret, engine, user, path)


def _secret(context: Context, value: object) -> Resource | None:
    """Return the secret that a dynamic reference reads, if it is one of the template."""
    if isinstance(value, Partial) and "{{resolve:secretsmanager:" in value:
        for reference in value.references:
            target = context.view.resources.get(reference.logical_id)
            if target is not None and target.type == _SECRET:
                return target
            if target is not None and target.type.endswith("::SecretTargetAttachment"):
                return context.target(target.get("SecretId"), _SECRET)
    return None


def _characters(secret: Resource, database: Resource) -> Iterator[Hit]:
    given = fields(secret.get("GenerateSecretString"))
    left_out = given.get("ExcludeCharacters")
    if text(given.get("ExcludePunctuation")) == "true" or (
        left_out is not None and text(left_out) is None
    ):
        return
    missing = [c for c in '/@"' if c not in (text(left_out) or "")]
    if text(given.get("IncludeSpace")) == "true" and " " not in (text(left_out) or ""):
        missing.append("a space")
    if missing:
        yield hit(
            secret,
            "GenerateSecretString.ExcludeCharacters",
            f"a password may have {', '.join(missing)}, which RDS refuses for "
            f"{database.logical_id}",
            'exclude /@" or all punctuation (ExcludePunctuation: true)',
            severity=Severity.ERROR,
        )


def _user(secret: Resource) -> str:
    try:
        written = json.loads(secret.text("GenerateSecretString.SecretStringTemplate") or "{}")
    except ValueError:
        return ""
    user = written.get("username") if isinstance(written, dict) else None
    return user if isinstance(user, str) else ""
