"""Networks: what stands in one VPC takes groups, subnets and tables of that VPC only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import expand
from pcistack.template.references import name_of
from pcistack.template.view import Resource, Value

_AWSVPC: Final = "NetworkConfiguration.AwsvpcConfiguration"
# Type -> properties that all name something of one VPC.
_PLACED: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::Batch::ComputeEnvironment": (
        *("ComputeResources.Subnets.*", "ComputeResources.SecurityGroupIds.*"),
    ),
    "AWS::CodeBuild::Project": (
        *("VpcConfig.VpcId", "VpcConfig.Subnets.*", "VpcConfig.SecurityGroupIds.*"),
    ),
    "AWS::EC2::SubnetNetworkAclAssociation": ("SubnetId", "NetworkAclId"),
    "AWS::EC2::SubnetRouteTableAssociation": ("SubnetId", "RouteTableId"),
    "AWS::EC2::VPCEndpoint": ("VpcId", "SubnetIds.*", "SecurityGroupIds.*", "RouteTableIds.*"),
    "AWS::ECS::Service": (f"{_AWSVPC}.Subnets.*", f"{_AWSVPC}.SecurityGroups.*"),
    "AWS::EFS::MountTarget": ("SubnetId", "SecurityGroups.*"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("Subnets.*", "SecurityGroups.*"),
    "AWS::ElastiCache::SubnetGroup": ("SubnetIds.*",),
    "AWS::Lambda::Function": ("VpcConfig.SubnetIds.*", "VpcConfig.SecurityGroupIds.*"),
    "AWS::NetworkFirewall::Firewall": ("VpcId", "SubnetMappings.*.SubnetId"),
    "AWS::RDS::DBCluster": ("DBSubnetGroupName", "VpcSecurityGroupIds.*"),
    "AWS::RDS::DBInstance": ("DBSubnetGroupName", "VPCSecurityGroups.*"),
    "AWS::RDS::DBProxy": ("VpcSubnetIds.*", "VpcSecurityGroupIds.*"),
    "AWS::RDS::DBSubnetGroup": ("SubnetIds.*",),
}
_BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"
_GROUP: Final = "AWS::ElasticLoadBalancingV2::TargetGroup"


@rule(
    "DEPLOY-OTHER-NETWORK",
    "A subnet, group or table of another VPC",
    types=(*_PLACED, _GROUP),
    severity=Severity.FATAL,
    source="EC2 API reference: InvalidGroup.NotFound, InvalidParameter (belong to different "
    "networks); Elastic Load Balancing API reference: InvalidConfigurationRequest",
)
def network_rule(context: Context) -> Iterator[Hit]:
    if len(context.of_type("AWS::EC2::VPC")) < 2:
        return
    for kind, paths in _PLACED.items():
        for resource in context.of_type(kind):
            yield from _one(context, resource, paths)
    for group in context.of_type(_GROUP):
        its = _vpc(context, group.get("VpcId"))
        for name in context.balancers_of(group.logical_id):
            balancer = context.view.resources.get(name)
            found = (
                next(_networks(context, balancer, _PLACED[_BALANCER]), None) if balancer else None
            )
            if its and found and found[1] != its:
                yield hit(
                    group,
                    "VpcId",
                    f"the targets are in {its}, and {name}, which forwards to them, is in "
                    f"{found[1]}",
                    f"set VpcId to {found[1]}",
                )


def _one(context: Context, resource: Resource, paths: tuple[str, ...]) -> Iterator[Hit]:
    first: tuple[str, str] | None = None
    for path, vpc in _networks(context, resource, paths):
        if first is None:
            first = (path, vpc)
        elif vpc != first[1]:
            yield hit(
                resource,
                path,
                f"it names something of {vpc}, beside {first[0]} of {first[1]}: AWS takes one VPC",
                f"name what is in {first[1]}",
            )
            return


def _networks(
    context: Context, resource: Resource, paths: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    for path in paths:
        for where, value in expand(resource, path):
            vpc = _vpc(context, value)
            if vpc:
                yield where, vpc


def _vpc(context: Context, value: Value) -> str:
    """Return the VPC of the template that a value is, or is in; empty if that is not known."""
    target = context.target(value)
    if target is None:
        return ""
    if target.type == "AWS::EC2::VPC":
        return target.logical_id
    if target.type in ("AWS::RDS::DBSubnetGroup", "AWS::ElastiCache::SubnetGroup"):
        subnets = target.items("SubnetIds")
        return _vpc(context, subnets[0]) if subnets else ""
    named = name_of(target.get("VpcId"))
    vpc = context.view.resources.get(named)
    return named if vpc is not None and vpc.type == "AWS::EC2::VPC" else ""
