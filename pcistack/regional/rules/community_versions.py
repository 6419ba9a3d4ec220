"""Versions of RDS's engines other than Aurora: those that AWS no longer creates, or bills more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional import aurora, community
from pcistack.regional.context import Context
from pcistack.regional.curated import curated, source
from pcistack.regional.pack import rule
from pcistack.regional.versions import NO_EXTENDED_SUPPORT
from pcistack.template.view import Resource

_TYPES: Final = (aurora.INSTANCE, aurora.CLUSTER)


@rule(
    "DATABASE-VERSION-RETIRED",
    "A version of an RDS engine that AWS no longer creates",
    types=_TYPES,
    severity=Severity.FATAL,
    source="RDS DescribeDBEngineVersions, as carried by cfn-lint",
)
def retired(context: Context) -> Iterator[Hit]:
    """A restored copy keeps its version, so what names a snapshot or a source is left alone."""
    for resource, engine, text in _versioned(context):
        known = context.facts.engine_versions.get(engine, {})
        if _restored(resource) or community.status(engine, text, known) != "deprecated":
            continue
        newest = community.newest(engine, known)
        yield hit(
            resource,
            "EngineVersion",
            f"{engine} {text} is retired: AWS creates no database with it, in {context.here} or "
            "elsewhere",
            f'set EngineVersion: "{newest}"' if newest else "choose a version that AWS lists",
        )
    for resource in context.view.of_type(aurora.INSTANCE):
        engine = aurora.engine(resource)
        for row in curated()["ended_majors"]:
            text = resource.text("EngineVersion") or ""
            ended = engine.startswith(f"{row['engine']}-") and any(
                text == major or text.startswith(f"{major}.") for major in row["majors"]
            )
            if ended and not _restored(resource):
                yield hit(
                    resource,
                    "EngineVersion",
                    f"{engine} {text} is retired: AWS creates no database with it, in "
                    f"{context.here} or elsewhere",
                    "choose a major version that AWS lists",
                    source=source(row["source"]),
                )


@rule(
    "DATABASE-VERSION-EXTENDED",
    "A version of an RDS engine past its standard support",
    types=_TYPES,
    severity=Severity.WARNING,
    source="Amazon RDS user guide: Amazon RDS Extended Support",
)
def extended(context: Context) -> Iterator[Hit]:
    """AWS still creates it, and bills Extended Support, unless the template refuses that."""
    for resource, engine, text in _versioned(context):
        ends = community.support(engine, text)
        known = context.facts.engine_versions.get(engine, {})
        if ends is None or ends[0] >= context.on or _restored(resource):
            continue
        if community.status(engine, text, known) == "deprecated":
            continue
        refused = resource.text("EngineLifecycleSupport") == NO_EXTENDED_SUPPORT
        yield hit(
            resource,
            "EngineVersion",
            f"{engine} {text} left standard support on {ends[0]}, in {context.here} as elsewhere: "
            + (
                "EngineLifecycleSupport refuses Extended Support, so the creation fails"
                if refused
                else "AWS creates it with Extended Support, which it bills by itself"
            ),
            f'set EngineVersion: "{community.newest(engine, known)}"',
            severity=Severity.FATAL if refused else None,
            source=ends[1],
        )


def _versioned(context: Context) -> Iterator[tuple[Resource, str, str]]:
    for kind in _TYPES:
        for resource in context.view.of_type(kind):
            engine, text = aurora.engine(resource), aurora.version(resource)
            if engine in community.ENGINES and text is not None:
                yield resource, engine, text


def _restored(resource: Resource) -> bool:
    """Whether the database is a copy of another, which AWS makes with the version of that one."""
    return any(
        resource.get(name) is not None
        for name in (
            "DBSnapshotIdentifier",
            "SnapshotIdentifier",
            "SourceDBInstanceIdentifier",
            "SourceDBClusterIdentifier",
            "ReplicationSourceIdentifier",
        )
    )
