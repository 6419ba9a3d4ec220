"""The instances of a Serverless v1 cluster: it may have none, and then needs one."""

from __future__ import annotations

from pcistack.migration.draft import Draft
from pcistack.migration.targets import TargetVersion
from pcistack.migration.values import is_token, shown
from pcistack.regional.aurora import INSTANCE
from pcistack.template.document import Json, RawResource


def find(draft: Draft, cluster: RawResource) -> list[RawResource]:
    """Return the instances of a cluster, by reference or by the name they share."""
    identifier = cluster.properties.get("DBClusterIdentifier")
    found: list[RawResource] = []
    for resource in draft.template.resources.values():
        if resource.type != INSTANCE:
            continue
        given = resource.properties.get("DBClusterIdentifier")
        refers = any(
            world.resources[resource.logical_id].referenced("DBClusterIdentifier")
            == cluster.logical_id
            for world in draft.worlds
            if resource.logical_id in world.resources
        )
        if refers or (given is not None and given == identifier):
            found.append(resource)
    return found


def correct(draft: Draft, member: RawResource, target: TargetVersion) -> None:
    """Give an instance the engine and version of its cluster."""
    name = member.logical_id
    if draft.literal(name, "Engine") == "aurora":
        draft.want(name, "Engine", target.engine, "the same engine as the cluster")
    version = draft.literal(name, "EngineVersion")
    if "EngineVersion" in member.properties and version != target.version:
        draft.want(name, "EngineVersion", target.version, "the same version as the cluster")
    size = draft.literal(name, "DBInstanceClass")
    if size != "db.serverless":
        draft.ask(
            name,
            "DBInstanceClass",
            f"{shown(member.properties.get('DBInstanceClass'))} was kept: a fixed size does "
            "not scale; write db.serverless if it should",
        )


def add(draft: Draft, cluster: RawResource, target: TargetVersion) -> None:
    """Add a writer to a cluster without instances."""
    name = cluster.logical_id
    new = _free_name(draft, f"{name}Writer")
    body: dict[str, Json] = {"Type": INSTANCE}
    for key in ("Condition", "DeletionPolicy", "UpdateReplacePolicy"):
        value = cluster.body.get(key)
        if value is not None:
            # a cluster's snapshot holds all data; AWS takes none of its instances
            body[key] = "Delete" if value == "Snapshot" else value
    engine = cluster.properties.get("Engine")
    body["Properties"] = {
        "DBClusterIdentifier": {"Ref": name},
        "DBInstanceClass": "db.serverless",
        "Engine": engine if is_token(engine) else target.engine,
        "PubliclyAccessible": False,
    }
    draft.text.insert(("Resources", new), body, after=name)
    draft.note(
        new,
        "",
        "",
        f"{INSTANCE}, db.serverless",
        "a v1 cluster ran by itself, a v2 cluster needs an instance to serve "
        "anything; not public, as v1 never was",
    )
    waiting = [
        other.logical_id
        for other in draft.template.resources.values()
        if name in _list(other.body.get("DependsOn"))
    ]
    if waiting:
        draft.ask(
            new,
            "",
            f"DependsOn: {name} no longer means that the database answers; let "
            f"{', '.join(waiting)} depend on {new} too if they connect while the stack is "
            "created",
        )


def _free_name(draft: Draft, wanted: str) -> str:
    taken = {
        name
        for section in ("Parameters", "Mappings", "Conditions", "Resources", "Outputs", "Rules")
        for name in draft.template.section(section)
    }
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}{number}"
    return name


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]
