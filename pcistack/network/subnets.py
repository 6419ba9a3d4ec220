"""Subnets and their ways out, read into the network's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pcistack.network.model import (
    UNKNOWN_EXIT,
    Exit,
    Subnet,
    SubnetTier,
)
from pcistack.template.references import name_of, names_of
from pcistack.template.view import Resource, Value, View

_TARGETS: Final = {
    "GatewayId": "internet gateway",
    "NatGatewayId": "NAT gateway",
    "EgressOnlyInternetGatewayId": "egress-only internet gateway",
    "TransitGatewayId": "transit gateway",
    "VpcPeeringConnectionId": "peering connection",
    "CarrierGatewayId": "carrier gateway",
    "LocalGatewayId": "local gateway",
    "CoreNetworkArn": "core network",
    "InstanceId": "NAT instance",
    "NetworkInterfaceId": "network interface",
    "VpcEndpointId": "firewall endpoint",
}


def subnets(view: View) -> Iterator[Subnet]:
    """Yield the subnets with where their routes lead."""
    exits = _exits(view)
    tables = {
        name_of(link.get("SubnetId")): name_of(link.get("RouteTableId"))
        for link in view.of_type("AWS::EC2::SubnetRouteTableAssociation")
    }
    acls = {
        name_of(link.get("SubnetId")): name_of(link.get("NetworkAclId"))
        for link in view.of_type("AWS::EC2::SubnetNetworkAclAssociation")
    }
    own_tables = {table.logical_id for table in view.of_type("AWS::EC2::RouteTable")}
    own_vpcs = {vpc.logical_id for vpc in view.of_type("AWS::EC2::VPC")}
    for subnet in view.of_type("AWS::EC2::Subnet"):
        vpc = name_of(subnet.get("VpcId"))
        table = tables.get(subnet.logical_id)
        ways = tuple(exits.get(table or "", ()))
        known = table in own_tables if table else vpc in own_vpcs  # the main table has no route
        yield Subnet(
            logical_id=subnet.logical_id,
            vpc=vpc,
            cidr=subnet.text("CidrBlock"),
            zone=name_of(subnet.get("AvailabilityZone")),
            tier=_tier(ways) if known else SubnetTier.UNKNOWN,
            exits=ways if known else (UNKNOWN_EXIT,),
            acl=acls.get(subnet.logical_id),
            public_addresses=subnet.flag("MapPublicIpOnLaunch") is True,
        )


def _tier(ways: Sequence[Exit]) -> SubnetTier:
    kinds = {way.kind for way in ways} - {"endpoint"}
    if "internet gateway" in kinds:
        return SubnetTier.PUBLIC
    return SubnetTier.PRIVATE if kinds else SubnetTier.ISOLATED


def _exits(view: View) -> dict[str, list[Exit]]:
    """Map route tables to their ways out."""
    found: dict[str, list[Exit]] = {}
    for route in view.of_type("AWS::EC2::Route"):
        way = _exit(route, view)
        if way is not None:
            found.setdefault(name_of(route.get("RouteTableId")), []).append(way)
    for propagation in view.of_type("AWS::EC2::VPNGatewayRoutePropagation"):
        for table in names_of(propagation, "RouteTableIds"):
            found.setdefault(table, []).append(
                Exit(
                    kind="virtual private gateway",
                    gateway=name_of(propagation.get("VpnGatewayId")),
                    destination="unknown",
                    route=propagation.logical_id,
                )
            )
    for endpoint in view.of_type("AWS::EC2::VPCEndpoint"):
        for table in names_of(endpoint, "RouteTableIds"):
            found.setdefault(table, []).append(
                Exit(
                    kind="endpoint",
                    gateway=endpoint.logical_id,
                    destination=str(endpoint.get("ServiceName")),
                    route=endpoint.logical_id,
                )
            )
    return found


def _exit(route: Resource, view: View) -> Exit | None:
    destination = next(
        (
            name_of(route.get(key))
            for key in (
                "DestinationCidrBlock",
                "DestinationIpv6CidrBlock",
                "DestinationPrefixListId",
            )
            if route.get(key) is not None
        ),
        "unknown",
    )
    for key, kind in _TARGETS.items():
        value = route.get(key)
        if value is None or value == "local":
            continue
        target = view.target(value)
        if kind == "internet gateway" and _is_vpn(target, value):
            kind = "virtual private gateway"
        if kind == "NAT gateway" and target and target.text("ConnectivityType") == "private":
            kind = "private NAT gateway"
        return Exit(
            kind=kind,
            gateway=name_of(value),
            destination=destination,
            route=route.logical_id,
        )
    return None


def _is_vpn(target: Resource | None, value: Value) -> bool:
    if target is not None:
        return target.type == "AWS::EC2::VPNGateway"
    return isinstance(value, str) and value.startswith("vgw-")
