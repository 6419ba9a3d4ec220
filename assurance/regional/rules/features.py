"""Features of Aurora that the engine version or the region lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assurance.findings import Finding, Severity
from assurance.regional import aurora
from assurance.regional.facts import Availability, Feature
from assurance.regional.rule import Context, Rule
from assurance.regional.versions import AURORA_ENGINES, parse
from assurance.resolution import Resource

_TITLES: Final = {
    "data-api": "The RDS Data API",
    "backtrack": "Backtrack",
    "io-optimized": "Aurora I/O-Optimized storage",
}


def _data_api(rule: Rule, context: Context) -> Iterator[Finding]:
    for cluster in aurora.clusters(context.view):
        if cluster.flag("EnableHttpEndpoint") and cluster.text("EngineMode") != "serverless":
            yield from _lacking(
                rule,
                context,
                cluster,
                "EnableHttpEndpoint",
                "data-api",
                "delete EnableHttpEndpoint and connect from inside the VPC",
            )


def _backtrack(rule: Rule, context: Context) -> Iterator[Finding]:
    for cluster in aurora.clusters(context.view):
        window = cluster.number("BacktrackWindow")
        if not window:
            continue
        if aurora.engine(cluster) == "aurora-postgresql":
            yield rule.finding(
                cluster,
                "BacktrackWindow",
                f"Backtrack does not exist for aurora-postgresql, in {context.here} or elsewhere",
                "delete BacktrackWindow; restore to a point in time instead",
                severity=Severity.FATAL,
            )
        else:
            yield from _lacking(
                rule,
                context,
                cluster,
                "BacktrackWindow",
                "backtrack",
                "delete BacktrackWindow; restore to a point in time instead",
            )


def _storage(rule: Rule, context: Context) -> Iterator[Finding]:
    for cluster in aurora.clusters(context.view):
        if cluster.text("StorageType") == "aurora-iopt1":
            yield from _lacking(
                rule,
                context,
                cluster,
                "StorageType",
                "io-optimized",
                "set StorageType: aurora, the standard storage",
            )


def _lacking(
    rule: Rule, context: Context, cluster: Resource, path: str, name: str, without: str
) -> Iterator[Finding]:
    """Yield a finding if the region, or the cluster's version, is known not to have a feature."""
    engine = aurora.engine(cluster)
    if engine not in AURORA_ENGINES:
        return
    feature = context.facts.feature(name, engine)
    if feature.availability is Availability.UNAVAILABLE:
        yield rule.finding(
            cluster,
            path,
            f"{_TITLES[name]} is not available for {engine} in {context.here}",
            without,
            source=feature.source,
        )
        return
    oldest = _too_old(feature, cluster)
    if oldest:
        yield rule.finding(
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


def _certificate_authority(rule: Rule, context: Context) -> Iterator[Finding]:
    for instance in context.view.of_type(aurora.INSTANCE):
        name = instance.text("CACertificateIdentifier")
        if name is None:
            continue
        authority = context.facts.certificate_authority(name)
        if authority.availability is Availability.UNAVAILABLE:
            here = context.facts.certificate_authorities()
            yield rule.finding(
                instance,
                "CACertificateIdentifier",
                f"the certificate authority {name} is not available in {context.here}",
                f"set CACertificateIdentifier: {here[0] if here else 'rds-ca-rsa2048-g1'}, "
                "or delete it",
                source=authority.source,
            )


def _insights(rule: Rule, context: Context) -> Iterator[Finding]:
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
            yield _insights_finding(rule, context, resource, switch, "true")
        if resource.get(period) is None or (days is not None and days < 465):
            yield _insights_finding(rule, context, resource, period, "465")


def _insights_finding(
    rule: Rule, context: Context, resource: Resource, path: str, value: str
) -> Finding:
    return rule.finding(
        resource,
        path,
        "DatabaseInsightsMode 'advanced' needs Performance Insights, kept for at least 465 days; "
        f"{path} is {resource.text(path) or 'not set'}, in {context.here}",
        f"set {path}: {value}, or DatabaseInsightsMode: standard",
    )


RULES: Final = (
    Rule(
        id="AURORA-DATA-API",
        title="The RDS Data API where the region or version lacks it",
        severity=Severity.ERROR,
        source="Aurora user guide: Supported Regions for RDS Data API",
        check=_data_api,
    ),
    Rule(
        id="AURORA-BACKTRACK",
        title="Backtrack where the region or engine lacks it",
        severity=Severity.ERROR,
        source="Aurora user guide: Backtracking an Aurora DB cluster",
        check=_backtrack,
    ),
    Rule(
        id="AURORA-STORAGE-TYPE",
        title="I/O-Optimized storage where the version lacks it",
        severity=Severity.ERROR,
        source="Aurora user guide: Supported Regions for cluster storage configurations",
        check=_storage,
    ),
    Rule(
        id="DATABASE-CERTIFICATE-AUTHORITY",
        title="A certificate authority that the region lacks",
        severity=Severity.ERROR,
        source="Aurora user guide: Using SSL/TLS to encrypt a connection",
        check=_certificate_authority,
    ),
    Rule(
        id="AURORA-INSIGHTS-MODE",
        title="Advanced Database Insights without what it needs",
        severity=Severity.FATAL,
        source="RDS API reference: CreateDBCluster, DatabaseInsightsMode",
        check=_insights,
    ),
)
