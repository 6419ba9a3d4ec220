"""Networks: subnets, routes and gateways that EC2 takes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import addresses, is_open, referred_again, text
from pcistack.network.addresses import IpNetwork, within
from pcistack.template.view import Reference, Resource, Value

_VPC: Final = "AWS::EC2::VPC"
_SUBNET: Final = "AWS::EC2::Subnet"
_ROUTE: Final = "AWS::EC2::Route"
_TARGETS: Final = (
    *("CarrierGatewayId", "CoreNetworkArn", "EgressOnlyInternetGatewayId", "GatewayId"),
    *("InstanceId", "LocalGatewayId", "NatGatewayId", "NetworkInterfaceId", "TransitGatewayId"),
    *("VpcEndpointId", "VpcPeeringConnectionId"),
)
_DESTINATIONS: Final = (
    "DestinationCidrBlock",
    "DestinationIpv6CidrBlock",
    "DestinationPrefixListId",
)


@rule(
    "DEPLOY-SUBNET",
    "A subnet that does not fit its network",
    types=(_SUBNET, _VPC),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateSubnet and CreateVpc, CidrBlock",
)
def subnet_rule(context: Context) -> Iterator[Hit]:
    for resource in context.of_type(_VPC, _SUBNET):
        known, block = resource.text("CidrBlock"), addresses(resource.get("CidrBlock"))
        if known and (block is None or not 16 <= block.prefixlen <= 28 or "/" not in known):
            yield hit(
                resource,
                "CidrBlock",
                f"{known} is no block that EC2 takes: /16 to /28",
                "choose a block such as 10.0.0.0/24",
            )
    placed: dict[str, list[tuple[Resource, IpNetwork]]] = {}
    for subnet in context.of_type(_SUBNET):
        vpc, block = context.target(subnet.get("VpcId"), _VPC), addresses(subnet.get("CidrBlock"))
        if block is None:
            continue
        network = str(subnet.get("VpcId")) if not is_open(subnet.get("VpcId")) or vpc else ""
        if vpc is not None:
            yield from _outside(context, subnet, vpc, block)
        for other, its in placed.get(network, []) if network else ():
            if its.version == block.version and its.overlaps(block):
                yield hit(
                    subnet,
                    "CidrBlock",
                    f"{block} overlaps {its}, the block of {other.logical_id}",
                    "give each subnet a block of its own",
                )
        placed.setdefault(network, []).append((subnet, block))


def _outside(context: Context, subnet: Resource, vpc: Resource, block: IpNetwork) -> Iterator[Hit]:
    values = [vpc.get("CidrBlock")]
    for more in context.of_type("AWS::EC2::VPCCidrBlock"):
        if context.target(more.get("VpcId"), _VPC) in (vpc, None):
            values.append(more.get("CidrBlock"))
    blocks = [addresses(value) for value in values if value is not None]
    if not blocks or None in blocks:
        return
    if not any(within(block, whole) for whole in blocks if whole):
        yield hit(
            subnet,
            "CidrBlock",
            f"{block} is not inside {', '.join(str(b) for b in blocks)}, the network of "
            f"{vpc.logical_id}",
            f"choose a block inside {blocks[0]}",
        )


@rule(
    "DEPLOY-ROUTE",
    "A route that its table cannot have",
    types=(_ROUTE, "AWS::EC2::SubnetRouteTableAssociation"),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateRoute, RouteAlreadyExists; AssociateRouteTable",
)
def route_rule(context: Context) -> Iterator[Hit]:
    seen: dict[tuple[str, str], str] = {}
    for route in context.of_type(_ROUTE):
        table = route.get("RouteTableId")
        targets = [name for name in _TARGETS if route.get(name) not in (None, "")]
        places = [name for name in _DESTINATIONS if route.get(name) not in (None, "")]
        if len(targets) != 1:
            yield hit(
                route,
                targets[1] if targets else "",
                f"a route has one target; this one has {' and '.join(targets) or 'none'}",
                "keep one target" if targets else "name a gateway or another target",
            )
        if len(places) != 1:
            yield hit(
                route,
                places[1] if places else "DestinationCidrBlock",
                f"a route has one destination; this one has {' and '.join(places) or 'none'}",
                "keep one destination",
            )
            continue
        place = text(route.get(places[0]))
        if place and "Cidr" in places[0] and (addresses(place) is None or "/" not in place):
            yield hit(
                route,
                places[0],
                f"{place!r} is no block of addresses",
                "write it as 10.0.0.0/16",
            )
        where = str(addresses(place) or place)
        if place is None or not isinstance(table, Reference | str):
            continue
        first = seen.setdefault((str(table), where), route.logical_id)
        if first != route.logical_id:
            yield hit(
                route,
                places[0],
                f"{first} is a route to {place} of the same table already",
                "keep one route to a destination",
            )
    yield from _associations(context)


def _associations(context: Context) -> Iterator[Hit]:
    every = context.of_type("AWS::EC2::SubnetRouteTableAssociation")
    for association, subnet, first in referred_again(every, "SubnetId"):
        yield hit(
            association,
            "SubnetId",
            f"{first} associates {subnet.logical_id} with a table already",
            "keep one association of a subnet",
        )


@rule(
    "DEPLOY-GATEWAY",
    "A gateway that EC2 refuses",
    types=("AWS::EC2::NatGateway", "AWS::EC2::VPCGatewayAttachment"),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateNatGateway, AttachInternetGateway",
)
def gateway_rule(context: Context) -> Iterator[Hit]:
    for gateway in context.of_type("AWS::EC2::NatGateway"):
        private = gateway.text("ConnectivityType") == "private"
        zonal = gateway.text("AvailabilityMode") in (None, "zonal")
        address = gateway.get("AllocationId") not in (None, "")
        if not private and not address and zonal and not gateway.is_unknown("ConnectivityType"):
            yield hit(
                gateway,
                "AllocationId",
                "a public NAT gateway needs an elastic address, and has none",
                "set AllocationId to the AllocationId of an AWS::EC2::EIP",
            )
        elif private and address:
            yield hit(
                gateway,
                "AllocationId",
                "a private NAT gateway takes no elastic address",
                "delete AllocationId",
            )
    internet = (
        attachment
        for attachment in context.of_type("AWS::EC2::VPCGatewayAttachment")
        if attachment.get("InternetGatewayId") is not None
    )
    for attachment, vpc, first in referred_again(internet, "VpcId"):
        yield hit(
            attachment,
            "VpcId",
            f"{first} attaches an internet gateway to {vpc.logical_id} already; it takes one",
            "keep one attachment",
        )


@rule(
    "DEPLOY-NETWORK-TAKEN",
    "An address or destination of a network that is taken already",
    types=("AWS::EC2::NatGateway", "AWS::EC2::Route"),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateNatGateway (Resource.AlreadyAssociated), CreateRoute "
    "(RouteAlreadyExists: the local route)",
)
def taken_rule(context: Context) -> Iterator[Hit]:
    every = context.of_type("AWS::EC2::NatGateway")
    for nat, address, first in referred_again(every, "AllocationId"):
        yield hit(
            nat,
            "AllocationId",
            f"{first} has the address {address} already",
            "give each NAT gateway an address of its own",
        )
    for route in context.of_type("AWS::EC2::Route"):
        table = context.target(route.get("RouteTableId"), "AWS::EC2::RouteTable")
        vpc = context.target(table.get("VpcId"), "AWS::EC2::VPC") if table else None
        whole = _block(vpc.get("CidrBlock")) if vpc else None
        if whole is not None and _block(route.get("DestinationCidrBlock")) == whole:
            yield hit(
                route,
                "DestinationCidrBlock",
                f"{whole} is the network itself, to which its tables lead already (local)",
                "delete the route, or name a part of the network",
            )


def _block(value: Value) -> ipaddress.IPv4Network | None:
    known = text(value)
    try:
        return ipaddress.IPv4Network(known, strict=False) if known else None
    except ValueError:
        return None
