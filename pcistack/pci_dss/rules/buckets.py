"""Buckets: private, without lists of their own, encrypted with a key of your own."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Extent, Hit, hit, must_be_true, show
from pcistack.pci_dss.accepted import PUBLIC_ACCESS_BLOCK
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.own_keys import default_key
from pcistack.pci_dss.pack import rule


@rule(
    "PCI-1.4.4-BUCKET-PUBLIC",
    "Buckets block public access",
    asks="What stores cardholder data is not directly accessible from untrusted networks.",
    requirements=("1.4.4", "7.3.3", "1.3.1"),
    security_hub=(
        "S3.1",
        "S3.8",
        "S3.19",
        "CloudTrail.6",
    ),
    related=(
        "S3.2",
        "S3.3",
    ),
    types=("AWS::S3::Bucket", "AWS::S3::AccessPoint"),
    extent=Extent.FULL,
    fix="Set all four of PublicAccessBlockConfiguration to true.",
)
def bucket_public(context: Context) -> Iterator[Hit]:
    base = "PublicAccessBlockConfiguration"
    for bucket in context.of_type("AWS::S3::Bucket", "AWS::S3::AccessPoint"):
        if bucket.get(base) is None:
            yield Hit(
                resource=bucket.logical_id,
                property=base,
                message=f"{base} is not written; S3 blocks for new buckets, nothing keeps it so",
                severity=Severity.WARNING,
            )
        else:
            for flag in PUBLIC_ACCESS_BLOCK:
                yield from must_be_true(bucket, f"{base}.{flag}", flag)
        access = bucket.get("AccessControl")
        if isinstance(access, str) and access.startswith(("Public", "Authenticated")):
            yield hit(bucket, "AccessControl", f"AccessControl is {access}")


@rule(
    "PCI-7.3.3-BUCKET-ACLS",
    "Buckets have no access control lists",
    asks="Access is denied unless a policy allows it; lists of objects are outside of policies.",
    requirements=("7.3.3", "7.3.1"),
    related=("S3.12",),
    severity=Severity.WARNING,
    types=("AWS::S3::Bucket",),
    fix="Set OwnershipControls with ObjectOwnership BucketOwnerEnforced.",
)
def bucket_acls(context: Context) -> Iterator[Hit]:
    for bucket in context.of_type("AWS::S3::Bucket"):
        if bucket.logical_id in context.acl_buckets:
            continue  # without ACLs CloudFront's standard log stops
        rules = bucket.items("OwnershipControls.Rules")
        for index, item in enumerate(rules):
            value = item.get("ObjectOwnership") if isinstance(item, dict) else None
            if value != "BucketOwnerEnforced":
                yield hit(
                    bucket,
                    f"OwnershipControls.Rules.{index}.ObjectOwnership",
                    f"ObjectOwnership is {show(value)}",
                )


@rule(
    "PCI-3.5.1-BUCKET-KEY",
    "Buckets are encrypted with a key of your own",
    asks="Stored card numbers are unreadable; keys are protected.",
    requirements=("3.5.1", "3.6.1"),
    security_hub=("S3.17",),
    severity=Severity.WARNING,
    types=("AWS::S3::Bucket",),
    fix="Set SSEAlgorithm aws:kms with KMSMasterKeyID. Buckets for load balancer or server access "
    "logs are excepted: they take AES256 only.",
)
def bucket_key(context: Context) -> Iterator[Hit]:
    base = "BucketEncryption.ServerSideEncryptionConfiguration"
    path = f"{base}.0.ServerSideEncryptionByDefault"
    for bucket in context.of_type("AWS::S3::Bucket"):
        if context.log_buckets.get(bucket.logical_id) in ("load balancer", "bucket"):
            continue
        algorithm = bucket.get(f"{path}.SSEAlgorithm")
        key = bucket.get(f"{path}.KMSMasterKeyID")
        if bucket.is_unknown(f"{path}.SSEAlgorithm"):
            continue
        if algorithm not in ("aws:kms", "aws:kms:dsse") or key is None or default_key(key):
            yield hit(
                bucket, base, f"SSEAlgorithm is {show(algorithm)}, KMSMasterKeyID {show(key)}"
            )
