"""Proxies of databases, as RDS takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.grants import key_of_secret, refused_on_key
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields
from pcistack.deployment.secret_values import keys_of
from pcistack.template.references import name_of
from pcistack.template.view import Resource

_CLUSTER: Final = "AWS::RDS::DBCluster"
_INSTANCE: Final = "AWS::RDS::DBInstance"
_PROXY: Final = "AWS::RDS::DBProxy"
_SECRET: Final = "AWS::SecretsManager::Secret"


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
