"""Aurora Serverless v2: versions that run it, its capacity, and its instances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional import aurora
from pcistack.regional.context import Context
from pcistack.regional.curated import source
from pcistack.regional.facts import Availability
from pcistack.regional.pack import rule
from pcistack.template.view import Resource

_SCALING: Final = "ServerlessV2ScalingConfiguration"
_MINIMUM: Final = f"{_SCALING}.MinCapacity"
_MAXIMUM: Final = f"{_SCALING}.MaxCapacity"
_PAUSE: Final = f"{_SCALING}.SecondsUntilAutoPause"
_HIGHEST: Final = 256
_REQUIREMENTS: Final = "Aurora user guide: Requirements and limitations for Aurora serverless"


def _has_range(cluster: Resource) -> bool:
    """Whether a capacity range is given; an empty one is none, as CloudFormation leaves it out."""
    return cluster.get(_SCALING) not in (None, {})


@rule(
    "AURORA-V2-VERSION",
    "Serverless v2 with an engine version that has none in the region",
    types=(aurora.CLUSTER,),
    severity=Severity.FATAL,
    source="Aurora user guide: Supported Regions for Aurora serverless",
)
def version_rule(context: Context) -> Iterator[Hit]:
    """The cluster's version has no Serverless v2 in this region."""
    for cluster in aurora.clusters(context.view):
        text, engine = aurora.version(cluster), aurora.engine(cluster)
        if text is None or cluster.get("EngineMode") == "serverless":
            continue  # the rule on Serverless v1 speaks
        wanted = _has_range(cluster) or any(
            instance.text("DBInstanceClass") == aurora.SERVERLESS
            for instance in context.members.instances_of(cluster)
        )
        if not wanted or context.facts.serverless_v2(engine, text) is not Availability.UNAVAILABLE:
            continue
        minimum = context.facts.serverless_v2_minimum(engine) or {}
        needed = "; ".join(
            f"{' / '.join(versions)} or newer" for versions in minimum.values() if versions
        )
        yield hit(
            cluster,
            "EngineVersion",
            f"{engine} {text} has no Serverless v2 in {context.here}; it begins with {needed}",
            f'set EngineVersion: "{aurora.recommended_version(engine)}"',
            source=source("serverless-v2"),
        )


@rule(
    "AURORA-V2-CAPACITY-MISSING",
    "A db.serverless instance in a cluster without a capacity range",
    types=(aurora.CLUSTER,),
    severity=Severity.FATAL,
    source=_REQUIREMENTS,
)
def capacity_missing(context: Context) -> Iterator[Hit]:
    for instance in context.view.of_type(aurora.INSTANCE):
        if instance.text("DBInstanceClass") != aurora.SERVERLESS:
            continue
        cluster = context.members.cluster_of(instance)
        if cluster is None or _has_range(cluster):
            continue
        yield hit(
            cluster,
            _SCALING,
            f"instance {instance.logical_id} is db.serverless, but its cluster has no {_SCALING}: "
            f"AWS refuses the instance in {context.here}",
            f"add {_SCALING}: {{MinCapacity: 0.5, MaxCapacity: 1}} to {cluster.logical_id}",
        )


@rule(
    "AURORA-V2-INSTANCE-MISSING",
    "A Serverless v2 capacity range without a db.serverless instance",
    types=(aurora.CLUSTER,),
    severity=Severity.WARNING,
    source=_REQUIREMENTS,
)
def instance_missing(context: Context) -> Iterator[Hit]:
    for cluster in aurora.clusters(context.view):
        if not _has_range(cluster) or cluster.text("EngineMode") == "serverless":
            continue
        instances = context.members.instances_of(cluster)
        if any(
            instance.text("DBInstanceClass") in (None, aurora.SERVERLESS) for instance in instances
        ):
            continue
        unlinked = [
            instance
            for instance in context.view.of_type(aurora.INSTANCE)
            if instance.is_unknown("DBClusterIdentifier")
            and context.members.cluster_of(instance) is None
        ]
        if unlinked:
            continue  # one of them may be of this cluster
        yield hit(
            cluster,
            _SCALING,
            f"the cluster has {_SCALING} but no instance of class db.serverless in this template: "
            f"in {context.here} the capacity has no effect"
            + ("" if instances else ", and the cluster cannot be connected to"),
            f"add a resource of type AWS::RDS::DBInstance with DBClusterIdentifier: "
            f"!Ref {cluster.logical_id}, Engine: {aurora.engine(cluster) or 'aurora-mysql'} and "
            "DBInstanceClass: db.serverless",
        )


@rule(
    "AURORA-V2-CAPACITY",
    "A capacity range that no Aurora version takes",
    types=(aurora.CLUSTER,),
    severity=Severity.FATAL,
    source="RDS API reference: ServerlessV2ScalingConfiguration",
)
def capacity_rule(context: Context) -> Iterator[Hit]:
    """Capacity that no version takes."""
    for cluster in aurora.clusters(context.view):
        if not _has_range(cluster) or not isinstance(cluster.get(_SCALING), dict):
            continue
        for path, problem, fix in _impossible(cluster):
            yield hit(cluster, path, f"{problem}, in {context.here} or elsewhere", fix)


def _impossible(cluster: Resource) -> Iterator[tuple[str, str, str]]:
    low, high = cluster.number(_MINIMUM), cluster.number(_MAXIMUM)
    for path, value, lowest in ((_MINIMUM, low, 0.0), (_MAXIMUM, high, 1.0)):
        name = path.partition(".")[2]
        if cluster.get(path) is None:
            yield path, f"{name} is missing", f"add {name}, in Aurora capacity units (ACU)"
        elif value is not None and not lowest <= value <= _HIGHEST:
            yield (
                path,
                f"{name} {value:g} is outside {lowest:g} to {_HIGHEST} ACU",
                f"set {name} between {lowest:g} and {_HIGHEST}",
            )
        elif value is not None and (value * 2) % 1:
            yield (
                path,
                f"{name} {value:g} is no half step: ACU come in steps of 0.5",
                f"set {name}: {round(value * 2) / 2 or 0.5:g}",
            )
    if low is not None and high is not None and low > high:
        yield (
            _MINIMUM,
            f"MinCapacity {low:g} is above MaxCapacity {high:g}",
            f"set MinCapacity to at most {high:g}, or raise MaxCapacity",
        )
    pause = cluster.number(_PAUSE)
    if pause is not None and not (300 <= pause <= 86400 and pause % 1 == 0):
        yield (
            _PAUSE,
            f"SecondsUntilAutoPause {pause:g} is outside 300 to 86400 seconds",
            "set SecondsUntilAutoPause between 300 and 86400",
        )


@rule(
    "AURORA-V2-CAPACITY-VERSION",
    "A capacity range that the engine version does not take",
    types=(aurora.CLUSTER,),
    severity=Severity.ERROR,
    source="Aurora user guide: How Aurora serverless works, capacity",
)
def capacity_of_version(context: Context) -> Iterator[Hit]:
    """Capacity that other versions take, but not this one."""
    for cluster in aurora.clusters(context.view):
        text, engine = aurora.version(cluster), aurora.engine(cluster)
        limits = context.facts.capacity(engine, text) if text else None
        if limits is None:
            continue
        low, high = cluster.number(_MINIMUM), cluster.number(_MAXIMUM)
        if low is not None and 0 <= low < limits.minimum:
            what = "cannot pause" if low == 0 else f"starts at {limits.minimum:g} ACU"
            yield hit(
                cluster,
                _MINIMUM,
                f"MinCapacity {low:g}: {engine} {text} {what} in {context.here}",
                f"set MinCapacity: {limits.minimum:g}, or EngineVersion: "
                f'"{aurora.recommended_version(engine)}"',
                source=limits.source,
            )
        if high is not None and limits.maximum < high <= _HIGHEST:
            yield hit(
                cluster,
                _MAXIMUM,
                f"MaxCapacity {high:g}: {engine} {text} ends at {limits.maximum:g} ACU in "
                f"{context.here}",
                f"set MaxCapacity: {limits.maximum:g}, or EngineVersion: "
                f'"{aurora.recommended_version(engine)}"',
                source=limits.source,
            )
