"""The inventory of components with their scope (PCI DSS 12.5.1, 12.5.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pcistack.evidence.values import label, purpose, targets
from pcistack.evidence.wording import claim
from pcistack.template.view import Resource, View


class Scope(StrEnum):
    """How a component relates to the cardholder data environment (CDE).

    Attributes:
        CDE: It stores, processes or transmits account data, or is the network that does.
        CONNECTED: It is connected to the CDE or can affect its security.
        OUT: It does nothing at run time.
    """

    CDE = claim("in the CDE")
    CONNECTED = claim("connected or security-affecting")
    OUT = claim("out of scope")


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A resource of the template.

    Attributes:
        name: Readable name: its construct path, or its logical id.
        type: CloudFormation type.
        purpose: What the template says of it.
        scope: Its scope.
        why: Why it has this scope.
        resource: Logical id.
    """

    name: str
    type: str
    purpose: str
    scope: Scope
    why: str
    resource: str


IN_CDE: Final[dict[str, str]] = {
    "AWS::RDS::DBCluster": claim("stores account data"),
    "AWS::RDS::DBInstance": claim("stores account data"),
    "AWS::RDS::DBProxy": claim("transmits account data"),
    "AWS::DynamoDB::Table": claim("may store account data"),
    "AWS::DynamoDB::GlobalTable": claim("may store account data"),
    "AWS::ElastiCache::ReplicationGroup": claim("may store account data"),
    "AWS::ElastiCache::CacheCluster": claim("may store account data"),
    "AWS::ElastiCache::ServerlessCache": claim("may store account data"),
    "AWS::MemoryDB::Cluster": claim("may store account data"),
    "AWS::DocDB::DBCluster": claim("may store account data"),
    "AWS::DocDB::DBInstance": claim("may store account data"),
    "AWS::Neptune::DBCluster": claim("may store account data"),
    "AWS::Neptune::DBInstance": claim("may store account data"),
    "AWS::Redshift::Cluster": claim("may store account data"),
    "AWS::Kinesis::Stream": claim("may store account data"),
    "AWS::MSK::Cluster": claim("may store account data"),
    "AWS::EFS::MountTarget": claim("may store account data"),
    "AWS::AutoScaling::AutoScalingGroup": claim("may process account data"),
    "AWS::OpenSearchService::Domain": claim("may store account data"),
    "AWS::EFS::FileSystem": claim("may store account data"),
    "AWS::S3::Bucket": claim("may store account data"),
    "AWS::SQS::Queue": claim("may transmit account data"),
    "AWS::EC2::Instance": claim("may process account data"),
    "AWS::ECS::Cluster": claim("processes account data"),
    "AWS::ECS::Service": claim("processes account data"),
    "AWS::ECS::TaskDefinition": claim("processes account data"),
    "AWS::Lambda::Function": claim("may process account data"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": claim("transmits account data"),
    "AWS::ElasticLoadBalancingV2::Listener": claim("transmits account data"),
    "AWS::ElasticLoadBalancingV2::TargetGroup": claim("transmits account data"),
    "AWS::EC2::VPC": claim("network of the CDE"),
    "AWS::EC2::Subnet": claim("network of the CDE"),
}
CONNECTED_TYPES: Final[dict[str, str]] = {
    "AWS::IAM": claim("grants access"),
    "AWS::KMS": claim("protects keys"),
    "AWS::SecretsManager": claim("holds credentials"),
    "AWS::SSM": claim("holds configuration"),
    "AWS::Logs": claim("records events"),
    "AWS::CloudTrail": claim("records events"),
    "AWS::CloudWatch": claim("reports failures"),
    "AWS::SNS": claim("sends messages"),
    "AWS::Events": claim("reacts to events"),
    "AWS::RDS": claim("configures the database"),
    "AWS::WAFv2": claim("filters requests"),
    "AWS::EC2": claim("joins or parts networks"),
    "AWS::ElasticLoadBalancingV2": claim("routes requests"),
    "AWS::CertificateManager": claim("proves identity"),
    "AWS::Route53": claim("directs requests"),
    "AWS::Route53Resolver": claim("decides which names resolve, and records them"),
    "AWS::ApplicationAutoScaling": claim("changes capacity"),
    "AWS::Backup": claim("copies stored data"),
    "AWS::S3": claim("protects stored objects"),
    "AWS::Lambda": claim("runs for the stack itself"),
    "AWS::CloudFormation": claim("runs during a deployment"),
    "AWS::SQS": claim("protects messages"),
    "AWS::ECS": claim("configures the service"),
}
_OUT: Final = ("AWS::CDK::Metadata", "AWS::CloudFormation::WaitConditionHandle")
_KEEPS_LOGS: Final = claim("keeps logs")
_ROTATES: Final = claim("changes secrets")
_DEPLOYS: Final = claim("runs during a deployment")
_MAKES_NOTHING: Final = claim("makes nothing in the account")
_NOT_KNOWN: Final = claim("not known to this inventory: connected until you decide otherwise")
_LOG_WRITERS: Final = ("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::EC2::FlowLog")


def components(view: View) -> tuple[Component, ...]:
    """Return every resource of a template with its scope."""
    helpers = _helpers(view)
    rows = []
    for resource in view.resources.values():
        scope, why = _scope(resource, helpers)
        rows.append(
            Component(
                resource=resource.logical_id,
                name=label(resource),
                type=resource.type,
                purpose=purpose(resource).partition(". ")[0],
                scope=scope,
                why=why,
            )
        )
    order = list(Scope)
    return tuple(sorted(rows, key=lambda row: (order.index(row.scope), row.type, row.name)))


def _helpers(view: View) -> Mapping[str, str]:
    """Buckets and functions that serve the stack itself, with what they do."""
    found: dict[str, str] = {}
    for resource in view.resources.values():
        if resource.type in _LOG_WRITERS:
            found |= {target.logical_id: _KEEPS_LOGS for _, target in resource.references}
        if resource.type == "AWS::SecretsManager::RotationSchedule":
            found |= dict.fromkeys(targets(resource.get("RotationLambdaARN")), _ROTATES)
        token = resource.get("ServiceToken")
        if token is not None:
            found |= dict.fromkeys(targets(token), _DEPLOYS)
    return {
        name: why
        for name, why in found.items()
        if name in view.resources
        and view.resources[name].type in ("AWS::S3::Bucket", "AWS::Lambda::Function")
    }


def _scope(resource: Resource, helpers: Mapping[str, str]) -> tuple[Scope, str]:
    if resource.type in _OUT:
        return Scope.OUT, _MAKES_NOTHING
    if resource.logical_id in helpers:
        return Scope.CONNECTED, helpers[resource.logical_id]
    if resource.type in IN_CDE:
        return Scope.CDE, IN_CDE[resource.type]
    if resource.type.startswith("Custom::"):
        return Scope.CONNECTED, _DEPLOYS
    service = "::".join(resource.type.split("::")[:2])
    return Scope.CONNECTED, CONNECTED_TYPES.get(service, _NOT_KNOWN)
