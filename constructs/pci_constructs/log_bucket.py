"""A bucket for the access logs of load balancers and of other buckets."""

from __future__ import annotations

from typing import Literal

from aws_cdk import aws_s3 as s3
from constructs import Construct

from pci_constructs import durations
from pci_constructs.acknowledge import acknowledge
from pci_constructs.foundation import Foundation
from pci_constructs.protection import removal_policy


def log_bucket(
    scope: Construct,
    construct_id: str,
    *,
    foundation: Foundation,
    of: Literal["load balancers", "buckets"],
) -> s3.Bucket:
    """Create a bucket whose versions live as long as the logs (PCI DSS 10.2, 10.3, 10.5.1).

    Args:
        scope: Parent construct.
        construct_id: Id in the parent.
        foundation: Retention, lock and removal policy.
        of: Whose logs they are. Neither can deliver to a bucket with a key of one's own, and
            buckets to none with Object Lock (ELB and S3 guides, access logs).
    """
    protection = foundation.protection
    lock = protection.lock_logs and of == "load balancers"
    bucket = s3.Bucket(
        scope,
        construct_id,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        object_lock_enabled=lock or None,
        object_lock_default_retention=(
            s3.ObjectLockRetention.compliance(durations.days(protection.log_retention_days))
            if lock
            else None
        ),
        lifecycle_rules=[
            s3.LifecycleRule(
                expiration=durations.days(protection.log_retention_days),
                noncurrent_version_expiration=durations.days(protection.log_retention_days),
                abort_incomplete_multipart_upload_after=durations.days(7),
            )
        ],
        removal_policy=removal_policy(protection),
        auto_delete_objects=not protection.keep_data,
    )
    assert bucket.policy is not None
    bucket.policy.apply_removal_policy(removal_policy(protection))  # stays with its bucket
    acknowledge(
        bucket,
        {
            "AwsSolutions-S1": "This is the log bucket; logging to itself would never end.",
            "PCI.DSS.321-S3BucketLoggingEnabled": "This is the log bucket; logging to itself "
            "would never end.",
            "PCI.DSS.321-S3BucketReplicationEnabled": "Access logs stay in their region; the "
            "bucket is versioned and keeps them for the configured retention.",
            "PCI.DSS.321-S3DefaultEncryptionKMS": f"{of.capitalize()} can deliver access logs to "
            "buckets with S3-managed keys only.",
        },
    )
    return bucket
