"""Requirements 4.2.1, 2.2.7 and 6.2.4: TLS everywhere, and load balancers that are strict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import UNRESOLVED, Extent, Hit, hit, show
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context, attributes
from pcistack.pci_dss.listeners import not_redirecting
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.plain_requests import POLICY_OWNERS, refuses_plain
from pcistack.template.references import name_of
from pcistack.template.view import Resource

_LISTENERS: Final = (
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::ElasticLoadBalancing::LoadBalancer",
)


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
    types=(*_LISTENERS, "AWS::VpcLattice::Listener"),
    extent=Extent.FULL,
    fix="Listen with HTTPS (or TLS) on 443; on 80 use a redirect action to HTTPS.",
)
def listener_plain(context: Context) -> Iterator[Hit]:
    for listener in context.of_type("AWS::ElasticLoadBalancingV2::Listener"):
        protocol = listener.get("Protocol")
        if protocol == "HTTP" or _looks_plain(listener):
            public = _faces_internet(context, listener)
            for resource, path in not_redirecting(context, listener):
                yield Hit(
                    resource=resource,
                    property=path,
                    message=f"requests over {show(protocol)} are answered, not redirected to HTTPS",
                    severity=None if public else Severity.WARNING,
                )
        elif listener.is_unknown("Protocol"):
            yield hit(listener, "Protocol", f"Protocol {UNRESOLVED}")
        elif protocol == "HTTPS":
            yield from _sent_back(listener)
        elif protocol in ("TCP", "UDP", "TCP_UDP") and _faces_internet(context, listener):
            yield Hit(
                resource=listener.logical_id,
                property="Protocol",
                message=f"{protocol} passes whatever comes; nothing shows that it is encrypted",
                severity=Severity.WARNING,
            )
    for service in context.of_type("AWS::VpcLattice::Listener"):
        if service.get("Protocol") == "HTTP":
            yield hit(service, "Protocol", "Protocol is HTTP", severity=Severity.WARNING)
    yield from _classic(context)


def _sent_back(listener: Resource) -> Iterator[Hit]:
    """Yield redirects of an HTTPS listener to HTTP."""
    for index, action in enumerate(listener.items("DefaultActions")):
        target = action.get("RedirectConfig") if isinstance(action, dict) else None
        if isinstance(target, dict) and target.get("Protocol") == "HTTP":
            path = f"DefaultActions.{index}.RedirectConfig.Protocol"
            yield hit(listener, path, "requests over HTTPS are sent back to HTTP")


def _classic(context: Context) -> Iterator[Hit]:
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
        if not tls or (isinstance(policy, str) and accepted.strong_tls_policy(policy)):
            continue
        problem = UNRESOLVED if listener.is_unknown("SslPolicy") else f"is {show(policy)}"
        yield hit(
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
            yield hit(
                balancer,
                "Policies",
                "no policy names ELBSecurityPolicy-TLS-1-2-2017-01, so older TLS is taken",
            )


@rule(
    "PCI-4.2.1-EDGE-TLS",
    "CDN and API domains take HTTPS with TLS 1.2 or later only",
    asks="Strong cryptography protects card data over open networks.",
    requirements=("4.2.1", "12.3.3"),
    security_hub=("CloudFront.3",),
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
            yield hit(
                domain, "SecurityPolicy", f"SecurityPolicy is {show(domain.get('SecurityPolicy'))}"
            )
    for domain in context.of_type("AWS::ApiGatewayV2::DomainName"):
        for index, item in enumerate(domain.items("DomainNameConfigurations")):
            if isinstance(item, dict) and item.get("SecurityPolicy") == "TLS_1_0":
                yield hit(
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
            yield hit(
                distribution,
                f"{path}.ViewerProtocolPolicy",
                f"ViewerProtocolPolicy is {show(policy)}",
            )
    certificate = distribution.get("DistributionConfig.ViewerCertificate")
    own = isinstance(certificate, dict) and bool(
        {"AcmCertificateArn", "IamCertificateId"} & set(certificate)
    )
    if certificate is None or (isinstance(certificate, dict) and not own):
        yield hit(
            distribution,
            "DistributionConfig.ViewerCertificate",
            "CloudFront's default certificate takes TLS 1.0 from viewers",
        )
    elif isinstance(certificate, dict):
        version = certificate.get("MinimumProtocolVersion")
        if not str(version).startswith(("TLSv1.2", "TLSv1.3")):
            yield hit(
                distribution,
                "DistributionConfig.ViewerCertificate.MinimumProtocolVersion",
                f"MinimumProtocolVersion is {show(version)}",
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
    for kind in POLICY_OWNERS:
        for resource in context.of_type(kind):
            if refuses_plain(context, resource):
                continue
            yield Hit(
                resource=resource.logical_id,
                message="no policy denies requests without TLS (aws:SecureTransport)",
                severity=None if kind == "AWS::S3::Bucket" else Severity.WARNING,
            )


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
            yield hit(certificate, "KeyAlgorithm", "KeyAlgorithm is RSA_1024")


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
            yield hit(balancer, "LoadBalancerAttributes", f"{name} is {show(value)}")


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
            yield hit(balancer, "LoadBalancerAttributes", f"{name} is {show(value)}")
