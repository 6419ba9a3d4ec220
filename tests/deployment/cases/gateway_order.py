"""Order: what needs an attached internet gateway."""

from __future__ import annotations

from tests.deployment.case import Case, template

_NETWORK = """
Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
Gateway: {Type: AWS::EC2::InternetGateway}
Attachment:
  Type: AWS::EC2::VPCGatewayAttachment
  Properties: {VpcId: !Ref Vpc, InternetGatewayId: !Ref Gateway}
Table: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Vpc}}
Thing:
  Type: AWS::EC2::Route
  Properties:
    RouteTableId: !Ref Table
    DestinationCidrBlock: 0.0.0.0/0
    GatewayId: !Ref Gateway
"""

CASES = (
    Case(
        rule="DEPLOY-ORDER-GATEWAY",
        property="GatewayId",
        bad=template(_NETWORK),
        good=template(f"{_NETWORK}  DependsOn: Attachment\n"),
    ),
)
