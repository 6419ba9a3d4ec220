"""Whether tasks and functions have a way to the APIs that they need: route, endpoint, groups.

An answer is given only where it is certain: what is not in the template is taken to be there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pcistack.deployment.context import Context
from pcistack.network.addresses import OUTSIDE, PeerKind
from pcistack.network.model import Exit, NetworkWorkload, Ports, Subnet, SubnetTier
from pcistack.template.references import name_of
from pcistack.template.view import Resource

HTTPS: Final = Ports("tcp", 443, 443)
INTERNET: Final = ""
"""In place of a service: something that only the internet has, such as a public registry."""

_GATEWAYS: Final = ("s3", "dynamodb")
_WORLD: Final = ("0.0.0.0/0", "unknown")


def obstacle(context: Context, workload: NetworkWorkload, service: str) -> str:
    """Return why a workload certainly cannot reach a service; empty if it may.

    Args:
        context: The template.
        workload: What calls.
        service: As an endpoint's service name ends, such as ``ecr.api``; :data:`INTERNET`.
    """
    for name in workload.subnets:
        subnet = context.network.subnets.get(name)
        reason = _from(context, workload, subnet, service) if subnet else ""
        if reason:
            return reason
    return ""


def endpoints(context: Context, vpc: str, service: str) -> list[Resource]:
    """Return the endpoints of a VPC for a service, gateway and interface."""
    return [
        endpoint
        for endpoint in context.of_type("AWS::EC2::VPCEndpoint")
        if service
        and name_of(endpoint.get("VpcId")) == vpc
        and context.access.names.text(endpoint.get("ServiceName")).endswith(f".{service}")
    ]


def used_endpoint(context: Context, subnet: Subnet, service: str) -> Resource | None:
    """Return the endpoint that calls to a service from a subnet go through, if there is one."""
    for endpoint in endpoints(context, subnet.vpc, service):
        if endpoint.text("VpcEndpointType") == "Interface":
            if endpoint.flag("PrivateDnsEnabled") is not False:
                return endpoint
        elif any(way.gateway == endpoint.logical_id for way in subnet.exits):
            return endpoint
    return None


def admits(context: Context, source: NetworkWorkload, target: str, ports: Ports) -> bool:
    """Whether a workload may reach another on a port, as far as the template says."""
    reached = context.network.workloads.get(target)
    return reached is None or any(
        flow.ports.common(ports) is not None for flow in context.network.between(source, reached)
    )


def _from(context: Context, workload: NetworkWorkload, subnet: Subnet, service: str) -> str:
    if subnet.tier is SubnetTier.UNKNOWN:
        return ""
    endpoint = used_endpoint(context, subnet, service)
    if endpoint is None:
        return _through_internet(context, workload, subnet, service)
    if endpoint.text("VpcEndpointType") == "Interface":
        if admits(context, workload, endpoint.logical_id, HTTPS):
            return ""
        return (
            f"the security groups of {workload.logical_id} and of the endpoint "
            f"{endpoint.logical_id} do not both let port 443 pass"
        )
    peers = (PeerKind.PREFIX_LIST, *OUTSIDE)
    return "" if _lets_out(context, workload, peers) else _NOTHING_LEAVES


_NOTHING_LEAVES: Final = "its security groups let nothing out on port 443"


def _lets_out(context: Context, workload: NetworkWorkload, peers: Iterable[PeerKind]) -> bool:
    return any(
        permission.kind in peers and permission.ports.common(HTTPS) is not None
        for permission in context.network.egress(workload)
    )


def _through_internet(
    context: Context, workload: NetworkWorkload, subnet: Subnet, service: str
) -> str:
    ways = [way for way in subnet.exits if way.kind != "endpoint" and way.destination in _WORLD]
    if not ways:
        what = f"no endpoint for {service} with private DNS" if service else "nothing else helps"
        if service in _GATEWAYS:
            what = f"no endpoint for {service} in its route table"
        return f"{subnet.logical_id} has no route to the internet, and {what}"
    reasons = [_blocked(context, workload, way) for way in ways]
    if all(reasons):
        return reasons[0]
    return "" if _lets_out(context, workload, OUTSIDE) else _NOTHING_LEAVES


def _blocked(context: Context, workload: NetworkWorkload, way: Exit) -> str:
    """Return why a way out leads nowhere for a workload; empty if it may lead out."""
    if way.kind == "internet gateway" and workload.public is False:
        return "it has no public address, and its subnet leads out through an internet gateway"
    if way.kind == "NAT gateway" and not nat_works(context, way.gateway):
        return f"the NAT gateway {way.gateway} stands in a subnet without an internet gateway"
    if way.kind == "private NAT gateway":
        return f"the NAT gateway {way.gateway} is private"
    return ""


def nat_works(context: Context, name: str) -> bool:
    """Whether a NAT gateway may reach the internet from where it stands."""
    nat = context.view.resources.get(name)
    subnet = context.network.subnets.get(name_of(nat.get("SubnetId"))) if nat else None
    return subnet is None or subnet.tier in (SubnetTier.PUBLIC, SubnetTier.UNKNOWN)
