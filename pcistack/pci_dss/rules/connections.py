"""Requirements 1.2 to 1.4: other networks that are joined to the VPC, and copies of its traffic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit, hit
from pcistack.network.addresses import PeerKind, parse_network, peer_kind
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule

_JOINED: Final = {
    "AWS::EC2::TransitGatewayAttachment": ("TransitGatewayId", "a transit gateway"),
    "AWS::EC2::TransitGatewayVpcAttachment": ("TransitGatewayId", "a transit gateway"),
    "AWS::EC2::TransitGatewayPeeringAttachment": ("PeerTransitGatewayId", "a transit gateway"),
    "AWS::EC2::TransitGatewayConnect": (
        "TransportTransitGatewayAttachmentId",
        "a transit gateway",
    ),
    "AWS::NetworkManager::VpcAttachment": ("CoreNetworkId", "a core network"),
    "AWS::EC2::VPNConnection": ("CustomerGatewayId", "a site-to-site VPN"),
    "AWS::EC2::CarrierGateway": ("VpcId", "a carrier's mobile network"),
    "AWS::EC2::LocalGatewayRouteTableVPCAssociation": ("VpcId", "a local network"),
    "AWS::DirectConnect::PrivateVirtualInterface": ("VirtualGatewayId", "a leased line"),
}


@rule(
    "PCI-1.4.1-OTHER-NETWORK",
    "Other networks that are joined to the VPC are known and have a reason",
    asks="Network controls stand between trusted and untrusted networks; the diagram shows every "
    "connection to the cardholder data environment.",
    requirements=("1.4.1", "1.2.3", "1.3.1"),
    severity=Severity.WARNING,
    types=(
        *_JOINED,
        "AWS::EC2::VPCPeeringConnection",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::EC2::VPNGatewayRoutePropagation",
        "AWS::EC2::VPCEndpoint",
    ),
    fix="Confirm which network it is and what it needs; route to its addresses only, from the "
    "tier that needs it.",
)
def other_network(context: Context) -> Iterator[Hit]:
    for kind, (path, what) in _JOINED.items():
        for resource in context.of_type(kind):
            yield hit(resource, path, f"{what} is joined to the VPC")
    for peering in context.of_type("AWS::EC2::VPCPeeringConnection"):
        if context.target(peering.get("PeerVpcId")) is not None:
            continue  # both are this template's
        owner = peering.text("PeerOwnerId")
        whose = f" of the account {owner}" if owner else ""
        yield hit(peering, "PeerVpcId", f"a VPC{whose} is joined to this one")
    for attachment in context.of_type("AWS::EC2::VPCGatewayAttachment"):
        if attachment.get("VpnGatewayId") is not None:
            yield hit(attachment, "VpnGatewayId", "a VPN gateway is joined to the VPC")
    for endpoint in context.of_type("AWS::EC2::VPCEndpoint"):
        if "vpce-svc" in str(endpoint.get("ServiceName")):
            message = "a service of another account or network is joined to the VPC"
            yield hit(endpoint, "ServiceName", message)
    for propagation in context.of_type("AWS::EC2::VPNGatewayRoutePropagation"):
        yield hit(
            propagation,
            "RouteTableIds",
            "whatever the other network announces becomes a route",
        )


@rule(
    "PCI-1.3.1-CLIENT-VPN",
    "A client VPN lets named groups to named networks, and keeps a log",
    asks="Only the traffic that the cardholder data environment needs may come in; access into "
    "it is by more than one factor and is recorded.",
    requirements=("1.3.1", "8.4.2", "10.2.1"),
    security_hub=("EC2.51",),
    types=("AWS::EC2::ClientVpnEndpoint", "AWS::EC2::ClientVpnAuthorizationRule"),
    extent=Extent.PART,
    fix="ConnectionLogOptions.Enabled true, federated or directory authentication with a second "
    "factor, and authorization rules with AccessGroupId and the smallest TargetNetworkCidr.",
)
def client_vpn(context: Context) -> Iterator[Hit]:
    for endpoint in context.of_type("AWS::EC2::ClientVpnEndpoint"):
        if endpoint.flag("ConnectionLogOptions.Enabled") is not True:
            yield hit(endpoint, "ConnectionLogOptions.Enabled", "nobody sees who connected")
        kinds = {
            str(one.get("Type"))
            for one in endpoint.items("AuthenticationOptions")
            if isinstance(one, dict)
        }
        if kinds == {"certificate-authentication"}:
            yield hit(
                endpoint,
                "AuthenticationOptions",
                "a certificate alone is enough to connect",
                severity=Severity.WARNING,
            )
    for permit in context.of_type("AWS::EC2::ClientVpnAuthorizationRule"):
        everyone = permit.flag("AuthorizeAllGroups") is True or permit.get("AccessGroupId") is None
        network = permit.text("TargetNetworkCidr") or ""
        everywhere = peer_kind(network) is PeerKind.WORLD and parse_network(network) is not None
        if everyone and everywhere:
            yield hit(permit, "TargetNetworkCidr", "whoever connects reaches every address")
        elif everyone or everywhere:
            yield hit(
                permit,
                "AuthorizeAllGroups" if everyone else "TargetNetworkCidr",
                "whoever connects is let in" if everyone else "every address may be reached",
                severity=Severity.WARNING,
            )


@rule(
    "PCI-1.2.4-TRAFFIC-MIRROR",
    "Traffic is copied for a reason only",
    asks="Flows of card data are known; a mirror copies all that an interface sends and gets.",
    requirements=("1.2.4", "1.3.2"),
    severity=Severity.WARNING,
    types=("AWS::EC2::TrafficMirrorSession",),
    fix="Take the session out, or confirm where the copies go and who reads them.",
)
def traffic_mirror(context: Context) -> Iterator[Hit]:
    for session in context.of_type("AWS::EC2::TrafficMirrorSession"):
        yield hit(session, "TrafficMirrorTargetId", "all traffic of an interface is copied")
