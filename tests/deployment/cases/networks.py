"""Networks: what EC2 refuses."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template

_VPC = "Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16%s}}\n"
_SUBNET = "%s: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpc, CidrBlock: %s}}\n"
_ROUTE = "%s: {Type: AWS::EC2::Route, Properties: {RouteTableId: %s, %s}}\n"
_DEFAULT = "DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: n"
_ENDPOINT = "Thing: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Vpc, %s}}\n"
_KMS = "ServiceName: com.amazonaws.eu-central-2.kms, VpcEndpointType: Interface"
_NAMES = ", EnableDnsHostnames: true"
_GROUP = (
    "Thing: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: d, "
    "SecurityGroupIngress: [%s]}}"
)
_HTTPS = "{IpProtocol: tcp, FromPort: 443, ToPort: %s, CidrIp: %s}"


def _case(rule: str, path: str, bad: str, good: str, name: str = "") -> Case:
    return Case(
        rule=f"DEPLOY-{rule}",
        name=name,
        severity=Severity.FATAL,
        property=path,
        bad=template(bad),
        good=template(good),
    )


def _single(kind: str, text: str) -> str:
    return f"Thing: {{Type: AWS::EC2::{kind}, Properties: {{{text}}}}}"


_A = _VPC % "" + _SUBNET % ("A", "10.0.0.0/24")
_ASSOCIATION = (
    "%s: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref %s, "
    "RouteTableId: t}}\n"
)

_TO_BUCKET = "LogDestinationType: s3, LogDestination: b"

CASES = (
    _case(
        "SUBNET",
        "CidrBlock",
        _A + _SUBNET % ("Thing", "10.0.0.128/25"),
        _A + _SUBNET % ("Thing", "10.0.1.0/24"),
    ),
    _case(
        "SUBNET",
        "CidrBlock",
        _VPC % "" + _SUBNET % ("Thing", "192.168.0.0/24"),
        _VPC % "" + _SUBNET % ("Thing", "10.0.1.0/24"),
        "outside",
    ),
    _case(
        "SUBNET",
        "CidrBlock",
        _VPC % "" + _SUBNET % ("Thing", "10.0.0.0/29"),
        _VPC % "" + _SUBNET % ("Thing", "10.0.0.0/28"),
        "size",
    ),
    _case(
        "ROUTE",
        "DestinationCidrBlock",
        _ROUTE % ("A", "t", _DEFAULT) + _ROUTE % ("Thing", "t", _DEFAULT),
        _ROUTE % ("A", "t", _DEFAULT) + _ROUTE % ("Thing", "u", _DEFAULT),
    ),
    _case(
        "ROUTE",
        "NatGatewayId",
        _ROUTE % ("Thing", "t", f"{_DEFAULT}, GatewayId: g"),
        _ROUTE % ("Thing", "t", _DEFAULT),
        "targets",
    ),
    _case(
        "ROUTE",
        "SubnetId",
        _A + _ASSOCIATION % ("X", "A") + _ASSOCIATION % ("Thing", "A"),
        _A + _ASSOCIATION % ("Thing", "A"),
        "association",
    ),
    _case(
        "GATEWAY",
        "AllocationId",
        _single("NatGateway", "SubnetId: s"),
        _single("NatGateway", "SubnetId: s, ConnectivityType: private"),
    ),
    _case(
        "GROUP-RULE",
        "SecurityGroupIngress.0.ToPort",
        _GROUP % (_HTTPS % (80, "10.0.0.0/8")),
        _GROUP % (_HTTPS % (443, "10.0.0.0/8")),
    ),
    _case(
        "GROUP-RULE",
        "SecurityGroupIngress.0.CidrIp",
        _GROUP % (_HTTPS % (443, "10.0.0.0/33")),
        _GROUP % (_HTTPS % (443, "10.0.0.0/32")),
        "block",
    ),
    _case(
        "GROUP-RULE",
        "SecurityGroupIngress.1",
        _GROUP % ", ".join([_HTTPS % (443, "10.0.0.0/8")] * 2),
        _GROUP % f"{_HTTPS % (443, '10.0.0.0/8')}, {_HTTPS % (443, '11.0.0.0/8')}",
        "twice",
    ),
    _case(
        "FLOW-LOG",
        "DeliverLogsPermissionArn",
        _single("FlowLog", "LogGroupName: g"),
        _single("FlowLog", "LogGroupName: g, DeliverLogsPermissionArn: r"),
    ),
    _case(
        "FLOW-LOG",
        "DeliverLogsPermissionArn",
        _single(
            "FlowLog", "LogDestinationType: s3, LogDestination: b, DeliverLogsPermissionArn: r"
        ),
        _single("FlowLog", "LogDestinationType: s3, LogDestination: b"),
        "to a bucket",
    ),
    _case(
        "ENDPOINT",
        "VpcEndpointType",
        _VPC % "" + _ENDPOINT % "ServiceName: com.amazonaws.eu-central-2.kms",
        _VPC % "" + _ENDPOINT % "ServiceName: com.amazonaws.eu-central-2.s3",
    ),
    _case(
        "ENDPOINT",
        "PrivateDnsEnabled",
        _VPC % ", EnableDnsHostnames: false" + _ENDPOINT % f"{_KMS}, PrivateDnsEnabled: true",
        _VPC % _NAMES + _ENDPOINT % f"{_KMS}, PrivateDnsEnabled: true",
        "names off",
    ),
    _case(
        "ENDPOINT",
        "PrivateDnsEnabled",
        _VPC % _NAMES
        + _ENDPOINT.replace("Thing", "A") % f"{_KMS}, PrivateDnsEnabled: true"
        + _ENDPOINT % f"{_KMS}, PrivateDnsEnabled: true",
        _VPC % _NAMES
        + _ENDPOINT.replace("Thing", "A") % f"{_KMS}, PrivateDnsEnabled: true"
        + _ENDPOINT % _KMS,
        "names twice",
    ),
    Case(
        rule="DEPLOY-ENDPOINT-SERVICE",
        property="ServiceName",
        bad=template(_VPC % "" + _ENDPOINT % "ServiceName: com.amazonaws.eu-central-2.kmss"),
        good=template(_VPC % "" + _ENDPOINT % _KMS),
    ),
)
