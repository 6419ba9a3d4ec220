"""Whether the quotas of the account have room for what a template adds to their current use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from pcistack.account.aws import Aws, Call, Item, number, part, text
from pcistack.account.needed import Needs
from pcistack.account.rows import Row, Verdict, tried


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quota:
    """A quota of Service Quotas and how its use is counted."""

    need: str
    service: str
    code: str
    count: str
    call: Call
    key: str
    only: tuple[str, str] | None = None
    """Field of an entry and the value it must have to count; None counts every entry."""


_QUOTAS: Final = (
    _Quota(
        need="VPCs",
        service="vpc",
        code="L-F678F1CE",
        count="vpcs",
        call=Call.VPCS,
        key="Vpcs",
    ),
    _Quota(
        need="internet gateways",
        service="vpc",
        code="L-A4707A72",
        count="internet gateways",
        call=Call.INTERNET_GATEWAYS,
        key="InternetGateways",
    ),
    _Quota(
        need="elastic IP addresses",
        service="ec2",
        code="L-0263D0A3",
        count="addresses",
        call=Call.ADDRESSES,
        key="Addresses",
    ),
    _Quota(
        need="application load balancers",
        service="elasticloadbalancing",
        code="L-53DA6B97",
        count="application load balancers",
        call=Call.LOAD_BALANCERS,
        key="LoadBalancers",
        only=("Type", "application"),
    ),
    _Quota(
        need="gateway endpoints",
        service="vpc",
        code="L-1B52E74A",
        count="gateway endpoints",
        call=Call.ENDPOINTS,
        key="VpcEndpoints",
        only=("VpcEndpointType", "Gateway"),
    ),
)
_INTERFACE_ENDPOINTS: Final = ("vpc", "L-29B6F2EB")
_NAT_PER_ZONE: Final = ("vpc", "L-FE5A380F")
_FARGATE_VCPU: Final = ("fargate", "L-3032A538")
_DATABASE_QUOTAS: Final = {
    "DBClusters": "Aurora clusters",
    "DBInstances": "database instances",
    "DBClusterParameterGroups": "cluster parameter groups",
    "DBParameterGroups": "instance parameter groups",
    "DBSubnetGroups": "database subnet groups",
}
_SINGLE: Final = {
    "detectors": (Call.DETECTORS, "DetectorIds", "GuardDuty detector"),
    "recorders": (Call.RECORDERS, "ConfigurationRecorders", "AWS Config recorder"),
}


def room(wanted: Needs, aws: Aws, now: datetime) -> Iterator[Row]:
    """Yield whether each quota has room for what a template adds to it.

    Args:
        wanted: What the template needs.
        aws: Asks in the region that the template is meant for.
        now: The present, for metrics of current use.
    """
    for quota in _QUOTAS:
        count = wanted.counts.get(quota.count, 0)
        if count:
            yield from tried(partial(_counted, quota, count), aws, quota.need)
    count = wanted.counts.get("interface endpoints", 0)
    if count:
        yield from tried(partial(_interface_endpoints, count), aws, "interface endpoints")
    if wanted.nat_zones:
        yield from tried(partial(_nat_gateways, wanted), aws, "NAT gateways")
    if any(wanted.counts.get(name) for name in _DATABASE_QUOTAS):
        yield from tried(partial(_database_quotas, wanted), aws, "database quotas")
    for name, (call, key, title) in _SINGLE.items():
        if wanted.counts.get(name, 0):
            yield from tried(partial(_single, call, key, title), aws, f"no {title} yet")
    if wanted.vcpu:
        yield from tried(partial(_fargate, wanted, now), aws, "Fargate vCPU")
    for unknown in wanted.unknown:
        yield Row(
            state=Verdict.UNKNOWN,
            need=unknown,
            answer="only the deployment knows the number",
            asked="",
        )


def _limit(aws: Aws, service: str, code: str) -> Item:
    """Return a quota as applied to the account, else AWS's default; empty if there is neither."""
    for call in (Call.QUOTA, Call.DEFAULT_QUOTA):
        parameters = {"ServiceCode": service, "QuotaCode": code}
        found = aws.items(call, "Quota", parameters, absent=("NoSuchResourceException",))
        if found:
            return found[0]
    return {}


def _counted(quota: _Quota, count: int, aws: Aws) -> Iterator[Row]:
    used = [
        item
        for item in aws.items(quota.call, quota.key)
        if quota.only is None or text(item, quota.only[0]) == quota.only[1]
    ]
    limit = _limit(aws, quota.service, quota.code)
    yield _row(quota.need, count, len(used), number(limit, "Value"), quota.call)


def _row(need: str, count: float, used: float, limit: float | None, call: Call) -> Row:
    if limit is None:
        state, answer = Verdict.UNKNOWN, f"{used:g} in use, AWS names no quota"
    else:
        fits = used + count <= limit
        state = Verdict.CONFIRMED if fits else Verdict.FAILS
        answer = f"{used:g} of {limit:g} in use"
        if not fits:
            answer += f", {max(limit - used, 0):g} left; raise the quota"
    return Row(state=state, need=f"{need}: {count:g}", answer=answer, asked=call.permission)


def _interface_endpoints(count: int, aws: Aws) -> Iterator[Row]:
    limit = number(_limit(aws, *_INTERFACE_ENDPOINTS), "Value")
    yield _row("interface endpoints in a VPC", count, 0, limit, Call.QUOTA)


def _nat_gateways(wanted: Needs, aws: Aws) -> Iterator[Row]:
    """Yield a row per zone; where a gateway's zone is not known, it counts in every zone."""
    zone_of = {
        text(subnet, "SubnetId"): text(subnet, "AvailabilityZone")
        for subnet in aws.items(Call.SUBNETS, "Subnets")
    }
    used: dict[str, int] = {}
    for gateway in aws.items(Call.NAT_GATEWAYS, "NatGateways"):
        if text(gateway, "State") in ("pending", "available", ""):
            zone = zone_of.get(text(gateway, "SubnetId"), "")
            used[zone] = used.get(zone, 0) + 1
    limit = number(_limit(aws, *_NAT_PER_ZONE), "Value")
    anywhere = wanted.nat_zones.get("", 0)
    for zone in [zone for zone in wanted.nat_zones if zone] or [""]:
        count = anywhere + (wanted.nat_zones[zone] if zone else 0)
        taken = used.get(zone, 0) if zone else max(used.values(), default=0)
        where = f"in {zone}" if zone else "in one zone"
        yield _row(f"NAT gateways {where}", count, taken, limit, Call.NAT_GATEWAYS)


def _database_quotas(wanted: Needs, aws: Aws) -> Iterator[Row]:
    quotas = {
        text(item, "AccountQuotaName"): item
        for item in aws.items(Call.DATABASE_QUOTAS, "AccountQuotas")
    }
    for name, title in _DATABASE_QUOTAS.items():
        count = wanted.counts.get(name, 0)
        if count:
            quota = quotas.get(name, {})
            used, limit = number(quota, "Used"), number(quota, "Max")
            yield _row(title, count, used or 0, limit, Call.DATABASE_QUOTAS)


def _single(call: Call, key: str, title: str, aws: Aws) -> Iterator[Row]:
    there = bool(aws.items(call, key))
    yield Row(
        state=Verdict.FAILS if there else Verdict.CONFIRMED,
        need=f"no {title} yet",
        answer="there is one, and a region takes only one" if there else "there is none",
        asked=call.permission,
    )


def _fargate(wanted: Needs, now: datetime, aws: Aws) -> Iterator[Row]:
    quota = _limit(aws, *_FARGATE_VCPU)
    limit, used = number(quota, "Value"), _use(aws, part(quota, "UsageMetric"), now)
    if used is None:
        yield Row(
            state=Verdict.UNKNOWN,
            need=f"Fargate vCPU: {wanted.vcpu:g}",
            answer="AWS has no metric of its use",
            asked=Call.METRIC.permission,
        )
        return
    yield _row("Fargate vCPU", wanted.vcpu, used, limit, Call.METRIC)
    if wanted.vcpu_at_scale > wanted.vcpu:
        row = _row("Fargate vCPU when scaled out", wanted.vcpu_at_scale, used, limit, Call.METRIC)
        yield replace(row, state=Verdict.WARNING) if row.state is Verdict.FAILS else row


def _use(aws: Aws, metric: Item, now: datetime) -> float | None:
    """Return the current use of a quota by its own metric; no data points means none is used."""
    if not text(metric, "MetricName"):
        return None
    points = aws.items(
        Call.METRIC,
        "Datapoints",
        {
            "Namespace": text(metric, "MetricNamespace"),
            "MetricName": text(metric, "MetricName"),
            "Dimensions": [
                {"Name": str(name), "Value": str(value)}
                for name, value in sorted(part(metric, "MetricDimensions").items())
            ],
            "StartTime": now - timedelta(minutes=30),
            "EndTime": now,
            "Period": 300,
            "Statistics": ["Maximum"],
        },
    )
    return max((number(point, "Maximum") or 0 for point in points), default=0)
