"""Databases: storage, passwords, events and proxies that RDS takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.engines import engine_of, user_hits
from pcistack.deployment.grants import key_of_secret, refused_on_key
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, text
from pcistack.deployment.secret_values import keys_of
from pcistack.template.references import name_of
from pcistack.template.view import Partial, Reference, Resource

_CLUSTER: Final = "AWS::RDS::DBCluster"
_INSTANCE: Final = "AWS::RDS::DBInstance"
_PROXY: Final = "AWS::RDS::DBProxy"
_SECRET: Final = "AWS::SecretsManager::Secret"
_SMALLEST: Final[Mapping[str, int]] = {"gp2": 5, "gp3": 20, "io1": 100, "io2": 100}
_LICENSES: Final[Mapping[str, tuple[str, ...]]] = {
    "mysql": ("general-public-license",),
    "mariadb": ("general-public-license",),
    "postgres": ("postgresql-license",),
}
_STRIPED: Final = 400  # GiB from which gp3 takes iops and throughput of one's own
_FORBIDDEN: Final = '/@" '


@rule(
    "DEPLOY-DATABASE-DISK",
    "Storage or a license that RDS does not give",
    types=(_INSTANCE,),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBInstance, AllocatedStorage, Iops, MaxAllocatedStorage, "
    "LicenseModel; RDS user guide: DB instance storage",
)
def disk_rule(context: Context) -> Iterator[Hit]:
    for instance in context.of_type(_INSTANCE):
        engine = (instance.text("Engine") or "").lower()
        copied = any("Source" in name or "Snapshot" in name for name in instance.raw.properties)
        if engine not in _LICENSES or instance.get("DBClusterIdentifier") is not None or copied:
            continue
        size, most = instance.number("AllocatedStorage"), instance.number("MaxAllocatedStorage")
        kind = instance.text("StorageType") or "gp2"
        least = _SMALLEST.get(kind, 5)
        if instance.get("AllocatedStorage") is None:
            yield hit(instance, "AllocatedStorage", "no size is given", "add AllocatedStorage")
        elif size is not None and size < least:
            yield hit(
                instance,
                "AllocatedStorage",
                f"{size:g} GiB of {kind}; RDS gives {least} at least",
                f"set AllocatedStorage: {least}",
            )
        if size is not None and most is not None and most < size:
            yield hit(
                instance,
                "MaxAllocatedStorage",
                f"the largest size, {most:g} GiB, is below the first, {size:g}",
                f"choose more than {size:g}",
            )
        for name in ("Iops", "StorageThroughput"):
            if kind == "gp3" and size is not None and size < _STRIPED and instance.get(name):
                yield hit(
                    instance,
                    name,
                    f"{name} is for gp3 of {_STRIPED} GiB and more, not of {size:g}",
                    f"delete {name}",
                )
        license_ = instance.text("LicenseModel")
        if license_ is not None and license_ not in _LICENSES[engine]:
            yield hit(
                instance,
                "LicenseModel",
                f"{engine} has no {license_}",
                f"set LicenseModel: {_LICENSES[engine][0]}, or delete it",
            )


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


@rule(
    "DEPLOY-DATABASE-EVENT-SOURCE",
    "A subscription to events of something of another type",
    types=("AWS::RDS::EventSubscription",),
    severity=Severity.FATAL,
    source="RDS API reference: CreateEventSubscription, SourceIds (SourceNotFound)",
)
def event_source_rule(context: Context) -> Iterator[Hit]:
    kinds = {"db-cluster": _CLUSTER, "db-instance": _INSTANCE, "db-proxy": _PROXY}
    names = {
        _CLUSTER: {one.text("DBClusterIdentifier") for one in context.of_type(_CLUSTER)},
        _INSTANCE: {one.text("DBInstanceIdentifier") for one in context.of_type(_INSTANCE)},
    }
    for subscription in context.of_type("AWS::RDS::EventSubscription"):
        wanted = kinds.get(subscription.text("SourceType") or "")
        for index, value in enumerate(subscription.items("SourceIds") if wanted else ()):
            target = context.target(value) if isinstance(value, Reference) else None
            kind = target.type if target else ""
            for other, known in names.items():
                if (
                    type(value) is str
                    and value in known
                    and value not in names.get(wanted or "", ())
                ):
                    kind = other
            if kind in kinds.values() and kind != wanted:
                yield hit(
                    subscription,
                    f"SourceIds.{index}",
                    f"{target.logical_id if target else value} is an {kind}, not a "
                    f"{subscription.text('SourceType')}",
                    "name a source of that type",
                )


@rule(
    "DEPLOY-DATABASE-MEMBER",
    "A property of an instance that its cluster decides",
    types=(_INSTANCE,),
    severity=Severity.WARNING,
    source="RDS API reference: CreateDBInstance, not applicable to Amazon Aurora DB instances",
)
def member_rule(context: Context) -> Iterator[Hit]:
    for instance in context.of_type(_INSTANCE):
        cluster = context.target(instance.get("DBClusterIdentifier"), _CLUSTER)
        if cluster is None or not (cluster.text("Engine") or "").startswith("aurora"):
            continue
        for name in ("EnableCloudwatchLogsExports", "KmsKeyId"):
            if instance.get(name) not in (None, [], ""):
                yield hit(
                    instance,
                    name,
                    f"{name} of an Aurora instance is of its cluster: RDS refuses or ignores it",
                    f"move {name} to {cluster.logical_id}",
                )
        own, its = instance.get("DBSubnetGroupName"), cluster.get("DBSubnetGroupName")
        plain = type(own) is str and isinstance(its, Reference)
        other = context.target(own) is not None and isinstance(its, Reference) and own != its
        if own is not None and its is not None and (plain or other):
            yield hit(
                instance,
                "DBSubnetGroupName",
                f"{cluster.logical_id} is in another subnet group: an instance is where its "
                "cluster is",
                "delete DBSubnetGroupName",
                severity=Severity.ERROR,
            )


_FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    "MYSQL": ("aurora-mysql", "mysql", "mariadb", "aurora"),
    "POSTGRESQL": ("aurora-postgresql", "postgres"),
    "SQLSERVER": ("sqlserver-ee", "sqlserver-se", "sqlserver-ex", "sqlserver-web"),
}


@rule(
    "DEPLOY-PROXY",
    "A proxy that does not fit its database or its secret",
    types=(_PROXY, "AWS::RDS::DBProxyTargetGroup"),
    source="RDS API reference: CreateDBProxy, RegisterDBProxyTargets; RDS user guide: RDS Proxy, "
    "AWS KMS key of the secrets",
)
def proxy_rule(context: Context) -> Iterator[Hit]:
    for group in context.of_type("AWS::RDS::DBProxyTargetGroup"):
        yield from _targets(context, group)
    for proxy in context.of_type(_PROXY):
        role = context.access.role(proxy.get("RoleArn"))
        for index, item in enumerate(proxy.items("Auth")):
            secret = context.access.names.target(fields(item).get("SecretArn"))
            if secret is None or secret.type != _SECRET:
                continue
            keys = keys_of(context, secret)
            if keys is not None and not {"username", "password"} <= keys:
                yield hit(
                    proxy,
                    f"Auth.{index}.SecretArn",
                    f"{secret.logical_id} has no JSON keys username and password",
                    "write them into SecretStringTemplate and GenerateStringKey",
                )
            key = key_of_secret(context, secret)
            if role is None or key is None or context.grants_more:
                continue
            if refused_on_key(context, role, key, "secretsmanager", ("kms:Decrypt",)):
                yield hit(
                    proxy,
                    "RoleArn",
                    f"{role.logical_id} may not call kms:Decrypt with {key.logical_id}: the proxy "
                    "has no password",
                    f"allow kms:Decrypt on {key.logical_id} in a policy of {role.logical_id}",
                )


def _targets(context: Context, group: Resource) -> Iterator[Hit]:
    proxy = context.target(group.get("DBProxyName"), _PROXY)
    pool = "ConnectionPoolConfigurationInfo"
    most = group.number(f"{pool}.MaxConnectionsPercent")
    idle = group.number(f"{pool}.MaxIdleConnectionsPercent")
    if most is not None and idle is not None and idle > most:
        yield hit(
            group,
            f"{pool}.MaxIdleConnectionsPercent",
            f"{idle:g} percent idle of {most:g} in all",
            f"choose {most:g} at most",
            severity=Severity.FATAL,
        )
    for path in ("DBClusterIdentifiers", "DBInstanceIdentifiers"):
        for value in group.items(path):
            target = context.target(value, _CLUSTER, _INSTANCE)
            engine = target.text("Engine") if target else None
            family = proxy.text("EngineFamily") if proxy else None
            fits = _FAMILIES.get(family or "")
            if target and engine and fits and engine.lower() not in fits:
                yield hit(
                    group,
                    path,
                    f"the proxy is for {family}, and {target.logical_id} is of {engine}",
                    "set EngineFamily to the engine's",
                    severity=Severity.FATAL,
                )
            members = [
                one.logical_id
                for one in context.of_type(_INSTANCE)
                if target and name_of(one.get("DBClusterIdentifier")) == target.logical_id
            ]
            if members and not context.order.before(group.logical_id) & set(members):
                yield hit(
                    group,
                    path,
                    f"nothing makes it wait for an instance of {name_of(value)}: a proxy takes no "
                    "cluster without one",
                    f"set DependsOn: {members[0]}",
                )
