"""Features of Aurora that the engine version or the region lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional import aurora
from pcistack.regional.context import Context
from pcistack.regional.facts import Availability, Feature
from pcistack.regional.pack import rule
from pcistack.regional.versions import AURORA_ENGINES, parse
from pcistack.template.view import Resource

_TITLES: Final = {
    "data-api": "The RDS Data API",
    "backtrack": "Backtrack",
    "io-optimized": "Aurora I/O-Optimized storage",
}


@rule(
    "AURORA-DATA-API",
    "The RDS Data API where the region or version lacks it",
    types=(aurora.CLUSTER,),
    severity=Severity.ERROR,
    source="Aurora user guide: Supported Regions for RDS Data API",
)
def data_api(context: Context) -> Iterator[Hit]:
    for cluster in aurora.clusters(context.view):
        if cluster.flag("EnableHttpEndpoint") and cluster.text("EngineMode") != "serverless":
            yield from _lacking(
                context,
                cluster,
                "EnableHttpEndpoint",
                "data-api",
                "delete EnableHttpEndpoint and connect from inside the VPC",
            )


@rule(
    "AURORA-BACKTRACK",
    "Backtrack where the region or engine lacks it",
    types=(aurora.CLUSTER,),
    severity=Severity.ERROR,
    source="Aurora user guide: Backtracking an Aurora DB cluster",
)
def backtrack_rule(context: Context) -> Iterator[Hit]:
    for cluster in aurora.clusters(context.view):
        window = cluster.number("BacktrackWindow")
        if not window:
            continue
        if aurora.engine(cluster) == "aurora-postgresql":
            yield hit(
                cluster,
                "BacktrackWindow",
                f"Backtrack does not exist for aurora-postgresql, in {context.here} or elsewhere",
                "delete BacktrackWindow; restore to a point in time instead",
                severity=Severity.FATAL,
            )
        else:
            yield from _lacking(
                context,
                cluster,
                "BacktrackWindow",
                "backtrack",
                "delete BacktrackWindow; restore to a point in time instead",
            )


@rule(
    "AURORA-STORAGE-TYPE",
    "I/O-Optimized storage where the version lacks it",
    types=(aurora.CLUSTER,),
    severity=Severity.ERROR,
    source="Aurora user guide: Supported Regions for cluster storage configurations",
)
def storage_rule(context: Context) -> Iterator[Hit]:
    for cluster in aurora.clusters(context.view):
        if cluster.text("StorageType") == "aurora-iopt1":
            yield from _lacking(
                context,
                cluster,
                "StorageType",
                "io-optimized",
                "set StorageType: aurora, the standard storage",
            )


def _lacking(
    context: Context, cluster: Resource, path: str, name: str, without: str
) -> Iterator[Hit]:
    """Yield a finding if the region, or the cluster's version, is known not to have a feature."""
    engine = aurora.engine(cluster)
    if engine not in AURORA_ENGINES:
        return
    feature = context.facts.feature(name, engine)
    if feature.availability is Availability.UNAVAILABLE:
        yield hit(
            cluster,
            path,
            f"{_TITLES[name]} is not available for {engine} in {context.here}",
            without,
            source=feature.source,
        )
        return
    oldest = _too_old(feature, cluster)
    if oldest:
        yield hit(
            cluster,
            path,
            f"{_TITLES[name]} needs {engine} {oldest} or newer; the cluster has "
            f"{aurora.version(cluster)}, in {context.here}",
            f'set EngineVersion: "{aurora.recommended_version(engine)}", or {without}',
            source=feature.source,
        )


def _too_old(feature: Feature, cluster: Resource) -> str:
    """Return the oldest version with the feature if the cluster's is older, else nothing."""
    parsed = aurora.release(cluster)
    if parsed is None or not parsed.is_exact:
        return ""
    oldest = feature.minimum.get(parsed.major)
    if oldest is not None:
        release = parse(parsed.engine, oldest)
        return oldest if release and parsed.numbers < release.numbers else ""
    first = [
        (other.numbers, text)
        for text in feature.minimum.values()
        if (other := parse(parsed.engine, text))
    ]
    return min(first)[1] if first and parsed.numbers < min(first)[0] else ""


@rule(
    "DATABASE-CERTIFICATE-AUTHORITY",
    "A certificate authority that the region lacks",
    types=(aurora.INSTANCE,),
    severity=Severity.ERROR,
    source="Aurora user guide: Using SSL/TLS to encrypt a connection",
)
def certificate_authority(context: Context) -> Iterator[Hit]:
    for instance in context.view.of_type(aurora.INSTANCE):
        name = instance.text("CACertificateIdentifier")
        if name is None:
            continue
        authority = context.facts.certificate_authority(name)
        if authority.availability is Availability.UNAVAILABLE:
            here = context.facts.certificate_authorities()
            yield hit(
                instance,
                "CACertificateIdentifier",
                f"the certificate authority {name} is not available in {context.here}",
                f"set CACertificateIdentifier: {here[0] if here else 'rds-ca-rsa2048-g1'}, "
                "or delete it",
                source=authority.source,
            )


@rule(
    "AURORA-INSIGHTS-MODE",
    "Advanced Database Insights without what it needs",
    types=(aurora.CLUSTER, aurora.INSTANCE),
    severity=Severity.FATAL,
    source="RDS API reference: CreateDBCluster, DatabaseInsightsMode",
)
def insights(context: Context) -> Iterator[Hit]:
    for resource in (*aurora.clusters(context.view), *context.view.of_type(aurora.INSTANCE)):
        if (resource.text("DatabaseInsightsMode") or "").lower() != "advanced":
            continue
        if context.members.cluster_of(resource) is not None:
            continue  # the mode of a cluster is set at the cluster
        # the property has another name at an instance
        is_cluster = resource.type == aurora.CLUSTER
        switch = "PerformanceInsightsEnabled" if is_cluster else "EnablePerformanceInsights"
        period = "PerformanceInsightsRetentionPeriod"
        days = resource.number(period)
        if resource.get(switch) is None or resource.flag(switch) is False:
            yield _insights_finding(context, resource, switch, "true")
        if resource.get(period) is None or (days is not None and days < 465):
            yield _insights_finding(context, resource, period, "465")


def _insights_finding(context: Context, resource: Resource, path: str, value: str) -> Hit:
    return hit(
        resource,
        path,
        "DatabaseInsightsMode 'advanced' needs Performance Insights, kept for at least 465 days; "
        f"{path} is {resource.text(path) or 'not set'}, in {context.here}",
        f"set {path}: {value}, or DatabaseInsightsMode: standard",
    )
