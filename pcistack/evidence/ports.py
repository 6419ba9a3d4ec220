"""The register of allowed ports, each with its business need (PCI DSS 1.2.5)."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pcistack.evidence.values import AT_DEPLOYMENT
from pcistack.evidence.wording import claim
from pcistack.network.addresses import PeerKind
from pcistack.network.network import Direction, IpPermission, Ports

_SERVICES: Final[Mapping[int, str]] = {
    22: "SSH",
    25: "SMTP",
    53: "DNS",
    80: "HTTP",
    123: "NTP",
    443: "HTTPS",
    2049: "NFS",
    3306: "MySQL",
    3389: "RDP",
    5432: "PostgreSQL",
    6379: "Redis",
    8080: "HTTP",
    8443: "HTTPS",
}
_EVERYTHING: Final = claim("all protocols, all ports")
_ANYWHERE: Final = claim("anywhere ({})")
_GROUP: Final = claim("security group {}")
_LIST: Final = claim("prefix list {}")
_OWN_RULE: Final = claim(
    "AWS's own rule, because the template writes no outbound rule: everything may leave."
)
_NO_NEED: Final = claim("The rule has no description, so its business need is not recorded.")
_ALL: Final = claim("Every protocol and port.")
_WORLD: Final = claim("Open to the world.")
_LATER: Final = claim("Known only at deployment: look at it then.")
_DIRECTIONS: Final[Mapping[Direction, str]] = {Direction.INGRESS: "in", Direction.EGRESS: "out"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedPort:
    """One rule of a security group.

    Attributes:
        security_group: Logical id of the group that the rule opens.
        direction: ``in`` or ``out``.
        service: Protocol and port with the service's usual name.
        peer: Who is let in, or where traffic may go.
        business_need: The rule's description in the template.
        attention: Why the rule wants a look; empty if it does not.
    """

    security_group: str
    direction: str
    service: str
    peer: str
    business_need: str
    attention: str


def allowed_ports(
    permissions: Sequence[IpPermission], redirecting: Container[str] = ()
) -> tuple[AllowedPort, ...]:
    """Return the rules of all security groups that let something through, by security group.

    Args:
        permissions: The rules.
        redirecting: Security groups behind whose port 80 only a redirect to HTTPS listens.
    """
    return tuple(
        sorted(
            (
                AllowedPort(
                    security_group=permission.group,
                    direction=_DIRECTIONS[permission.direction],
                    service=service(permission.ports),
                    peer=_peer(permission),
                    business_need=permission.description,
                    attention=_attention(permission, redirecting),
                )
                for permission in permissions
                if permission.kind is not PeerKind.NOBODY
            ),
            key=lambda row: (row.security_group, row.direction, row.service, row.peer),
        )
    )


def service(ports: Ports) -> str:
    """Return ports as a reader names them, such as ``TCP 443 (HTTPS)``."""
    if ports.protocol == "all":
        return _EVERYTHING
    text = str(ports).replace("/", " ").replace(ports.protocol, ports.protocol.upper(), 1)
    name = _SERVICES.get(ports.first) if ports.first == ports.last else None
    return f"{text} ({name})" if name else text


def _peer(permission: IpPermission) -> str:
    match permission.kind:
        case PeerKind.WORLD:
            return _ANYWHERE.format(permission.peer)
        case PeerKind.GROUP:
            return _GROUP.format(permission.peer)
        case PeerKind.PREFIX_LIST:
            return _LIST.format(permission.peer)
        case PeerKind.UNKNOWN:
            return AT_DEPLOYMENT
        case _:
            return permission.peer


def _attention(permission: IpPermission, redirecting: Container[str]) -> str:
    if permission.implicit:
        return _OWN_RULE
    if not permission.description:
        return _NO_NEED
    if permission.ports.protocol == "all":
        return _ALL
    if permission.kind is PeerKind.WORLD and permission.direction is Direction.INGRESS:
        if permission.ports.within(80) and permission.group in redirecting:
            return ""
        if not permission.ports.within(443):
            return _WORLD
    return "" if permission.certain else _LATER
