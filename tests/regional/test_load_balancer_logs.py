"""Whoever writes a load balancer's logs, and wherever they go, the bucket lets it."""

from __future__ import annotations

import pytest

from tests.regional.cases import resource
from tests.regional.helpers import rules

RULE = "LOAD-BALANCER-LOG-BUCKET"
_BUCKET = """
Logs: {Type: AWS::S3::Bucket, Properties: {BucketName: %s}}
Policy:
  Type: AWS::S3::BucketPolicy
  Properties:
    Bucket: %s
    PolicyDocument:
      Statement: [{Effect: Allow, Principal: {Service: %s}, Action: s3:PutObject, Resource: '*'}]
"""
_SERVICE = "logdelivery.elasticloadbalancing.amazonaws.com"
_NETWORK = "delivery.logs.amazonaws.com"


def _balancer(kind: str, log: str, bucket: str, more: str) -> str:
    return resource(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        f"Type: {kind}\nLoadBalancerAttributes:\n"
        f"  - {{Key: {log}.s3.enabled, Value: 'true'}}\n"
        f"  - {{Key: {log}.s3.bucket, Value: {bucket}}}",
        more=more,
    )


@pytest.mark.parametrize("bucket", ["!Ref Logs", "shop-logs"])
@pytest.mark.parametrize("log", ["access_logs", "connection_logs", "health_check_logs"])
@pytest.mark.parametrize(
    ("kind", "principal", "writes"),
    [
        ("application", _SERVICE, True),
        ("application", _NETWORK, False),
        ("network", _NETWORK, True),
        ("network", _SERVICE, False),
    ],
)
def test_each_kind_of_load_balancer_writes_as_its_own_principal(
    kind: str, principal: str, writes: bool, log: str, bucket: str
) -> None:
    text = _balancer(kind, log, bucket, _BUCKET % ("shop-logs", bucket, principal))
    assert (RULE not in rules(text)) == writes


def test_a_classic_load_balancer_needs_the_same_policy() -> None:
    text = resource(
        "AWS::ElasticLoadBalancing::LoadBalancer",
        "AccessLoggingPolicy: {Enabled: true, S3BucketName: !Ref Logs}",
        more="Logs: {Type: AWS::S3::Bucket}",
    )
    assert RULE in rules(text)


@pytest.mark.parametrize(("region", "passes"), [("eu-west-1", True), ("eu-central-2", False)])
def test_a_users_own_endpoint_service_is_of_its_region(region: str, passes: bool) -> None:
    text = resource(
        "AWS::EC2::VPCEndpoint",
        "ServiceName: com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0",
    )
    assert ("ENDPOINT-REGION" not in rules(text, region)) == passes


def test_an_endpoint_may_name_the_region_of_another_service() -> None:
    text = resource(
        "AWS::EC2::VPCEndpoint",
        "ServiceName: com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0\n"
        "ServiceRegion: eu-west-1",
    )
    assert "ENDPOINT-REGION" not in rules(text)


def test_an_empty_capacity_range_is_none() -> None:
    text = resource(
        "AWS::RDS::DBCluster",
        "Engine: aurora-mysql\nServerlessV2ScalingConfiguration:\n"
        "  MinCapacity: !Ref AWS::NoValue\n  MaxCapacity: !Ref AWS::NoValue",
    )
    assert not [rule for rule in rules(text) if rule.startswith("AURORA-V2")]
