"""Load balancers: subnets, names and attributes that Elastic Load Balancing takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.load_balancing import BALANCER, GROUP, attribute_hits
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, objects, text
from pcistack.template.view import Resource

_API: Final = "Elastic Load Balancing API reference: CreateLoadBalancer"
_NAME: Final = re.compile(r"(?!internal-)[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
_FLAG: Final = ("true", "false")
_BOTH: Final[Mapping[str, tuple[int, int] | tuple[str, ...] | None]] = {
    "access_logs.s3.bucket": None,
    "access_logs.s3.enabled": _FLAG,
    "access_logs.s3.prefix": None,
    "deletion_protection.enabled": _FLAG,
    "ipv6.deny_all_igw_traffic": _FLAG,
    "load_balancing.cross_zone.enabled": _FLAG,
    "zonal_shift.config.enabled": _FLAG,
}
_APPLICATION: Final[Mapping[str, tuple[int, int] | tuple[str, ...] | None]] = {
    "client_keep_alive.seconds": (60, 604800),
    "connection_logs.s3.bucket": None,
    "connection_logs.s3.enabled": _FLAG,
    "connection_logs.s3.prefix": None,
    "health_check_logs.s3.bucket": None,
    "health_check_logs.s3.enabled": _FLAG,
    "health_check_logs.s3.prefix": None,
    "idle_timeout.timeout_seconds": (1, 4000),
    "routing.http.desync_mitigation_mode": ("monitor", "defensive", "strictest"),
    "routing.http.drop_invalid_header_fields.enabled": _FLAG,
    "routing.http.preserve_host_header.enabled": _FLAG,
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": _FLAG,
    "routing.http.xff_client_port.enabled": _FLAG,
    "routing.http.xff_header_processing.mode": ("append", "preserve", "remove"),
    "routing.http2.enabled": _FLAG,
    "waf.fail_open.enabled": _FLAG,
}
_NETWORK: Final[Mapping[str, tuple[int, int] | tuple[str, ...] | None]] = {
    "dns_record.client_routing_policy": (
        "availability_zone_affinity",
        "partial_availability_zone_affinity",
        "any_availability_zone",
    ),
    "secondary_ips.auto_assigned.per_subnet": (0, 7),
}


@rule(
    "DEPLOY-LOAD-BALANCER-SUBNETS",
    "A load balancer in too few zones, or twice in one",
    types=(BALANCER,),
    severity=Severity.FATAL,
    source=f"{_API}, subnets",
)
def subnets_rule(context: Context) -> Iterator[Hit]:
    for balancer in context.of_type(BALANCER):
        if is_open(balancer.get("Subnets")) or balancer.is_unknown("Type"):
            continue
        subnets = balancer.items("Subnets")
        if any(is_open(s) and context.target(s, "AWS::EC2::Subnet") is None for s in subnets):
            continue  # one value may be a list, or two may be one zone
        mapped = len(balancer.items("SubnetMappings"))
        application = balancer.text("Type") in (None, "application")
        if application and 0 < len(subnets) + mapped < 2:
            yield hit(
                balancer,
                "Subnets" if subnets else "SubnetMappings",
                "an application load balancer stands in two zones at least; this one has one "
                "subnet",
                "name subnets of two zones",
            )
        zones = [_zone(context.target(subnet)) for subnet in subnets]
        twice = sorted({zone for zone in zones if zone and zones.count(zone) > 1})
        if twice:
            yield hit(
                balancer,
                "Subnets",
                f"two of the subnets are in the zone {twice[0]}; a load balancer takes one of each",
                "name one subnet of each zone",
            )


def _zone(subnet: Resource | None) -> str | None:
    return subnet.text("AvailabilityZone") if subnet else None


@rule(
    "DEPLOY-LOAD-BALANCER-NAME",
    "A name that Elastic Load Balancing does not take",
    types=(BALANCER, GROUP),
    severity=Severity.FATAL,
    source=f"{_API}, name",
)
def name_rule(context: Context) -> Iterator[Hit]:
    for resource in context.of_type(BALANCER, GROUP):
        name = resource.text("Name")
        if name is not None and not _NAME.fullmatch(name):
            yield hit(
                resource,
                "Name",
                f"{name!r} has {len(name)} characters; a name has at most 32, letters, digits and "
                "hyphens, none at its ends, and does not begin with internal-",
                "shorten or change Name, or delete it",
            )


@rule(
    "DEPLOY-LOAD-BALANCER-ATTRIBUTE",
    "An attribute of a load balancer that does not exist, or a value that it does not take",
    types=(BALANCER,),
    severity=Severity.FATAL,
    source="Elastic Load Balancing API reference: LoadBalancerAttribute",
)
def attribute_rule(context: Context) -> Iterator[Hit]:
    for balancer in context.of_type(BALANCER):
        kind = balancer.text("Type") or "application"
        if balancer.is_unknown("Type"):
            continue
        more = {"application": _APPLICATION, "network": _NETWORK}.get(kind, {})
        given: dict[str, object] = {}
        for path, item in objects(balancer, "LoadBalancerAttributes"):
            key, value = text(item.get("Key")), text(item.get("Value"))
            yield from attribute_hits(balancer, path, key, value, {**_BOTH, **more})
            if key in given:
                yield hit(
                    balancer,
                    f"{path}.Key",
                    f"a second attribute is {key}",
                    "give each attribute once",
                )
            given[key or ""] = item.get("Value")
            yield from _prefix(balancer, path, key, value, kind)
        for log in ("access_logs", "connection_logs", "health_check_logs"):
            on = str(given.get(f"{log}.s3.enabled")).lower() == "true"
            if on and given.get(f"{log}.s3.bucket") in (None, "") and "" not in given:
                yield hit(
                    balancer,
                    "LoadBalancerAttributes",
                    f"{log} are on and have no bucket",
                    f"add {log}.s3.bucket",
                )


def _prefix(
    balancer: Resource, path: str, key: str | None, value: str | None, kind: str
) -> Iterator[Hit]:
    odd = value and ("AWSLogs" in value or value.startswith("/") or value.endswith("/"))
    if (key or "").endswith("_logs.s3.prefix") and odd:
        yield hit(
            balancer,
            f"{path}.Value",
            f"the prefix {value!r} has AWSLogs in it, or a slash at an end",
            "write it as logs/pay",
        )
    if key == "load_balancing.cross_zone.enabled" and kind == "application" and value == "false":
        yield hit(
            balancer,
            f"{path}.Value",
            "an application load balancer always balances across zones",
            "delete the attribute, or switch it off at the target group",
        )


@rule(
    "DEPLOY-LOAD-BALANCER-IPV6",
    "A load balancer with IPv6 in subnets without it",
    types=(BALANCER,),
    severity=Severity.FATAL,
    source=f"{_API}, ipAddressType (dualstack needs subnets with an IPv6 block)",
)
def dualstack_rule(context: Context) -> Iterator[Hit]:
    for balancer in context.of_type(BALANCER):
        if not (balancer.text("IpAddressType") or "").startswith("dualstack"):
            continue
        subnets = [context.target(s, "AWS::EC2::Subnet") for s in balancer.items("Subnets")]
        bare = [s.logical_id for s in subnets if s and not _has_ipv6(context, s)]
        if bare:
            yield hit(
                balancer,
                "IpAddressType",
                f"{', '.join(bare)} has no IPv6 block",
                "give the subnets an Ipv6CidrBlock, or set IpAddressType: ipv4",
            )


def _has_ipv6(context: Context, subnet: Resource) -> bool:
    return any(subnet.get(name) is not None for name in ("Ipv6CidrBlock", "Ipv6IpamPoolId")) or any(
        context.target(one.get("SubnetId")) in (subnet, None)
        for one in context.of_type("AWS::EC2::SubnetCidrBlock")
    )


@rule(
    "DEPLOY-LOAD-BALANCER-BUCKET-KEY",
    "A log bucket that Elastic Load Balancing cannot write to, because of its key",
    types=("AWS::S3::Bucket",),
    source="Elastic Load Balancing user guide: Enable access logs, bucket encryption is SSE-S3",
)
def bucket_key_rule(context: Context) -> Iterator[Hit]:
    """Application load balancers write to buckets with keys of S3 (SSE-S3) only."""
    for balancer in context.of_type(BALANCER):
        if balancer.text("Type") not in (None, "application"):
            continue
        for _, item in objects(balancer, "LoadBalancerAttributes"):
            key = text(item.get("Key")) or ""
            bucket = context.target(item.get("Value"), "AWS::S3::Bucket")
            if bucket is None or not key.endswith("_logs.s3.bucket"):
                continue
            for path, encryption in objects(
                bucket, "BucketEncryption.ServerSideEncryptionConfiguration"
            ):
                default = fields(encryption.get("ServerSideEncryptionByDefault"))
                if (text(default.get("SSEAlgorithm")) or "").startswith("aws:kms"):
                    yield hit(
                        bucket,
                        f"{path}.ServerSideEncryptionByDefault.SSEAlgorithm",
                        f"{balancer.logical_id} writes its logs here, and Elastic Load Balancing "
                        "does not write to a bucket with a key of KMS: switching the logs on fails",
                        "set SSEAlgorithm: AES256 and delete KMSMasterKeyID",
                    )
