"""Aurora clusters and their instances, as the rules look at them."""

from __future__ import annotations

from functools import cache
from typing import Final

from pcistack.regional.curated import curated
from pcistack.regional.facts import unknown
from pcistack.regional.versions import AURORA_ENGINES, EngineRelease, parse
from pcistack.template.view import Resource, View

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


class Members:
    """Which instances belong to which cluster in a view, worked out once."""

    def __init__(self, view: View) -> None:
        """Match every instance with its cluster, by reference or by the name they share."""
        named: dict[str, list[Resource]] = {}
        for cluster in view.of_type(CLUSTER):
            name = cluster.text("DBClusterIdentifier")
            if name:
                named.setdefault(name, []).append(cluster)
        self._cluster: dict[str, Resource] = {}
        self._instances: dict[str, list[Resource]] = {}
        for instance in view.of_type(INSTANCE):
            value = instance.get("DBClusterIdentifier")
            found = view.target(value)
            same_name = named.get(value, []) if isinstance(value, str) else []
            if found is None and len(same_name) == 1:
                found = same_name[0]
            if found is not None and found.type == CLUSTER:
                self._cluster[instance.logical_id] = found
                self._instances.setdefault(found.logical_id, []).append(instance)

    def cluster_of(self, instance: Resource) -> Resource | None:
        """Return the cluster of an instance, if it is in the view."""
        return self._cluster.get(instance.logical_id)

    def instances_of(self, cluster: Resource) -> list[Resource]:
        """Return the instances of a cluster in the view."""
        return self._instances.get(cluster.logical_id, [])


@cache
def recommended_version(engine_name: str) -> str:
    """Return the version that a fix names, and the default of a new cluster.

    It is the newest that is available of the long-term line with the longest support.
    """
    everywhere = unknown(None)
    found = [
        (support.ends, parsed.numbers, version)
        for version, status in everywhere.engine_versions.get(engine_name, {}).items()
        if status == "available"
        and (parsed := parse(engine_name, version)) is not None
        and parsed.is_exact
        and (support := everywhere.support(engine_name, version)) is not None
        and support.long_term
    ]
    return max(found)[-1] if found else ""


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
