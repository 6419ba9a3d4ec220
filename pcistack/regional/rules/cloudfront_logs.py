"""Buckets for CloudFront's standard logs: of a region and with the ACLs that CloudFront takes."""

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
