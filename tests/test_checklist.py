"""A checklist: what must know every resource type of our templates, or say why it need not.

Whoever adds a resource to the stack is told here where else it belongs. What is excused stands in
``EXCUSED`` with the reason; an excuse that nothing needs any more is refused as well.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import pytest

from pcistack.checks.run import load, resolve
from pcistack.evidence.inventory import components
from pcistack.template.document import Json, Template
from tests.support import ENDPOINTS, SHIPPED, ZONE, Synthesized, template, variant

ROOT = Path(__file__).resolve().parent.parent
ZURICH = "eu-central-2"
SUFFIXES = ("dev", "prod", "pr42", "first-correction")


@cache
def _templates() -> tuple[Synthesized, ...]:
    return (*(template(suffix) for suffix in SHIPPED), variant(**ENDPOINTS), variant(**ZONE))


@cache
def _all_types() -> frozenset[str]:
    return frozenset(str(r["Type"]) for t in _templates() for r in t.resources.values())


def _named_types() -> frozenset[str]:
    """Types whose name our templates choose, so that somebody else can have taken it."""
    return frozenset(
        str(resource["Type"])
        for synthesized in _templates()
        for logical_id, resource in synthesized.resources.items()
        for key, value in synthesized.properties(logical_id).items()
        if key.endswith(("Name", "Identifier", "Family"))
        and key != "DisplayName"
        and isinstance(value, str)
        and any(suffix in value for suffix in SUFFIXES)
    )


@cache
def _spoken_of(*parts: str, under: Path = ROOT / "pcistack") -> frozenset[str]:
    """Types that a module names, or the modules of a package."""
    place = under.joinpath(*parts)
    trees = [ast.parse(file.read_text()) for file in [*place.glob("*.py")] or [place]]
    nodes = (node for tree in trees for node in ast.walk(tree))
    constants = (node.value for node in nodes if isinstance(node, ast.Constant))
    return frozenset(text for text in constants if isinstance(text, str) and text.count("::") == 2)


@cache
def _inventoried() -> frozenset[str]:
    """Types whose scope the evidence gives a reason for."""
    return frozenset(
        row.type
        for synthesized in _templates()
        for view in resolve(Template(cast("dict[str, Json]", synthesized.body)), ZURICH)
        for row in components(view)
        if not row.why.startswith("not known to this inventory")
    )


def _emulated() -> frozenset[str]:
    """Types that the embedded AWS makes: the engine's, ours, and what runs a function."""
    found = find_spec("ministack.services.cloudformation.provisioners")
    assert found is not None
    engine = Path(str(found.origin))
    custom = (kind for kind in _all_types() if kind.startswith("Custom::"))
    ours = _spoken_of("rehearsal", "embedded")
    return ours | _spoken_of(engine.name, under=engine.parent) | frozenset(custom)


PLACES: Mapping[str, tuple[Callable[[], frozenset[str]], Callable[[], frozenset[str]]]] = {
    "the scope in evidence/inventory.py": (_all_types, _inventoried),
    "a rule in pci_dss/rules": (
        _all_types,
        lambda: frozenset(kind for rule in load("pci").rules for kind in rule.types),
    ),
    "the names that account/names_in_use.py asks for": (
        _named_types,
        lambda: _spoken_of("account", "names_in_use.py"),
    ),
    "how long it takes in rehearsal/critical_path.py": (
        _all_types,
        lambda: _spoken_of("rehearsal", "critical_path.py"),
    ),
    "the embedded AWS of rehearsal/embedded": (_all_types, _emulated),
    "the promises of account/verify": (
        _all_types,
        lambda: _spoken_of("account", "verify"),
    ),
}
"""For each place: the types that it must know, and those that it knows."""

EXCUSED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "a rule in pci_dss/rules": {
        "no requirement speaks of how many tasks run": (
            "AWS::ApplicationAutoScaling::ScalableTarget",
            "AWS::ApplicationAutoScaling::ScalingPolicy",
        ),
        "shows figures, decides nothing": ("AWS::CloudWatch::Dashboard",),
        "judged through the network model, at the workloads and routes that use it": (
            "AWS::EC2::InternetGateway",
            "AWS::EC2::NatGateway",
            "AWS::EC2::RouteTable",
            "AWS::EC2::SubnetRouteTableAssociation",
            "AWS::RDS::DBSubnetGroup",
        ),
        "judged at the load balancer, its listener and the web ACL": (
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            "AWS::WAFv2::WebACLAssociation",
        ),
        "ties a log of queries, judged itself, to its VPC": (
            "AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation",
        ),
        "another name of a key that is judged itself": ("AWS::KMS::Alias",),
        "a public name of what is judged itself": ("AWS::Route53::RecordSet",),
        "runs code while a deployment lasts; its role is judged": (
            "Custom::DatabaseUsers",
            "Custom::S3AutoDeleteObjects",
            "Custom::VpcRestrictDefaultSG",
        ),
    },
    "the names that account/names_in_use.py asks for": {
        "its name is taken inside a cluster or target of the same stack only": (
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            "AWS::ECS::Service",
        ),
        "each revision is a new one, so that no name is taken": ("AWS::ECS::TaskDefinition",),
        "PutMetricAlarm writes over an alarm of the same name": ("AWS::CloudWatch::Alarm",),
    },
    "how long it takes in rehearsal/critical_path.py": {
        "waits for DNS, which nobody can foretell": ("AWS::CertificateManager::Certificate",),
        "made by one call that CloudFormation does not wait for: a few seconds": (
            "AWS::ApplicationAutoScaling::ScalableTarget",
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            "AWS::CloudWatch::Alarm",
            "AWS::CloudWatch::Dashboard",
            "AWS::EC2::FlowLog",
            "AWS::EC2::Route",
            "AWS::EC2::RouteTable",
            "AWS::EC2::SecurityGroup",
            "AWS::EC2::SecurityGroupEgress",
            "AWS::EC2::SecurityGroupIngress",
            "AWS::EC2::Subnet",
            "AWS::EC2::SubnetRouteTableAssociation",
            "AWS::EC2::VPCEndpoint",
            "AWS::EC2::VPCGatewayAttachment",
            "AWS::ECS::Cluster",
            "AWS::ECS::TaskDefinition",
            "AWS::ElasticLoadBalancingV2::Listener",
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            "AWS::KMS::Alias",
            "AWS::Lambda::Permission",
            "AWS::Logs::LogGroup",
            "AWS::RDS::DBClusterParameterGroup",
            "AWS::RDS::DBSubnetGroup",
            "AWS::Route53Resolver::FirewallDomainList",
            "AWS::Route53Resolver::FirewallRuleGroup",
            "AWS::Route53Resolver::FirewallRuleGroupAssociation",
            "AWS::Route53Resolver::ResolverQueryLoggingConfig",
            "AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation",
            "AWS::SNS::Subscription",
            "AWS::RDS::EventSubscription",
            "AWS::Route53::RecordSet",
            "AWS::S3::Bucket",
            "AWS::S3::BucketPolicy",
            "AWS::SNS::Topic",
            "AWS::SNS::TopicPolicy",
            "AWS::SecretsManager::RotationSchedule",
            "AWS::SecretsManager::Secret",
            "AWS::WAFv2::LoggingConfiguration",
            "AWS::WAFv2::WebACL",
            "AWS::WAFv2::WebACLAssociation",
            "Custom::DatabaseUsers",
            "Custom::S3AutoDeleteObjects",
            "Custom::VpcRestrictDefaultSG",
        ),
    },
    "the promises of account/verify": {
        "the embedded AWS resolves no names; rules judge the template": (
            "AWS::Route53Resolver::FirewallDomainList",
            "AWS::Route53Resolver::FirewallRuleGroup",
            "AWS::Route53Resolver::FirewallRuleGroupAssociation",
            "AWS::Route53Resolver::ResolverQueryLoggingConfig",
            "AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation",
        ),
        "a person confirms it by a mail that the embedded AWS does not send": (
            "AWS::SNS::Subscription",
        ),
        "asked for through what it belongs to: the network, the service, the ingress, the secret": (
            "AWS::ApplicationAutoScaling::ScalableTarget",
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            "AWS::EC2::FlowLog",
            "AWS::EC2::SecurityGroup",
            "AWS::EC2::SecurityGroupEgress",
            "AWS::EC2::SecurityGroupIngress",
            "AWS::EC2::Subnet",
            "AWS::ElasticLoadBalancingV2::Listener",
            "AWS::WAFv2::LoggingConfiguration",
            "AWS::WAFv2::WebACLAssociation",
            "Custom::DatabaseUsers",
            "Custom::VpcRestrictDefaultSG",
        ),
        "routes decide; what reaches what is judged on the template": (
            "AWS::EC2::EIP",
            "AWS::EC2::InternetGateway",
            "AWS::EC2::NatGateway",
            "AWS::EC2::Route",
            "AWS::EC2::RouteTable",
            "AWS::EC2::SubnetRouteTableAssociation",
            "AWS::EC2::VPCEndpoint",
            "AWS::EC2::VPCGatewayAttachment",
        ),
        "permissions: the rules judge them, the embedded AWS does not enforce them": (
            "AWS::Lambda::Permission",
            "AWS::S3::BucketPolicy",
            "AWS::SNS::TopicPolicy",
        ),
        "only with a hosted zone, which no shipped environment has": (
            "AWS::CertificateManager::Certificate",
            "AWS::Route53::RecordSet",
        ),
        "leaves nothing to ask for: it empties a bucket when the stack goes": (
            "Custom::S3AutoDeleteObjects",
        ),
    },
}


def _excused(place: str) -> frozenset[str]:
    return frozenset(kind for kinds in EXCUSED.get(place, {}).values() for kind in kinds)


@pytest.mark.parametrize("place", PLACES)
def test_every_type_of_our_templates_is_known_where_it_must_be(place: str) -> None:
    wanted, known = (types() for types in PLACES[place])
    missing = sorted(wanted - known - _excused(place))
    assert missing == [], f"add it to {place}, or excuse it in EXCUSED with the reason"


@pytest.mark.parametrize("place", PLACES)
def test_no_type_is_excused_that_is_known_or_gone(place: str) -> None:
    wanted, known = (types() for types in PLACES[place])
    assert sorted(_excused(place) - (wanted - known)) == []
