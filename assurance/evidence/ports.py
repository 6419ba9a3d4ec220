"""The register of allowed ports, each with its business need (PCI DSS 1.2.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from assurance.evidence.values import AT_DEPLOYMENT, shown
from assurance.resolution import Reference, Resource, Unknown, Value, View

_SERVICES: Final[Mapping[str, str]] = {
    "22": "SSH",
    "25": "SMTP",
    "53": "DNS",
    "80": "HTTP",
    "123": "NTP",
    "443": "HTTPS",
    "2049": "NFS",
    "3306": "MySQL",
    "3389": "RDP",
    "5432": "PostgreSQL",
    "6379": "Redis",
    "8080": "HTTP",
    "8443": "HTTPS",
}
_PEERS: Final = (
    "SourceSecurityGroupId",
    "DestinationSecurityGroupId",
    "SourceSecurityGroupName",
    "SourcePrefixListId",
    "DestinationPrefixListId",
    "CidrIp",
    "CidrIpv6",
)
_PROTOCOLS: Final[Mapping[str, str]] = {"6": "tcp", "17": "udp", "1": "icmp", "-1": "all"}
_EVERYWHERE: Final = ("0.0.0.0/0", "::/0")
_NOWHERE: Final = "255.255.255.255/32"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedPort:
    """One rule of a security group.

    Attributes:
        security_group: Logical id of the group that the rule opens.
        direction: ``in`` or ``out``.
        service: Protocol and port with the service's usual name.
        peer: Who is let in, or where traffic may go.
        business_need: The rule's description in the template.
        resource: Logical id of the resource that declares the rule.
        attention: Why the rule wants a look; empty if it does not.
    """

    security_group: str
    direction: str
    service: str
    peer: str
    business_need: str
    resource: str
    attention: str


def allowed_ports(view: View) -> tuple[AllowedPort, ...]:
    """Return every security-group rule of a template, grouped by security group."""
    rows = [
        _row(view, group, direction, rule, declared_by)
        for group, direction, rule, declared_by in _rules(view)
    ]
    return tuple(
        sorted(
            rows,
            key=lambda row: (row.security_group, row.direction, row.service, row.peer),
        )
    )


def _rules(view: View) -> Iterator[tuple[str, str, dict[str, Value], Resource]]:
    for group in view.of_type("AWS::EC2::SecurityGroup"):
        for direction, path in (("in", "SecurityGroupIngress"), ("out", "SecurityGroupEgress")):
            for rule in group.items(path):
                known = rule if isinstance(rule, dict) else {}
                yield group.logical_id, direction, known, group
    for direction, kind in (
        ("in", "AWS::EC2::SecurityGroupIngress"),
        ("out", "AWS::EC2::SecurityGroupEgress"),
    ):
        for resource in view.of_type(kind):
            opened = resource.get("GroupId")
            name = opened.logical_id if isinstance(opened, Reference) else shown(opened)
            yield name, direction, dict(resource.properties), resource


def _row(
    view: View, group: str, direction: str, rule: Mapping[str, Value], declared_by: Resource
) -> AllowedPort:
    peer = _peer(view, rule)
    service = _service(rule)
    need = rule.get("Description")
    closed = peer == _NOWHERE
    return AllowedPort(
        security_group=group,
        direction=direction,
        service="no traffic" if closed else service,
        peer="nobody" if closed else peer,
        business_need=(
            "Takes the place of the rule that would let everything out."
            if closed
            else shown(need)
            if need
            else ""
        ),
        resource=declared_by.logical_id,
        attention="" if closed else _attention(direction, service, peer, need),
    )


def _peer(view: View, rule: Mapping[str, Value]) -> str:
    for key in _PEERS:
        value = rule.get(key)
        if value is None:
            continue
        if isinstance(value, Reference):
            return f"security group {value.logical_id}" if "Group" in key else shown(value)
        if isinstance(value, Unknown):
            return AT_DEPLOYMENT
        return f"anywhere ({value})" if value in _EVERYWHERE else shown(value)
    return AT_DEPLOYMENT


def _service(rule: Mapping[str, Value]) -> str:
    protocol = shown(rule.get("IpProtocol"))
    protocol = _PROTOCOLS.get(protocol, protocol)
    first, last = rule.get("FromPort"), rule.get("ToPort")
    if protocol == "all" or first is None:
        return f"{protocol} protocols and ports" if protocol == "all" else f"{protocol}, every port"
    ports = shown(first) if first == last else f"{shown(first)}-{shown(last)}"
    name = _SERVICES.get(ports)
    return f"{protocol} {ports}" + (f" ({name})" if name else "")


def _attention(direction: str, service: str, peer: str, need: Value) -> str:
    if not need:
        return "The rule has no description, so its business need is not recorded."
    if peer.startswith("anywhere") and direction == "in" and service != "tcp 443 (HTTPS)":
        return (
            "Open to the world. Unencrypted: only a redirect may listen here."
            if service == "tcp 80 (HTTP)"
            else "Open to the world."
        )
    if service.startswith("all "):
        return "Every protocol and port."
    return ""
