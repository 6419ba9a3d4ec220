"""Load balancers, target groups, listeners and rules: what Elastic Load Balancing refuses."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from tests.deployment.case import Case, template

_ELB = "AWS::ElasticLoadBalancingV2"
_GROUP = "Port: 80\nProtocol: HTTP\nVpcId: vpc-1\n"
_LISTENER = "LoadBalancerArn: !Ref Balancer\nPort: 443\n"
_BALANCER = f"Balancer: {{Type: {_ELB}::LoadBalancer, Properties: {{Subnets: [!Ref A, !Ref B]}}}}\n"
_FORWARD = "DefaultActions: [{Type: forward, TargetGroupArn: !Ref Group}]\n"
_TARGETS = (
    f"Group: {{Type: {_ELB}::TargetGroup, Properties: {{Port: 80, VpcId: v, Protocol: %s}}}}\n"
)


def _resource(kind: str, text: str) -> str:
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return f"Thing:\n  Type: {_ELB}::{kind}\n  Properties:\n{lines}"


def _case(
    rule: str, kind: str, path: str, bad: str, good: str, name: str = "", more: str = ""
) -> Case:
    return Case(
        rule=rule,
        name=name,
        severity=Severity.FATAL,
        property=path,
        bad=template(more + _resource(kind, bad)),
        good=template(more + _resource(kind, good)),
    )


def _attribute(key: str, value: str) -> str:
    return f"{_GROUP}TargetGroupAttributes: [{{Key: {key}, Value: '{value}'}}]"


def _balanced(key: str, value: str) -> str:
    return f"LoadBalancerAttributes: [{{Key: {key}, Value: '{value}'}}]"


_SUBNETS = """
A: {Type: AWS::EC2::Subnet, Properties: {VpcId: v, AvailabilityZone: a}}
B: {Type: AWS::EC2::Subnet, Properties: {VpcId: v, AvailabilityZone: %s}}
"""
_BUCKET = """
Balancer:
  Type: AWS::ElasticLoadBalancingV2::LoadBalancer
  Properties:
    LoadBalancerAttributes: [{Key: access_logs.s3.bucket, Value: !Ref Thing}]
Thing:
  Type: AWS::S3::Bucket
  Properties:
    BucketEncryption:
      ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: %s}}]
"""
_CERTIFICATE = "Protocol: HTTPS\nCertificates: [{CertificateArn: c}]\n"
_AT_80 = "Protocol: HTTP\n"
_SECOND = (
    f"First: {{Type: {_ELB}::Listener, Properties: {{LoadBalancerArn: !Ref Balancer, Port: %s,"
    " Protocol: HTTP, DefaultActions: [{Type: forward, TargetGroupArn: t}]}}\n"
)
_RULE = "ListenerArn: !Ref First\nActions: [{Type: forward, TargetGroupArn: t}]\n"
_CONDITION = "Conditions: [{Field: path-pattern, Values: ['/a']}]\n"
_OTHER = (
    f"Other: {{Type: {_ELB}::ListenerRule, Properties: {{ListenerArn: !Ref First, Priority: 7,"
    " Conditions: [{Field: path-pattern, Values: ['/b']}],"
    " Actions: [{Type: forward, TargetGroupArn: t}]}}\n"
)

CASES = (
    _case(
        "DEPLOY-TARGET-GROUP",
        "TargetGroup",
        "ProtocolVersion",
        "Port: 80\nProtocol: TCP\nVpcId: v\nProtocolVersion: HTTP2",
        f"{_GROUP}ProtocolVersion: HTTP2",
    ),
    _case("DEPLOY-TARGET-GROUP", "TargetGroup", "VpcId", "Port: 80\nProtocol: HTTP", _GROUP, "vpc"),
    _case(
        "DEPLOY-TARGET-HEALTH-CHECK",
        "TargetGroup",
        "HealthCheckTimeoutSeconds",
        f"{_GROUP}HealthCheckTimeoutSeconds: 30",
        f"{_GROUP}HealthCheckTimeoutSeconds: 5",
    ),
    _case(
        "DEPLOY-TARGET-HEALTH-CHECK",
        "TargetGroup",
        "HealthyThresholdCount",
        f"{_GROUP}HealthyThresholdCount: 11",
        f"{_GROUP}HealthyThresholdCount: 10",
        "threshold",
    ),
    _case(
        "DEPLOY-TARGET-HEALTH-CHECK",
        "TargetGroup",
        "HealthCheckProtocol",
        f"{_GROUP}HealthCheckProtocol: TCP",
        f"{_GROUP}HealthCheckProtocol: HTTPS",
        "protocol",
    ),
    _case(
        "DEPLOY-TARGET-HEALTH-CHECK",
        "TargetGroup",
        "Matcher.HttpCode",
        f"{_GROUP}Matcher: {{HttpCode: '600'}}",
        f"{_GROUP}Matcher: {{HttpCode: '200-399'}}",
        "codes",
    ),
    _case(
        "DEPLOY-TARGET-ATTRIBUTE",
        "TargetGroup",
        "TargetGroupAttributes.0.Value",
        _attribute("deregistration_delay.timeout_seconds", "4000"),
        _attribute("deregistration_delay.timeout_seconds", "3600"),
    ),
    _case(
        "DEPLOY-TARGET-ATTRIBUTE",
        "TargetGroup",
        "TargetGroupAttributes.0.Key",
        _attribute("deregistration_delay.timeout", "40"),
        _attribute("slow_start.duration_seconds", "40"),
        "key",
    ),
    _case(
        "DEPLOY-TARGET-ATTRIBUTE",
        "TargetGroup",
        "TargetGroupAttributes.0.Value",
        _attribute("stickiness.type", "cookie"),
        _attribute("stickiness.type", "lb_cookie"),
        "value",
    ),
    _case(
        "DEPLOY-LOAD-BALANCER-SUBNETS",
        "LoadBalancer",
        "Subnets",
        "Subnets: [!Ref A]",
        "Subnets: [!Ref A, !Ref B]",
        more=_SUBNETS % "b",
    ),
    Case(
        rule="DEPLOY-LOAD-BALANCER-SUBNETS",
        name="one zone",
        severity=Severity.FATAL,
        property="Subnets",
        bad=template(_SUBNETS % "a" + _resource("LoadBalancer", "Subnets: [!Ref A, !Ref B]")),
        good=template(_SUBNETS % "b" + _resource("LoadBalancer", "Subnets: [!Ref A, !Ref B]")),
    ),
    _case(
        "DEPLOY-LOAD-BALANCER-NAME",
        "LoadBalancer",
        "Name",
        f"Name: {'a' * 33}",
        f"Name: {'a' * 32}",
    ),
    _case(
        "DEPLOY-LOAD-BALANCER-ATTRIBUTE",
        "LoadBalancer",
        "LoadBalancerAttributes.0.Value",
        _balanced("idle_timeout.timeout_seconds", "5000"),
        _balanced("idle_timeout.timeout_seconds", "4000"),
    ),
    _case(
        "DEPLOY-LOAD-BALANCER-ATTRIBUTE",
        "LoadBalancer",
        "LoadBalancerAttributes.0.Key",
        "Type: network\n" + _balanced("idle_timeout.timeout_seconds", "50"),
        "Type: network\n" + _balanced("load_balancing.cross_zone.enabled", "true"),
        "key",
    ),
    Case(
        rule="DEPLOY-LOAD-BALANCER-BUCKET-KEY",
        property="BucketEncryption.ServerSideEncryptionConfiguration.0"
        ".ServerSideEncryptionByDefault.SSEAlgorithm",
        bad=template(_BUCKET % "aws:kms"),
        good=template(_BUCKET % "AES256"),
    ),
    _case(
        "DEPLOY-LISTENER",
        "Listener",
        "Certificates",
        f"{_LISTENER}Protocol: HTTPS\n{_FORWARD}",
        f"{_LISTENER}{_CERTIFICATE}{_FORWARD}",
    ),
    _case(
        "DEPLOY-LISTENER",
        "Listener",
        "Certificates",
        f"{_LISTENER}Protocol: HTTP\nCertificates: [{{CertificateArn: c}}]\n{_FORWARD}",
        f"{_LISTENER}Protocol: HTTP\n"
        f"Certificates: [{{CertificateArn: !Ref AWS::NoValue}}]\n{_FORWARD}",
        "no certificate",
    ),
    _case(
        "DEPLOY-LISTENER",
        "Listener",
        "SslPolicy",
        f"{_LISTENER}{_CERTIFICATE}SslPolicy: ELBSecurityPolicy-TLS-1-4\n{_FORWARD}",
        f"{_LISTENER}{_CERTIFICATE}SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06\n{_FORWARD}",
        "policy",
    ),
    _case(
        "DEPLOY-LISTENER",
        "Listener",
        "Protocol",
        f"{_LISTENER}Protocol: TCP\n{_FORWARD}",
        f"{_LISTENER}Protocol: HTTP\n{_FORWARD}",
        "protocol",
        more=_BALANCER,
    ),
    _case(
        "DEPLOY-LISTENER-PORT",
        "Listener",
        "Port",
        f"{_LISTENER}{_CERTIFICATE}{_FORWARD}",
        f"{_LISTENER.replace('443', '80')}{_AT_80}{_FORWARD}",
        more=_BALANCER + _SECOND % 443,
    ),
    _case(
        "DEPLOY-LISTENER-ACTION",
        "Listener",
        "DefaultActions.0",
        f"{_LISTENER}{_AT_80}DefaultActions: [{{Type: redirect}}]",
        f"{_LISTENER}{_AT_80}DefaultActions: [{{Type: redirect, RedirectConfig: "
        "{StatusCode: HTTP_301, Protocol: HTTPS}}]",
    ),
    Case(
        rule="DEPLOY-LISTENER-ACTION",
        name="target protocol",
        severity=Severity.FATAL,
        property="DefaultActions.0",
        bad=template(_TARGETS % "TCP" + _resource("Listener", f"{_LISTENER}{_AT_80}{_FORWARD}")),
        good=template(_TARGETS % "HTTPS" + _resource("Listener", f"{_LISTENER}{_AT_80}{_FORWARD}")),
    ),
    _case(
        "DEPLOY-LISTENER-RULE",
        "ListenerRule",
        "Priority",
        f"{_RULE}{_CONDITION}Priority: 7",
        f"{_RULE}{_CONDITION}Priority: 8",
        more=_SECOND % 443 + _OTHER,
    ),
    _case(
        "DEPLOY-LISTENER-RULE",
        "ListenerRule",
        "Priority",
        f"{_RULE}{_CONDITION}Priority: 50001",
        f"{_RULE}{_CONDITION}Priority: 50000",
        "range",
    ),
)
