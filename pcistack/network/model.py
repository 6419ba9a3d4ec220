"""The words of the network: ports, peers, subnets, workloads and flows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pcistack.network.addresses import IpNetwork, PeerKind, parse_network
from pcistack.template.view import Partial, Value

INTERNET: Final = "internet"
"""The node that stands for every address outside."""

OTHER_NETWORKS: Final = "other networks"
"""The node for what lies behind a transit gateway, a VPN, a peering or an unknown gateway."""


class SubnetTier(StrEnum):
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


class Direction(StrEnum):
    """Which way a rule lets traffic through."""

    INGRESS = "ingress"
    EGRESS = "egress"


_ADDRESSES: Final = (PeerKind.WORLD, PeerKind.PUBLIC, PeerKind.PRIVATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class IpPermission:
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

    @classmethod
    def unknown(cls, group: str, direction: Direction, resource: str, path: str) -> IpPermission:
        """Stand in for rules that cannot be known: anything, to or from anybody."""
        return cls(
            group=group,
            direction=direction,
            kind=PeerKind.UNKNOWN,
            peer="unknown",
            ports=ALL_TRAFFIC,
            description="",
            resource=resource,
            path=path,
            certain=False,
        )

    @property
    def network(self) -> IpNetwork | None:
        """The peer's addresses, if it is a CIDR."""
        return parse_network(self.peer) if self.kind in _ADDRESSES else None

    @property
    def implicit(self) -> bool:
        """Whether it is AWS's default rule, which nobody has written."""
        return self.path == "SecurityGroupEgress" and not self.description


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
    tier: SubnetTier
    exits: tuple[Exit, ...]
    acl: str | None
    public_addresses: bool

    @property
    def network(self) -> IpNetwork | None:
        """Its addresses, if known."""
        return parse_network(self.cidr or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkWorkload:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AclEntry:
    """One entry of a network ACL, in the order of its number."""

    number: float
    egress: bool
    allow: bool
    cidr: str | None
    ports: Ports
    logical_id: str


UNKNOWN_EXIT: Final = Exit(kind="unknown", gateway="unknown", destination="0.0.0.0/0", route="")
"""Stands for the routes of a subnet whose table is not in the template."""


def integer(value: Value) -> int | None:
    """Return a whole number, also if it is written as text; None if it is none."""
    if isinstance(value, bool | Partial) or not isinstance(value, str | int | float):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None
