"""Database instances: they match their cluster, and their class is sold in the region."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional import aurora, community, versions
from pcistack.regional.context import Context
from pcistack.regional.curated import curated, source
from pcistack.regional.facts import Availability
from pcistack.regional.pack import rule
from pcistack.template.view import Resource


@rule(
    "AURORA-INSTANCE-MISMATCH",
    "An instance whose engine or version is not that of its cluster",
    types=(aurora.INSTANCE,),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBInstance, Engine and EngineVersion",
)
def mismatch(context: Context) -> Iterator[Hit]:
    for instance in context.view.of_type(aurora.INSTANCE):
        cluster = context.members.cluster_of(instance)
        if cluster is None:
            continue
        mine, its = aurora.engine(instance), aurora.engine(cluster)
        if mine and its and mine != its:
            yield hit(
                instance,
                "Engine",
                f"the instance is {mine}, its cluster {cluster.logical_id} is {its}: AWS refuses "
                f"the instance in {context.here}",
                f"set Engine: {its}",
            )
            continue
        if _differs(instance, cluster):
            yield hit(
                instance,
                "EngineVersion",
                f"the instance has version {aurora.version(instance)}, its cluster "
                f"{cluster.logical_id} {aurora.version(cluster)}: AWS refuses the instance in "
                f"{context.here}",
                "delete EngineVersion from the instance; it follows its cluster",
            )


def _differs(instance: Resource, cluster: Resource) -> bool:
    """Whether two versions differ; a bare major agrees with each of its minors."""
    if aurora.version(instance) == aurora.version(cluster):
        return False
    mine, its = aurora.release(instance), aurora.release(cluster)
    if mine is None or its is None:
        return False
    if not mine.is_exact or not its.is_exact:
        return mine.major != its.major
    return mine.numbers != its.numbers


@rule(
    "DATABASE-INSTANCE-CLASS",
    "A database instance class that the region does not sell",
    types=(aurora.INSTANCE,),
    severity=Severity.FATAL,
    source="RDS DescribeOrderableDBInstanceOptions, as carried by cfn-lint",
)
def instance_class(context: Context) -> Iterator[Hit]:
    for instance in context.view.of_type(aurora.INSTANCE):
        name = instance.text("DBInstanceClass")
        engine = aurora.engine(instance)
        cluster = context.members.cluster_of(instance)
        if not engine and cluster is not None:
            engine = aurora.engine(cluster)
        if not name or context.facts.instance_class(engine, name) is not Availability.UNAVAILABLE:
            continue
        yield hit(
            instance,
            "DBInstanceClass",
            f"{name} is not sold for {engine} in {context.here}",
            _alternative(context, engine, name),
            source=f"RDS DescribeOrderableDBInstanceOptions as carried by cfn-lint "
            f"{context.facts.versions.get('cfn-lint', '')}",
        )


def _alternative(context: Context, engine: str, name: str) -> str:
    """Say which classes of the same size, or else of the same kind, the region has."""
    classes = context.facts.instance_classes[engine]
    size = name.rpartition(".")[2]
    same = sorted(other for other in classes if other.rpartition(".")[2] == size)
    kind = sorted(other for other in classes if other[:4] == name[:4])
    choice = same or kind or sorted(classes)
    return f"choose a class that the region has: {', '.join(choice[:6])}"


@rule(
    "DATABASE-CLASS-VERSION",
    "A database instance class that the engine version does not run on",
    types=(aurora.INSTANCE,),
    severity=Severity.ERROR,
    source="Amazon RDS user guide: Supported DB engines for DB instance classes",
)
def class_version(context: Context) -> Iterator[Hit]:
    for instance in context.view.of_type(aurora.INSTANCE):
        cluster = context.members.cluster_of(instance)
        engine = aurora.engine(instance) or (aurora.engine(cluster) if cluster else "")
        version = aurora.version(instance) or (aurora.version(cluster) if cluster else None)
        name = instance.text("DBInstanceClass") or ""
        for row in curated()["class_ends"]:
            old = any(name == c or name.startswith(f"{c}.") for c in row["classes"])
            if row["engine"] != engine or not old or not version:
                continue
            if _numbers(engine, version) >= _numbers(engine, row["without"]):
                yield hit(
                    instance,
                    "DBInstanceClass",
                    f"{name} is not offered with {engine} {version}, in {context.here} or "
                    f"elsewhere: it ends before {row['without']}",
                    "choose a newer class, such as db.r6g or db.t4g",
                    source=source(row["source"]),
                )


def _numbers(engine: str, version: str) -> tuple[int, ...]:
    """What versions are compared by; empty, which is below all, if the text is no version."""
    parsed = versions.parse(engine, version) or community.parse(engine, version)
    return parsed.numbers if parsed else ()
