"""Requirement 1.3.1: each thing in a network has a security group that the template shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit, hit
from pcistack.network.security_groups import GROUP_TYPES
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.view import CUSTOM_RESOURCE, Reference, Resource, Value

_NEEDS_GROUP: Final = {
    "AWS::RDS::DBCluster": "VpcSecurityGroupIds",
    "AWS::RDS::DBInstance": "VPCSecurityGroups",
    "AWS::RDS::DBProxy": "VpcSecurityGroupIds",
    "AWS::ECS::Service": "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "SecurityGroups",
    "AWS::Lambda::Function": "VpcConfig.SecurityGroupIds",
    "AWS::EFS::MountTarget": "SecurityGroups",
    "AWS::ElastiCache::ReplicationGroup": "SecurityGroupIds",
    "AWS::Redshift::Cluster": "VpcSecurityGroupIds",
    "AWS::DocDB::DBCluster": "VpcSecurityGroupIds",
    "AWS::Neptune::DBCluster": "VpcSecurityGroupIds",
}


@rule(
    "PCI-1.3.1-GROUP-MISSING",
    "What has a network interface names its security groups",
    asks="Inbound traffic is restricted to what is necessary; without a group of its own a "
    "resource gets the VPC's default one.",
    requirements=("1.3.1", "1.4.1"),
    related=(
        "EC2.2",
        "ELB.7",
    ),
    types=tuple(_NEEDS_GROUP),
    extent=Extent.FULL,
    fix="Name a security group that admits only the resource's clients.",
)
def group_missing(context: Context) -> Iterator[Hit]:
    for workload in context.network.workloads.values():
        path = _NEEDS_GROUP.get(workload.type)
        if workload.groups or path is None:
            continue
        resource = context.view.resources[workload.logical_id]
        if resource.text("Type") == "gateway" or resource.is_unknown(path):
            continue
        if _outside_template(resource):
            continue
        optional = resource.text("Type") == "network"
        yield Hit(
            resource=workload.logical_id,
            property=path,
            message="no security group is named, so nothing limits who reaches it"
            if optional
            else "no security group is named, so the VPC's default one applies",
            severity=Severity.WARNING if optional else None,
        )


def _outside_template(resource: Resource) -> bool:
    """EC2-Classic style groups, or a network load balancer's optional ones."""
    return resource.get("DBSecurityGroups") is not None


@rule(
    "PCI-1.3.1-DEFAULT-GROUP",
    "The default security group of a VPC is closed",
    asks="Inbound and outbound traffic is restricted; the default group admits its members and "
    "lets everything out.",
    requirements=("1.3.1", "1.3.2"),
    related=("EC2.2",),
    severity=Severity.WARNING,
    types=("AWS::EC2::VPC",),
    fix="Close it with a custom resource (CDK: restrict_default_security_group=True).",
)
def default_group(context: Context) -> Iterator[Hit]:
    closed = {
        value.logical_id
        for resource in context.of_type(CUSTOM_RESOURCE)
        if resource.get("ServiceToken") is not None
        for value in resource.properties.values()
        if isinstance(value, Reference) and value.attribute == "DefaultSecurityGroup"
    }
    for vpc in context.of_type("AWS::EC2::VPC"):
        if vpc.logical_id not in closed:
            yield Hit(
                resource=vpc.logical_id,
                message="nothing in the template closes the VPC's default security group",
            )


_ACCOUNT: Final = re.compile(r"\d{12}")


@rule(
    "PCI-1.3.1-GROUP-ELSEWHERE",
    "Security groups of other accounts are admitted with a reason",
    asks="Only the traffic that the cardholder data environment needs may come in; who is in "
    "another account's group, that account decides.",
    requirements=("1.3.1", "1.2.5"),
    severity=Severity.WARNING,
    types=GROUP_TYPES,
    fix="Admit a group of this account, or write in the description whose group it is and why.",
)
def group_elsewhere(context: Context) -> Iterator[Hit]:
    for permission in context.network.permissions:
        resource = context.view.resources[permission.resource]
        at = f"{permission.path}." if permission.path else ""
        owner = _owner(resource, at)
        if owner:
            yield hit(
                resource,
                f"{at}SourceSecurityGroupOwnerId" if at else "SourceSecurityGroupOwnerId",
                f"{permission.ports} is open to a security group of the account {owner}",
            )


def _owner(resource: Resource, at: str) -> str:
    value: Value = resource.get(f"{at}SourceSecurityGroupOwnerId")
    if isinstance(value, str) and _ACCOUNT.fullmatch(value):
        return str(value)
    for side in ("Source", "Destination"):
        group: Value = resource.get(f"{at}{side}SecurityGroupId")
        owner, slash, _ = str(group).partition("/") if isinstance(group, str) else ("", "", "")
        if slash and _ACCOUNT.fullmatch(owner):
            return owner
    return ""
