"""What can reach what: the network of a template, as its own rules decide.

A flow exists when everything on its way lets it through: the security groups on both sides, the
network ACLs of both subnets, and for the internet a route and a public address. Where something
cannot be known, the flow is assumed to exist and is marked as not certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pcistack.network.addresses import (
    OUTSIDE,
    IpNetwork,
    PeerKind,
    overlap,
)
from pcistack.network.model import (
    ALL_TRAFFIC,
    INTERNET,
    OTHER_NETWORKS,
    STORES,
    UNKNOWN_EXIT,
    AclEntry,
    Direction,
    Exit,
    Flow,
    IpPermission,
    Kind,
    NetworkWorkload,
    Ports,
    Subnet,
    SubnetTier,
)
from pcistack.network.network_acls import acl_entries, let_through
from pcistack.network.security_groups import permissions
from pcistack.network.subnets import subnets as find_subnets
from pcistack.network.workloads import workloads as find_workloads
from pcistack.template.view import View

__all__ = [
    "ALL_TRAFFIC",
    "INTERNET",
    "OTHER_NETWORKS",
    "STORES",
    "AclEntry",
    "Direction",
    "Exit",
    "Flow",
    "IpPermission",
    "Kind",
    "NetworkMap",
    "NetworkWorkload",
    "Ports",
    "Subnet",
    "SubnetTier",
    "network_of",
]


@dataclass(frozen=True)
class NetworkMap:
    """The network of one view; build it with :func:`network_of`.

    Attributes:
        subnets: Subnets by logical id.
        workloads: Workloads by logical id.
        permissions: Every rule of every security group.
        acls: Entries of network ACLs by logical id of the ACL.
        groups: Logical ids of the template's security groups.
    """

    subnets: dict[str, Subnet]
    workloads: dict[str, NetworkWorkload]
    permissions: tuple[IpPermission, ...]
    acls: dict[str, tuple[AclEntry, ...]]
    groups: frozenset[str]
    _by_group: dict[tuple[str, Direction], list[IpPermission]] = field(repr=False)

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """Every flow, in the template's order; quadratic in the number of workloads."""
        found: list[Flow] = list(self.from_internet())
        for workload in self.workloads.values():
            found += self._from_workloads(workload)
        return tuple(dict.fromkeys([*found, *self.to_outside()]))

    def from_internet(self) -> tuple[Flow, ...]:
        """What the internet can reach, and on which ports (PCI DSS 1.3.1, 1.4.2)."""
        return self._entries

    def to_outside(self) -> tuple[Flow, ...]:
        """What can leave: to the internet, other networks and endpoints (PCI DSS 1.3.2)."""
        return self._departures

    def reaching(self, logical_id: str) -> list[Flow]:
        """What can reach a workload directly (PCI DSS 1.4.4)."""
        found = [flow for flow in self.from_internet() if flow.target == logical_id]
        if logical_id in self.workloads:
            found += self._from_workloads(self.workloads[logical_id])
        return list(dict.fromkeys(found))

    def leaving(self, logical_id: str) -> list[Flow]:
        """What a workload can reach (PCI DSS 1.3.2)."""
        return [flow for flow in self.flows if flow.source == logical_id]

    @cached_property
    def _entries(self) -> tuple[Flow, ...]:
        workloads = self.workloads.values()
        return tuple(dict.fromkeys(f for one in workloads for f in self._from_internet(one)))

    @cached_property
    def _departures(self) -> tuple[Flow, ...]:
        workloads = self.workloads.values()
        return tuple(dict.fromkeys(f for one in workloads for f in self._to_outside(one)))

    def rules_of(self, group: str, direction: Direction) -> Sequence[IpPermission]:
        """What a security group lets through in one direction."""
        return self._by_group.get((group, direction), ())

    def stores(self) -> list[NetworkWorkload]:
        """Workloads that can hold cardholder data."""
        return [workload for workload in self.workloads.values() if workload.kind in STORES]

    def tiers(self, workload: NetworkWorkload) -> set[SubnetTier]:
        """The tiers of a workload's subnets."""
        found = {
            self.subnets[subnet].tier if subnet in self.subnets else SubnetTier.UNKNOWN
            for subnet in workload.subnets
        }
        return found or {SubnetTier.UNKNOWN}

    def leaving_tier(self, tier: SubnetTier) -> list[tuple[Subnet, Exit]]:
        """Ways out of a tier other than gateway endpoints."""
        return [
            (subnet, way)
            for subnet in self.subnets.values()
            if subnet.tier is tier
            for way in subnet.exits
            if way.kind != "endpoint"
        ]

    # Flows

    def _from_internet(self, workload: NetworkWorkload) -> Iterator[Flow]:
        if workload.public is False:
            return
        subnets = [self.subnets.get(subnet) for subnet in workload.subnets] or [None]
        for subnet in subnets:
            tier = subnet.tier if subnet else SubnetTier.UNKNOWN
            if tier not in (SubnetTier.PUBLIC, SubnetTier.UNKNOWN):
                continue
            for permission in self.ingress(workload):
                if permission.kind not in OUTSIDE:
                    continue
                certain = (
                    permission.certain and workload.public is True and tier is SubnetTier.PUBLIC
                ) and not workload.unresolved
                peer = permission.network
                for ports in self._through_acl(subnet, Direction.INGRESS, peer, permission.ports):
                    for open_ports in _listening(ports, workload):
                        yield _flow(INTERNET, workload.logical_id, open_ports, permission, certain)

    def between(self, source: NetworkWorkload, target: NetworkWorkload) -> Iterator[Flow]:
        """Yield what lets one workload reach another directly."""
        if self._one_network(source, target):
            for permission in self.ingress(target):
                if self._may_be(source, permission):
                    yield from self._between(source, target, permission)

    def _from_workloads(self, target: NetworkWorkload) -> Iterator[Flow]:
        if target.kind is Kind.ENDPOINT and not target.subnets:
            return  # a gateway endpoint is a route, see _to_outside
        for permission in self.ingress(target):
            for source in self.workloads.values():
                if source is target or source.kind is Kind.ENDPOINT:
                    continue
                if not self._may_be(source, permission) or not self._one_network(source, target):
                    continue
                yield from self._between(source, target, permission)

    def _between(
        self, source: NetworkWorkload, target: NetworkWorkload, ingress: IpPermission
    ) -> Iterator[Flow]:
        for egress in self.egress(source):
            if not self._may_be(target, egress):
                continue
            ports = ingress.ports.common(egress.ports)
            if ports is None or not self._acls_admit(source, target, ports):
                continue
            certain = ingress.certain and egress.certain
            for open_ports in _listening(ports, target):
                yield _flow(source.logical_id, target.logical_id, open_ports, ingress, certain)

    def _to_outside(self, workload: NetworkWorkload) -> Iterator[Flow]:
        for permission in self.egress(workload):
            for subnet_id in workload.subnets:
                subnet = self.subnets.get(subnet_id)
                for way in subnet.exits if subnet else (UNKNOWN_EXIT,):
                    if not _leads_out(way, permission, workload):
                        continue
                    certain = permission.certain and subnet is not None
                    for ports in self._through_acl(
                        subnet, Direction.EGRESS, permission.network, permission.ports
                    ):
                        yield _flow(workload.logical_id, way.node, ports, permission, certain)

    def ingress(self, workload: NetworkWorkload) -> list[IpPermission]:
        """What the security groups of a workload let in."""
        return self._rules(workload, Direction.INGRESS)

    def egress(self, workload: NetworkWorkload) -> list[IpPermission]:
        """What the security groups of a workload let out."""
        return self._rules(workload, Direction.EGRESS)

    def _rules(self, workload: NetworkWorkload, direction: Direction) -> list[IpPermission]:
        found: list[IpPermission] = []
        for group in workload.groups:
            found += self._by_group.get((group, direction), ())
            if group not in self.groups:
                # the group is not in the template
                found.append(IpPermission.unknown(group, direction, workload.logical_id, ""))
        if not workload.groups:
            found.append(IpPermission.unknown("", direction, workload.logical_id, ""))
        return found

    def _may_be(self, workload: NetworkWorkload, permission: IpPermission) -> bool:
        """Whether a workload can be the peer of a permission."""
        if permission.kind is PeerKind.GROUP:
            elsewhere = permission.peer not in self.groups and "unknown" in workload.groups
            return permission.peer in workload.groups or elsewhere
        if permission.kind in (PeerKind.NOBODY, PeerKind.PREFIX_LIST):
            return False
        if permission.kind is PeerKind.UNKNOWN:
            return True
        network = permission.network
        networks = [self.subnets[s].network for s in workload.subnets if s in self.subnets]
        if network is None or not networks:
            return True
        return any(one is None or overlap(one, network) for one in networks)

    def _one_network(self, left: NetworkWorkload, right: NetworkWorkload) -> bool:
        """Whether two workloads can be in one VPC."""
        left_vpcs, right_vpcs = (
            {self.subnets[s].vpc for s in workload.subnets if s in self.subnets}
            for workload in (left, right)
        )
        return not left_vpcs or not right_vpcs or bool(left_vpcs & right_vpcs)

    def _acls_admit(self, source: NetworkWorkload, target: NetworkWorkload, ports: Ports) -> bool:
        leaves = self._sides(source, target, Direction.EGRESS, ports)
        return leaves and self._sides(target, source, Direction.INGRESS, ports)

    def _sides(
        self, here: NetworkWorkload, there: NetworkWorkload, way: Direction, ports: Ports
    ) -> bool:
        """Whether any subnet of one side admits any subnet of the other."""
        peers = [self.subnets[s].network for s in there.subnets if s in self.subnets] or [None]
        mine = [self.subnets.get(s) for s in here.subnets] or [None]
        return any(
            next(iter(self._through_acl(subnet, way, peer, ports)), None) is not None
            for subnet in mine
            for peer in peers
        )

    def _through_acl(
        self, subnet: Subnet | None, way: Direction, peer: IpNetwork | None, ports: Ports
    ) -> Sequence[Ports]:
        """What of some ports a subnet's network ACL lets through for a peer."""
        if subnet is None or subnet.acl is None or subnet.acl not in self.acls:
            return (ports,)
        return let_through(self.acls[subnet.acl], way, peer, ports)


def _flow(source: str, target: str, ports: Ports, permission: IpPermission, certain: bool) -> Flow:
    return Flow(
        source=source,
        target=target,
        ports=ports,
        description=permission.description,
        resource=permission.resource,
        certain=certain,
    )


def _listening(ports: Ports, workload: NetworkWorkload) -> list[Ports]:
    """Narrow ports to those that a workload listens on, where that is known."""
    if not workload.ports:
        return [ports]
    found = [ports.common(Ports("tcp", port, port)) for port in workload.ports]
    return [one for one in found if one is not None]


def _leads_out(way: Exit, permission: IpPermission, workload: NetworkWorkload) -> bool:
    if way.kind == "endpoint":
        return permission.kind in (PeerKind.WORLD, PeerKind.UNKNOWN, PeerKind.PREFIX_LIST)
    if permission.kind is PeerKind.PREFIX_LIST:
        return False
    if way.kind == "internet gateway" and workload.public is False:
        return False
    if permission.kind in OUTSIDE:
        return True
    return permission.kind is PeerKind.PRIVATE and way.node == OTHER_NETWORKS


def network_of(view: View) -> NetworkMap:
    """Build the network of a view."""
    rules = tuple(permissions(view))
    by_group: dict[tuple[str, Direction], list[IpPermission]] = {}
    for permission in rules:
        by_group.setdefault((permission.group, permission.direction), []).append(permission)
    subnets = {subnet.logical_id: subnet for subnet in find_subnets(view)}
    workloads = {one.logical_id: one for one in find_workloads(view, subnets)}
    return NetworkMap(
        subnets=subnets,
        workloads=workloads,
        permissions=rules,
        acls=acl_entries(view),
        groups=frozenset(group.logical_id for group in view.of_type("AWS::EC2::SecurityGroup")),
        _by_group=by_group,
    )
