"""Requirement 1.4: public addresses, and forged ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import UNRESOLVED, Extent, Hit, hit, must_be_false
from pcistack.network.addresses import PeerKind, peer_kind
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import refuse, wrong
from pcistack.template.view import Resource, walk

_DECIDED_BY_SUBNETS: Final = ("AWS::RDS::DBInstance", "AWS::DMS::ReplicationInstance")
_FLAGGED: Final = (
    *("AWS::RDS::DBCluster", "AWS::Redshift::Cluster", "AWS::RDS::DBShardGroup"),
    *("AWS::RedshiftServerless::Workgroup", "AWS::AmazonMQ::Broker", "AWS::Neptune::DBInstance"),
    *("AWS::Timestream::InfluxDBInstance", "AWS::Timestream::InfluxDBCluster"),
    "AWS::Lightsail::Database",
)


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
    types=(*_DECIDED_BY_SUBNETS, *_FLAGGED),
    extent=Extent.FULL,
    fix="Set PubliclyAccessible: false; where it is absent, AWS decides by the subnets.",
)
def database_public(context: Context) -> Iterator[Hit]:
    for resource in context.of_type(*_DECIDED_BY_SUBNETS):
        yield from must_be_false(resource, "PubliclyAccessible", default=None)
    for resource in context.of_type(*_FLAGGED):
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
        "EKS.1",
        "SageMaker.1",
    ),
    related=("EC2.9",),
    types=(
        "AWS::ECS::Service",
        "AWS::ECS::TaskSet",
        "AWS::EC2::Instance",
        "AWS::EC2::LaunchTemplate",
        "AWS::AutoScaling::LaunchConfiguration",
        "AWS::Events::Rule",
        "AWS::Scheduler::Schedule",
        "AWS::Pipes::Pipe",
        "AWS::Batch::JobDefinition",
        "AWS::StepFunctions::StateMachine",
        "AWS::SageMaker::NotebookInstance",
        "AWS::EKS::Cluster",
        "AWS::MWAA::Environment",
        "AWS::EC2::EIP",
        "AWS::EC2::EIPAssociation",
        "AWS::EC2::SpotFleet",
        "AWS::Lightsail::Instance",
    ),
    extent=Extent.FULL,
    fix="Disable it: AssignPublicIp DISABLED, AssociatePublicIpAddress false, no elastic address.",
)
def public_address(context: Context) -> Iterator[Hit]:
    for resource, path in _runs(context):
        value = resource.get(path)
        if resource.is_unknown(path):
            yield hit(resource, path, f"AssignPublicIp {UNRESOLVED}")
        elif value is not None and str(value).upper() != "DISABLED":
            message = f"AssignPublicIp is {value}: every task gets a public address"
            yield hit(resource, path, message)
    yield from _in_state_machines(context)
    yield from _by_a_setting(context)
    yield from _elastic(context)
    for kind, path, flag in _ADDRESS_FLAGS:
        for resource in context.of_type(kind):
            for index in range(len(resource.items(path))):
                yield from must_be_false(resource, f"{path}.{index}.{flag}", flag)
    for resource in context.of_type("AWS::AutoScaling::LaunchConfiguration"):
        yield from must_be_false(resource, "AssociatePublicIpAddress")
    yield from wrong(context, _FLEETS)


_FLEETS: Final = tuple(
    refuse(kind, path, "every instance gets a public address", "true")
    for kind, path in (
        (
            "AWS::EC2::SpotFleet",
            "SpotFleetRequestConfigData.LaunchSpecifications.*.NetworkInterfaces.*"
            ".AssociatePublicIpAddress",
        ),
    )
)


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


_AWSVPC: Final = "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp"
_TASKS: Final = {
    "AWS::ECS::Service": (_AWSVPC,),
    # CloudFormation spells it so for these two
    "AWS::ECS::TaskSet": (_AWSVPC.replace("Awsvpc", "AwsVpc"), _AWSVPC),
    "AWS::Scheduler::Schedule": (f"Target.EcsParameters.{_AWSVPC}",),
    "AWS::Pipes::Pipe": (f"TargetParameters.EcsTaskParameters.{_AWSVPC}",),
    "AWS::Batch::JobDefinition": (
        "ContainerProperties.NetworkConfiguration.AssignPublicIp",
        "EcsProperties.TaskProperties.0.NetworkConfiguration.AssignPublicIp",
        "NodeProperties.NodeRangeProperties.0.Container.NetworkConfiguration.AssignPublicIp",
    ),
}


def _runs(context: Context) -> Iterator[tuple[Resource, str]]:
    """Yield whatever runs tasks with where it says whether they get a public address."""
    for kind, paths in _TASKS.items():
        for resource in context.of_type(kind):
            for path in paths:
                if resource.get(path) is not None:
                    yield resource, path
    for rule_of_events in context.of_type("AWS::Events::Rule"):
        for index in range(len(rule_of_events.items("Targets"))):
            for spelling in ("AwsVpc", "Awsvpc"):
                path = f"Targets.{index}.EcsParameters.{_AWSVPC.replace('Awsvpc', spelling)}"
                if rule_of_events.get(path) is not None:
                    yield rule_of_events, path


_PUBLIC_STATE: Final = re.compile(r"[\"']?AssignPublicIp[\"']?\s*:\s*[\"']?ENABLED", re.IGNORECASE)


def _in_state_machines(context: Context) -> Iterator[Hit]:
    for machine in context.of_type("AWS::StepFunctions::StateMachine"):
        text = machine.get("DefinitionString")
        if isinstance(text, str) and _PUBLIC_STATE.search(str(text)):
            yield hit(machine, "DefinitionString", "AssignPublicIp is ENABLED in a state")
        for path, value in walk(machine.get("Definition"), "Definition"):
            if path.endswith(".AssignPublicIp") and value == "ENABLED":
                yield hit(machine, path, "AssignPublicIp is ENABLED: the task has a public address")


def _by_a_setting(context: Context) -> Iterator[Hit]:
    for notebook in context.of_type("AWS::SageMaker::NotebookInstance"):
        if notebook.get("DirectInternetAccess") != "Disabled":
            yield hit(notebook, "DirectInternetAccess", "the notebook is on the internet")
    for cluster in context.of_type("AWS::EKS::Cluster"):
        base = "ResourcesVpcConfig"
        ranges = [str(one) for one in cluster.items(f"{base}.PublicAccessCidrs")] or ["0.0.0.0/0"]
        public = cluster.flag(f"{base}.EndpointPublicAccess") is not False
        world = any(peer_kind(one) is PeerKind.WORLD for one in ranges)
        if public and not cluster.is_unknown(base):
            yield hit(
                cluster,
                f"{base}.EndpointPublicAccess",
                f"the cluster's API is open to {', '.join(ranges)}",
                severity=None if world else Severity.WARNING,
            )
    for instance in context.of_type("AWS::Lightsail::Instance"):
        yield hit(instance, "", "every instance of Lightsail has a public address")
    for environment in context.of_type("AWS::MWAA::Environment"):
        if environment.get("WebserverAccessMode") == "PUBLIC_ONLY":
            yield hit(environment, "WebserverAccessMode", "the web server is on the internet")


def _elastic(context: Context) -> Iterator[Hit]:
    for address in context.of_type("AWS::EC2::EIP", "AWS::EC2::EIPAssociation"):
        for path in ("InstanceId", "NetworkInterfaceId"):
            if address.get(path) is not None:
                yield hit(address, path, "it gets a public address")
