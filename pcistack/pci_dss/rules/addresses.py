"""Requirement 1.4: public addresses, and forged ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.rule import UNRESOLVED, Extent, Hit, hit, must_be_false
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule


@rule(
    "PCI-1.4.4-DATABASE-PUBLIC",
    "No database has a public address",
    asks="What stores cardholder data is not directly accessible from untrusted networks.",
    requirements=("1.4.4", "1.4.2"),
    security_hub=(
        "RDS.2",
        "Redshift.1",
        "DMS.1",
    ),
    types=(
        "AWS::RDS::DBInstance",
        "AWS::RDS::DBCluster",
        "AWS::Redshift::Cluster",
        "AWS::DMS::ReplicationInstance",
    ),
    extent=Extent.FULL,
    fix="Set PubliclyAccessible: false; where it is absent, AWS decides by the subnets.",
)
def database_public(context: Context) -> Iterator[Hit]:
    for resource in context.of_type("AWS::RDS::DBInstance", "AWS::DMS::ReplicationInstance"):
        yield from must_be_false(resource, "PubliclyAccessible", default=None)
    for resource in context.of_type("AWS::RDS::DBCluster", "AWS::Redshift::Cluster"):
        yield from must_be_false(resource, "PubliclyAccessible")


_ADDRESS_FLAGS: Final = (
    ("AWS::EC2::Instance", "NetworkInterfaces", "AssociatePublicIpAddress"),
    (
        "AWS::EC2::LaunchTemplate",
        "LaunchTemplateData.NetworkInterfaces",
        "AssociatePublicIpAddress",
    ),
)


@rule(
    "PCI-1.4.2-PUBLIC-ADDRESS",
    "Tasks and instances have no public address",
    asks="Traffic from untrusted networks reaches only what is meant to be public.",
    requirements=("1.4.2", "1.4.5"),
    security_hub=(
        "ECS.2",
        "ECS.16",
        "EC2.25",
        "Autoscaling.5",
    ),
    related=("EC2.9",),
    types=(
        "AWS::ECS::Service",
        "AWS::ECS::TaskSet",
        "AWS::EC2::Instance",
        "AWS::EC2::LaunchTemplate",
        "AWS::AutoScaling::LaunchConfiguration",
    ),
    extent=Extent.FULL,
    fix="Disable it: AssignPublicIp DISABLED, AssociatePublicIpAddress false.",
)
def public_address(context: Context) -> Iterator[Hit]:
    for service in context.of_type("AWS::ECS::Service", "AWS::ECS::TaskSet"):
        inside = (
            "AwsvpcConfiguration" if service.type.endswith("Service") else "AwsVpcConfiguration"
        )
        path = f"NetworkConfiguration.{inside}.AssignPublicIp"  # a task set spells it otherwise
        value = service.get(path)
        if service.is_unknown(path):
            yield hit(service, path, f"AssignPublicIp {UNRESOLVED}")
        elif value is not None and str(value).upper() != "DISABLED":
            yield hit(service, path, f"AssignPublicIp is {value}: every task gets a public address")
    for kind, path, flag in _ADDRESS_FLAGS:
        for resource in context.of_type(kind):
            for index in range(len(resource.items(path))):
                yield from must_be_false(resource, f"{path}.{index}.{flag}", flag)
    for resource in context.of_type("AWS::AutoScaling::LaunchConfiguration"):
        yield from must_be_false(resource, "AssociatePublicIpAddress")


@rule(
    "PCI-1.4.2-SUBNET-PUBLIC-ADDRESSES",
    "No subnet gives out public addresses by itself",
    asks="Traffic from untrusted networks reaches only what is meant to be public.",
    requirements=("1.4.2", "1.4.4"),
    security_hub=("EC2.15",),
    types=("AWS::EC2::Subnet",),
    extent=Extent.FULL,
    fix="Set MapPublicIpOnLaunch: false; load balancers and NAT gateways do not need it.",
)
def subnet_addresses(context: Context) -> Iterator[Hit]:
    for subnet in context.of_type("AWS::EC2::Subnet"):
        yield from must_be_false(subnet, "MapPublicIpOnLaunch")
        # every IPv6 address is public
        yield from must_be_false(subnet, "AssignIpv6AddressOnCreation")
        yield from must_be_false(subnet, "Ipv6Native")


@rule(
    "PCI-1.4.3-SOURCE-CHECK",
    "Instances check source and destination of their traffic",
    asks="Forged source addresses are detected and kept out of the trusted network.",
    requirements=("1.4.3",),
    related=("EC2.180",),
    types=("AWS::EC2::Instance", "AWS::EC2::NetworkInterface"),
    extent=Extent.FULL,
    fix="Leave SourceDestCheck true; use a NAT gateway in place of a NAT instance.",
)
def source_check(context: Context) -> Iterator[Hit]:
    for resource in context.of_type("AWS::EC2::Instance", "AWS::EC2::NetworkInterface"):
        if resource.flag("SourceDestCheck") is False:
            yield hit(
                resource, "SourceDestCheck", "SourceDestCheck is false: forged addresses pass"
            )
