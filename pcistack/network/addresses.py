"""Ranges of addresses, and what stands behind one."""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

IpNetwork: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"


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


OUTSIDE: Final = (PeerKind.WORLD, PeerKind.PUBLIC, PeerKind.UNKNOWN)
"""Peers that are, or may be, on the internet."""


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
    if any(within(network, private) for private in _PRIVATE):
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


def within(inner: IpNetwork, outer: IpNetwork) -> bool:
    """Whether one range holds all of another."""
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network):
        return inner.subnet_of(outer)
    return False


def overlap(left: IpNetwork, right: IpNetwork) -> bool:
    """Whether two ranges share an address."""
    return left.version == right.version and left.overlaps(right)
