"""Services that are global but live in us-east-1: CloudFront, its certificates and its WAF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional.context import Context
from pcistack.regional.pack import rule
from pcistack.template.view import Partial, Resource

_HOME: Final = "us-east-1"
_SCOPED: Final = (
    "AWS::WAFv2::WebACL",
    "AWS::WAFv2::IPSet",
    "AWS::WAFv2::RegexPatternSet",
    "AWS::WAFv2::RuleGroup",
)
_CERTIFICATE: Final = "DistributionConfig.ViewerCertificate.AcmCertificateArn"


@rule(
    "WAF-CLOUDFRONT-SCOPE",
    "A WAF of scope CLOUDFRONT outside us-east-1",
    types=_SCOPED,
    severity=Severity.FATAL,
    source="AWS WAF developer guide: Resources that you can protect with AWS WAF",
)
def scope_rule(context: Context) -> Iterator[Hit]:
    if context.facts.partition != "aws" or context.facts.region in ("", _HOME):
        return
    for resource in (r for name in _SCOPED for r in context.view.of_type(name)):
        if resource.text("Scope") == "CLOUDFRONT":
            yield hit(
                resource,
                "Scope",
                f"scope CLOUDFRONT exists in us-east-1 only, not in {context.here}",
                "set Scope: REGIONAL to protect a load balancer or an API; for CloudFront move "
                "the resource to a stack in us-east-1",
            )


@rule(
    "CLOUDFRONT-CERTIFICATE",
    "A CloudFront certificate outside us-east-1",
    types=("AWS::CloudFront::Distribution",),
    severity=Severity.FATAL,
    source="CloudFront developer guide: Requirements for using SSL/TLS certificates",
)
def certificate_rule(context: Context) -> Iterator[Hit]:
    if context.facts.partition != "aws":
        return
    for resource in context.view.of_type("AWS::CloudFront::Distribution"):
        region = _region_of(resource, context)
        if region and region != _HOME:
            yield hit(
                resource,
                _CERTIFICATE,
                f"CloudFront takes certificates of us-east-1 only; this one is in {region}",
                "issue or import the certificate in us-east-1 and name its ARN",
            )


def _region_of(resource: Resource, context: Context) -> str:
    """Return the region of a distribution's certificate; empty if not known."""
    value = resource.get(_CERTIFICATE)
    target = context.view.target(value)
    if target is not None and target.type == "AWS::CertificateManager::Certificate":
        return context.facts.region
    if not isinstance(value, str):
        return ""
    parts = value.split(":")
    is_certificate = len(parts) > 5 and parts[0] == "arn" and parts[2] == "acm"
    region = parts[3] if is_certificate else ""
    return "" if isinstance(value, Partial) and "<" in region else region
