"""References to a part of the network of another kind than the property takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import ANY, Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.template.view import Reference, walk

_GROUP: Final = "AWS::EC2::SecurityGroup"
_SUBNET: Final = "AWS::EC2::Subnet"
# Last name of a property, of whichever type -> the one type whose Ref it takes.
_KINDS: Final[Mapping[str, str]] = {
    "SecurityGroupIds": _GROUP,
    "SecurityGroups": _GROUP,
    "SourceSecurityGroupId": _GROUP,
    "DestinationSecurityGroupId": _GROUP,
    "VpcSecurityGroupIds": _GROUP,
    "VPCSecurityGroups": _GROUP,
    "SubnetId": _SUBNET,
    "SubnetIds": _SUBNET,
    "Subnets": _SUBNET,
    "VpcSubnetIds": _SUBNET,
    "VPCZoneIdentifier": _SUBNET,
    "VpcId": "AWS::EC2::VPC",
    "RouteTableId": "AWS::EC2::RouteTable",
    "RouteTableIds": "AWS::EC2::RouteTable",
}
_PARTS: Final = (
    *("AWS::EC2::", "AWS::RDS::", "AWS::ECS::", "AWS::ElasticLoadBalancingV2::", "AWS::Lambda::"),
    *("AWS::S3::", "AWS::IAM::", "AWS::KMS::", "AWS::SNS::", "AWS::SQS::", "AWS::Logs::"),
)


@rule(
    "DEPLOY-REFERENCE-TYPE",
    "A reference to something of another type than the property takes",
    types=(ANY,),
    severity=Severity.FATAL,
    source="CloudFormation resource reference: return values of Ref",
)
def type_rule(context: Context) -> Iterator[Hit]:
    for resource in context.view.resources.values():
        if not resource.type.startswith("AWS::") or resource.type.endswith("::MODULE"):
            continue
        for path, value in walk(dict(resource.properties)):
            if not isinstance(value, Reference) or value.attribute is not None:
                continue
            wanted = _KINDS.get(re.sub(r"(?:\.\d+)+$", "", path).rsplit(".", 1)[-1])
            target = context.target(value) if wanted else None
            if target and target.type != wanted and target.type.startswith(_PARTS):
                yield hit(
                    resource,
                    path,
                    f"!Ref {target.logical_id} names an {target.type}, and the property takes an "
                    f"{wanted}",
                    f"name an {wanted}",
                )
