"""The network: three tiers over two zones, watched by flow logs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aws_cdk import Fn, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from pci_constructs.acknowledge import acknowledge
from pci_constructs.endpoints import NEEDED, construct_id, endpoint_of
from pci_constructs.foundation import Foundation
from pci_constructs.log_group import owned_log_group
from pci_constructs.place import Place
from pci_constructs.policy import Statement, allow, by_this_account, from_this_account
from pci_constructs.role import RoleProps, listed_role
from pci_constructs.settings.network import NetworkSettings
from pci_constructs.settings.workload import Permission

PUBLIC: Final = "Public"
PRIVATE: Final = "Private"
ISOLATED: Final = "Isolated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Subnets with the same routes, one in each zone.

    Attributes:
        vpc: Their VPC.
        subnets: Selects them.
        zones: Their availability zones.
    """

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection
    zones: tuple[str, ...]

    @property
    def subnet_ids(self) -> list[str]:
        """Ids of the subnets."""
        return self.vpc.select_subnets(
            subnet_group_name=self.subnets.subnet_group_name,
            subnet_type=self.subnets.subnet_type,
            subnets=self.subnets.subnets,
        ).subnet_ids


class Network(Construct):
    """Public, private and isolated subnets per zone (PCI DSS 1.3, 1.4).

    Attributes:
        vpc: The VPC.
        public: The tier of the load balancer and the NAT gateways.
        private: The tier of the tasks.
        isolated: The tier of the database, which has no route out.
        flow_log: Logs ALL traffic.
        flow_log_group: Where it is logged.
        nat_addresses: Public addresses from which tasks reach the internet; none with VPC
            endpoints.
        endpoint_security_group: Admits 443 to the VPC endpoints; None with NAT.
        way_out: What must exist before a task can reach its image, secret and log group.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: Foundation,
        settings: NetworkSettings,
    ) -> None:
        """Create the network.

        Args:
            scope: Parent construct.
            construct_id: Id in the parent.
            foundation: Name, key and retention of the flow log.
            settings: Address plan, zones and way out.
        """
        super().__init__(scope, construct_id)
        self.vpc = self._vpc(settings)
        self.nat_addresses = self._finish_public(self.vpc)
        self._anywhere, self._https = ec2.Peer.any_ipv4(), ec2.Port.tcp(443)
        self.public, self.private, self.isolated = (
            Tier(
                vpc=self.vpc,
                subnets=ec2.SubnetSelection(subnet_group_name=name),
                zones=settings.zones,
            )
            for name in (PUBLIC, PRIVATE, ISOLATED)
        )
        self.flow_log_group = owned_log_group(
            self, "FlowLogGroup", name=foundation.names.flow_logs, foundation=foundation
        )
        self.flow_log = self._flow_log(self._flow_log_role(foundation.place))
        self.endpoint_security_group: ec2.SecurityGroup | None = None
        self._place = foundation.place
        self._permitted: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
        self._s3 = self._s3_endpoint(foundation.place)
        self.way_out: list[IDependable] = [
            self._s3,
            *(subnet.internet_connectivity_established for subnet in self.vpc.private_subnets),
        ]
        if settings.egress == "endpoints":
            self.endpoint_security_group = self._endpoint_security_group()
            for name, service in NEEDED.items():
                self._interface_endpoint(name, service, self.endpoint_security_group)

    def give_way_out(self, tasks: ec2.SecurityGroup, *, name: str = "") -> None:
        """Let tasks reach their image, AWS services and, with NAT, the internet by HTTPS.

        Args:
            tasks: Their security group.
            name: What the ids of the rules begin with; nothing for the first.
        """
        self._give_way(
            tasks,
            name=f"{name}TasksToEndpoints",
            who="Tasks reach",
            by_s3="Image layers from S3",
            by_nat="Image, secrets and logs",
        )

    def admit_to_s3(self, statements: Iterable[Statement]) -> None:
        """Let tasks reach more of S3 than image layers, through the gateway endpoint."""
        for statement in statements:
            self._s3.add_to_policy(iam.PolicyStatement.from_json(statement))

    def admit_to_services(self, permissions: Iterable[Permission]) -> None:
        """Let tasks without a way out use what they are permitted to (PCI DSS 1.3.2).

        Args:
            permissions: What they may do; each service of these gets its endpoint, which lets
                nothing else pass. Those with another way need none.
        """
        if self.endpoint_security_group is None:
            return
        for permission in permissions:
            for prefix in dict.fromkeys(name.partition(":")[0] for name in permission.actions):
                own = tuple(name for name in permission.actions if name.startswith(f"{prefix}:"))
                service, permitted = endpoint_of(prefix), (own, permission.resources)
                if service is None or permitted in self._permitted:
                    continue
                self._permitted.add(permitted)
                endpoint = self.node.try_find_child(f"{construct_id(prefix)}Endpoint")
                if not isinstance(endpoint, ec2.InterfaceVpcEndpoint):
                    endpoint = self._interface_endpoint(
                        construct_id(prefix), service, self.endpoint_security_group
                    )
                statement = allow(
                    *own,
                    on=permission.resources,
                    to={"AWS": "*"},
                    when=by_this_account(self._place),
                )
                endpoint.add_to_policy(iam.PolicyStatement.from_json(statement))

    def give_way_to_aws(self, function: ec2.SecurityGroup, *, name: str) -> None:
        """Let the function of a custom resource reach AWS services by HTTPS.

        Args:
            function: Its group.
            name: Construct id of the rules.
        """
        self._give_way(
            function,
            name=name,
            who="The function of the database users reaches",
            by_s3="Answers to CloudFormation",
            by_nat="Secrets Manager, ECS and answers to CloudFormation",
        )

    def _give_way(
        self, source: ec2.SecurityGroup, *, name: str, who: str, by_s3: str, by_nat: str
    ) -> None:
        if self.endpoint_security_group is not None:
            admit(
                self.endpoint_security_group,
                source,
                name=name,
                port=443,
                reason=f"{who} AWS services",
            )
        source.add_egress_rule(
            self._anywhere,
            self._https,
            f"{by_nat} over HTTPS through NAT"
            if self.endpoint_security_group is None
            else f"{by_s3} through the gateway endpoint; there is no other route",
        )

    def _vpc(self, settings: NetworkSettings) -> ec2.Vpc:
        private_type = (
            ec2.SubnetType.PRIVATE_WITH_EGRESS
            if settings.egress == "nat"
            else ec2.SubnetType.PRIVATE_ISOLATED
        )
        return ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(settings.cidr),
            availability_zones=list(settings.zones),
            nat_gateways=settings.nat_gateways,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            restrict_default_security_group=True,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name=PUBLIC,
                    subnet_type=ec2.SubnetType.PUBLIC,
                    map_public_ip_on_launch=False,
                ),
                ec2.SubnetConfiguration(name=PRIVATE, subnet_type=private_type),
                ec2.SubnetConfiguration(name=ISOLATED, subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            ],
        )

    def _finish_public(self, vpc: ec2.Vpc) -> list[str]:
        """Accept the routes of the public tier; return the addresses of its NAT gateways."""
        nodes = [subnet.node for subnet in vpc.public_subnets]
        for node in nodes:
            acknowledge(
                node.find_child("DefaultRoute"),
                {
                    "PCI.DSS.321-VPCNoUnrestrictedRouteToIGW": "The public tier holds the load "
                    "balancer and NAT gateways only; tasks and database have no such route."
                },
            )
        addresses = [node.try_find_child("EIP") for node in nodes]
        return [address.ref for address in addresses if isinstance(address, ec2.CfnEIP)]

    def _flow_log_role(self, place: Place) -> iam.IRole:
        return listed_role(
            self,
            "FlowLogRole",
            props=RoleProps(
                description="Lets VPC Flow Logs write to its own log group",
                service="vpc-flow-logs.amazonaws.com",
                when=from_this_account(place),
                statements=(
                    allow(
                        "logs:CreateLogStream",
                        "logs:DescribeLogStreams",
                        "logs:PutLogEvents",
                        on=self.flow_log_group.log_group_arn,
                    ),
                ),
            ),
        ).closed

    def _flow_log(self, role: iam.IRole) -> ec2.FlowLog:
        return ec2.FlowLog(
            self,
            "FlowLog",
            resource_type=ec2.FlowLogResourceType.from_vpc(self.vpc),
            traffic_type=ec2.FlowLogTrafficType.ALL,
            max_aggregation_interval=ec2.FlowLogMaxAggregationInterval.ONE_MINUTE,
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(self.flow_log_group, role),
        )

    def _s3_endpoint(self, place: Place) -> ec2.GatewayVpcEndpoint:
        """Keep the traffic to S3 inside AWS: image layers, and what custom resources answer."""
        endpoint = ec2.GatewayVpcEndpoint(
            self,
            "S3Endpoint",
            vpc=self.vpc,
            service=ec2.GatewayVpcEndpointAwsService.S3,
            subnets=[self.private.subnets],
        )
        layers = f"arn:{place.partition}:s3:::prod-{place.region}-starport-layer-bucket/*"
        endpoint.add_to_policy(
            iam.PolicyStatement.from_json(allow("s3:GetObject", on=layers, to={"AWS": "*"}))
        )
        answers = f"arn:{place.partition}:s3:::{_response_bucket(place.region)}/*"
        endpoint.add_to_policy(
            iam.PolicyStatement.from_json(allow("s3:PutObject", on=answers, to={"AWS": "*"}))
        )
        return endpoint

    def _endpoint_security_group(self) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            "EndpointSecurityGroup",
            vpc=self.vpc,
            description="VPC endpoints: HTTPS from the service only",
            allow_all_outbound=False,
        )

    def _interface_endpoint(
        self, name: str, service: str, group: ec2.SecurityGroup
    ) -> ec2.InterfaceVpcEndpoint:
        endpoint = ec2.InterfaceVpcEndpoint(
            self,
            f"{name}Endpoint",
            vpc=self.vpc,
            service=ec2.InterfaceVpcEndpointAwsService(service),
            subnets=self.private.subnets,
            security_groups=[group],
            private_dns_enabled=True,
            open=False,
        )
        self.way_out.append(endpoint)
        return endpoint


def _response_bucket(region: str) -> str:
    """Return the bucket where CloudFormation awaits the answer of a custom resource."""
    plain = (
        Fn.join("", Fn.split("-", region))
        if Token.is_unresolved(region)
        else region.replace("-", "")
    )
    return f"cloudformation-custom-resource-response-{plain}"


def admit(
    target: ec2.SecurityGroup, source: ec2.SecurityGroup, *, name: str, port: int, reason: str
) -> None:
    """Let one security group reach another on one TCP port, on both sides (PCI DSS 1.2.5).

    Args:
        target: The group that is reached.
        source: The group that reaches.
        name: Construct id of the two rules.
        port: TCP port.
        reason: Business need; it becomes the rules' description and the port register's entry.
    """
    ec2.CfnSecurityGroupIngress(
        target,
        name,
        group_id=target,
        source_security_group_id=source,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        description=reason,
    )
    ec2.CfnSecurityGroupEgress(
        source,
        name,
        group_id=source,
        destination_security_group_id=target,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        description=reason,
    )
