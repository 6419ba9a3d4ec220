"""CloudFront: its certificates, web ACLs and buckets for logs are where it takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.regional import facts as regional_facts
from pcistack.regional.context import Context
from pcistack.regional.pack import rule
from pcistack.regions import known_regions
from pcistack.template.view import Partial, Reference, Resource, Value

_LOGS: Final = {
    "AWS::CloudFront::Distribution": "DistributionConfig.Logging.Bucket",
    "AWS::CloudFront::StreamingDistribution": "StreamingDistributionConfig.Logging.Bucket",
}
_BUCKET: Final = "AWS::S3::Bucket"
_HOST: Final = re.compile(r"\.s3[.-](?:dualstack\.)?([a-z]{2,4}(?:-[a-z]+)+-\d)\.amazonaws\.")
_SOURCE: Final = "CloudFront developer guide: Configure standard logging (legacy)"


@rule(
    "CLOUDFRONT-LOG-REGION",
    "CloudFront standard logs to a bucket of an opt-in region",
    types=tuple(_LOGS),
    severity=Severity.ERROR,
    source=f"{_SOURCE}, choosing an Amazon S3 bucket",
)
def region_rule(context: Context) -> Iterator[Hit]:
    for distribution, path, value in _buckets(context):
        bucket = context.view.target(value)
        region = context.facts.region if bucket is not None and bucket.type == _BUCKET else ""
        if isinstance(value, str) and (found := _HOST.search(value)):
            region = found.group(1)
        if region not in known_regions() or not regional_facts.load(region).opt_in:
            continue
        yield hit(
            distribution,
            path,
            f"CloudFront delivers no standard logs to buckets of {region}, a region that accounts "
            f"opt in to; {bucket.logical_id if bucket else 'the bucket'} is there, and the stack "
            f"is for {context.here}",
            "send the log to a bucket of a region that is on by default, such as us-east-1, or use "
            "standard logging v2: AWS::Logs::DeliverySource, DeliveryDestination and Delivery",
        )


@rule(
    "CLOUDFRONT-LOG-BUCKET",
    "A bucket that refuses CloudFront's standard logs",
    types=tuple(_LOGS),
    severity=Severity.ERROR,
    source=f"{_SOURCE}, permissions; S3 user guide: Controlling ownership of objects",
)
def bucket_rule(context: Context) -> Iterator[Hit]:
    """CloudFront writes with an ACL, and takes the bucket by its domain name only."""
    for distribution, path, value in _buckets(context):
        bucket = context.view.target(value)
        if bucket is None or bucket.type != _BUCKET:
            continue
        if isinstance(value, Reference) and value.attribute in (None, "Arn"):
            yield hit(
                distribution,
                path,
                f"CloudFront takes a bucket by its domain name; {value} is its "
                f"{'ARN' if value.attribute else 'name'}, in {context.here} or elsewhere",
                f"write !GetAtt {bucket.logical_id}.DomainName",
            )
        ownership = bucket.get("OwnershipControls.Rules.0.ObjectOwnership")
        if ownership in (None, "BucketOwnerEnforced"):
            yield hit(
                distribution,
                path,
                f"{bucket.logical_id} takes no ACLs (ObjectOwnership is "
                f"{ownership or 'not set, which is BucketOwnerEnforced'}), and CloudFront writes "
                f"its standard logs with one: AWS refuses the distribution, in {context.here} as "
                "elsewhere",
                f"set OwnershipControls: {{Rules: [{{ObjectOwnership: BucketOwnerPreferred}}]}} at "
                f"{bucket.logical_id}, or use standard logging v2, which needs no ACL",
            )


def _buckets(context: Context) -> Iterator[tuple[Resource, str, Value]]:
    for kind, path in _LOGS.items():
        for distribution in context.view.of_type(kind):
            value = distribution.get(path)
            if isinstance(value, Reference | Partial | str):
                yield distribution, path, value


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
