"""What can reach what: the network of a template, as its own rules decide.

A flow exists when everything on its way lets it through: the security groups on both sides, the
network ACLs of both subnets, and for the internet a route and a public address. Where something
cannot be known, the flow is assumed to exist and is marked as not certain.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from assurance.resolution import Partial, Reference, Resource, Unknown, Value, View

if TYPE_CHECKING:
    import networkx

INTERNET: Final = "internet"
"""The node that stands for every address outside."""

OTHER_NETWORKS: Final = "other networks"
"""The node for what lies behind a transit gateway, a VPN, a peering or an unknown gateway."""

IpNetwork: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"


class Tier(StrEnum):
    """Where a subnet's routes lead.

    Attributes:
        PUBLIC: To an internet gateway.
        PRIVATE: Out through a NAT, transit or other gateway, not in.
        ISOLATED: Nowhere but the VPC and its gateway endpoints.
        UNKNOWN: Its routes are not in the template.
    """

    PUBLIC = "public"
    PRIVATE = "private"
    ISOLATED = "isolated"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What a workload is for."""

    LOAD_BALANCER = "load balancer"
    TASKS = "tasks"
    FUNCTION = "function"
    INSTANCE = "instance"
    DATABASE = "database"
    CACHE = "cache"
    SEARCH = "search"
    FILES = "files"
    STREAM = "stream"
    PROXY = "database proxy"
    ENDPOINT = "endpoint"


STORES: Final = frozenset({Kind.DATABASE, Kind.CACHE, Kind.SEARCH, Kind.FILES, Kind.STREAM})
"""Kinds that can hold cardholder data."""


@dataclass(frozen=True, slots=True, order=True)
class Ports:
    """A range of ports of one protocol.

    Attributes:
        protocol: ``tcp``, ``udp``, ``icmp``, another name or number, or ``all``.
        first: First port.
        last: Last port.
    """

    protocol: str
    first: int = 0
    last: int = 65535

    def __str__(self) -> str:
        if self.protocol == "all":
            return "all traffic"
        if self.protocol not in ("tcp", "udp") or (self.first, self.last) == (0, 65535):
            return f"all {self.protocol}"
        if self.first == self.last:
            return f"{self.protocol}/{self.first}"
        return f"{self.protocol}/{self.first}-{self.last}"

    def common(self, other: Ports) -> Ports | None:
        """Return what both ranges hold, or None."""
        if self.protocol == "all":
            return other
        if other.protocol == "all":
            return self
        first, last = max(self.first, other.first), min(self.last, other.last)
        if self.protocol != other.protocol or first > last:
            return None
        return Ports(self.protocol, first, last)

    def within(self, *allowed: int) -> bool:
        """Whether every port of the range is one of some TCP ports."""
        if self.protocol != "tcp" or self.last - self.first >= len(allowed):
            return False
        return all(port in allowed for port in range(self.first, self.last + 1))


ALL_TRAFFIC: Final = Ports("all")


class PeerKind(StrEnum):
    """What the other side of a security group's rule is.

    Attributes:
        WORLD: The whole internet, or a large part of it.
        PUBLIC: A range of public addresses.
        PRIVATE: A range of private addresses.
        GROUP: A security group.
        PREFIX_LIST: A prefix list; AWS's own ones name AWS services.
        NOBODY: An address that no machine can have.
        UNKNOWN: Not known before the deployment.
    """

    WORLD = "world"
    PUBLIC = "public"
    PRIVATE = "private"
    GROUP = "group"
    PREFIX_LIST = "prefix list"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Which way a rule lets traffic through."""

    INGRESS = "ingress"
    EGRESS = "egress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One rule of one security group: an entry of the port register (PCI DSS 1.2.5).

    Attributes:
        group: Logical id of the security group, or the text of an id from elsewhere.
        direction: In or out.
        kind: What the peer is.
        peer: The peer as text: a CIDR, a logical id, a prefix list.
        ports: What it lets through.
        description: The business need; empty if none is written.
        resource: Logical id of the resource that holds the rule.
        path: Property path of the rule inside it; empty for a rule of its own.
        certain: False when the peer or the ports are not known.
    """

    group: str
    direction: Direction
    kind: PeerKind
    peer: str
    ports: Ports
    description: str
    resource: str
    path: str
    certain: bool = True

    @property
    def network(self) -> IpNetwork | None:
        """The peer's addresses, if it is a CIDR."""
        return parse_network(self.peer) if self.kind in _ADDRESSES else None

    @property
    def implicit(self) -> bool:
        """Whether it is AWS's default rule, which nobody has written."""
        return self.path == "SecurityGroupEgress" and not self.description


_ADDRESSES: Final = (PeerKind.WORLD, PeerKind.PUBLIC, PeerKind.PRIVATE)
_OUTSIDE: Final = (PeerKind.WORLD, PeerKind.PUBLIC, PeerKind.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """A way out of a subnet.

    Attributes:
        kind: ``internet gateway``, ``NAT gateway``, ``transit gateway``, ``endpoint`` or others.
        gateway: Logical id of the gateway, or its text.
        destination: CIDR or prefix list that it is for.
        route: Logical id of the route or endpoint.
    """

    kind: str
    gateway: str
    destination: str
    route: str

    @property
    def node(self) -> str:
        """The node where the traffic ends up."""
        if self.kind in ("internet gateway", "NAT gateway", "egress-only internet gateway"):
            return INTERNET
        return self.gateway if self.kind == "endpoint" else OTHER_NETWORKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """A subnet with its routes.

    Attributes:
        logical_id: Its logical id.
        vpc: Logical id of its VPC, or the text of its id.
        cidr: IPv4 range, or None if not known.
        zone: Availability zone as text; empty if not known.
        tier: Where its routes lead.
        exits: Its ways out, gateway endpoints among them.
        acl: Logical id of its network ACL; None for the default one, which lets everything pass.
        public_addresses: Whether what starts in it gets a public address by itself.
    """

    logical_id: str
    vpc: str
    cidr: str | None
    zone: str
    tier: Tier
    exits: tuple[Exit, ...]
    acl: str | None
    public_addresses: bool

    @property
    def network(self) -> IpNetwork | None:
        """Its addresses, if known."""
        return parse_network(self.cidr or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Something with network interfaces.

    Attributes:
        logical_id: Its logical id.
        type: CloudFormation type.
        kind: What it is for.
        subnets: Logical ids of its subnets, or their text.
        groups: Logical ids of its security groups, or their text.
        ports: TCP ports that it listens on, as far as the template says; empty for any.
        public: Whether it has a public address; None when that is not known.
        unresolved: Properties that cannot be known and on which its reachability depends.
    """

    logical_id: str
    type: str
    kind: Kind
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    ports: tuple[int, ...] = ()
    public: bool | None = False
    unresolved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Traffic that the template lets through, from one node to another.

    Attributes:
        source: Logical id of a workload, :data:`INTERNET` or :data:`OTHER_NETWORKS`.
        target: The same for the other side.
        ports: What passes.
        description: Business need of the rule that admits it; empty if none is written.
        resource: Logical id of the resource whose rule admits it.
        certain: False when something on the way cannot be known.
    """

    source: str
    target: str
    ports: Ports
    description: str
    resource: str
    certain: bool = True


@dataclass(frozen=True)
class Network:
    """The network of one view; build it with :func:`network_of`.

    Attributes:
        subnets: Subnets by logical id.
        workloads: Workloads by logical id.
        permissions: Every rule of every security group.
        acls: Entries of network ACLs by logical id of the ACL.
        groups: Logical ids of the template's security groups.
    """

    subnets: dict[str, Subnet]
    workloads: dict[str, Workload]
    permissions: tuple[Permission, ...]
    acls: dict[str, tuple[AclEntry, ...]]
    groups: frozenset[str]
    _by_group: dict[tuple[str, Direction], list[Permission]] = field(repr=False)

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

    def rules_of(self, group: str, direction: Direction) -> Sequence[Permission]:
        """What a security group lets through in one direction."""
        return self._by_group.get((group, direction), ())

    def stores(self) -> list[Workload]:
        """Workloads that can hold cardholder data."""
        return [workload for workload in self.workloads.values() if workload.kind in STORES]

    def tiers(self, workload: Workload) -> set[Tier]:
        """The tiers of a workload's subnets."""
        found = {
            self.subnets[subnet].tier if subnet in self.subnets else Tier.UNKNOWN
            for subnet in workload.subnets
        }
        return found or {Tier.UNKNOWN}

    def leaving_tier(self, tier: Tier) -> list[tuple[Subnet, Exit]]:
        """Ways out of a tier other than gateway endpoints."""
        return [
            (subnet, way)
            for subnet in self.subnets.values()
            if subnet.tier is tier
            for way in subnet.exits
            if way.kind != "endpoint"
        ]

    def path_from_internet(self, logical_id: str) -> list[str] | None:
        """Shortest chain of nodes from the internet to a workload, or None if there is none."""
        paths = {INTERNET: [INTERNET]}
        queue = [INTERNET]
        targets: dict[str, list[str]] = {}
        for flow in self.flows:
            targets.setdefault(flow.source, []).append(flow.target)
        while queue:
            node = queue.pop(0)
            for target in targets.get(node, ()):
                if target not in paths and target not in (INTERNET, OTHER_NETWORKS):
                    paths[target] = [*paths[node], target]
                    queue.append(target)
        return paths.get(logical_id)

    def graph(self) -> networkx.MultiDiGraph[str]:
        """Return the flows as a graph; nodes carry ``kind`` and ``tiers``, edges their ``flow``."""
        import networkx  # 0.2 s to import: only who draws or searches pays

        graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
        graph.add_node(INTERNET, kind="internet", tiers=())
        for workload in self.workloads.values():
            tiers = tuple(sorted(self.tiers(workload)))
            graph.add_node(workload.logical_id, kind=workload.kind.value, tiers=tiers)
        for flow in self.flows:
            if flow.target == OTHER_NETWORKS:
                graph.add_node(OTHER_NETWORKS, kind="other networks", tiers=())
            graph.add_edge(flow.source, flow.target, flow=flow)
        return graph

    # Flows

    def _from_internet(self, workload: Workload) -> Iterator[Flow]:
        if workload.public is False:
            return
        subnets = [self.subnets.get(subnet) for subnet in workload.subnets] or [None]
        for subnet in subnets:
            tier = subnet.tier if subnet else Tier.UNKNOWN
            if tier not in (Tier.PUBLIC, Tier.UNKNOWN):
                continue
            for permission in self._ingress(workload):
                if permission.kind not in _OUTSIDE:
                    continue
                certain = (
                    permission.certain and workload.public is True and tier is Tier.PUBLIC
                ) and not workload.unresolved
                peer = permission.network
                for ports in self._through_acl(subnet, Direction.INGRESS, peer, permission.ports):
                    for open_ports in _listening(ports, workload):
                        yield _flow(INTERNET, workload.logical_id, open_ports, permission, certain)

    def _from_workloads(self, target: Workload) -> Iterator[Flow]:
        if target.kind is Kind.ENDPOINT and not target.subnets:
            return  # a gateway endpoint is a route, see _to_outside
        for permission in self._ingress(target):
            for source in self.workloads.values():
                if source is target or source.kind is Kind.ENDPOINT:
                    continue
                if not self._may_be(source, permission) or not self._one_network(source, target):
                    continue
                yield from self._between(source, target, permission)

    def _between(self, source: Workload, target: Workload, ingress: Permission) -> Iterator[Flow]:
        for egress in self._egress(source):
            if not self._may_be(target, egress):
                continue
            ports = ingress.ports.common(egress.ports)
            if ports is None or not self._acls_admit(source, target, ports):
                continue
            certain = ingress.certain and egress.certain
            for open_ports in _listening(ports, target):
                yield _flow(source.logical_id, target.logical_id, open_ports, ingress, certain)

    def _to_outside(self, workload: Workload) -> Iterator[Flow]:
        for permission in self._egress(workload):
            for subnet_id in workload.subnets:
                subnet = self.subnets.get(subnet_id)
                for way in subnet.exits if subnet else (_UNKNOWN_EXIT,):
                    if not _leads_out(way, permission, workload):
                        continue
                    certain = permission.certain and subnet is not None
                    for ports in self._through_acl(
                        subnet, Direction.EGRESS, permission.network, permission.ports
                    ):
                        yield _flow(workload.logical_id, way.node, ports, permission, certain)

    def _ingress(self, workload: Workload) -> list[Permission]:
        return self._rules(workload, Direction.INGRESS)

    def _egress(self, workload: Workload) -> list[Permission]:
        return self._rules(workload, Direction.EGRESS)

    def _rules(self, workload: Workload, direction: Direction) -> list[Permission]:
        found: list[Permission] = []
        for group in workload.groups:
            found += self._by_group.get((group, direction), ())
            if group not in self.groups:
                found.append(_anything(group, direction, workload))
        if not workload.groups:
            found.append(_anything("", direction, workload))
        return found

    def _may_be(self, workload: Workload, permission: Permission) -> bool:
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
        return any(one is None or _overlap(one, network) for one in networks)

    def _one_network(self, left: Workload, right: Workload) -> bool:
        """Whether two workloads can be in one VPC."""
        left_vpcs, right_vpcs = (
            {self.subnets[s].vpc for s in workload.subnets if s in self.subnets}
            for workload in (left, right)
        )
        return not left_vpcs or not right_vpcs or bool(left_vpcs & right_vpcs)

    def _acls_admit(self, source: Workload, target: Workload, ports: Ports) -> bool:
        leaves = self._sides(source, target, Direction.EGRESS, ports)
        return leaves and self._sides(target, source, Direction.INGRESS, ports)

    def _sides(self, here: Workload, there: Workload, way: Direction, ports: Ports) -> bool:
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
        return _filtered(self.acls[subnet.acl], way, peer, ports)


_UNKNOWN_EXIT: Final = Exit(kind="unknown", gateway="unknown", destination="0.0.0.0/0", route="")


def _flow(source: str, target: str, ports: Ports, permission: Permission, certain: bool) -> Flow:
    return Flow(
        source=source,
        target=target,
        ports=ports,
        description=permission.description,
        resource=permission.resource,
        certain=certain,
    )


def _anything(group: str, direction: Direction, workload: Workload) -> Permission:
    """Stand in for the rules of a security group that is not in the template."""
    return Permission(
        group=group,
        direction=direction,
        kind=PeerKind.UNKNOWN,
        peer="unknown",
        ports=ALL_TRAFFIC,
        description="",
        resource=workload.logical_id,
        path="",
        certain=False,
    )


def _listening(ports: Ports, workload: Workload) -> list[Ports]:
    """Narrow ports to those that a workload listens on, where that is known."""
    if not workload.ports:
        return [ports]
    found = [ports.common(Ports("tcp", port, port)) for port in workload.ports]
    return [one for one in found if one is not None]


def _leads_out(way: Exit, permission: Permission, workload: Workload) -> bool:
    if way.kind == "endpoint":
        return permission.kind in (PeerKind.WORLD, PeerKind.UNKNOWN, PeerKind.PREFIX_LIST)
    if permission.kind is PeerKind.PREFIX_LIST:
        return False
    if way.kind == "internet gateway" and workload.public is False:
        return False
    if permission.kind in _OUTSIDE:
        return True
    return permission.kind is PeerKind.PRIVATE and way.node == OTHER_NETWORKS


# Addresses


@lru_cache(maxsize=4096)
def parse_network(text: str) -> IpNetwork | None:
    """Return a CIDR's addresses, or None if the text is none."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def peer_kind(cidr: str) -> PeerKind:
    """Return what a CIDR stands for."""
    network = parse_network(cidr)
    if network is None:
        return PeerKind.UNKNOWN
    if network == _BROADCAST or network.is_loopback:
        return PeerKind.NOBODY
    if network.prefixlen < (7 if network.version == 6 else 8):
        return PeerKind.WORLD
    if any(_within(network, private) for private in _PRIVATE):
        return PeerKind.PRIVATE
    return PeerKind.PUBLIC


_BROADCAST: Final = ipaddress.ip_network("255.255.255.255/32")
_PRIVATE: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # RFC 6598, allowed in a VPC
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)


def _within(inner: IpNetwork, outer: IpNetwork) -> bool:
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network):
        return inner.subnet_of(outer)
    return False


def _overlap(left: IpNetwork, right: IpNetwork) -> bool:
    return left.version == right.version and left.overlaps(right)


# Network ACLs


@dataclass(frozen=True, slots=True, kw_only=True)
class AclEntry:
    """One entry of a network ACL, in the order of its number."""

    number: float
    egress: bool
    allow: bool
    cidr: str | None
    ports: Ports
    logical_id: str


def _filtered(
    entries: Sequence[AclEntry], way: Direction, peer: IpNetwork | None, ports: Ports
) -> list[Ports]:
    """What a list of entries lets through; a denial counts only where it covers the whole peer."""
    allowed: list[Ports] = []
    remaining = [ports]
    for entry in entries:
        if entry.egress is not (way is Direction.EGRESS):
            continue
        network = parse_network(entry.cidr or "")
        if entry.allow and (peer is None or network is None or _overlap(peer, network)):
            allowed += [p for one in remaining if (p := one.common(entry.ports)) is not None]
        covers = network is not None and (
            (peer is None and network.prefixlen == 0)
            or (peer is not None and _within(peer, network))
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


# Building


def network_of(view: View) -> Network:
    """Build the network of a view."""
    permissions = tuple(_permissions(view))
    by_group: dict[tuple[str, Direction], list[Permission]] = {}
    for permission in permissions:
        by_group.setdefault((permission.group, permission.direction), []).append(permission)
    subnets = {subnet.logical_id: subnet for subnet in _subnets(view)}
    workloads = {
        workload.logical_id: _with_public_address(workload, view, subnets)
        for workload in _workloads(view)
    }
    return Network(
        subnets=subnets,
        workloads=workloads,
        permissions=permissions,
        acls=_acls(view),
        groups=frozenset(group.logical_id for group in view.of_type("AWS::EC2::SecurityGroup")),
        _by_group=by_group,
    )


def name_of(value: Value) -> str:
    """Return the logical id that a value refers to, else its text; empty for nothing."""
    if isinstance(value, Reference):
        return value.logical_id
    if isinstance(value, Partial) and len(value.references) == 1:
        return value.references[0].logical_id
    if value is None:
        return ""
    return "unknown" if isinstance(value, Unknown) else str(value)


def _names(resource: Resource, path: str) -> tuple[str, ...]:
    return tuple(name for item in resource.items(path) if (name := name_of(item)))


# Security groups


def _permissions(view: View) -> Iterator[Permission]:
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
    for group in view.of_type("AWS::EC2::SecurityGroup"):
        yield from _inline(group, Direction.INGRESS, "SecurityGroupIngress")
        yield from _inline(group, Direction.EGRESS, "SecurityGroupEgress")
        # CloudFormation drops AWS's allow-all rule once any other outbound rule is there
        if not group.items("SecurityGroupEgress") and group.logical_id not in with_egress:
            yield Permission(
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
        yield _permission(
            dict(rule.properties), name_of(group_value), direction, rule.logical_id, ""
        )


def _inline(group: Resource, direction: Direction, path: str) -> Iterator[Permission]:
    value = group.get(path)
    if isinstance(value, Unknown | Reference | Partial):
        yield Permission(
            group=group.logical_id,
            direction=direction,
            kind=PeerKind.UNKNOWN,
            peer="unknown",
            ports=ALL_TRAFFIC,
            description="",
            resource=group.logical_id,
            path=path,
            certain=False,
        )
        return
    for index, item in enumerate(group.items(path)):
        rule: dict[str, Value] = item if isinstance(item, dict) else {"CidrIp": Unknown()}
        yield _permission(rule, group.logical_id, direction, group.logical_id, f"{path}.{index}")


def _permission(
    rule: dict[str, Value], group: str, direction: Direction, resource: str, path: str
) -> Permission:
    kind, peer = _peer(rule, direction)
    ports, certain = _ports(rule)
    description = rule.get("Description")
    return Permission(
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
    if isinstance(protocol, float):
        protocol = int(protocol)
    name = _PROTOCOLS.get(str(protocol), str(protocol).lower())
    if name not in ("tcp", "udp"):
        return Ports(name), True
    ends = [_integer(rule.get(key)) for key in (first, last)]
    if rule.get(first) is None and rule.get(last) is None:
        return Ports(name), True
    if ends[0] is None or ends[1] is None:
        return Ports(name), False
    if ends == [-1, -1]:
        return Ports(name), True
    return Ports(name, ends[0], ends[1]), True


def _integer(value: Value) -> int | None:
    if isinstance(value, bool | Partial) or not isinstance(value, str | int | float):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


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


def _subnets(view: View) -> Iterator[Subnet]:
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
            tier=_tier(ways) if known else Tier.UNKNOWN,
            exits=ways if known else (_UNKNOWN_EXIT,),
            acl=acls.get(subnet.logical_id),
            public_addresses=subnet.flag("MapPublicIpOnLaunch") is True,
        )


def _tier(ways: Sequence[Exit]) -> Tier:
    kinds = {way.kind for way in ways} - {"endpoint"}
    if "internet gateway" in kinds:
        return Tier.PUBLIC
    return Tier.PRIVATE if kinds else Tier.ISOLATED


def _exits(view: View) -> dict[str, list[Exit]]:
    """Map route tables to their ways out."""
    found: dict[str, list[Exit]] = {}
    for route in view.of_type("AWS::EC2::Route"):
        way = _exit(route, view)
        if way is not None:
            found.setdefault(name_of(route.get("RouteTableId")), []).append(way)
    for endpoint in view.of_type("AWS::EC2::VPCEndpoint"):
        for table in _names(endpoint, "RouteTableIds"):
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


def _acls(view: View) -> dict[str, tuple[AclEntry, ...]]:
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


# Workloads


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Where a type keeps what decides on its reachability."""

    kind: Kind
    groups: str
    subnets: str = ""
    subnet_group: str = ""
    ports: tuple[str, ...] = ()


_SUBNET_GROUPS: Final = "SubnetIds"

_SHAPES: Final = {
    "AWS::RDS::DBCluster": _Shape(
        kind=Kind.DATABASE,
        groups="VpcSecurityGroupIds",
        subnet_group="DBSubnetGroupName",
        ports=("Port",),
    ),
    "AWS::RDS::DBInstance": _Shape(
        kind=Kind.DATABASE,
        groups="VPCSecurityGroups",
        subnet_group="DBSubnetGroupName",
        ports=("Port",),
    ),
    "AWS::RDS::DBProxy": _Shape(
        kind=Kind.PROXY, groups="VpcSecurityGroupIds", subnets="VpcSubnetIds"
    ),
    "AWS::DocDB::DBCluster": _Shape(
        kind=Kind.DATABASE,
        groups="VpcSecurityGroupIds",
        subnet_group="DBSubnetGroupName",
        ports=("Port",),
    ),
    "AWS::Neptune::DBCluster": _Shape(
        kind=Kind.DATABASE,
        groups="VpcSecurityGroupIds",
        subnet_group="DBSubnetGroupName",
        ports=("DBPort",),
    ),
    "AWS::Redshift::Cluster": _Shape(
        kind=Kind.DATABASE,
        groups="VpcSecurityGroupIds",
        subnet_group="ClusterSubnetGroupName",
        ports=("Port",),
    ),
    "AWS::ElastiCache::ReplicationGroup": _Shape(
        kind=Kind.CACHE,
        groups="SecurityGroupIds",
        subnet_group="CacheSubnetGroupName",
        ports=("Port",),
    ),
    "AWS::ElastiCache::CacheCluster": _Shape(
        kind=Kind.CACHE,
        groups="VpcSecurityGroupIds",
        subnet_group="CacheSubnetGroupName",
        ports=("Port",),
    ),
    "AWS::ElastiCache::ServerlessCache": _Shape(
        kind=Kind.CACHE, groups="SecurityGroupIds", subnets="SubnetIds"
    ),
    "AWS::MemoryDB::Cluster": _Shape(
        kind=Kind.CACHE, groups="SecurityGroupIds", subnet_group="SubnetGroupName", ports=("Port",)
    ),
    "AWS::OpenSearchService::Domain": _Shape(
        kind=Kind.SEARCH, groups="VPCOptions.SecurityGroupIds", subnets="VPCOptions.SubnetIds"
    ),
    "AWS::Elasticsearch::Domain": _Shape(
        kind=Kind.SEARCH, groups="VPCOptions.SecurityGroupIds", subnets="VPCOptions.SubnetIds"
    ),
    "AWS::EFS::MountTarget": _Shape(kind=Kind.FILES, groups="SecurityGroups", subnets="SubnetId"),
    "AWS::MSK::Cluster": _Shape(
        kind=Kind.STREAM,
        groups="BrokerNodeGroupInfo.SecurityGroups",
        subnets="BrokerNodeGroupInfo.ClientSubnets",
    ),
    "AWS::ECS::Service": _Shape(
        kind=Kind.TASKS,
        groups="NetworkConfiguration.AwsvpcConfiguration.SecurityGroups",
        subnets="NetworkConfiguration.AwsvpcConfiguration.Subnets",
    ),
    "AWS::Lambda::Function": _Shape(
        kind=Kind.FUNCTION, groups="VpcConfig.SecurityGroupIds", subnets="VpcConfig.SubnetIds"
    ),
    "AWS::EC2::Instance": _Shape(kind=Kind.INSTANCE, groups="SecurityGroupIds", subnets="SubnetId"),
    "AWS::AutoScaling::AutoScalingGroup": _Shape(
        kind=Kind.INSTANCE, groups="", subnets="VPCZoneIdentifier"
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _Shape(
        kind=Kind.LOAD_BALANCER, groups="SecurityGroups", subnets="Subnets"
    ),
    "AWS::ElasticLoadBalancing::LoadBalancer": _Shape(
        kind=Kind.LOAD_BALANCER, groups="SecurityGroups", subnets="Subnets"
    ),
    "AWS::EC2::VPCEndpoint": _Shape(
        kind=Kind.ENDPOINT, groups="SecurityGroupIds", subnets="SubnetIds"
    ),
}

_DEFAULT_PORTS: Final = {
    "mysql": 3306,
    "mariadb": 3306,
    "aurora": 3306,
    "postgres": 5432,
    "oracle": 1521,
    "sqlserver": 1433,
}


def _workloads(view: View) -> Iterator[Workload]:
    for resource in view.resources.values():
        shape = _SHAPES.get(resource.type)
        if shape is None or not _has_interfaces(resource):
            continue
        yield _workload(resource, shape, view)


def _has_interfaces(resource: Resource) -> bool:
    if resource.type == "AWS::RDS::DBInstance":
        return resource.get("DBClusterIdentifier") is None  # the cluster stands for its instances
    if resource.type == "AWS::Lambda::Function":
        return resource.get("VpcConfig") is not None
    if resource.type == "AWS::ECS::Service":
        return resource.get("NetworkConfiguration") is not None
    if resource.type in ("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"):
        return resource.get("VPCOptions") is not None
    if resource.type == "AWS::ElastiCache::CacheCluster":
        return resource.get("ReplicationGroupId") is None
    return True


def _workload(resource: Resource, shape: _Shape, view: View) -> Workload:
    subnets, subnets_known = _subnet_ids(resource, shape, view)
    groups_path = shape.groups
    holder = resource
    if resource.type == "AWS::AutoScaling::AutoScalingGroup":
        holder, groups_path = _launch(resource, view)
    elif resource.type == "AWS::EC2::Instance" and resource.get("NetworkInterfaces") is not None:
        groups_path = "NetworkInterfaces.0.GroupSet"
        if not subnets:
            subnets = tuple(n for n in [name_of(resource.get("NetworkInterfaces.0.SubnetId"))] if n)
    unresolved = [] if subnets_known else [shape.subnets or shape.subnet_group]
    if groups_path and isinstance(holder.get(groups_path), Unknown | Partial):
        unresolved.append(groups_path)
    gateway = resource.type == "AWS::EC2::VPCEndpoint" and resource.text("VpcEndpointType") not in (
        "Interface",
        "GatewayLoadBalancer",
    )
    return Workload(
        logical_id=resource.logical_id,
        type=resource.type,
        kind=shape.kind,
        subnets=subnets,
        groups=() if gateway or not groups_path else _names(holder, groups_path),
        ports=_listener_ports(resource, view) or _own_ports(resource, shape),
        public=_public(resource, holder, view),
        unresolved=tuple(unresolved),
    )


def _subnet_ids(resource: Resource, shape: _Shape, view: View) -> tuple[tuple[str, ...], bool]:
    """Return the subnets of a workload, and whether they are known to the template."""
    holder, path = resource, shape.subnets
    if shape.subnet_group:
        group = view.target(resource.get(shape.subnet_group))
        if group is None:
            return (), resource.get(shape.subnet_group) is None
        holder, path = group, _SUBNET_GROUPS
    if resource.get("SubnetMappings") is not None and not resource.items(path):
        mappings = [item for item in resource.items("SubnetMappings") if isinstance(item, dict)]
        return tuple(name_of(item.get("SubnetId")) for item in mappings), True
    return _names(holder, path), not isinstance(holder.get(path), Unknown | Partial)


def _launch(group: Resource, view: View) -> tuple[Resource, str]:
    """Return where an Auto Scaling group's security groups are written."""
    for path, groups in (
        ("LaunchTemplate.LaunchTemplateId", "LaunchTemplateData.SecurityGroupIds"),
        ("LaunchConfigurationName", "SecurityGroups"),
    ):
        holder = view.target(group.get(path))
        if holder is not None:
            return holder, groups
    return group, ""


def _own_ports(resource: Resource, shape: _Shape) -> tuple[int, ...]:
    for path in shape.ports:
        value = resource.get(path)
        port = _integer(value)
        if port is not None:
            return (port,)
        if value is not None:
            return ()
    engine = resource.text("Engine") or ""
    return tuple(port for name, port in _DEFAULT_PORTS.items() if name in engine)[:1]


def _listener_ports(resource: Resource, view: View) -> tuple[int, ...]:
    found: list[int] = []
    if resource.type == "AWS::ElasticLoadBalancingV2::LoadBalancer":
        for listener in view.of_type("AWS::ElasticLoadBalancingV2::Listener"):
            if name_of(listener.get("LoadBalancerArn")) == resource.logical_id:
                port = _integer(listener.get("Port"))
                if port is None:
                    return ()
                found.append(port)
    elif resource.type == "AWS::ElasticLoadBalancing::LoadBalancer":
        for item in resource.items("Listeners"):
            port = _integer(item.get("LoadBalancerPort")) if isinstance(item, dict) else None
            if port is None:
                return ()
            found.append(port)
    return tuple(sorted(set(found)))


def _public(resource: Resource, holder: Resource, view: View) -> bool | None:
    """Whether a workload asks for a public address; None when the subnet decides or unknown."""
    ask = _PUBLIC.get(resource.type)
    return ask(resource, holder, view) if ask else False


def _balancer_public(resource: Resource, _holder: Resource, _view: View) -> bool | None:
    return None if resource.is_unknown("Scheme") else resource.get("Scheme") != "internal"


def _tasks_public(resource: Resource, _holder: Resource, _view: View) -> bool | None:
    path = "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp"
    return None if resource.is_unknown(path) else str(resource.get(path)).upper() == "ENABLED"


def _own_flag_public(resource: Resource, _holder: Resource, _view: View) -> bool | None:
    return _flag(resource, "PubliclyAccessible")


def _instance_public(resource: Resource, _holder: Resource, view: View) -> bool | None:
    if any(
        name_of(address.get("InstanceId")) == resource.logical_id
        for address in view.of_type("AWS::EC2::EIP", "AWS::EC2::EIPAssociation")
    ):
        return True
    return _flag(resource, "NetworkInterfaces.0.AssociatePublicIpAddress", absent=None)


def _group_public(_resource: Resource, holder: Resource, _view: View) -> bool | None:
    for path in (
        "AssociatePublicIpAddress",
        "LaunchTemplateData.NetworkInterfaces.0.AssociatePublicIpAddress",
    ):
        if holder.get(path) is not None:
            return _flag(holder, path)
    return None


def _stream_public(resource: Resource, _holder: Resource, _view: View) -> bool | None:
    access = "BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type"
    return resource.get(access) not in (None, "DISABLED")


def _cluster_public(cluster: Resource, _holder: Resource, view: View) -> bool | None:
    """A cluster is as public as its most public instance."""
    answers = [
        _flag(instance, "PubliclyAccessible")
        for instance in view.of_type("AWS::RDS::DBInstance")
        if name_of(instance.get("DBClusterIdentifier")) == cluster.logical_id
    ]
    answers.append(_flag(cluster, "PubliclyAccessible"))
    return True if True in answers else None if None in answers else False


_PUBLIC: Final[Mapping[str, Callable[[Resource, Resource, View], bool | None]]] = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _balancer_public,
    "AWS::ElasticLoadBalancing::LoadBalancer": _balancer_public,
    "AWS::ECS::Service": _tasks_public,
    "AWS::RDS::DBInstance": _own_flag_public,
    "AWS::Redshift::Cluster": _own_flag_public,
    "AWS::RDS::DBCluster": _cluster_public,
    "AWS::EC2::Instance": _instance_public,
    "AWS::AutoScaling::AutoScalingGroup": _group_public,
    "AWS::MSK::Cluster": _stream_public,
}


def _flag(resource: Resource, path: str, *, absent: bool | None = False) -> bool | None:
    return absent if resource.get(path) is None else resource.flag(path)


def _with_public_address(workload: Workload, view: View, subnets: dict[str, Subnet]) -> Workload:
    """Let the subnets decide for instances that leave the question open."""
    if workload.public is not None or workload.kind is not Kind.INSTANCE:
        return workload
    resource = view.resources[workload.logical_id]
    asked = "NetworkInterfaces.0.AssociatePublicIpAddress"
    if resource.get(asked) is not None:
        return workload
    if any(subnet not in subnets for subnet in workload.subnets) or not workload.subnets:
        return workload
    public = any(subnets[subnet].public_addresses for subnet in workload.subnets)
    return replace(workload, public=public)
