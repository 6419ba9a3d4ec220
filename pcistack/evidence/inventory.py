"""The inventory of components with their scope (PCI DSS 12.5.1, 12.5.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pcistack.evidence.values import label, purpose, targets
from pcistack.template.view import Resource, View


class Scope(StrEnum):
    """How a component relates to the cardholder data environment (CDE).

    Attributes:
        CDE: It stores, processes or transmits account data, or is the network that does.
        CONNECTED: It is connected to the CDE or can affect its security.
        OUT: It does nothing at run time.
    """

    CDE = "in the CDE"
    CONNECTED = "connected or security-affecting"
    OUT = "out of scope"


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


_IN_CDE: Final[Mapping[str, str]] = {
    "AWS::RDS::DBCluster": "stores account data",
    "AWS::RDS::DBInstance": "stores account data",
    "AWS::RDS::DBProxy": "transmits account data",
    "AWS::DynamoDB::Table": "may store account data",
    "AWS::DynamoDB::GlobalTable": "may store account data",
    "AWS::ElastiCache::ReplicationGroup": "may store account data",
    "AWS::OpenSearchService::Domain": "may store account data",
    "AWS::EFS::FileSystem": "may store account data",
    "AWS::S3::Bucket": "may store account data",
    "AWS::SQS::Queue": "may transmit account data",
    "AWS::EC2::Instance": "may process account data",
    "AWS::ECS::Cluster": "processes account data",
    "AWS::ECS::Service": "processes account data",
    "AWS::ECS::TaskDefinition": "processes account data",
    "AWS::Lambda::Function": "may process account data",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "transmits account data",
    "AWS::ElasticLoadBalancingV2::Listener": "transmits account data",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "transmits account data",
    "AWS::EC2::VPC": "network of the CDE",
    "AWS::EC2::Subnet": "network of the CDE",
}
_CONNECTED: Final[Mapping[str, str]] = {
    "AWS::IAM": "grants access",
    "AWS::KMS": "protects keys",
    "AWS::SecretsManager": "holds credentials",
    "AWS::SSM": "holds configuration",
    "AWS::Logs": "records events",
    "AWS::CloudTrail": "records events",
    "AWS::CloudWatch": "reports failures",
    "AWS::SNS": "reports failures",
    "AWS::Events": "reports failures",
    "AWS::RDS": "configures the database",
    "AWS::WAFv2": "filters requests",
    "AWS::EC2": "separates and connects networks",
    "AWS::ElasticLoadBalancingV2": "routes requests",
    "AWS::CertificateManager": "proves identity",
    "AWS::Route53": "directs requests",
    "AWS::Route53Resolver": "decides which names resolve, and records them",
    "AWS::ApplicationAutoScaling": "changes capacity",
    "AWS::Backup": "copies stored data",
    "AWS::S3": "protects stored objects",
    "AWS::Lambda": "runs for the stack itself",
    "AWS::CloudFormation": "runs during a deployment",
    "AWS::SQS": "protects messages",
    "AWS::ECS": "configures the service",
}
_OUT: Final = ("AWS::CDK::Metadata", "AWS::CloudFormation::WaitConditionHandle")
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
                purpose=purpose(resource),
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
            found |= dict.fromkeys(targets(dict(resource.properties)), "keeps logs")
        if resource.type == "AWS::SecretsManager::RotationSchedule":
            found |= dict.fromkeys(
                targets(resource.get("RotationLambdaARN")), "changes the database password"
            )
        token = resource.get("ServiceToken")
        if token is not None:
            found |= dict.fromkeys(targets(token), "runs during a deployment")
    return {
        name: why
        for name, why in found.items()
        if name in view.resources
        and view.resources[name].type in ("AWS::S3::Bucket", "AWS::Lambda::Function")
    }


def _scope(resource: Resource, helpers: Mapping[str, str]) -> tuple[Scope, str]:
    if resource.type in _OUT:
        return Scope.OUT, "makes nothing in the account"
    if resource.logical_id in helpers:
        return Scope.CONNECTED, helpers[resource.logical_id]
    if resource.type in _IN_CDE:
        return Scope.CDE, _IN_CDE[resource.type]
    if resource.type.startswith("Custom::"):
        return Scope.CONNECTED, "runs during a deployment"
    service = "::".join(resource.type.split("::")[:2])
    return Scope.CONNECTED, _CONNECTED.get(
        service, "not known to this inventory: connected until you decide otherwise"
    )
