"""Caches and their users, as ElastiCache takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.template.view import Resource

_CACHE: Final = "AWS::ElastiCache::ReplicationGroup"
_USER: Final = "AWS::ElastiCache::User"
_GROUP: Final = "AWS::ElastiCache::UserGroup"
_DEFAULT: Final = re.compile(
    r"default\.(?P<engine>redis|valkey)(?P<major>\d+)(?:\.x|\.\d+)?(?P<on>\.cluster\.on)?"
)
_TIME: Final = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_ENGINES: Final = ("redis", "valkey", "memcached")


def _engine(cache: Resource) -> tuple[str, str | None]:
    """Return a cache's engine, and its version if it is known."""
    return (cache.text("Engine") or "redis").lower(), cache.text("EngineVersion")


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
        engine, version = _engine(cache)
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
    "DEPLOY-CACHE",
    "Windows or parameters of a cache that ElastiCache refuses",
    types=(_CACHE,),
    severity=Severity.FATAL,
    source="ElastiCache API reference: CreateReplicationGroup, SnapshotWindow, "
    "CacheParameterGroupName",
)
def cache_rule(context: Context) -> Iterator[Hit]:
    for cache in context.of_type(_CACHE):
        found = _TIME.fullmatch(cache.text("SnapshotWindow") or "")
        if found:
            a, b, c, d = (int(part) for part in found.groups())
            length = (c * 60 + d - a * 60 - b) % 1440
            if length < 60:
                yield hit(
                    cache,
                    "SnapshotWindow",
                    f"the window lasts {length} minutes; ElastiCache wants 60 at least",
                    "make it longer",
                )
        group = context.target(
            cache.get("CacheParameterGroupName"), "AWS::ElastiCache::ParameterGroup"
        )
        family = group.text("CacheParameterGroupFamily") if group else None
        engine, version = _engine(cache)
        if group is None or family is None or version is None or engine not in _ENGINES:
            continue
        major = version.split(".")[0]
        if not family.startswith(engine) or family[len(engine) :].split(".")[0] != major:
            yield hit(
                cache,
                "CacheParameterGroupName",
                f"{group.logical_id} is of {family}, and the cache of {engine} {version}",
                f"set CacheParameterGroupFamily to that of {engine} {version}",
            )
