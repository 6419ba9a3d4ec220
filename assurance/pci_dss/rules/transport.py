"""Requirements 4.2.1, 2.2.7 and 6.2.4: TLS everywhere, and load balancers that are strict."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from assurance.findings import Severity
from assurance.pci_dss.context import Context, attributes
from assurance.pci_dss.network import name_of
from assurance.pci_dss.policies import Statement
from assurance.pci_dss.rule import UNRESOLVED, Extent, Hit, hit_at, rule, show
from assurance.resolution import Resource, Value

_STRONG_POLICY: Final = re.compile(
    r"ELBSecurityPolicy-(TLS13-1-[23](-Res)?|FS-1-2-Res|TLS-1-2)(-FIPS)?(-PQ)?(-\d{4}-\d{2})?$"
)
"""TLS 1.2 and later, forward secrecy or AEAD ciphers; not the Ext lines, which add old ciphers."""

_LISTENERS: Final = (
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::ElasticLoadBalancing::LoadBalancer",
)


def redirects_only(context: Context, balancer: str, port: int) -> bool:
    """Whether a load balancer's listener on a port does nothing but redirect to HTTPS."""
    listeners = [
        listener
        for listener in context.of_type("AWS::ElasticLoadBalancingV2::Listener")
        if name_of(listener.get("LoadBalancerArn")) == balancer and listener.number("Port") == port
    ]
    redirects = (not list(_not_redirecting(context, listener)) for listener in listeners)
    return bool(listeners) and all(redirects)


def _not_redirecting(context: Context, listener: Resource) -> Iterator[tuple[str, str]]:
    """Yield resource and path of every action of an HTTP listener that is no HTTPS redirect."""
    rules = context.pointing(
        "AWS::ElasticLoadBalancingV2::ListenerRule", "ListenerArn", listener.logical_id
    )
    for resource, path in ((listener, "DefaultActions"), *((one, "Actions") for one in rules)):
        for index, action in enumerate(resource.items(path)):
            if not _to_https(action, str(listener.get("Protocol"))):
                yield resource.logical_id, f"{path}.{index}"


def _to_https(action: Value, protocol: str) -> bool:
    if not isinstance(action, dict):
        return False
    if action.get("Type") == "fixed-response":
        return True
    redirect = action.get("RedirectConfig")
    if action.get("Type") != "redirect" or not isinstance(redirect, dict):
        return False
    target = str(redirect.get("Protocol", "#{protocol}")).replace("#{protocol}", protocol)
    return target.upper() == "HTTPS"


@rule(
    "PCI-4.2.1-LISTENER-PLAIN",
    "Load balancers speak TLS; HTTP only redirects to it",
    asks="Strong cryptography protects card data over open networks.",
    requirements=("4.2.1", "1.2.6", "2.2.5"),
    security_hub=("ELB.3",),
    related=(
        "ELB.1",
        "ELB.2",
    ),
    types=_LISTENERS,
    extent=Extent.FULL,
    fix="Listen with HTTPS (or TLS) on 443; on 80 use a redirect action to HTTPS.",
)
def listener_plain(context: Context) -> Iterator[Hit]:
    for listener in context.of_type("AWS::ElasticLoadBalancingV2::Listener"):
        protocol = listener.get("Protocol")
        if protocol == "HTTP" or _looks_plain(listener):
            public = _faces_internet(context, listener)
            for resource, path in _not_redirecting(context, listener):
                yield Hit(
                    resource=resource,
                    property=path,
                    message=f"requests over {show(protocol)} are answered, not redirected to HTTPS",
                    severity=None if public else Severity.WARNING,
                )
        elif listener.is_unknown("Protocol"):
            yield hit_at(listener, "Protocol", f"Protocol {UNRESOLVED}")
        elif protocol in ("TCP", "UDP", "TCP_UDP") and _faces_internet(context, listener):
            yield Hit(
                resource=listener.logical_id,
                property="Protocol",
                message=f"{protocol} passes whatever comes; nothing shows that it is encrypted",
                severity=Severity.WARNING,
            )
    for balancer in context.of_type("AWS::ElasticLoadBalancing::LoadBalancer"):
        for index, item in enumerate(balancer.items("Listeners")):
            protocol = item.get("Protocol") if isinstance(item, dict) else None
            if str(protocol).upper() not in ("HTTPS", "SSL"):
                public = balancer.get("Scheme") != "internal" and protocol != "TCP"
                yield Hit(
                    resource=balancer.logical_id,
                    property=f"Listeners.{index}.Protocol",
                    message=f"the listener's protocol is {show(protocol)}; nothing shows that "
                    "what it passes is encrypted",
                    severity=None if public else Severity.WARNING,
                )


def _looks_plain(listener: Resource) -> bool:
    """A listener without protocol: HTTP unless it has a certificate."""
    return listener.get("Protocol") is None and not listener.items("Certificates")


def _faces_internet(context: Context, listener: Resource) -> bool:
    workload = context.network.workloads.get(name_of(listener.get("LoadBalancerArn")))
    return workload is None or workload.public is not False


@rule(
    "PCI-4.2.1-LISTENER-POLICY",
    "TLS listeners take TLS 1.2 and 1.3 with strong ciphers only",
    asks="Strong cryptography protects card data over open networks; old versions and ciphers "
    "are off.",
    requirements=("4.2.1", "12.3.3", "2.2.7"),
    security_hub=("ELB.8",),
    related=("ELB.17",),
    types=_LISTENERS,
    extent=Extent.FULL,
    fix="Set SslPolicy: ELBSecurityPolicy-TLS13-1-2-Res-2021-06.",
)
def listener_policy(context: Context) -> Iterator[Hit]:
    for listener in context.of_type("AWS::ElasticLoadBalancingV2::Listener"):
        tls = listener.get("Protocol") in ("HTTPS", "TLS") or listener.items("Certificates")
        policy = listener.get("SslPolicy")
        if not tls or (isinstance(policy, str) and _STRONG_POLICY.match(policy)):
            continue
        problem = UNRESOLVED if listener.is_unknown("SslPolicy") else f"is {show(policy)}"
        yield hit_at(
            listener,
            "SslPolicy",
            f"SslPolicy {problem}"
            + ("; AWS's default still takes TLS 1.0" if policy is None else ""),
        )
    for balancer in context.of_type("AWS::ElasticLoadBalancing::LoadBalancer"):
        if any(
            isinstance(item, dict) and str(item.get("Protocol")).upper() in ("HTTPS", "SSL")
            for item in balancer.items("Listeners")
        ) and "TLS-1-2-2017-01" not in str(balancer.get("Policies")):
            yield hit_at(
                balancer,
                "Policies",
                "no policy names ELBSecurityPolicy-TLS-1-2-2017-01, so older TLS is taken",
            )


@rule(
    "PCI-4.2.1-EDGE-TLS",
    "CDN and API domains take HTTPS with TLS 1.2 or later only",
    asks="Strong cryptography protects card data over open networks.",
    requirements=("4.2.1", "12.3.3"),
    security_hub=(
        "CloudFront.3",
        "CloudFront.9",
        "CloudFront.10",
    ),
    related=("CloudFront.15",),
    types=(
        "AWS::CloudFront::Distribution",
        "AWS::ApiGateway::DomainName",
        "AWS::ApiGatewayV2::DomainName",
    ),
    fix="ViewerProtocolPolicy https-only or redirect-to-https, MinimumProtocolVersion "
    "TLSv1.2_2021, SecurityPolicy TLS_1_2.",
)
def edge_tls(context: Context) -> Iterator[Hit]:
    for distribution in context.of_type("AWS::CloudFront::Distribution"):
        yield from _distribution(distribution)
    for domain in context.of_type("AWS::ApiGateway::DomainName"):
        if domain.text("SecurityPolicy") in (None, "TLS_1_0"):
            yield hit_at(
                domain, "SecurityPolicy", f"SecurityPolicy is {show(domain.get('SecurityPolicy'))}"
            )
    for domain in context.of_type("AWS::ApiGatewayV2::DomainName"):
        for index, item in enumerate(domain.items("DomainNameConfigurations")):
            if isinstance(item, dict) and item.get("SecurityPolicy") == "TLS_1_0":
                yield hit_at(
                    domain,
                    f"DomainNameConfigurations.{index}.SecurityPolicy",
                    "SecurityPolicy is TLS_1_0",
                )


def _distribution(distribution: Resource) -> Iterator[Hit]:
    count = len(distribution.items("DistributionConfig.CacheBehaviors"))
    more = [f"DistributionConfig.CacheBehaviors.{index}" for index in range(count)]
    for path in ("DistributionConfig.DefaultCacheBehavior", *more):
        policy = distribution.get(f"{path}.ViewerProtocolPolicy")
        if policy not in ("https-only", "redirect-to-https"):
            yield hit_at(
                distribution,
                f"{path}.ViewerProtocolPolicy",
                f"ViewerProtocolPolicy is {show(policy)}",
            )
    certificate = distribution.get("DistributionConfig.ViewerCertificate")
    if isinstance(certificate, dict) and "CloudFrontDefaultCertificate" not in certificate:
        version = certificate.get("MinimumProtocolVersion")
        if not str(version).startswith(("TLSv1.2", "TLSv1.3")):
            yield hit_at(
                distribution,
                "DistributionConfig.ViewerCertificate.MinimumProtocolVersion",
                f"MinimumProtocolVersion is {show(version)}",
            )


_POLICY_OWNERS: Final = (
    ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket", "s3:getobject"),
    ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics", "sns:publish"),
    ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues", "sqs:sendmessage"),
)


@rule(
    "PCI-4.2.1-PLAIN-REQUESTS",
    "Buckets, topics and queues refuse requests without TLS",
    asks="Strong cryptography protects card data over open networks.",
    requirements=("4.2.1",),
    security_hub=("S3.5",),
    types=("AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue"),
    extent=Extent.FULL,
    fix="Add to its policy: Effect Deny, Principal *, every action, Condition "
    "Bool aws:SecureTransport false (CDK: enforce_ssl=True).",
)
def plain_requests(context: Context) -> Iterator[Hit]:
    for kind, policy_kind, path, action in _POLICY_OWNERS:
        for resource in context.of_type(kind):
            if any(
                _refuses_plain(statement, resource.logical_id, action)
                for policy in context.pointing(policy_kind, path, resource.logical_id)
                for statement in context.statements.get(policy.logical_id, ())
            ):
                continue
            yield Hit(
                resource=resource.logical_id,
                message="no policy denies requests without TLS (aws:SecureTransport)",
                severity=None if kind == "AWS::S3::Bucket" else Severity.WARNING,
            )


def _refuses_plain(statement: Statement, logical_id: str, action: str) -> bool:
    return (
        not statement.allows
        and statement.everyone
        and not statement.inverted
        and statement.allows_action(action)
        and statement.condition.get("aws:securetransport") == ("false",)
        and len(statement.condition) == 1
        and _covers(statement, logical_id, action)
    )


def _covers(statement: Statement, logical_id: str, action: str) -> bool:
    """Whether it is for the resource, and for a bucket for its objects too."""
    if "*" in statement.resources:
        return True
    named = [text for text in statement.resources if logical_id in text]
    if not action.startswith("s3:"):
        return bool(named)
    objects = [text for text in named if text.endswith("/*")]
    return bool(objects) and len(objects) < len(named)


@rule(
    "PCI-4.2.1-CERTIFICATE-KEY",
    "Certificates have strong keys",
    asks="Strong cryptography protects card data; keys of certificates are long enough.",
    requirements=("4.2.1", "4.2.1.1"),
    security_hub=("ACM.2",),
    types=("AWS::CertificateManager::Certificate",),
    extent=Extent.FULL,
    fix="Set KeyAlgorithm to RSA_2048 or an EC curve.",
)
def certificate_key(context: Context) -> Iterator[Hit]:
    for certificate in context.of_type("AWS::CertificateManager::Certificate"):
        if certificate.get("KeyAlgorithm") == "RSA_1024":
            yield hit_at(certificate, "KeyAlgorithm", "KeyAlgorithm is RSA_1024")


def _application(balancer: Resource) -> bool:
    return balancer.get("Type") in (None, "application")


@rule(
    "PCI-6.2.4-INVALID-HEADERS",
    "Application load balancers drop invalid headers",
    asks="Common attacks on applications are prevented or mitigated.",
    requirements=("6.2.4",),
    security_hub=("ELB.4",),
    types=("AWS::ElasticLoadBalancingV2::LoadBalancer",),
    fix="Set the attribute routing.http.drop_invalid_header_fields.enabled to true.",
)
def invalid_headers(context: Context) -> Iterator[Hit]:
    name = "routing.http.drop_invalid_header_fields.enabled"
    for balancer in context.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        value = attributes(balancer).get(name)
        if _application(balancer) and str(value).lower() != "true":
            yield hit_at(balancer, "LoadBalancerAttributes", f"{name} is {show(value)}")


@rule(
    "PCI-6.2.4-DESYNC",
    "Load balancers mitigate request smuggling",
    asks="Common attacks on applications are prevented or mitigated.",
    requirements=("6.2.4",),
    security_hub=(
        "ELB.12",
        "ELB.14",
    ),
    types=(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElasticLoadBalancing::LoadBalancer",
    ),
    fix="Set the attribute routing.http.desync_mitigation_mode to strictest.",
)
def desync(context: Context) -> Iterator[Hit]:
    name = "routing.http.desync_mitigation_mode"
    for balancer in context.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"):
        value = attributes(balancer).get(name)
        if _application(balancer) and value not in (None, "defensive", "strictest"):
            yield hit_at(balancer, "LoadBalancerAttributes", f"{name} is {show(value)}")


RULES: Final = (
    listener_plain,
    listener_policy,
    edge_tls,
    plain_requests,
    certificate_key,
    invalid_headers,
    desync,
)
