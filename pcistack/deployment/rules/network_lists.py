"""Prefix lists, peerings, addresses of interfaces and options of DHCP."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import objects, text
from pcistack.template.view import Reference, Resource

_LIST: Final = "AWS::EC2::PrefixList"
_PEERING: Final = "AWS::EC2::VPCPeeringConnection"
_INTERFACE: Final = "AWS::EC2::NetworkInterface"
_BLOCK: Final = "AWS::EC2::VPCCidrBlock"
_DHCP: Final = "AWS::EC2::DHCPOptions"


@rule(
    "DEPLOY-PREFIX-LIST",
    "A prefix list that EC2 refuses",
    types=(_LIST,),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateManagedPrefixList",
)
def list_rule(context: Context) -> Iterator[Hit]:
    for one in context.of_type(_LIST):
        name, most = one.text("PrefixListName"), one.number("MaxEntries")
        if name is not None and name.startswith("com.amazonaws"):
            yield hit(
                one, "PrefixListName", f"{name}: com.amazonaws is for lists of AWS", "rename it"
            )
        entries = list(objects(one, "Entries"))
        if most is not None and len(entries) > most:
            yield hit(
                one,
                "MaxEntries",
                f"{len(entries)} entries, of which it takes {most:g}",
                f"set MaxEntries: {len(entries)}",
            )
        family, seen = one.text("AddressFamily"), dict[str, str]()
        for path, item in entries:
            block = text(item.get("Cidr"))
            if block is None:
                continue
            if family in ("IPv4", "IPv6") and (":" in block) != (family == "IPv6"):
                yield hit(one, f"{path}.Cidr", f"{block} is not of {family}", f"write {family}")
            if seen.setdefault(block, path) != path:
                yield hit(one, f"{path}.Cidr", f"{block} stands twice", "delete it")


@rule(
    "DEPLOY-NETWORK-PART",
    "A peering, a block, an interface or options of DHCP that EC2 refuses",
    types=(_PEERING, _INTERFACE, _DHCP, _BLOCK),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateVpcPeeringConnection, CreateNetworkInterface (address does "
    "not fall within the subnet), CreateDhcpOptions",
)
def part_rule(context: Context) -> Iterator[Hit]:
    for peering in context.of_type(_PEERING):
        own, other = peering.get("VpcId"), peering.get("PeerVpcId")
        if own == other and isinstance(own, Reference):
            yield hit(
                peering, "PeerVpcId", f"{own} would be peered with itself", "name another VPC"
            )
    for block in context.of_type(_BLOCK):
        vpc = context.target(block.get("VpcId"), "AWS::EC2::VPC")
        taken, more = vpc.text("CidrBlock") if vpc else None, block.text("CidrBlock")
        if taken and more and _overlap(taken, more):
            yield hit(
                block, "CidrBlock", f"{more} overlaps {taken} of the VPC", "choose another block"
            )
    for interface in context.of_type(_INTERFACE):
        yield from _address(context, interface)
    for options in () if context.has_macro else context.of_type(_DHCP):
        if not set(options.raw.properties) - {"Tags"}:
            yield hit(options, "", "no option is set", "set DomainNameServers or another option")


def _overlap(one: str, other: str) -> bool:
    try:
        return ipaddress.IPv4Network(one, strict=False).overlaps(
            ipaddress.IPv4Network(other, strict=False)
        )
    except ValueError:
        return False


def _address(context: Context, interface: Resource) -> Iterator[Hit]:
    subnet = context.target(interface.get("SubnetId"), "AWS::EC2::Subnet")
    block, given = subnet.text("CidrBlock") if subnet else None, interface.text("PrivateIpAddress")
    if given is None:
        return
    try:
        address = ipaddress.ip_address(given)
        inside = block is None or address in ipaddress.ip_network(block, strict=False)
    except ValueError:
        inside = False
    if not inside:
        yield hit(
            interface,
            "PrivateIpAddress",
            f"{given} is no address of {block or 'a subnet'}",
            "choose an address of the subnet",
        )
