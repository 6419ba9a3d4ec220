"""The parameter groups of a Serverless v1 cluster: the family of the new version."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from pcistack.migration.draft import Draft, at
from pcistack.migration.targets import TargetVersion
from pcistack.migration.values import referenced, shown
from pcistack.regional import mysql_parameters
from pcistack.regional.aurora import CLUSTER, INSTANCE
from pcistack.template.document import RawResource

_CLUSTER_GROUP: Final = "AWS::RDS::DBClusterParameterGroup"
_INSTANCE_GROUP: Final = "AWS::RDS::DBParameterGroup"
_OLD_FAMILY: Final = re.compile(r"aurora5\.6|aurora-mysql5\.7|aurora-postgresql(9\.6|1[0-3])")


def correct(
    draft: Draft,
    cluster: RawResource,
    members: Sequence[RawResource],
    target: TargetVersion,
    others: Sequence[RawResource],
) -> None:
    """Raise the families of the groups that a cluster and its instances use, and of unused ones.

    Args:
        draft: The template.
        cluster: The cluster.
        members: Its instances.
        target: What it is raised to.
        others: Every cluster that is corrected; a group may be shared among them.
    """
    ours = {cluster.logical_id, *(member.logical_id for member in members)}
    ours |= {other.logical_id for other in others}
    _correct_use(draft, cluster, "DBClusterParameterGroupName", target, ours)
    _correct_use(draft, cluster, "DBInstanceParameterGroupName", target, ours)
    for member in members:
        _correct_use(draft, member, "DBParameterGroupName", target, ours)
    for group in draft.template.resources.values():
        unused = not any(_users(draft, group.logical_id))
        if group.type in (_CLUSTER_GROUP, _INSTANCE_GROUP) and unused:
            _raise_family(draft, group, target)


def _correct_use(
    draft: Draft, resource: RawResource, key: str, target: TargetVersion, ours: set[str]
) -> None:
    value = resource.properties.get(key)
    if value is None:
        return
    group = draft.template.resources.get(referenced(value))
    if group is not None:
        strangers = [user for user in _users(draft, group.logical_id) if user not in ours]
        if strangers:
            draft.ask(
                group.logical_id,
                "Family",
                f"must become {target.family} for {resource.logical_id}, but "
                f"{', '.join(strangers)} uses the group too; give them one each",
                blocks=True,
            )
        else:
            _raise_family(draft, group, target)
        return
    name = draft.literal(resource.logical_id, key)
    if name is not None and re.fullmatch(rf"default\.(?:{_OLD_FAMILY.pattern})", name):
        draft.want(
            resource.logical_id,
            key,
            f"default.{target.family}",
            "the default group of the new version",
        )
    elif name != f"default.{target.family}":
        draft.ask(
            resource.logical_id,
            key,
            f"{shown(value)} is not in this template; its family must be {target.family}",
        )


def _users(draft: Draft, group: str) -> Iterator[str]:
    """Yield the clusters and instances that use a parameter group."""
    for resource in draft.template.resources.values():
        if resource.type in (CLUSTER, INSTANCE) and any(
            referenced(resource.properties.get(key)) == group
            for key in (
                "DBClusterParameterGroupName",
                "DBInstanceParameterGroupName",
                "DBParameterGroupName",
            )
        ):
            yield resource.logical_id


def _raise_family(draft: Draft, group: RawResource, target: TargetVersion) -> None:
    name = group.logical_id
    family = draft.literal(name, "Family")
    path = at(name, "Family")
    if any(wanted.path == path for wanted in draft.wanted) or family == target.family:
        return
    if family is None or not _OLD_FAMILY.fullmatch(family):
        if any(_users(draft, name)):
            draft.ask(
                name,
                "Family",
                f"{shown(group.properties.get('Family'))} must be {target.family}",
                blocks=True,
            )
        return
    if family.startswith("aurora-postgresql") != target.family.startswith("aurora-postgresql"):
        return
    draft.want(name, "Family", target.family, f"the family of {target.version}")
    _ask_about_removed_parameters(draft, group, target)
    named = (
        "DBClusterParameterGroupName" if group.type == _CLUSTER_GROUP else "DBParameterGroupName"
    )
    if named in group.properties:
        draft.ask(
            name,
            named,
            "has a fixed name: a running stack cannot replace the group under the same name; "
            "give it a new one",
        )


def _ask_about_removed_parameters(draft: Draft, group: RawResource, target: TargetVersion) -> None:
    parameters = group.properties.get("Parameters")
    if target.engine != "aurora-mysql" or not isinstance(parameters, dict):
        return
    for key, value in parameters.items():
        if key in mysql_parameters.REMOVED:
            instead = mysql_parameters.REMOVED[key]
            draft.ask(
                group.logical_id,
                f"Parameters.{key}",
                "MySQL 8.0 does not have it and the group is refused with it; "
                + (f"use {instead}" if instead else "remove it"),
                blocks=True,
            )
        elif key == "sql_mode" and mysql_parameters.REMOVED_SQL_MODE in str(value):
            draft.ask(
                group.logical_id,
                "Parameters.sql_mode",
                f"MySQL 8.0 does not know {mysql_parameters.REMOVED_SQL_MODE}; remove it",
                blocks=True,
            )
