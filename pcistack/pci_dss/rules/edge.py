"""Requirements 1.4.4 and 4.2.1 at the edge: plain ways to an origin, and open websites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit, show
from pcistack.pci_dss import tls_settings
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.openapi import BODIES, integrations
from pcistack.pci_dss.pack import rule
from pcistack.pci_dss.settings import paths, types_of, wrong
from pcistack.template.view import Partial, Resource, Value

_WEAK: Final = {"SSLv3", "TLSv1", "TLSv1.1"}
_INTEGRATIONS: Final = (
    ("AWS::ApiGateway::Method", "Integration.Uri"),
    ("AWS::ApiGatewayV2::Integration", "IntegrationUri"),
    ("AWS::AppSync::DataSource", "HttpConfig.Endpoint"),
    ("AWS::Events::ApiDestination", "InvocationEndpoint"),
    ("AWS::SNS::Subscription", "Endpoint"),
    ("AWS::SNS::Topic", "Subscription.*.Endpoint"),
    ("AWS::Transfer::Connector", "Url"),
    ("AWS::Cognito::UserPoolClient", "CallbackURLs.*"),
    ("AWS::Cognito::UserPoolClient", "LogoutURLs.*"),
    (
        "AWS::KinesisFirehose::DeliveryStream",
        "HttpEndpointDestinationConfiguration.EndpointConfiguration.Url",
    ),
)


@rule(
    "PCI-4.2.1-ORIGIN-PLAIN",
    "What stands behind a CDN or an API is spoken to over TLS",
    asks="Strong cryptography protects card data over open networks, on every hop.",
    requirements=("4.2.1",),
    security_hub=("CloudFront.9", "CloudFront.10"),
    types=(
        "AWS::CloudFront::Distribution",
        *(kind for kind, _ in _INTEGRATIONS),
        *types_of(tls_settings.ORIGIN_TLS),
        *BODIES,
    ),
    fix="OriginProtocolPolicy https-only with OriginSSLProtocols TLSv1.2; an https:// address.",
)
def origin_plain(context: Context) -> Iterator[Hit]:
    for distribution in context.of_type("AWS::CloudFront::Distribution"):
        for index, origin in enumerate(distribution.items("DistributionConfig.Origins")):
            if isinstance(origin, dict):
                yield from _origin(distribution, f"DistributionConfig.Origins.{index}", origin)
    yield from wrong(context, tls_settings.ORIGIN_TLS)
    for kind, pattern in _INTEGRATIONS:
        for resource in context.of_type(kind):
            for path in paths(resource, pattern):
                if _is_plain(resource.get(path)):
                    message = f"{path} is an http:// address: what it is sent is plain"
                    yield hit(resource, path, message)
    for api in context.of_type(*BODIES):
        yield from _documented(api)


def _is_plain(value: Value) -> bool:
    text = value.lower() if isinstance(value, str) else ""
    return text.startswith("http://") and not text.startswith(_ITSELF)


_ITSELF: Final = ("http://localhost", "http://127.0.0.1", "http://[::1]")


def _documented(api: Resource) -> Iterator[Hit]:
    """Yield the plain ways to what is behind an API that its OpenAPI document describes."""
    for path, integration in integrations(api):
        if _is_plain(integration.get("uri")):
            message = "uri is an http:// address: what it is sent is plain"
            yield hit(api, f"{path}.uri", message)
        tls = integration.get("tlsConfig")
        if isinstance(tls, dict) and str(tls.get("insecureSkipVerification")).lower() == "true":
            message = "any certificate is taken, also that of an attacker"
            yield hit(api, f"{path}.tlsConfig", message)


def _origin(distribution: Resource, path: str, origin: dict[str, Value]) -> Iterator[Hit]:
    config = origin.get("CustomOriginConfig")
    domain = str(origin.get("DomainName"))
    if not isinstance(config, dict):
        if ".s3-website" in domain:
            yield hit(
                distribution, f"{path}.DomainName", "an S3 website speaks HTTP only; use the bucket"
            )
        return
    policy = config.get("OriginProtocolPolicy")
    if policy == "http-only":
        yield hit(
            distribution,
            f"{path}.CustomOriginConfig.OriginProtocolPolicy",
            f"the origin {show(origin.get('DomainName'))} is spoken to over HTTP",
        )
    elif policy == "match-viewer" and _takes_plain(distribution):
        yield hit(
            distribution,
            f"{path}.CustomOriginConfig.OriginProtocolPolicy",
            "match-viewer passes plain requests on, and viewers may send such",
        )
    protocols = config.get("OriginSSLProtocols")
    weak = sorted(_WEAK & set(map(str, protocols))) if isinstance(protocols, list) else []
    if weak and policy != "http-only":
        yield hit(
            distribution,
            f"{path}.CustomOriginConfig.OriginSSLProtocols",
            f"the origin may be spoken to with {', '.join(weak)}",
        )


def _takes_plain(distribution: Resource) -> bool:
    behaviors = [
        distribution.get("DistributionConfig.DefaultCacheBehavior"),
        *distribution.items("DistributionConfig.CacheBehaviors"),
    ]
    return any(
        isinstance(item, dict) and item.get("ViewerProtocolPolicy") in (None, "allow-all")
        for item in behaviors
    )


_OLD_TRANSFER: Final = ("2018-11", "2020-06", "FIPS-2020-06")


@rule(
    "PCI-4.2.1-FILE-TRANSFER",
    "File transfer is encrypted, strong, and not open to the internet",
    asks="Strong cryptography protects card data; insecure services are off, stores not public.",
    requirements=("4.2.1", "2.2.5", "1.4.4"),
    security_hub=("Transfer.2",),
    types=("AWS::Transfer::Server",),
    fix="Protocols SFTP, FTPS or AS2; EndpointType VPC; SecurityPolicyName of 2024 or later; a "
    "LoggingRole or StructuredLogDestinations.",
)
def file_transfer(context: Context) -> Iterator[Hit]:
    for server in context.of_type("AWS::Transfer::Server"):
        for index, protocol in enumerate(server.items("Protocols")):
            if protocol == "FTP":
                yield hit(
                    server, f"Protocols.{index}", "FTP sends files and passwords in the clear"
                )
        if server.get("EndpointType") in (None, "PUBLIC"):
            yield hit(
                server,
                "EndpointType",
                f"EndpointType is {show(server.get('EndpointType'))}: public",
            )
        if server.items("EndpointDetails.AddressAllocationIds"):
            path = "EndpointDetails.AddressAllocationIds"
            yield hit(server, path, "elastic addresses put it on the internet")
        policy = server.text("SecurityPolicyName") or "TransferSecurityPolicy-2018-11"
        if policy.removeprefix("TransferSecurityPolicy-").startswith(_OLD_TRANSFER):
            yield hit(server, "SecurityPolicyName", f"{policy} takes weak algorithms")


@rule(
    "PCI-1.4.4-WEBSITE",
    "No bucket is a website of its own",
    asks="What stores cardholder data is not directly accessible from untrusted networks.",
    requirements=("1.4.4", "4.2.1"),
    severity=Severity.WARNING,
    types=(
        "AWS::S3::Bucket",
        "AWS::CloudFront::Distribution",
        "AWS::CloudFront::OriginAccessControl",
    ),
    fix="Delete WebsiteConfiguration and serve it through a CDN with origin access control; name "
    "the origins in CorsConfiguration.",
)
def website(context: Context) -> Iterator[Hit]:
    yield from _open_origins(context)
    for bucket in context.of_type("AWS::S3::Bucket"):
        site = bucket.get("WebsiteConfiguration")
        redirects = isinstance(site, dict) and "RedirectAllRequestsTo" in site
        if site is not None and not redirects:
            yield hit(bucket, "WebsiteConfiguration", "the bucket is a website, over HTTP only")
        for index, item in enumerate(bucket.items("CorsConfiguration.CorsRules")):
            origins = item.get("AllowedOrigins") if isinstance(item, dict) else None
            if isinstance(origins, list) and any(
                str(origin) in ("*", "http://*", "https://*")
                for origin in origins
                if not isinstance(origin, Partial)
            ):
                yield hit(
                    bucket,
                    f"CorsConfiguration.CorsRules.{index}.AllowedOrigins",
                    "pages of every origin may read the bucket's objects",
                )


def _open_origins(context: Context) -> Iterator[Hit]:
    """Yield origins that a distribution reads without signing, as everybody else could."""
    for control in context.of_type("AWS::CloudFront::OriginAccessControl"):
        path = "OriginAccessControlConfig.SigningBehavior"
        if control.get(path) in ("never", "no-override"):
            yield hit(
                control,
                path,
                f"it is {show(control.get(path))}: requests need no signature",
                severity=Severity.ERROR if control.get(path) == "never" else None,
            )
    for distribution in context.of_type("AWS::CloudFront::Distribution"):
        for index, origin in enumerate(distribution.items("DistributionConfig.Origins")):
            if not isinstance(origin, dict) or not isinstance(origin.get("S3OriginConfig"), dict):
                continue
            config = origin["S3OriginConfig"]
            identity = config.get("OriginAccessIdentity") if isinstance(config, dict) else None
            if not origin.get("OriginAccessControlId") and not identity:
                yield hit(
                    distribution,
                    f"DistributionConfig.Origins.{index}.S3OriginConfig",
                    "the distribution does not sign, so the bucket has to be public",
                )
