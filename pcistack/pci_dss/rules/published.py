"""Requirement 1.4: what publishes a store or an internal service past the load balancer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit, hit
from pcistack.network.network import STORES, Kind, SubnetTier
from pcistack.network.workloads import types_of
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.references import name_of
from pcistack.template.view import Resource

_STORES: Final = (
    *types_of(STORES | {Kind.PROXY}),
    *("AWS::RDS::DBShardGroup", "AWS::RDS::DBProxyEndpoint", "AWS::Redshift::EndpointAccess"),
    *("AWS::RedshiftServerless::Workgroup", "AWS::EFS::FileSystem", "AWS::DocDB::DBInstance"),
)
_CONFIGURATION: Final = "AWS::VpcLattice::ResourceConfiguration"
_DEFINITION: Final = "ResourceConfigurationDefinition"


@rule(
    "PCI-1.4.4-STORE-PUBLISHED",
    "No store is published to other networks or accounts",
    asks="What stores cardholder data is not directly accessible from untrusted networks.",
    requirements=("1.4.4", "1.4.1", "1.3.1"),
    types=(_CONFIGURATION, "AWS::RDS::DBProxy", "AWS::EC2::VPCEndpointService"),
    extent=Extent.FULL,
    fix="Take it out; let an application in a private tier answer instead of the store.",
)
def store_published(context: Context) -> Iterator[Hit]:
    for configuration in context.of_type(_CONFIGURATION):
        yield from _configured(context, configuration)
    for workload in context.network.workloads.values():
        if workload.kind is Kind.PROXY and SubnetTier.PUBLIC in context.network.tiers(workload):
            yield Hit(
                resource=workload.logical_id,
                property="VpcSubnetIds",
                message="the proxy of the database is in a subnet with a route to an internet "
                "gateway",
            )
    for service in context.of_type("AWS::EC2::VPCEndpointService"):
        for store in _behind(context, service):
            yield hit(
                service,
                "NetworkLoadBalancerArns",
                f"other accounts reach the store {store} through it",
            )


def _configured(context: Context, configuration: Resource) -> Iterator[Hit]:
    if configuration.get("ResourceConfigurationType") == "GROUP":
        return
    for path in ("DnsResource.DomainName", "ArnResource", "IpResource"):
        value = configuration.get(f"{_DEFINITION}.{path}")
        if value is None:
            continue
        target = context.target(value)
        at = f"{_DEFINITION}.{path}"
        if target is not None and target.type in _STORES:
            yield hit(
                configuration,
                at,
                f"VPC Lattice publishes {target.logical_id} to other networks and accounts",
            )
        else:
            yield hit(
                configuration,
                at,
                "VPC Lattice publishes what is there to other networks and accounts",
                severity=Severity.WARNING,
            )


def _behind(context: Context, service: Resource) -> Iterator[str]:
    """Yield the stores whose address or group a service's balancers have as a target."""
    balancers = {name_of(one) for one in service.items("NetworkLoadBalancerArns")}
    groups = {
        name_of(action.get("TargetGroupArn"))
        for listener in context.of_type("AWS::ElasticLoadBalancingV2::Listener")
        if name_of(listener.get("LoadBalancerArn")) in balancers
        for action in listener.items("DefaultActions")
        if isinstance(action, dict)
    }
    ports = {port for store in context.network.stores() for port in store.ports}
    for group in context.of_type("AWS::ElasticLoadBalancingV2::TargetGroup"):
        if group.logical_id not in groups or group.get("TargetType") != "ip":
            continue
        port = group.number("Port")
        for store in context.network.stores():
            if port in ports and port in store.ports:
                yield store.logical_id


@rule(
    "PCI-1.4.2-SERVICE-PUBLISHED",
    "What other accounts or the internet are given is meant to be public",
    asks="Traffic from untrusted networks reaches only what is meant to be public.",
    requirements=("1.4.2", "1.3.1", "1.4.1"),
    types=(
        "AWS::EC2::VPCEndpointService",
        "AWS::EC2::VPCEndpointServicePermissions",
        "AWS::GlobalAccelerator::EndpointGroup",
        "AWS::VpcLattice::Service",
        "AWS::VpcLattice::ServiceNetwork",
        "AWS::VpcLattice::ServiceNetworkVpcAssociation",
    ),
    fix="Name who may use it and accept each connection (AcceptanceRequired, AllowedPrincipals, "
    "AuthType AWS_IAM); publish through the guarded load balancer only.",
)
def service_published(context: Context) -> Iterator[Hit]:
    for service in context.of_type("AWS::EC2::VPCEndpointService"):
        if service.flag("AcceptanceRequired") is False:
            yield hit(service, "AcceptanceRequired", "every connection is accepted by itself")
        else:
            yield hit(
                service,
                "AcceptanceRequired",
                "other accounts may be let in, past the load balancer and its web ACL",
                severity=Severity.WARNING,
            )
    for permission in context.of_type("AWS::EC2::VPCEndpointServicePermissions"):
        if any("*" in str(one) for one in permission.items("AllowedPrincipals")):
            yield hit(permission, "AllowedPrincipals", "every account may connect")
    for group in context.of_type("AWS::GlobalAccelerator::EndpointGroup"):
        yield from _accelerated(context, group)
    for service in context.of_type("AWS::VpcLattice::Service", "AWS::VpcLattice::ServiceNetwork"):
        if service.get("AuthType") in (None, "NONE"):
            network = service.type.endswith("Network")
            yield hit(
                service,
                "AuthType",
                "whoever is joined to the network may call it",
                severity=Severity.WARNING if network else None,
            )
    for link in context.of_type("AWS::VpcLattice::ServiceNetworkVpcAssociation"):
        if not link.items("SecurityGroupIds"):
            yield hit(
                link,
                "SecurityGroupIds",
                "everything in the VPC may call the network's services",
                severity=Severity.WARNING,
            )


_BALANCERS: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"


def _accelerated(context: Context, group: Resource) -> Iterator[Hit]:
    for index, item in enumerate(group.items("EndpointConfigurations")):
        value = item.get("EndpointId") if isinstance(item, dict) else None
        target = context.target(value)
        at = f"EndpointConfigurations.{index}.EndpointId"
        if target is None:
            yield hit(
                group,
                at,
                "the accelerator puts it on the internet, whatever its subnets are",
                severity=Severity.WARNING,
            )
        elif target.type != _BALANCERS or target.get("Scheme") == "internal":
            what = "internal" if target.type == _BALANCERS else "not public"
            yield hit(
                group,
                at,
                f"the accelerator puts {target.logical_id}, which is {what}, on the internet",
            )
