"""Requirements 1.2 and 1.3: network ACLs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit
from pcistack.network.addresses import PeerKind, parse_network, peer_kind
from pcistack.network.network import AclEntry
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.references import name_of


@rule(
    "PCI-1.3.1-ACL-ADMINISTRATION",
    "Network ACLs admit no remote administration from anywhere",
    asks="Only necessary traffic comes in; remote administration from the internet never is.",
    requirements=("1.3.1", "1.2.6"),
    security_hub=("EC2.21",),
    types=("AWS::EC2::NetworkAclEntry",),
    extent=Extent.FULL,
    fix="Allow the ports that are needed, or deny 22 and 3389 before.",
)
def acl_administration(context: Context) -> Iterator[Hit]:
    for entries in context.network.acls.values():
        for entry in entries:
            network = parse_network(entry.cidr or "")
            world = network is not None and peer_kind(entry.cidr or "") is PeerKind.WORLD
            if entry.egress or not entry.allow or not world:
                continue
            open_ports = [
                port
                for port in (22, 3389)
                if _is_about(entry, port) and not _denied_before(entries, entry.number, port)
            ]
            if open_ports:
                yield Hit(
                    resource=entry.logical_id,
                    property="PortRange",
                    message=f"{entry.ports} from {entry.cidr} admits {open_ports}",
                )


def _denied_before(entries: Sequence[AclEntry], number: float, port: int) -> bool:
    return any(
        not entry.egress
        and not entry.allow
        and entry.number < number
        and entry.cidr in ("0.0.0.0/0", "::/0")
        and _is_about(entry, port)
        for entry in entries
    )


def _is_about(entry: AclEntry, port: int) -> bool:
    return entry.ports.protocol in ("all", "tcp") and (
        entry.ports.first <= port <= entry.ports.last
    )


@rule(
    "PCI-1.2.8-ACL-UNUSED",
    "Every network ACL guards a subnet",
    asks="The configuration of network controls matches what is in force.",
    requirements=("1.2.8",),
    security_hub=("EC2.16",),
    severity=Severity.WARNING,
    types=("AWS::EC2::NetworkAcl",),
    fix="Associate it with a subnet, or remove it.",
)
def acl_unused(context: Context) -> Iterator[Hit]:
    used = {
        name_of(link.get("NetworkAclId"))
        for link in context.of_type("AWS::EC2::SubnetNetworkAclAssociation")
    }
    for acl in context.of_type("AWS::EC2::NetworkAcl"):
        if acl.logical_id not in used:
            yield Hit(resource=acl.logical_id, message="no subnet is associated with it")
