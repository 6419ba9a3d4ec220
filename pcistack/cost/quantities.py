"""How much of what is billed a template has, apart from use: hours of things that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pcistack.cost.tasks import fargate
from pcistack.template.view import Resource, View

HOURS: Final = 730
"""Hours of a month, as AWS's calculator has it."""
_LOAD_BALANCER: Final = "AWS::ElasticLoadBalancingV2::LoadBalancer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """Something that is billed for being there.

    Attributes:
        price: Id of its price.
        title: What it is called.
        hours: How often the price is due in a month: each hour, or once.
    """

    price: str
    title: str
    hours: int = HOURS


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """How much of something a resource has.

    Attributes:
        price: Id of its price.
        resource: Logical id.
        amount: How much; None if only the deployment knows.
    """

    price: str
    resource: str
    amount: float | None


BILLED: Final = (
    Billed(price="nat-gateway", title="NAT gateways"),
    Billed(price="address", title="public IPv4 addresses"),
    Billed(price="interface-endpoint", title="interface endpoints, in each zone"),
    Billed(price="aurora-capacity", title="Aurora capacity at its minimum, ACU"),
    Billed(price="fargate-vcpu", title="Fargate, vCPU"),
    Billed(price="fargate-memory", title="Fargate, GB"),
    Billed(price="fargate-vcpu-arm", title="Fargate on ARM, vCPU"),
    Billed(price="fargate-memory-arm", title="Fargate on ARM, GB"),
    Billed(price="load-balancer", title="load balancers"),
    Billed(price="web-acl", title="web ACLs", hours=1),
    Billed(price="web-acl-rule", title="rules of web ACLs", hours=1),
    Billed(price="dns-firewall-domain", title="domains of DNS Firewall's lists", hours=1),
    Billed(price="key", title="KMS keys", hours=1),
    Billed(price="secret", title="secrets", hours=1),
    Billed(price="alarm-metric", title="alarm metrics", hours=1),
)
"""Everything that has a price here, in the order in which it is shown."""


def quantities(view: View) -> Iterator[Quantity]:
    """Yield what each resource has of what is billed."""
    for kind, count in _COUNTED.items():
        for resource in view.of_type(kind):
            for price, amount in count(view, resource):
                yield Quantity(price=price, resource=resource.logical_id, amount=amount)
    for tasks in fargate(view):
        end = "-arm" if tasks.arm else ""
        for price, size in (("fargate-vcpu", tasks.vcpu), ("fargate-memory", tasks.memory)):
            number = tasks.lowest
            amount = None if size is None or number is None else size * number
            yield Quantity(price=f"{price}{end}", resource=tasks.service, amount=amount)


_Amounts = Iterator[tuple[str, float | None]]


def _one(price: str) -> Callable[[View, Resource], _Amounts]:
    return lambda _view, _resource: iter([(price, 1.0)])


def _load_balancer(_view: View, balancer: Resource) -> _Amounts:
    yield "load-balancer", 1.0
    if balancer.text("Scheme") != "internal":  # an address in each of its subnets
        yield "address", float(len(balancer.items("Subnets") or balancer.items("SubnetMappings")))


def _endpoint(_view: View, endpoint: Resource) -> _Amounts:
    if endpoint.text("VpcEndpointType") == "Interface":
        yield "interface-endpoint", float(len(endpoint.items("SubnetIds")) or 1)


def _instance(view: View, instance: Resource) -> _Amounts:
    if instance.text("DBInstanceClass") != "db.serverless":
        return
    cluster = view.target(instance.get("DBClusterIdentifier"))
    path = "ServerlessV2ScalingConfiguration.MinCapacity"
    yield "aurora-capacity", None if cluster is None else cluster.number(path)


def _cluster(_view: View, cluster: Resource) -> _Amounts:
    if cluster.flag("ManageMasterUserPassword"):
        yield "secret", 1.0  # the master user's, which RDS makes


def _domains(_view: View, listed: Resource) -> _Amounts:
    yield "dns-firewall-domain", float(len(listed.items("Domains")))


def _web_acl(_view: View, acl: Resource) -> _Amounts:
    yield "web-acl", 1.0
    yield "web-acl-rule", float(len(acl.items("Rules")))


def _alarm(_view: View, alarm: Resource) -> _Amounts:
    """An alarm on an expression is billed for each metric that it reads."""
    queries = alarm.items("Metrics")
    read = sum(isinstance(query, dict) and "MetricStat" in query for query in queries)
    yield "alarm-metric", float(read) if queries else 1.0


_COUNTED: Final[Mapping[str, Callable[[View, Resource], _Amounts]]] = {
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::EC2::EIP": _one("address"),
    "AWS::EC2::NatGateway": _one("nat-gateway"),
    "AWS::EC2::VPCEndpoint": _endpoint,
    _LOAD_BALANCER: _load_balancer,
    "AWS::KMS::Key": _one("key"),
    "AWS::RDS::DBCluster": _cluster,
    "AWS::RDS::DBInstance": _instance,
    "AWS::Route53Resolver::FirewallDomainList": _domains,
    "AWS::SecretsManager::Secret": _one("secret"),
    "AWS::WAFv2::WebACL": _web_acl,
}

_PROVISIONED: Final = (
    "AWS::Cassandra::Table",
    "AWS::DocDB::DBInstance",
    "AWS::EC2::Instance",
    "AWS::EC2::TransitGateway",
    "AWS::EC2::VPNConnection",
    "AWS::ECS::CapacityProvider",
    "AWS::EFS::FileSystem",
    "AWS::EKS::Cluster",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::Kinesis::Stream",
    "AWS::MSK::Cluster",
    "AWS::Neptune::DBInstance",
    "AWS::NetworkFirewall::Firewall",
    "AWS::OpenSearchService::Domain",
    "AWS::Redshift::Cluster",
    "AWS::Route53Resolver::ResolverEndpoint",
)


def unpriced(view: View) -> Iterator[str]:
    """Yield the logical ids of what costs by the hour and has no price here."""
    for resource in view.of_type(*_PROVISIONED):
        yield resource.logical_id
    for instance in view.of_type("AWS::RDS::DBInstance"):
        if instance.text("DBInstanceClass") != "db.serverless":
            yield instance.logical_id
