"""Requirements 1.2 and 1.3: what security groups let in and out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pcistack.checks.findings import Severity
from pcistack.checks.rule import UNRESOLVED, Extent, Hit
from pcistack.network.addresses import PeerKind
from pcistack.network.network import INTERNET, Direction, IpPermission, Kind
from pcistack.network.security_groups import GROUP_TYPES
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.listeners import redirects_only
from pcistack.pci_dss.pack import rule


def _permissions(
    context: Context, direction: Direction, *kinds: PeerKind
) -> Iterator[IpPermission]:
    for permission in context.network.permissions:
        if permission.direction is direction and permission.kind in kinds:
            yield permission


def _at(permission: IpPermission, message: str) -> Hit:
    return Hit(resource=permission.resource, property=permission.path, message=message)


@rule(
    "PCI-1.3.1-INGRESS-WORLD",
    "Security groups admit the internet on 443 only, and on 80 to redirect",
    asks="Only the traffic that the cardholder data environment needs may come in.",
    requirements=("1.3.1", "1.2.6", "1.4.1", "1.4.2"),
    security_hub=(
        "EC2.13",
        "EC2.14",
        "EC2.53",
        "EC2.54",
        "Redshift.15",
    ),
    related=(
        "EC2.18",
        "EC2.19",
    ),
    types=GROUP_TYPES,
    extent=Extent.FULL,
    fix="Admit 443 to the load balancer alone; let other tiers admit a security group "
    "(SourceSecurityGroupId).",
)
def ingress_world(context: Context) -> Iterator[Hit]:
    for permission in _permissions(context, Direction.INGRESS, PeerKind.WORLD):
        if permission.ports.within(443) and permission.certain:
            continue
        if permission.ports.within(80, 443) and _only_redirects(context, permission.group):
            continue
        yield _at(
            permission, f"{permission.ports} is open to {permission.peer}, only tcp/443 may be"
        )


def _only_redirects(context: Context, group: str) -> bool:
    """Whether a group belongs to load balancers only, and their port 80 does but redirect."""
    holders = [w for w in context.network.workloads.values() if group in w.groups]
    return bool(holders) and all(
        holder.kind is Kind.LOAD_BALANCER and redirects_only(context, holder.logical_id, 80)
        for holder in holders
    )


@rule(
    "PCI-1.3.1-INGRESS-PUBLIC-RANGE",
    "Public address ranges that are admitted have a business need; a store admits none",
    asks="Only the traffic that the cardholder data environment needs may come in; what stores "
    "card data is not directly reachable from untrusted networks.",
    requirements=("1.3.1", "1.2.5", "1.4.4", "1.4.1", "1.4.2"),
    severity=Severity.WARNING,
    types=GROUP_TYPES,
    fix="Confirm the range's owner and need in the rule's description, or remove the rule. A "
    "store admits the security group of its clients.",
)
def ingress_public_range(context: Context) -> Iterator[Hit]:
    stores = {group for store in context.network.stores() for group in store.groups}
    kinds = (PeerKind.PUBLIC, PeerKind.PREFIX_LIST)
    for permission in _permissions(context, Direction.INGRESS, *kinds):
        public = permission.kind is PeerKind.PUBLIC
        if permission.group in stores:
            what = f"public {permission.peer}" if public else f"the prefix list {permission.peer}"
            hit = _at(permission, f"a store is open to {what} on {permission.ports}")
            yield replace(hit, severity=Severity.ERROR)
        elif not permission.ports.within(443):
            what = f"public {permission.peer}" if public else f"the prefix list {permission.peer}"
            yield _at(permission, f"{permission.ports} is open to {what}")


@rule(
    "PCI-1.3.1-INGRESS-UNKNOWN",
    "Who may come in is known before the deployment",
    asks="Only the traffic that the cardholder data environment needs may come in.",
    requirements=("1.3.1",),
    severity=Severity.WARNING,
    types=GROUP_TYPES,
    extent=Extent.FULL,
    fix="Write the source and the ports, or give the parameter a default.",
)
def ingress_unknown(context: Context) -> Iterator[Hit]:
    for permission in context.network.permissions:
        if permission.direction is not Direction.INGRESS or permission.certain:
            continue
        if _names_a_group(context, permission, "Source"):
            continue
        yield _at(permission, f"ingress of {permission.ports} from {permission.peer} {UNRESOLVED}")


def _names_a_group(context: Context, permission: IpPermission, side: str) -> bool:
    """Whether the peer is a security group, whichever it is, and the ports are written."""
    resource = context.view.resources[permission.resource]
    at = f"{permission.path}." if permission.path else ""
    named = any(
        resource.get(f"{at}{side}SecurityGroup{what}") is not None for what in ("Id", "Name")
    )
    ports = ("IpProtocol", "FromPort", "ToPort")
    return named and not any(resource.is_unknown(f"{at}{name}") for name in ports)


@rule(
    "PCI-1.3.1-CIDR-BETWEEN-TIERS",
    "Tiers admit each other by security group, not by address range",
    asks="Inbound traffic is restricted to what is necessary; a range admits whoever gets an "
    "address in it.",
    requirements=("1.3.1", "1.4.1"),
    types=GROUP_TYPES,
    extent=Extent.FULL,
    fix="Replace CidrIp with SourceSecurityGroupId of the group that is meant.",
)
def cidr_between_tiers(context: Context) -> Iterator[Hit]:
    for permission in _permissions(context, Direction.INGRESS, PeerKind.PRIVATE):
        yield _at(permission, f"{permission.ports} is open to the address range {permission.peer}")


@rule(
    "PCI-1.3.2-EGRESS-ANYWHERE",
    "No security group lets everything out",
    asks="Only the traffic that is necessary may leave the cardholder data environment.",
    requirements=("1.3.2",),
    types=GROUP_TYPES,
    extent=Extent.FULL,
    fix="List the ways out in SecurityGroupEgress: the peer's security group and port. Where there "
    "is none: CidrIp 255.255.255.255/32 with IpProtocol icmp.",
)
def egress_anywhere(context: Context) -> Iterator[Hit]:
    kinds = (PeerKind.WORLD, PeerKind.PUBLIC, PeerKind.UNKNOWN)
    for permission in _permissions(context, Direction.EGRESS, *kinds):
        if permission.implicit:
            yield _at(permission, "no outbound rule is written, so AWS lets all traffic out")
        elif _names_a_group(context, permission, "Destination"):
            continue
        elif permission.kind is PeerKind.UNKNOWN:
            yield _at(permission, f"egress of {permission.ports} {UNRESOLVED}")
        elif permission.kind is PeerKind.WORLD and not permission.ports.within(443):
            yield _at(permission, f"{permission.ports} may leave to {permission.peer}")


@rule(
    "PCI-1.3.2-EGRESS-HTTPS-ANYWHERE",
    "HTTPS to anywhere is accepted with a reason only",
    asks="Only the traffic that is necessary may leave; HTTPS to any address can carry data out.",
    requirements=("1.3.2",),
    types=GROUP_TYPES,
    fix="Reach AWS services through VPC endpoints and name their security group; else acknowledge "
    "beside the group why any address must be reachable.",
)
def egress_https(context: Context) -> Iterator[Hit]:
    leaving = {
        group
        for flow in context.network.to_outside()
        if flow.target == INTERNET and flow.source in context.network.workloads
        for group in context.network.workloads[flow.source].groups
    }
    for permission in _permissions(context, Direction.EGRESS, PeerKind.WORLD):
        if permission.ports.within(443) and permission.group in leaving:
            yield _at(permission, f"{permission.ports} may leave to {permission.peer}, by a route")


@rule(
    "PCI-1.3.2-EGRESS-CIDR",
    "Traffic between tiers leaves towards a security group, not an address range",
    asks="Only the traffic that is necessary may leave; a range reaches whoever gets an address "
    "in it.",
    requirements=("1.3.2",),
    severity=Severity.WARNING,
    types=GROUP_TYPES,
    fix="Replace CidrIp with DestinationSecurityGroupId of the group that is meant.",
)
def egress_cidr(context: Context) -> Iterator[Hit]:
    for permission in _permissions(context, Direction.EGRESS, PeerKind.PRIVATE):
        yield _at(permission, f"{permission.ports} may leave to the range {permission.peer}")


@rule(
    "PCI-1.3.1-PORTS-WIDE",
    "Security groups open single ports to each other, not all of them",
    asks="Only the traffic that is necessary passes between tiers.",
    requirements=("1.3.1", "1.3.2", "1.2.5"),
    types=GROUP_TYPES,
    extent=Extent.FULL,
    fix="Name the protocol and the port that the clients use.",
)
def ports_wide(context: Context) -> Iterator[Hit]:
    for permission in context.network.permissions:
        wide = permission.ports.protocol == "all" or (
            permission.ports.protocol in ("tcp", "udp")
            and permission.ports.last - permission.ports.first > 100
        )
        if permission.kind is PeerKind.GROUP and wide:
            own = permission.peer == permission.group
            yield Hit(
                resource=permission.resource,
                property=permission.path,
                message=f"{permission.ports} is open {_side(permission)} {permission.peer}",
                severity=Severity.WARNING if own else None,
            )


def _side(permission: IpPermission) -> str:
    return "from" if permission.direction is Direction.INGRESS else "to"


@rule(
    "PCI-1.2.5-BUSINESS-NEED",
    "Every security group rule says what it is for",
    asks="Every allowed service, protocol and port is identified and has a business need.",
    requirements=("1.2.5",),
    severity=Severity.WARNING,
    types=GROUP_TYPES,
    fix="Set Description to the business need; it is the entry of the port register.",
)
def business_need(context: Context) -> Iterator[Hit]:
    for permission in context.network.permissions:
        if not permission.description.strip() and not permission.implicit:
            yield _at(
                permission,
                f"{permission.direction} of {permission.ports} ({permission.peer}) has no "
                "description",
            )


@rule(
    "PCI-1.2.7-RULE-IDLE",
    "Every rule between two groups has its counterpart",
    asks="Network controls are reviewed, and rules that nobody needs are removed.",
    requirements=("1.2.7", "1.2.8"),
    severity=Severity.WARNING,
    types=GROUP_TYPES,
    fix="Remove the rule, or let the other group's rules match it.",
)
def rule_idle(context: Context) -> Iterator[Hit]:
    network = context.network
    for permission in network.permissions:
        if permission.kind is not PeerKind.GROUP or permission.peer not in network.groups:
            continue
        if permission.group not in network.groups or not permission.certain:
            continue
        if not any(
            (other.kind is not PeerKind.GROUP or other.peer == permission.group)
            and other.kind is not PeerKind.NOBODY
            and other.ports.common(permission.ports) is not None
            for other in network.rules_of(permission.peer, _other(permission.direction))
        ):
            yield _at(
                permission,
                f"{permission.direction} of {permission.ports} {_side(permission)} "
                f"{permission.peer} has no counterpart there; nothing can use it",
            )


def _other(direction: Direction) -> Direction:
    return Direction.EGRESS if direction is Direction.INGRESS else Direction.INGRESS
