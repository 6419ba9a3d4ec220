"""Aurora Serverless v1 in any form, and the other engine modes that are gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional import aurora, v2_capacity
from pcistack.regional.context import Context
from pcistack.regional.curated import source
from pcistack.regional.facts import Capacity, Facts
from pcistack.regional.pack import rule
from pcistack.regional.versions import parse
from pcistack.template.view import Resource

_V1_ONLY: Final = ("ScalingConfiguration",)


@rule(
    "AURORA-SERVERLESS-V1",
    "Aurora Serverless v1, which AWS no longer creates",
    types=(aurora.CLUSTER,),
    severity=Severity.FATAL,
    source="Aurora user guide: Aurora Serverless v1",
)
def serverless_v1(context: Context) -> Iterator[Hit]:
    for cluster in context.view.of_type(aurora.CLUSTER):
        mode = (cluster.text("EngineMode") or "").lower()
        if mode == "serverless":
            path = "EngineMode"
            what = "EngineMode 'serverless'"
        elif any(cluster.get(name) is not None for name in _V1_ONLY):
            path = next(name for name in _V1_ONLY if cluster.get(name) is not None)
            what = f"{path}, the capacity of Serverless v1"
        else:
            continue
        region = context.here
        yield hit(
            cluster,
            path,
            f"Aurora Serverless v1 cannot be created in {region}: the cluster has {what}; "
            "AWS ended it on 2025-03-31 and answers 'The engine mode serverless you requested "
            "is currently unavailable.'",
            replacement(cluster, context.facts),
            source=source("serverless-v1"),
        )


def replacement(cluster: Resource, facts: Facts) -> str:
    """Return the Serverless v2 properties and the instance that replace a Serverless v1 cluster."""
    engine = aurora.engine(cluster)
    if engine not in ("aurora-mysql", "aurora-postgresql"):
        engine = "aurora-postgresql" if "postgres" in engine else "aurora-mysql"
    text = _version(cluster, facts, engine)
    low, high, pause = _capacity(cluster, facts.capacity(engine, text))
    lines = [
        "use Serverless v2 (pcistack migrate writes it for you): delete EngineMode and "
        "ScalingConfiguration, and write",
        f"  {cluster.logical_id}:",
        "    Type: AWS::RDS::DBCluster",
        "    Properties:",
        f"      Engine: {engine}",
        f'      EngineVersion: "{text}"',
        *_implied(cluster, engine),
        "      ServerlessV2ScalingConfiguration:",
        f"        MinCapacity: {low:g}",
        f"        MaxCapacity: {high:g}",
        *([f"        SecondsUntilAutoPause: {pause}"] if pause else []),
        f"  {cluster.logical_id}Writer:",
        "    Type: AWS::RDS::DBInstance",
        "    Properties:",
        f"      DBClusterIdentifier: !Ref {cluster.logical_id}",
        f"      Engine: {engine}",
        "      DBInstanceClass: db.serverless",
        "      PubliclyAccessible: false",
    ]
    return "\n".join(lines)


def _implied(cluster: Resource, engine: str) -> Iterator[str]:
    """Yield what v1 implied and v2 does not: PostgreSQL's port, encrypted storage."""
    if engine == "aurora-postgresql" and cluster.get("Port") is None:
        yield "      Port: 5432"
    restored = cluster.get("SnapshotIdentifier") or cluster.get("SourceDBClusterIdentifier")
    if cluster.get("StorageEncrypted") is None and restored is None:
        yield "      StorageEncrypted: true"


def _version(cluster: Resource, facts: Facts, engine: str) -> str:
    """Keep the version if it runs on Serverless v2 and is available, else recommend one."""
    text = aurora.version(cluster)
    parsed = parse(engine, text) if text else None
    if text and parsed and parsed.is_exact:
        capacity = facts.capacity(engine, text)
        if facts.engine_version(engine, text) == "available" and capacity is not None:
            return text
    return aurora.recommended_version(engine)


def _capacity(cluster: Resource, within: Capacity | None) -> tuple[float, float, int | None]:
    """Convert the limits of v1; a pause only if v1 had one, as it did by default."""
    assert within is not None  # every version that is written has its row in the facts
    low = cluster.number("ScalingConfiguration.MinCapacity") or 1
    high = cluster.number("ScalingConfiguration.MaxCapacity") or v2_capacity.V1_DEFAULT_MAXIMUM
    pause = cluster.flag("ScalingConfiguration.AutoPause") is not False
    maximum = v2_capacity.maximum_capacity(high, within)
    minimum = min(v2_capacity.minimum_capacity(low, pause=pause, within=within), maximum)
    seconds = cluster.number("ScalingConfiguration.SecondsUntilAutoPause")
    if minimum or seconds is None:
        return minimum, maximum, None
    return minimum, maximum, v2_capacity.pause_seconds(seconds)


@rule(
    "AURORA-ENGINE-MODE",
    "An engine mode that AWS no longer creates",
    types=(aurora.CLUSTER,),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster",
)
def engine_mode(context: Context) -> Iterator[Hit]:
    for cluster in context.view.of_type(aurora.CLUSTER):
        mode = cluster.text("EngineMode")
        if mode is None or mode.lower() in ("provisioned", "serverless"):
            continue
        ended = aurora.engine_mode_end(mode.lower())
        yield hit(
            cluster,
            "EngineMode",
            f"EngineMode '{mode}' cannot be created in {context.here}: "
            + (
                f"it belonged to Aurora MySQL 1, which ended on {ended[0]}"
                if ended
                else "AWS has no such engine mode"
            ),
            "delete EngineMode; 'provisioned' is the default and the only mode left, "
            "for Serverless v2 too",
            source=source("engine-modes"),
        )
