"""Caches in clusters, their users, and tables in several regions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import text
from pcistack.template.view import Resource, Value

_CACHE: Final = "AWS::ElastiCache::ReplicationGroup"
_USER: Final = "AWS::ElastiCache::User"
_GROUP: Final = "AWS::ElastiCache::UserGroup"
_TABLE: Final = "AWS::DynamoDB::GlobalTable"
_DEFAULT: Final = re.compile(
    r"default\.(?P<engine>redis|valkey)(?P<major>\d+)(?:\.x|\.\d+)?(?P<on>\.cluster\.on)?"
)


@rule(
    "DEPLOY-CACHE-CLUSTER",
    "A cache in several shards without what they need",
    types=(_CACHE,),
    severity=Severity.FATAL,
    source="ElastiCache API reference: CreateReplicationGroup (AutomaticFailoverEnabled, "
    "NumNodeGroups, CacheParameterGroupName)",
)
def cluster_rule(context: Context) -> Iterator[Hit]:
    for cache in context.of_type(_CACHE):
        shards = cache.number("NumNodeGroups") or 0
        if shards > 1 and cache.flag("AutomaticFailoverEnabled") is False:
            yield hit(
                cache,
                "AutomaticFailoverEnabled",
                f"a cache of {shards:g} shards has automatic failover",
                "set AutomaticFailoverEnabled: true",
            )
        named = _DEFAULT.fullmatch(cache.text("CacheParameterGroupName") or "")
        if named is None:
            continue
        if shards > 1 and not named["on"]:
            yield hit(
                cache,
                "CacheParameterGroupName",
                f"{named[0]} is for one shard, and the cache has {shards:g}",
                f"write {named[0]}.cluster.on",
            )
        version, engine = cache.text("EngineVersion"), (cache.text("Engine") or "redis").lower()
        major = (version or "").split(".")[0]
        if major and (named["engine"], named["major"]) != (engine, major):
            yield hit(
                cache,
                "CacheParameterGroupName",
                f"{named[0]} is not of {engine} {version}",
                f"name the group of {engine} {major}",
            )


@rule(
    "DEPLOY-CACHE-USER",
    "A user or a group of users that ElastiCache refuses",
    types=(_USER, _GROUP),
    severity=Severity.FATAL,
    source="ElastiCache API reference: CreateUser, CreateUserGroup (DefaultUserRequired); user "
    "guide: authenticating with IAM (user id and user name are the same)",
)
def user_rule(context: Context) -> Iterator[Hit]:
    for user in context.of_type(_USER):
        name, own = user.text("UserName"), user.text("UserId")
        iam = user.text("AuthenticationMode.Type") == "iam"
        if iam and name is not None and own is not None and name != own:
            yield hit(
                user,
                "UserName",
                f"{name} is not the UserId {own}, which it is for a user of IAM",
                f"write {own}",
            )
    for group in context.of_type(_GROUP):
        users = [context.target(one, _USER) for one in group.items("UserIds")]
        names = {one.text("UserName") if one else None for one in users}
        if group.text("Engine") == "redis" and None not in names and "default" not in names:
            yield hit(
                group,
                "UserIds",
                "no user of the group is named default, which Redis asks for",
                "add a user with UserName: default and no rights",
            )


@rule(
    "DEPLOY-GLOBAL-TABLE",
    "A table of several regions that DynamoDB refuses",
    types=(_TABLE,),
    severity=Severity.FATAL,
    source="CloudFormation resource reference: AWS::DynamoDB::GlobalTable, Replicas and "
    "StreamSpecification",
)
def table_rule(context: Context) -> Iterator[Hit]:
    for table in context.of_type(_TABLE):
        regions = [text(region) for region in _regions(table)]
        if not regions or None in regions or table.is_unknown("Replicas"):
            continue
        if context.region and context.region not in regions:
            yield hit(
                table,
                "Replicas",
                f"none of the replicas is in {context.region}, where the stack is",
                f"add a replica with Region: {context.region}",
            )
        kind = table.get("StreamSpecification.StreamViewType")
        if len(regions) > 1 and kind is None and table.get("StreamSpecification") is None:
            yield hit(
                table,
                "StreamSpecification",
                "a table with replicas has a stream",
                "set StreamViewType: NEW_AND_OLD_IMAGES",
            )
        elif len(regions) > 1 and text(kind) not in (None, "NEW_AND_OLD_IMAGES"):
            yield hit(
                table,
                "StreamSpecification.StreamViewType",
                f"{text(kind)}: replicas follow a stream of NEW_AND_OLD_IMAGES",
                "write NEW_AND_OLD_IMAGES",
            )


def _regions(table: Resource) -> list[Value]:
    return [
        item.get("Region") if isinstance(item, dict) else None for item in table.items("Replicas")
    ]
