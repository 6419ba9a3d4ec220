"""Order: what needs an internet gateway that is attached already."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule


@rule(
    "DEPLOY-ORDER-GATEWAY",
    "A route to an internet gateway that may not be attached yet",
    types=("AWS::EC2::Route",),
    source="CloudFormation user guide: DependsOn attribute, when it is required (VPC-gateway "
    "attachment)",
)
def gateway_rule(context: Context) -> Iterator[Hit]:
    attachments = {
        gateway.logical_id: attachment
        for attachment in context.of_type("AWS::EC2::VPCGatewayAttachment")
        if (gateway := context.target(attachment.get("InternetGatewayId")))
    }
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
