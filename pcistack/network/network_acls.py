"""Network ACLs: their entries, and which ports they let through."""

from __future__ import annotations

from collections.abc import Sequence

from pcistack.network.addresses import (
    IpNetwork,
    overlap,
    parse_network,
    within,
)
from pcistack.network.model import (
    AclEntry,
    Direction,
    Ports,
)
from pcistack.network.security_groups import ports_of
from pcistack.template.references import name_of
from pcistack.template.view import Value, View


def let_through(
    entries: Sequence[AclEntry], way: Direction, peer: IpNetwork | None, ports: Ports
) -> list[Ports]:
    """What a list of entries lets through; a denial counts only where it covers the whole peer."""
    allowed: list[Ports] = []
    remaining = [ports]
    for entry in entries:
        if entry.egress is not (way is Direction.EGRESS):
            continue
        network = parse_network(entry.cidr or "")
        if entry.allow and (peer is None or network is None or overlap(peer, network)):
            allowed += [p for one in remaining if (p := one.common(entry.ports)) is not None]
        covers = network is not None and (
            (peer is None and network.prefixlen == 0)
            or (peer is not None and within(peer, network))
        )
        if covers:
            remaining = [part for one in remaining for part in _without(one, entry.ports)]
    return allowed


def _without(ports: Ports, taken: Ports) -> list[Ports]:
    if taken.protocol == "all":
        return []
    if ports.protocol == "all":
        return [ports]
    common = ports.common(taken)
    if common is None:
        return [ports]
    left = [Ports(ports.protocol, ports.first, common.first - 1)]
    right = [Ports(ports.protocol, common.last + 1, ports.last)]
    return [part for part in (*left, *right) if part.first <= part.last]


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
        ports, _ = ports_of({"IpProtocol": rule.get("Protocol"), **ends}, "From", "To")
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
