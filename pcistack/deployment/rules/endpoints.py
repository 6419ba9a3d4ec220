"""Endpoints: services, zones and private names that EC2 takes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.services import endpoint_services
from pcistack.template.view import Reference, Resource, Value

_NAME: Final = re.compile(r"(?:cn\.)?com\.amazonaws\.[a-z0-9-]+\.(?!vpce)([a-z0-9._-]+)")


@rule(
    "DEPLOY-ENDPOINT-SERVICE",
    "A VPC endpoint for a service that does not exist",
    types=("AWS::EC2::VPCEndpoint",),
    source="VPC guide: AWS services that integrate with AWS PrivateLink, as carried by the CDK",
)
def service_rule(context: Context) -> Iterator[Hit]:
    for endpoint in context.of_type("AWS::EC2::VPCEndpoint"):
        found = _NAME.fullmatch(endpoint.text("ServiceName") or "")
        if found is None:
            continue
        service = found.group(1).removesuffix("-fips")
        if service in endpoint_services() or f"{service}-fips" in endpoint_services():
            continue
        near = difflib.get_close_matches(service, sorted(endpoint_services()), 1, 0.8)
        if near:  # any other name may be younger than the table
            yield hit(
                endpoint,
                "ServiceName",
                f"AWS has no endpoint service {service}; {near[0]} is meant?",
                f"end the name in {near[0]}",
            )


_VPC: Final = "AWS::EC2::VPC"
_SUBNET: Final = "AWS::EC2::Subnet"


@rule(
    "DEPLOY-ENDPOINT",
    "A VPC endpoint that EC2 refuses",
    types=("AWS::EC2::VPCEndpoint",),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateVpcEndpoint",
)
def endpoint_rule(context: Context) -> Iterator[Hit]:
    private: dict[tuple[str, str], str] = {}
    tables: dict[tuple[str, str], str] = {}
    for endpoint in context.of_type("AWS::EC2::VPCEndpoint"):
        name = str(endpoint.get("ServiceName") or "")
        kind = endpoint.text("VpcEndpointType") or "Gateway"
        if endpoint.is_unknown("VpcEndpointType") or not name.strip("<>"):
            continue
        service = name.rsplit(".", 1)[-1]
        if kind == "Gateway":
            yield from _gateway_endpoint(endpoint, service)
            yield from _in_a_table_twice(context, endpoint, service, tables)
            continue
        if kind == "Interface" and endpoint.get("RouteTableIds") not in (None, []):
            yield hit(
                endpoint,
                "RouteTableIds",
                "an interface endpoint stands in subnets, and takes no route tables",
                "delete RouteTableIds and name SubnetIds",
            )
        zones = [_zone(context, value) for value in endpoint.items("SubnetIds")]
        twice = sorted({zone for zone in zones if zone and zones.count(zone) > 1})
        if twice:
            yield hit(
                endpoint,
                "SubnetIds",
                f"two of the subnets are in the zone {twice[0]}; an endpoint takes one of each",
                "name one subnet of each zone",
            )
        if endpoint.flag("PrivateDnsEnabled"):
            yield from _private_names(context, endpoint, name, private)


def _gateway_endpoint(endpoint: Resource, service: str) -> Iterator[Hit]:
    if service not in ("s3", "dynamodb", "s3express") and not service.endswith(">"):
        yield hit(
            endpoint,
            "VpcEndpointType",
            f"{service} has no gateway endpoint, which is what an endpoint is unless its type says "
            "otherwise",
            "set VpcEndpointType: Interface",
        )
        return
    for wrong in ("SubnetIds", "SecurityGroupIds"):
        if endpoint.get(wrong) not in (None, []):
            yield hit(endpoint, wrong, f"a gateway endpoint takes no {wrong}", f"delete {wrong}")
    if endpoint.flag("PrivateDnsEnabled"):
        yield hit(
            endpoint,
            "PrivateDnsEnabled",
            "a gateway endpoint has no private names",
            "delete PrivateDnsEnabled",
        )


def _in_a_table_twice(
    context: Context, endpoint: Resource, service: str, tables: dict[tuple[str, str], str]
) -> Iterator[Hit]:
    for index, value in enumerate(endpoint.items("RouteTableIds")):
        table = context.target(value, "AWS::EC2::RouteTable")
        if table is None:
            continue
        first = tables.setdefault((service, table.logical_id), endpoint.logical_id)
        if first != endpoint.logical_id:
            yield hit(
                endpoint,
                f"RouteTableIds.{index}",
                f"{first} has the way to {service} in {table.logical_id} already",
                "name the table in one endpoint",
            )


def _zone(context: Context, value: Value) -> str | None:
    subnet = context.target(value, _SUBNET)
    return subnet.text("AvailabilityZone") if subnet else None


def _private_names(
    context: Context, endpoint: Resource, name: str, seen: dict[tuple[str, str], str]
) -> Iterator[Hit]:
    vpc = context.target(endpoint.get("VpcId"), _VPC)
    if vpc is not None:
        switches = ("EnableDnsSupport", "EnableDnsHostnames")
        off = [name for name in switches if vpc.flag(name) is False]
        unset = vpc.get("EnableDnsHostnames") is None
        if off or unset:
            yield hit(
                endpoint,
                "PrivateDnsEnabled",
                f"private names need EnableDnsHostnames and EnableDnsSupport of {vpc.logical_id}, "
                f"and {off[0] if off else 'EnableDnsHostnames'} is {'off' if off else 'not set'}",
                f"set both to true at {vpc.logical_id}",
                severity=None if off else Severity.WARNING,
            )
    if not isinstance(endpoint.get("VpcId"), Reference | str):
        return
    first = seen.setdefault((str(endpoint.get("VpcId")), name), endpoint.logical_id)
    if first != endpoint.logical_id:
        yield hit(
            endpoint,
            "PrivateDnsEnabled",
            f"{first} has the private name of the same service in the same network already",
            "keep one of the endpoints, or set PrivateDnsEnabled: false",
        )
