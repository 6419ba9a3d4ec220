"""Trails: what CloudTrail needs to write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.keys import key_of, refused_to_service
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, listed, objects, text
from pcistack.policies.arns import ACCOUNT
from pcistack.policies.evaluation import Principal, Request
from pcistack.template.references import name_of
from pcistack.template.view import Resource

_TRAIL: Final = "AWS::CloudTrail::Trail"
_STORE: Final = "AWS::CloudTrail::EventDataStore"


@rule(
    "DEPLOY-TRAIL-BUCKET",
    "A trail whose bucket does not let CloudTrail write",
    types=(_TRAIL,),
    severity=Severity.FATAL,
    source="CloudTrail user guide: Amazon S3 bucket policy for CloudTrail "
    "(InsufficientS3BucketPolicyException)",
)
def trail_rule(context: Context) -> Iterator[Hit]:
    names = context.access.names
    for trail in context.of_type(_TRAIL):
        bucket = names.found(trail.get("S3BucketName"))
        if bucket is None or bucket.type != "AWS::S3::Bucket":
            continue
        prefix = trail.get("S3KeyPrefix")
        folder = "" if prefix in (None, "") else f"{names.text(prefix)}/"
        missing = _refused(context, bucket, folder)
        if missing:
            yield hit(
                trail,
                "S3BucketName",
                f"no policy of {bucket.logical_id} lets cloudtrail.amazonaws.com call "
                f"{', '.join(missing)}: CloudTrail refuses the bucket",
                f"in a policy of {bucket.logical_id} allow s3:GetBucketAcl on the bucket and "
                f"s3:PutObject on {folder}AWSLogs/<account>/* to cloudtrail.amazonaws.com",
            )


def _refused(context: Context, bucket: Resource, folder: str) -> list[str]:
    """Return the calls of CloudTrail that no policy of a bucket lets in."""
    names = context.access.names
    policies = [
        policy
        for policy in context.of_type("AWS::S3::BucketPolicy")
        if name_of(policy.get("Bucket")) in (bucket.logical_id, names.name(bucket))
    ]
    arn = names.arn(bucket) or ""
    sent = {
        "s3:x-amz-acl": ("bucket-owner-full-control",),
        "aws:securetransport": ("true",),
        "aws:sourceaccount": (ACCOUNT,),
    }
    asked = (
        ("s3:GetBucketAcl", arn),
        ("s3:PutObject", f"{arn}/{folder}AWSLogs/{ACCOUNT}/CloudTrail/log"),
    )
    return [
        action
        for action, on in asked
        if context.access.resource_allows(
            policies,
            Request(
                action=action,
                resource=on,
                principal=Principal(service="cloudtrail.amazonaws.com"),
                context=sent,
            ),
        )
        is False
    ]


@rule(
    "DEPLOY-TRAIL-KEY",
    "A trail whose key does not serve CloudTrail",
    types=(_TRAIL,),
    severity=Severity.FATAL,
    source="CloudTrail user guide: Configure AWS KMS key policies for CloudTrail "
    "(InsufficientEncryptionPolicyException)",
)
def trail_key_rule(context: Context) -> Iterator[Hit]:
    for trail in context.of_type(_TRAIL):
        key = key_of(context, trail.get("KMSKeyId"))
        actions = ("kms:GenerateDataKey",)
        if key and refused_to_service(context, key, "cloudtrail.amazonaws.com", actions, {}):
            yield hit(
                trail,
                "KMSKeyId",
                f"the policy of {key.logical_id} does not let cloudtrail.amazonaws.com call "
                "kms:GenerateDataKey: CloudTrail refuses the key",
                f"in KeyPolicy of {key.logical_id} allow kms:GenerateDataKey* and "
                "kms:DescribeKey to cloudtrail.amazonaws.com",
            )


@rule(
    "DEPLOY-TRAIL-SELECTOR",
    "A selector of a trail that does not say what kind of events it selects",
    types=(_TRAIL, _STORE),
    severity=Severity.FATAL,
    source="CloudTrail API reference: AdvancedEventSelector (eventCategory is required)",
)
def selector_rule(context: Context) -> Iterator[Hit]:
    for trail in context.of_type(_TRAIL, _STORE):
        for path, item in objects(trail, "AdvancedEventSelectors"):
            chosen = [text(fields(one).get("Field")) for one in listed(item.get("FieldSelectors"))]
            if chosen and None not in chosen and "eventCategory" not in chosen:
                yield hit(
                    trail,
                    f"{path}.FieldSelectors",
                    "no field is eventCategory",
                    "add {Field: eventCategory, Equals: [Management]}",
                )
