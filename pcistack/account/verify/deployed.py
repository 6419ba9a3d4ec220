"""A deployed stack, as the services describe it.

The template only tells which resources to look for; what they are like comes from the services.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

from pcistack.account.aws import Aws, AwsError, Call, Item, objects, text
from pcistack.template.document import RawResource, Template

ANYWHERE: Final = frozenset({"0.0.0.0/0", "::/0"})
"""Every address there is."""
CLUSTER: Final = "AWS::RDS::DBCluster"
INSTANCE: Final = "AWS::RDS::DBInstance"
KEY: Final = "AWS::KMS::Key"
LOAD_BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"
SERVICE: Final = "AWS::ECS::Service"
TOPIC: Final = "AWS::SNS::Topic"
VPC: Final = "AWS::EC2::VPC"


class Deployed:
    """A stack in an account.

    Attributes:
        aws: Asks in the stack's region.
        template: The template that was checked.
        stack: The stack's name.
        suffix: Its environment suffix.
    """

    def __init__(self, aws: Aws, template: Template, *, stack: str, suffix: str) -> None:
        """Look at ``stack``; nothing is asked yet."""
        self.aws = aws
        self.template = template
        self.stack = stack
        self.suffix = suffix

    @property
    def resources(self) -> Mapping[str, RawResource]:
        """The template's resources by logical id."""
        return self.template.resources

    @cached_property
    def physical_ids(self) -> Mapping[str, str]:
        """Physical id of every deployed resource by its logical id.

        Raises:
            AwsError: There is no such stack, or AWS did not answer.
        """
        found = self.aws.items(
            Call.STACK_RESOURCES,
            "StackResourceSummaries",
            {"StackName": self.stack},
            absent=("ValidationError",),
        )
        if not found:
            raise AwsError(f"there is no stack {self.stack} in {self.aws.region}")
        there = [item for item in found if text(item, "ResourceStatus") != "DELETE_COMPLETE"]
        return {
            text(item, "LogicalResourceId"): text(item, "PhysicalResourceId")
            for item in there
            if text(item, "PhysicalResourceId")
        }

    def of_type(self, *types: str) -> dict[str, str]:
        """Return logical id to physical id for the deployed resources of these types."""
        return {
            name: self.physical_ids[name]
            for name, resource in self.resources.items()
            if resource.type in types and name in self.physical_ids
        }

    @cached_property
    def clusters(self) -> Mapping[str, Item]:
        """The database clusters by logical id, as RDS describes them."""
        return {
            name: self._one(
                Call.DATABASE_CLUSTERS, "DBClusters", {"DBClusterIdentifier": identifier}, name
            )
            for name, identifier in self.of_type(CLUSTER).items()
        }

    @cached_property
    def instances(self) -> Mapping[str, Item]:
        """The database instances by logical id, as RDS describes them."""
        return {
            name: self._one(
                Call.DATABASE_INSTANCES, "DBInstances", {"DBInstanceIdentifier": identifier}, name
            )
            for name, identifier in self.of_type(INSTANCE).items()
        }

    @cached_property
    def services(self) -> Mapping[str, Item]:
        """The container services by logical id, as ECS describes them."""
        found: dict[str, Item] = {}
        for name, arn in self.of_type(SERVICE).items():
            cluster, identifier = arn.split("/")[-2:]
            asked: Mapping[str, object] = {"cluster": cluster, "services": [identifier]}
            found[name] = self._one(Call.SERVICES, "services", asked, name)
        return found

    @cached_property
    def security_groups(self) -> Mapping[str, Item]:
        """Every security group of the stack's VPCs by its id."""
        vpcs = list(self.of_type(VPC).values())
        filters: Mapping[str, object] = {"Filters": [{"Name": "vpc-id", "Values": vpcs}]}
        groups = self.aws.items(Call.SECURITY_GROUPS, "SecurityGroups", filters) if vpcs else []
        return {text(group, "GroupId"): group for group in groups}

    def topic_key(self, topic: str) -> str:
        """Return the key that encrypts a topic; empty if none does."""
        found = self.aws.items(Call.TOPIC, "Attributes", {"TopicArn": topic})
        return text(found[0], "KmsMasterKeyId") if found else ""

    def is_own_key(self, arn: str) -> bool:
        """Whether a key, by id or ARN, is one that the stack made."""
        own = {key.rsplit("/", 1)[-1] for key in self.of_type(KEY).values()}
        return arn.rsplit("/", 1)[-1] in own

    def with_route_out(self, subnets: Sequence[str]) -> list[str]:
        """Return those of the subnets that have a default route of their own."""
        routed = {
            text(association, "SubnetId")
            for table in self.aws.items(Call.ROUTE_TABLES, "RouteTables")
            for association in objects(table, "Associations")
            if any(_leads_out(route) for route in objects(table, "Routes"))
        }
        return [subnet for subnet in subnets if subnet in routed]

    def _one(self, call: Call, key: str, asked: Mapping[str, object], name: str) -> Item:
        found = self.aws.items(call, key, asked)
        if not found:
            raise AwsError(f"{name}: {call.permission} does not know it")
        return found[0]


def _leads_out(route: Item) -> bool:
    blocks = {text(route, "DestinationCidrBlock"), text(route, "DestinationIpv6CidrBlock")}
    return bool(ANYWHERE & blocks)
