"""Security groups, subnets, routes and network ACLs of a view, read into the network's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pcistack.network.model import (
    ALL_TRAFFIC,
    UNKNOWN_EXIT,
    AclEntry,
    Direction,
    Exit,
    IpPermission,
    PeerKind,
    Ports,
    Subnet,
    SubnetTier,
    integer,
    peer_kind,
)
from pcistack.template.document import Json
from pcistack.template.references import name_of, names_of
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value, View

# Security groups

GROUP_TYPES: Final = (
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SecurityGroupEgress",
)


def permissions(view: View) -> Iterator[IpPermission]:
    """Yield every rule of every security group, AWS's own default among them."""
    standalone = [
        (rule, direction)
        for direction, kind in (
            (Direction.INGRESS, "AWS::EC2::SecurityGroupIngress"),
            (Direction.EGRESS, "AWS::EC2::SecurityGroupEgress"),
        )
        for rule in view.of_type(kind)
    ]
    with_egress = {
        name_of(rule.get("GroupId"))
        for rule, direction in standalone
        if direction is Direction.EGRESS
    }
    lists = {**prefix_lists(view), **_ranges(view)}
    for group in view.of_type("AWS::EC2::SecurityGroup"):
        for direction, path in _INLINE:
            for permission in _inline(group, direction, path):
                yield from _with_entries(view, permission, lists)
        # CloudFormation drops AWS's allow-all rule once any other outbound rule is there
        if not group.items("SecurityGroupEgress") and group.logical_id not in with_egress:
            yield IpPermission(
                group=group.logical_id,
                direction=Direction.EGRESS,
                kind=PeerKind.WORLD,
                peer="0.0.0.0/0",
                ports=ALL_TRAFFIC,
                description="",
                resource=group.logical_id,
                path="SecurityGroupEgress",
            )
    for rule, direction in standalone:
        group_value = rule.get("GroupId")
        if group_value is None:
            group_value = rule.get("GroupName")
        one = _permission(
            dict(rule.properties), name_of(group_value), direction, rule.logical_id, ""
        )
        yield from _with_entries(view, one, lists)


_INLINE: Final = (
    (Direction.INGRESS, "SecurityGroupIngress"),
    (Direction.EGRESS, "SecurityGroupEgress"),
)


def prefix_lists(view: View) -> dict[str, tuple[str, ...]]:
    """Return the ranges of the template's own prefix lists, where all of them are known."""
    found: dict[str, tuple[str, ...]] = {}
    for prefix_list in view.of_type("AWS::EC2::PrefixList"):
        entries = prefix_list.items("Entries")
        cidrs = [one.get("Cidr") if isinstance(one, dict) else None for one in entries]
        if cidrs and all(isinstance(c, str) and not isinstance(c, Partial) for c in cidrs):
            found[prefix_list.logical_id] = tuple(map(str, cidrs))
    return found


def _ranges(view: View) -> dict[str, tuple[str, ...]]:
    """Return the ranges of the template's own networks, which a rule may ask them for."""
    return {
        network.logical_id: (str(cidr),)
        for kind in ("AWS::EC2::VPC", "AWS::EC2::Subnet")
        for network in view.of_type(kind)
        if isinstance(cidr := network.get("CidrBlock"), str) and not isinstance(cidr, Partial)
    }


def _below(node: Json, step: str) -> Json:
    if isinstance(node, list):
        return node[int(step)] if step.isdecimal() and int(step) < len(node) else None
    return node.get(step) if isinstance(node, dict) else None


def _either(view: View, permission: IpPermission) -> tuple[str, ...]:
    """Return the ranges that a rule chooses between by what only the deployment knows."""
    node: Json = dict(view.resources[permission.resource].raw.properties)
    for step in permission.path.split(".") if permission.path else ():
        node = _below(node, step)
    found: list[str] = []
    for key in ("CidrIp", "CidrIpv6"):
        choice = node.get(key) if isinstance(node, dict) else None
        branches = choice.get("Fn::If") if isinstance(choice, dict) else None
        if isinstance(branches, list):
            found += [one for one in branches[1:] if isinstance(one, str)]
    return tuple(found)


def _with_entries(
    view: View, permission: IpPermission, lists: Mapping[str, tuple[str, ...]]
) -> Iterator[IpPermission]:
    """Yield a rule once for each range of its prefix list or network, if that is the template's."""
    open_ = permission.kind in (PeerKind.PREFIX_LIST, PeerKind.UNKNOWN)
    known = lists.get(permission.peer, ()) if open_ else ()
    known = known or (_either(view, permission) if permission.kind is PeerKind.UNKNOWN else ())
    if not known:
        yield permission
        return
    certain = permission.certain or permission.ports != ALL_TRAFFIC
    for cidr in known:
        yield replace(permission, kind=peer_kind(cidr), peer=cidr, certain=certain)


def _inline(group: Resource, direction: Direction, path: str) -> Iterator[IpPermission]:
    value = group.get(path)
    if isinstance(value, Unknown | Reference | Partial):
        yield IpPermission.unknown(group.logical_id, direction, group.logical_id, path)
        return
    for index, item in enumerate(group.items(path)):
        rule: dict[str, Value] = item if isinstance(item, dict) else {"CidrIp": Unknown()}
        yield _permission(rule, group.logical_id, direction, group.logical_id, f"{path}.{index}")


def _permission(
    rule: dict[str, Value], group: str, direction: Direction, resource: str, path: str
) -> IpPermission:
    kind, peer = _peer(rule, direction)
    ports, certain = _ports(rule)
    description = rule.get("Description")
    return IpPermission(
        group=group,
        direction=direction,
        kind=kind,
        peer=peer,
        ports=ports,
        description=str(description) if isinstance(description, str) else "",
        resource=resource,
        path=path,
        certain=certain and kind is not PeerKind.UNKNOWN,
    )


def _peer(rule: dict[str, Value], direction: Direction) -> tuple[PeerKind, str]:
    side = "Source" if direction is Direction.INGRESS else "Destination"
    for key in ("CidrIp", "CidrIpv6"):
        value = rule.get(key)
        if value is not None:
            known = isinstance(value, str) and not isinstance(value, Partial)
            return (peer_kind(str(value)) if known else PeerKind.UNKNOWN), name_of(value)
    for key in (f"{side}SecurityGroupId", "SourceSecurityGroupName"):
        value = rule.get(key)
        if value is not None:
            unknown = isinstance(value, Unknown)
            return (PeerKind.UNKNOWN if unknown else PeerKind.GROUP), name_of(value)
    value = rule.get(f"{side}PrefixListId")
    if value is not None:
        return PeerKind.PREFIX_LIST, name_of(value)
    return PeerKind.UNKNOWN, "unknown"


_PROTOCOLS: Final = {"-1": "all", "6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}


def _ports(
    rule: dict[str, Value], first: str = "FromPort", last: str = "ToPort"
) -> tuple[Ports, bool]:
    """Return the ports of a rule, and whether they are known."""
    protocol = rule.get("IpProtocol")
    if isinstance(protocol, bool | Partial) or not isinstance(protocol, str | int | float):
        return ALL_TRAFFIC, False
    if isinstance(protocol, float) and protocol.is_integer():
        protocol = int(protocol)
    name = _PROTOCOLS.get(str(protocol), str(protocol).lower())
    if name not in ("tcp", "udp"):
        return Ports(name), True
    ends = [integer(rule.get(key)) for key in (first, last)]
    if rule.get(first) is None and rule.get(last) is None:
        return Ports(name), True
    if ends[0] is None or ends[1] is None:
        return Ports(name), False
    if ends == [-1, -1]:
        return Ports(name), True
    return Ports(name, ends[0], ends[1]), True


# Subnets and routes

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


def acl_entries(view: View) -> dict[str, tuple[AclEntry, ...]]:
    """Return the entries of network ACLs, in the order that EC2 reads them."""
    found: dict[str, list[AclEntry]] = {
        acl.logical_id: [] for acl in view.of_type("AWS::EC2::NetworkAcl")
    }
    for entry in view.of_type("AWS::EC2::NetworkAclEntry"):
        acl = name_of(entry.get("NetworkAclId"))
        if acl not in found:
            continue
        rule = dict(entry.properties)
        port_range = rule.get("PortRange")
        ends: dict[str, Value] = port_range if isinstance(port_range, dict) else {}
        ports, _ = _ports({"IpProtocol": rule.get("Protocol"), **ends}, "From", "To")
        found[acl].append(
            AclEntry(
                number=entry.number("RuleNumber") or 0,
                egress=entry.flag("Egress") is True,
                allow=str(entry.get("RuleAction")).lower() != "deny",
                cidr=entry.text("CidrBlock") or entry.text("Ipv6CidrBlock"),
                ports=ports,
                logical_id=entry.logical_id,
            )
        )
    return {
        acl: tuple(sorted(entries, key=lambda entry: entry.number))
        for acl, entries in found.items()
    }
