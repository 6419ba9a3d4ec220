"""Aurora clusters and their instances, as the rules look at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assurance.regional.facts import curated
from assurance.regional.versions import AURORA_ENGINES, EngineRelease, parse
from assurance.resolution import Resource, View

CLUSTER: Final = "AWS::RDS::DBCluster"
INSTANCE: Final = "AWS::RDS::DBInstance"
GLOBAL_CLUSTER: Final = "AWS::RDS::GlobalCluster"
SERVERLESS: Final = "db.serverless"


def clusters(view: View) -> list[Resource]:
    """Return the Aurora clusters; a cluster whose engine is not known counts as one."""
    return [
        cluster
        for cluster in view.of_type(CLUSTER)
        if cluster.text("Engine") is None or engine(cluster) in AURORA_ENGINES
    ]


def engine(resource: Resource) -> str:
    """Return the engine in lower case; ``aurora`` is Aurora MySQL 1; empty if not known."""
    name = (resource.text("Engine") or "").lower()
    return "aurora-mysql" if name == "aurora" else name


def version(resource: Resource) -> str | None:
    """Return the engine version if it is written in the template."""
    return resource.text("EngineVersion")


def release(resource: Resource) -> EngineRelease | None:
    """Return the engine version taken apart, if it is known and well formed."""
    text = version(resource)
    return parse(engine(resource), text) if text else None


def cluster_of(view: View, instance: Resource) -> Resource | None:
    """Return the cluster of an instance, if it is in this view; None for a cluster itself."""
    if instance.type != INSTANCE:
        return None
    value = instance.get("DBClusterIdentifier")
    found = view.target(value)
    if found is None and isinstance(value, str):
        named = [c for c in view.of_type(CLUSTER) if c.text("DBClusterIdentifier") == value]
        found = named[0] if len(named) == 1 else None
    return found if found is not None and found.type == CLUSTER else None


def instances_of(view: View, cluster: Resource) -> Iterator[Resource]:
    """Yield the instances of a cluster in this view."""
    for instance in view.of_type(INSTANCE):
        if cluster_of(view, instance) is cluster:
            yield instance


def recommended_version(engine_name: str) -> str:
    """Return the version that a fix names: of the long-term line with the longest support."""
    for row in curated()["recommended"]:
        if row["engine"] == engine_name:
            return str(row["version"])
    return ""


def parameter_group_family(engine_name: str, parsed: EngineRelease) -> str:
    """Return the parameter-group family of a release, such as ``aurora-mysql8.0``."""
    if engine_name == "aurora-postgresql":
        return f"aurora-postgresql{parsed.major}"
    community = {"1": "5.6", "2": "5.7", "3": "8.0"}.get(parsed.major, parsed.major)
    return "aurora5.6" if community == "5.6" else f"aurora-mysql{community}"


def engine_mode_end(mode: str) -> tuple[str, str] | None:
    """Return the day and the source key with which an engine mode ended, if it did."""
    for row in curated()["engine_modes"]:
        if row["mode"] == mode:
            return str(row["ended"]), str(row["source"])
    return None
