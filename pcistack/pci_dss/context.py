"""What the rules look at: one view of a template on one day, its network and policies at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pcistack.network.network import NetworkMap, network_of
from pcistack.pci_dss.exposure import Exposure
from pcistack.pci_dss.exposures import exposures
from pcistack.policies.access import Access
from pcistack.policies.statements import Statement
from pcistack.template.references import name_of
from pcistack.template.view import Resource, Value, View


@dataclass(frozen=True, kw_only=True)
class Context:
    """One view of a template; what is derived from it is computed once, when first asked for.

    Attributes:
        view: The view.
        on: The day for which support dates are judged.
    """

    view: View
    on: date

    @classmethod
    def of(cls, view: View, region: str | None, on: date) -> Context:
        """Return the context of a view; the rules do not depend on the region."""
        return cls(view=view, on=on)

    def of_type(self, *types: str) -> list[Resource]:
        """Return the resources of some CloudFormation types, type by type."""
        return self.view.of_each(*types)

    def target(self, value: Value) -> Resource | None:
        """Return the resource that a value refers to, if it is in the template."""
        return self.view.target(value)

    def pointing(self, kind: str, path: str, logical_id: str) -> list[Resource]:
        """Return the resources of a type whose value at a path refers to a resource."""
        return [
            resource
            for resource in self.view.of_type(kind)
            if any(name_of(item) == logical_id for item in resource.items(path))
        ]

    @cached_property
    def network(self) -> NetworkMap:
        """The network of the view."""
        return network_of(self.view)

    @cached_property
    def statements(self) -> Mapping[str, tuple[Statement, ...]]:
        """Policy statements by the logical id of the resource that holds them."""
        return self.access.statements

    @cached_property
    def access(self) -> Access:
        """Which role has which policies."""
        return Access(self.view)

    @cached_property
    def exposures(self) -> tuple[Exposure, ...]:
        """Credentials that the resources hold in the clear."""
        return exposures(self.view)

    @cached_property
    def log_buckets(self) -> Mapping[str, str]:
        """Buckets of the template that receive logs, with what delivers them."""
        found: dict[str, str] = {}
        for balancer in self.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"):
            delivered_to = name_of(attributes(balancer).get("access_logs.s3.bucket"))
            found[delivered_to] = "load balancer"
        for bucket in self.of_type("AWS::S3::Bucket"):
            destination = name_of(bucket.get("LoggingConfiguration.DestinationBucketName"))
            found.setdefault(destination, "bucket")
        for kind, path in _LOG_SOURCES.items():
            for source in self.of_type(kind):
                for value in source.items(path):
                    found.setdefault(name_of(value), kind)
        buckets = {bucket.logical_id for bucket in self.of_type("AWS::S3::Bucket")}
        return {name: source for name, source in found.items() if name in buckets}

    @cached_property
    def acl_buckets(self) -> frozenset[str]:
        """Buckets that CloudFront writes its standard logs to, which it does with an ACL only."""
        named = [
            distribution.get(path)
            for kind, path in _ACL_WRITERS.items()
            for distribution in self.of_type(kind)
        ]
        ids = {name_of(value) for value in named}
        names = {str(value).partition(".s3")[0] for value in named if isinstance(value, str)}
        return frozenset(
            bucket.logical_id
            for bucket in self.of_type("AWS::S3::Bucket")
            if bucket.logical_id in ids or bucket.text("BucketName") in names
        )

    @cached_property
    def delivered(self) -> frozenset[str]:
        """Resources whose log a ``AWS::Logs::Delivery`` of the template delivers."""
        sources = [d.get("DeliverySourceName") for d in self.of_type("AWS::Logs::Delivery")]
        used = {name_of(value) for value in sources}
        return frozenset(
            name_of(source.get("ResourceArn"))
            for source in self.of_type("AWS::Logs::DeliverySource")
            if source.logical_id in used or name_of(source.get("Name")) in used
        )


_ACL_WRITERS = {
    "AWS::CloudFront::Distribution": "DistributionConfig.Logging.Bucket",
    "AWS::CloudFront::StreamingDistribution": "StreamingDistributionConfig.Logging.Bucket",
}
_LOG_SOURCES = {
    "AWS::ElasticLoadBalancing::LoadBalancer": "AccessLoggingPolicy.S3BucketName",
    "AWS::CloudTrail::Trail": "S3BucketName",
    "AWS::EC2::FlowLog": "LogDestination",
    "AWS::WAFv2::LoggingConfiguration": "LogDestinationConfigs",
    "AWS::CloudFront::Distribution": "DistributionConfig.Logging.Bucket",
}


def attributes(resource: Resource, path: str = "LoadBalancerAttributes") -> dict[str, Value]:
    """Return a list of ``Key``/``Value`` pairs as a dictionary."""
    found: dict[str, Value] = {}
    for item in resource.items(path):
        if isinstance(item, dict) and isinstance(item.get("Key"), str):
            found[str(item["Key"])] = item.get("Value")
    return found
