"""Which clusters are Serverless v1, and what becomes of their own properties but the capacity."""

from __future__ import annotations

import json

from pcistack.migration.draft import Draft, at
from pcistack.migration.targets import TargetVersion
from pcistack.migration.values import is_token, shown
from pcistack.regional.aurora import CLUSTER
from pcistack.regional.facts import Availability
from pcistack.template.document import RawResource

# Which clusters


def find(draft: Draft) -> list[RawResource]:
    """Return the clusters that are Serverless v1 beyond doubt; ask about the doubtful ones."""
    found: list[RawResource] = []
    for name, resource in draft.template.resources.items():
        if resource.type != CLUSTER:
            continue
        mode = resource.properties.get("EngineMode")
        scaling = "ScalingConfiguration" in resource.properties
        named = mode.lower() if isinstance(mode, str) else mode
        if named == "serverless" or (mode is None and scaling):
            found.append(resource)
        elif isinstance(mode, str) and scaling:
            draft.ask(
                name,
                "ScalingConfiguration",
                f"belongs to Serverless v1, but EngineMode says {mode}; remove it, or make "
                "the cluster serverless with ServerlessV2ScalingConfiguration",
                blocks=True,
            )
        elif isinstance(mode, dict) and (scaling or _may_be_serverless(draft, name)):
            draft.ask(
                name,
                "EngineMode",
                f"{shown(mode)} decides whether this is Serverless v1, so nothing was "
                "changed here; remove EngineMode and ScalingConfiguration, or write "
                "EngineMode: serverless literally and run this again",
                blocks=True,
            )
    return found


def _may_be_serverless(draft: Draft, name: str) -> bool:
    return any(
        (world.resources[name].text("EngineMode") or "").lower() == "serverless"
        for world in draft.worlds
        if name in world.resources
    )


def ask_about_loops(draft: Draft) -> None:
    """Ask about loops that make Serverless v1 clusters."""
    for key, body in draft.template.section("Resources").items():
        if key.startswith("Fn::ForEach") and '"serverless"' in json.dumps(body):
            draft.ask(
                key,
                "",
                "a loop makes clusters with EngineMode serverless; loops are not changed",
                blocks=True,
            )


# Their properties


def set_engine(draft: Draft, cluster: RawResource, target: TargetVersion) -> None:
    """Remove the engine mode and write the engine and version of the target."""
    name, properties = cluster.logical_id, cluster.properties
    if "EngineMode" in properties:
        draft.remove(
            name,
            "EngineMode",
            "Serverless v1 reached its end of life on 2025-03-31; no region creates it any "
            "more. Serverless v2 clusters have no engine mode of their own",
        )
    if draft.literal(name, "Engine") == "aurora":
        draft.want(
            name,
            "Engine",
            target.engine,
            "aurora was MySQL 5.6, which AWS no longer offers",
        )
    why = "v1 ran on versions that Serverless v2 does not; this one has long-term support"
    if "EngineVersion" in properties:
        if draft.literal(name, "EngineVersion") != target.version:
            draft.want(name, "EngineVersion", target.version, why)
    else:
        draft.insert(name, "EngineVersion", target.version, why, after="Engine")


def keep_port(draft: Draft, cluster: RawResource, target: TargetVersion) -> None:
    """Write the port that v1 implied."""
    if target.engine == "aurora-postgresql" and "Port" not in cluster.properties:
        draft.insert(
            cluster.logical_id,
            "Port",
            5432,
            "PostgreSQL on v1 listened on 5432; without EngineMode CloudFormation's default "
            "is 3306 for both engines",
        )


def keep_encryption(draft: Draft, cluster: RawResource) -> None:
    """Write the encryption that v1 implied; ask where it is off or comes from a source."""
    name, properties = cluster.logical_id, cluster.properties
    restores = [
        key for key in ("SnapshotIdentifier", "SourceDBClusterIdentifier") if key in properties
    ]
    key = "StorageEncrypted"
    encrypted = properties.get(key)
    why = "v1 always encrypted its storage, v2 only if told to; it cannot be changed later"
    if encrypted is None and not restores and key in properties:
        draft.text.set(at(name, key), True)
        draft.note(name, key, "null", "true", why)
    elif encrypted is None and not restores:
        draft.insert(name, key, True, why)
    elif str(encrypted).lower() == "false":
        draft.ask(
            name,
            "StorageEncrypted",
            "is false; v1 encrypted all the same, v2 would not. Set it to true unless plain "
            "storage is what you want",
        )
    for key in restores:
        draft.ask(
            name,
            key,
            f"{shown(properties[key])} was kept: a v1 snapshot is MySQL 5.6/5.7 or "
            "PostgreSQL 10 to 13 and must be upgraded to the new major version first, and "
            "encryption comes from it",
        )


def check_data_api(draft: Draft, cluster: RawResource, target: TargetVersion) -> None:
    """Remove the Data API where the region has none, and name its users."""
    name = cluster.logical_id
    value = cluster.properties.get("EnableHttpEndpoint")
    if value is None or str(value).lower() == "false":
        return
    region = draft.facts.region
    here = draft.facts.feature("data-api", target.engine).availability
    if here is Availability.AVAILABLE:
        return
    if here is Availability.UNKNOWN or is_token(value):
        draft.ask(
            name,
            "EnableHttpEndpoint",
            f"{shown(value)} was kept; check that {region} has the RDS Data API",
        )
        return
    users = [
        other.logical_id
        for other in draft.template.resources.values()
        if "rds-data:" in json.dumps(other.body) or "RelationalDatabaseConfig" in other.properties
    ]
    draft.remove(name, "EnableHttpEndpoint", f"{region} has no RDS Data API")
    draft.ask(
        name,
        "EnableHttpEndpoint",
        "whatever called the Data API must open a database connection instead"
        + (f": see {', '.join(users)}" if users else ""),
    )


def ask_about_data(draft: Draft, cluster: RawResource) -> None:
    """Ask how the data of a running stack moves."""
    name = cluster.logical_id
    draft.ask(
        name,
        "",
        "a stack that already runs this cluster: CloudFormation replaces it, and the new one "
        "is empty. Take a snapshot and choose how the data moves: docs/migration.md, "
        '"Moving the data"',
    )
    if "DBClusterIdentifier" in cluster.properties:
        draft.ask(
            name,
            "DBClusterIdentifier",
            f"{shown(cluster.properties['DBClusterIdentifier'])} is a fixed name: a running "
            "stack cannot replace the cluster under the same name; give it a new one",
        )
