"""Security groups of a view and the ports of their rules, read into the network's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from pcistack.network.addresses import PeerKind, peer_kind
from pcistack.network.model import (
    ALL_TRAFFIC,
    Direction,
    IpPermission,
    Ports,
    integer,
)
from pcistack.template.document import Json
from pcistack.template.references import name_of
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value, View

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
    ports, certain = ports_of(rule)
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


def ports_of(
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
