"""What a template needs of its account and region, derived from the template itself.

These are the questions of ``pcistack preflight``; :mod:`pcistack.account.preflight` asks them.
What only a deployment knows is kept as unknown and never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pcistack.account.needed import Endpoint, NeededDatabase, Needs, UniqueName, Zone
from pcistack.cost.tasks import fargate
from pcistack.template.view import Partial, Resource, Value, View


def needs(views: Sequence[View]) -> Needs:
    """Derive what a template needs; resolve the views with the region's real zones first."""
    databases: dict[NeededDatabase, None] = {}
    endpoints: dict[Endpoint, None] = {}
    zones: dict[str, dict[str, None]] = {}
    names: dict[UniqueName, None] = {}
    certificates: dict[str, dict[str, None]] = {}
    hosted_zones: dict[Zone, None] = {}
    problems: dict[tuple[str, str], None] = {}
    counts: dict[str, int] = {}
    nat_zones: dict[str, int] = {}
    unknown: dict[str, None] = {}
    vcpu = scaled = 0.0
    for view in views:
        databases |= dict.fromkeys(_databases(view))
        endpoints |= dict.fromkeys(_endpoints(view))
        problems |= dict.fromkeys((p.resource, p.message) for p in view.problems)
        for zone, resource in _zones(view):
            zones.setdefault(zone, {})[resource] = None
        names |= dict.fromkeys(_names(view))
        hosted_zones |= dict.fromkeys(_hosted_zones(view))
        for arn, resource in _certificates(view):
            certificates.setdefault(arn, {})[resource] = None
        counts = _most(counts, _counts(view))
        nat_zones = _most(nat_zones, _nat_zones(view))
        at_start, at_scale, not_known = _vcpu(view)
        vcpu, scaled = max(vcpu, at_start), max(scaled, at_scale)
        unknown |= dict.fromkeys(not_known)
    return Needs(
        databases=tuple(databases),
        endpoints=tuple(endpoints),
        zones={zone: tuple(resources) for zone, resources in sorted(zones.items())},
        counts=counts,
        nat_zones=nat_zones,
        vcpu=vcpu,
        vcpu_at_scale=scaled,
        unknown=tuple(unknown),
        types=_types(views),
        names=tuple(names),
        certificates={arn: tuple(resources) for arn, resources in certificates.items()},
        hosted_zones=tuple(hosted_zones),
        problems=tuple(problems),
    )


def _types(views: Sequence[View]) -> frozenset[str]:
    every = (resource.type for view in views for resource in view.resources.values())
    return frozenset(kind for kind in every if kind.startswith("AWS::"))


def _most(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {key: max(one.get(key, 0), other.get(key, 0)) for key in {**one, **other}}


# Databases


def _databases(view: View) -> Iterable[NeededDatabase]:
    for cluster in view.of_type("AWS::RDS::DBCluster"):
        yield NeededDatabase(
            resource=cluster.logical_id,
            engine=cluster.text("Engine"),
            version=_optional(cluster, "EngineVersion"),
            mode=cluster.text("EngineMode") or "",
            minimum=cluster.number("ServerlessV2ScalingConfiguration.MinCapacity"),
            maximum=cluster.number("ServerlessV2ScalingConfiguration.MaxCapacity"),
            is_serverless_v2=cluster.get("ServerlessV2ScalingConfiguration") is not None,
            family=_family(view, cluster, "DBClusterParameterGroupName"),
            log_types=tuple(_texts(cluster.items("EnableCloudwatchLogsExports"))),
        )
    for instance in view.of_type("AWS::RDS::DBInstance"):
        yield _instance(view, instance, view.target(instance.get("DBClusterIdentifier")))


def _instance(view: View, instance: Resource, cluster: Resource | None) -> NeededDatabase:
    owner = cluster or instance
    flags = {
        "SupportsIAMDatabaseAuthentication": owner.flag("EnableIAMDatabaseAuthentication"),
        "SupportsStorageEncryption": owner.flag("StorageEncrypted"),
        "SupportsHttpEndpoint": owner.flag("EnableHttpEndpoint"),
        "SupportsPerformanceInsights": instance.flag("EnablePerformanceInsights")
        or owner.flag("PerformanceInsightsEnabled"),
        "SupportsEnhancedMonitoring": (instance.number("MonitoringInterval") or 0) > 0,
    }
    version = _optional(instance, "EngineVersion")
    if version == "" and instance.get("DBClusterIdentifier") is not None:
        # the cluster's; that of a cluster outside the template is not known here
        version = None if cluster is None else _optional(cluster, "EngineVersion")
    return NeededDatabase(
        resource=instance.logical_id,
        engine=owner.text("Engine")
        if "Engine" not in instance.properties
        else instance.text("Engine"),
        version=version,
        instance_class=instance.text("DBInstanceClass"),
        family=_family(view, instance, "DBParameterGroupName"),
        log_types=tuple(_texts(instance.items("EnableCloudwatchLogsExports"))),
        certificate_authority=instance.text("CACertificateIdentifier") or "",
        zone=instance.text("AvailabilityZone") or "",
        flags=tuple(name for name, wanted in flags.items() if wanted),
    )


def _optional(resource: Resource, key: str) -> str | None:
    """Return a text, empty if it is absent, None if it is not known."""
    return "" if resource.get(key) is None else resource.text(key)


def _family(view: View, resource: Resource, key: str) -> str:
    group = view.target(resource.get(key))
    return (group.text("Family") or "") if group is not None else ""


def _texts(values: Iterable[object]) -> list[str]:
    return [str(v) for v in values if isinstance(v, str) and not isinstance(v, Partial)]


# Network


def _endpoints(view: View) -> Iterable[Endpoint]:
    for endpoint in view.of_type("AWS::EC2::VPCEndpoint"):
        subnets = (view.target(subnet) for subnet in endpoint.items("SubnetIds"))
        zones = (_zone(subnet) for subnet in subnets if subnet is not None)
        yield Endpoint(
            resource=endpoint.logical_id,
            service=endpoint.text("ServiceName"),
            kind=endpoint.text("VpcEndpointType") or "Gateway",
            zones=tuple(sorted({zone for zone in zones if zone})),
        )


def _zone(resource: Resource) -> str:
    return resource.text("AvailabilityZone") or ""


def _zones(view: View) -> Iterable[tuple[str, str]]:
    for resource in view.resources.values():
        for key in ("AvailabilityZone", "AvailabilityZones"):
            for zone in _texts(resource.items(key)):
                yield zone, resource.logical_id


def _nat_zones(view: View) -> dict[str, int]:
    found: dict[str, int] = {}
    for gateway in view.of_type("AWS::EC2::NatGateway"):
        subnet = view.target(gateway.get("SubnetId"))
        zone = _zone(subnet) if subnet is not None else ""
        found[zone] = found.get(zone, 0) + 1
    return found


# Names and certificates


# A service stands in a cluster: where its name is taken, the cluster's is too.
_NAMED: Final = {
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::WAFv2::WebACL": "Name",
}


def _names(view: View) -> Iterable[UniqueName]:
    for resource in view.of_type(*_NAMED):
        value = resource.get(_NAMED[resource.type])
        generated = isinstance(value, Partial) and value.references
        elsewhere = resource.type == "AWS::WAFv2::WebACL" and resource.text("Scope") == "CLOUDFRONT"
        if value is None or generated or elsewhere:
            continue  # what is built from a new resource's own name is new as well
        name = resource.text(_NAMED[resource.type])
        yield UniqueName(
            resource=resource.logical_id,
            type=resource.type,
            # RDS keeps identifiers in lower case
            name=name.lower() if name and resource.type.startswith("AWS::RDS::") else name,
            kept=resource.raw.is_kept,
        )


def _certificates(view: View) -> Iterable[tuple[str, str]]:
    arn = re.compile(rf"arn:[a-z-]+:acm:{view.region}:\d{{12}}:certificate/[\w-]+")
    for resource in view.resources.values():
        for _, value in resource.leaves:
            if isinstance(value, str) and arn.fullmatch(value):
                yield value, resource.logical_id


def _hosted_zones(view: View) -> Iterable[Zone]:
    """Yield what is named by id; a certificate needs its own zone to be public."""
    for certificate in view.of_type("AWS::CertificateManager::Certificate"):
        for option in certificate.items("DomainValidationOptions"):
            if isinstance(option, dict):
                yield from _hosted_zone(
                    certificate, option.get("HostedZoneId"), option.get("DomainName")
                )
    for record in view.of_type("AWS::Route53::RecordSet"):
        yield from _hosted_zone(
            record, record.get("HostedZoneId"), record.get("Name"), validates=False
        )


def _hosted_zone(
    resource: Resource, zone: Value, domain: Value, *, validates: bool = True
) -> list[Zone]:
    known = isinstance(zone, str) and isinstance(domain, str)
    if not known or isinstance(zone, Partial) or isinstance(domain, Partial):
        return []
    return [
        Zone(
            resource=resource.logical_id,
            id=str(zone),
            domain=str(domain).rstrip(".").lower(),
            validates=validates,
        )
    ]


# Numbers


_COUNTED: Final = {
    "AWS::EC2::VPC": "vpcs",
    "AWS::EC2::EIP": "addresses",
    "AWS::EC2::InternetGateway": "internet gateways",
    "AWS::RDS::DBCluster": "DBClusters",
    "AWS::RDS::DBInstance": "DBInstances",
    "AWS::RDS::DBClusterParameterGroup": "DBClusterParameterGroups",
    "AWS::RDS::DBParameterGroup": "DBParameterGroups",
    "AWS::RDS::DBSubnetGroup": "DBSubnetGroups",
    "AWS::Logs::ResourcePolicy": "resource policies",
    "AWS::GuardDuty::Detector": "detectors",
    "AWS::Config::ConfigurationRecorder": "recorders",
}


def _counts(view: View) -> dict[str, int]:
    """Count what has a quota: the values of ``_COUNTED``, and load balancers and endpoints."""
    found: dict[str, int] = {}
    for resource in view.resources.values():
        name = _COUNTED.get(resource.type, "")
        if resource.type == "AWS::ElasticLoadBalancingV2::LoadBalancer":
            kind = resource.text("Type") or "application"
            name = "application load balancers" if kind == "application" else ""
        elif resource.type == "AWS::EC2::VPCEndpoint":
            kind = resource.text("VpcEndpointType") or "Gateway"
            name = {"Interface": "interface endpoints", "Gateway": "gateway endpoints"}.get(
                kind, ""
            )
        if name:
            found[name] = found.get(name, 0) + 1
    return found


def _vcpu(view: View) -> tuple[float, float, list[str]]:
    """Return the Fargate vCPU when a view starts and when it is scaled out, and what is unknown."""
    start = scaled = 0.0
    unknown: list[str] = []
    for tasks in fargate(view):
        if tasks.vcpu is None or tasks.lowest is None or tasks.highest is None:
            unknown.append(f"Fargate vCPU of {tasks.service}")
            continue
        start += tasks.vcpu * tasks.lowest
        scaled += tasks.vcpu * tasks.highest
    return start, scaled, unknown
