"""Order: gateways, routes and endpoints are there before what needs them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.network.model import Subnet, SubnetTier
from pcistack.template.references import name_of, names_of
from pcistack.template.view import Resource

_GUIDE: Final = (
    "CloudFormation user guide: DependsOn attribute, when it is required (VPC-gateway attachment)"
)
_BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"


def _attachments(context: Context, path: str) -> dict[str, Resource]:
    """Map what an attachment names at a path to the attachment of an internet gateway."""
    return {
        name_of(attachment.get(path)): attachment
        for attachment in context.of_type("AWS::EC2::VPCGatewayAttachment")
        if attachment.get("InternetGatewayId") is not None
    }


@rule(
    "DEPLOY-ORDER-GATEWAY",
    "A route to an internet gateway that may not be attached yet",
    types=("AWS::EC2::Route",),
    source=_GUIDE,
)
def route_rule(context: Context) -> Iterator[Hit]:
    attachments = _attachments(context, "InternetGatewayId")
    for route in context.of_type("AWS::EC2::Route"):
        gateway = context.target(route.get("GatewayId"), "AWS::EC2::InternetGateway")
        attachment = attachments.get(gateway.logical_id) if gateway else None
        if attachment and not context.order.waits_for(route, attachment):
            yield hit(
                route,
                "GatewayId",
                "the route may be created before its gateway is attached to the VPC, which EC2 "
                f"refuses: nothing makes it wait for {attachment.logical_id}",
                f"set DependsOn: {attachment.logical_id}",
            )


@rule(
    "DEPLOY-WAY-GATEWAY",
    "A route to an internet gateway that nothing attaches to the VPC",
    types=("AWS::EC2::Route",),
    severity=Severity.FATAL,
    source="EC2 API reference: CreateRoute (route table and network gateway belong to different "
    "networks)",
)
def unattached_rule(context: Context) -> Iterator[Hit]:
    attached = {
        (name_of(one.get("InternetGatewayId")), name_of(one.get("VpcId")))
        for one in context.of_type("AWS::EC2::VPCGatewayAttachment")
    }
    unclear = any("unknown" in pair for pair in attached)
    for route in context.of_type("AWS::EC2::Route"):
        gateway = context.target(route.get("GatewayId"), "AWS::EC2::InternetGateway")
        table = context.target(route.get("RouteTableId"), "AWS::EC2::RouteTable")
        if gateway is None or table is None or unclear:
            continue
        vpc = name_of(table.get("VpcId"))
        if (gateway.logical_id, vpc) not in attached:
            yield hit(
                route,
                "GatewayId",
                f"no AWS::EC2::VPCGatewayAttachment attaches {gateway.logical_id} to the VPC of "
                f"{table.logical_id}: EC2 refuses the route",
                f"attach {gateway.logical_id} to the VPC, and make the route wait for that",
            )


@rule(
    "DEPLOY-WAY-PUBLIC",
    "A load balancer for the internet in a subnet without an internet gateway",
    types=(_BALANCER,),
    severity=Severity.WARNING,
    source="Elastic Load Balancing user guide: Subnets for an internet-facing load balancer",
)
def public_rule(context: Context) -> Iterator[Hit]:
    for balancer in context.of_type(_BALANCER):
        if balancer.get("Scheme") not in (None, "internet-facing"):
            continue
        subnets = [context.network.subnets.get(name) for name in names_of(balancer, "Subnets")]
        closed = [
            one for one in subnets if one and one.tier in (SubnetTier.PRIVATE, SubnetTier.ISOLATED)
        ]
        if closed:
            yield hit(
                balancer,
                "Subnets",
                f"{', '.join(one.logical_id for one in closed)} has no route to an internet "
                "gateway: requests from the internet do not get in there",
                "name subnets whose route table leads 0.0.0.0/0 to an internet gateway",
            )


@rule(
    "DEPLOY-ORDER-INTERNET",
    "A NAT gateway or load balancer that may be created before the VPC has an internet gateway",
    types=("AWS::EC2::NatGateway", _BALANCER),
    source=_GUIDE,
)
def internet_rule(context: Context) -> Iterator[Hit]:
    attachments = _attachments(context, "VpcId")
    for resource, path, subnets in _public(context):
        for name in subnets:
            subnet = context.view.resources.get(name)
            attachment = attachments.get(name_of(subnet.get("VpcId"))) if subnet else None
            if attachment and not context.order.waits_for(resource, attachment):
                yield hit(
                    resource,
                    path,
                    "it may be created before its VPC has an internet gateway, which AWS refuses: "
                    f"nothing makes it wait for {attachment.logical_id}",
                    f"set DependsOn: {attachment.logical_id}, or the route to the gateway",
                    severity=Severity.WARNING if resource.type == _BALANCER else None,
                )
                break


def _public(context: Context) -> Iterator[tuple[Resource, str, tuple[str, ...]]]:
    for nat in context.of_type("AWS::EC2::NatGateway"):
        if nat.get("ConnectivityType") in (None, "public"):
            yield nat, "SubnetId", names_of(nat, "SubnetId")
    for balancer in context.of_type(_BALANCER):
        if balancer.get("Scheme") in (None, "internet-facing"):
            yield balancer, "Subnets", names_of(balancer, "Subnets")


@rule(
    "DEPLOY-ORDER-WAY-OUT",
    "Tasks that may start before their subnets have a way to image, secrets and logs",
    types=("AWS::ECS::Service",),
    severity=Severity.WARNING,
    source="Amazon ECS developer guide: Connect Amazon ECS applications to the internet; "
    "CloudFormation user guide: DependsOn attribute",
)
def way_out_rule(context: Context) -> Iterator[Hit]:
    path = "NetworkConfiguration.AwsvpcConfiguration.Subnets"
    associations = {
        name_of(link.get("SubnetId")): link.logical_id
        for link in context.of_type("AWS::EC2::SubnetRouteTableAssociation")
    }
    for service in context.of_type("AWS::ECS::Service"):
        if service.number("DesiredCount") == 0:
            continue
        missing: dict[str, None] = {}
        for name in names_of(service, path):
            subnet = context.network.subnets.get(name)
            ways = _waited_for(context, subnet) if subnet else []
            missing |= dict.fromkeys(
                found
                for found in (associations.get(name, ""), *ways)
                if found in context.view.resources and not context.order.waits_for(service, found)
            )
        if missing:
            yield hit(
                service,
                path,
                f"nothing makes it wait for {', '.join(missing)}: the first tasks may find no "
                "way to their image, secrets and logs",
                f"set DependsOn: [{', '.join(missing)}]",
            )


def _waited_for(context: Context, subnet: Subnet) -> list[str]:
    """Return the routes out of a subnet; where there is none, the endpoints of its VPC."""
    routes = [way.route for way in subnet.exits if way.kind != "endpoint"]
    return routes or [
        endpoint.logical_id
        for endpoint in context.of_type("AWS::EC2::VPCEndpoint")
        if name_of(endpoint.get("VpcId")) == subnet.vpc
    ]
