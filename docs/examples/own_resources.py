"""A bucket and a queue of your own: the service sends, the worker receives and stores.

Copied over ``stacks/own_resources.py``, it is the whole change. A test synthesizes, checks and
rehearses it.
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from pci_constructs.acknowledge import acknowledge
from pci_constructs.log_bucket import log_bucket
from pci_constructs.protection import removal_policy
from stacks.at_hand import AtHand


def own_resources(at_hand: AtHand) -> None:
    """Make the bucket and the queue, and let service and worker use them, and nothing more."""
    key = at_hand.foundation.keys.own("reports", "s3", "sqs")
    bucket, queue = _bucket(at_hand, key), _queue(at_hand, key)

    at_hand.service.give({"REPORT_QUEUE_URL": queue.queue_url})
    at_hand.service.permit("sqs:SendMessage", on=queue.queue_arn, key=key)

    worker = at_hand.workers["settlement"]
    worker.give({"REPORT_QUEUE_URL": queue.queue_url, "REPORT_BUCKET": bucket.bucket_name})
    worker.permit("sqs:ReceiveMessage", "sqs:DeleteMessage", on=queue.queue_arn, key=key)
    worker.permit(
        "s3:PutObject",
        on=bucket.arn_for_objects("*"),
        key=key,
        reason="Every report is an object of its own, under a name that its day gives.",
    )


def _bucket(at_hand: AtHand, key: kms.IKey) -> s3.Bucket:
    foundation = at_hand.foundation
    bucket = s3.Bucket(
        at_hand.scope,
        "Reports",
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        server_access_logs_bucket=log_bucket(
            at_hand.scope, "ReportLogs", foundation=foundation, of="buckets"
        ),
        removal_policy=removal_policy(foundation.protection),
        auto_delete_objects=not foundation.protection.keep_data,
    )
    acknowledge(
        bucket,
        {
            "PCI.DSS.321-S3BucketReplicationEnabled": "Reports can be made again from the "
            "database, whose backups are kept; versions answer for mistakes."
        },
    )
    return bucket


def _queue(at_hand: AtHand, key: kms.IKey) -> sqs.Queue:
    def queue(construct_id: str, failed: sqs.DeadLetterQueue | None) -> sqs.Queue:
        return sqs.Queue(
            at_hand.scope,
            construct_id,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            visibility_timeout=Duration.minutes(5),
            dead_letter_queue=failed,
        )

    return queue(
        "Queue", sqs.DeadLetterQueue(queue=queue("FailedQueue", None), max_receive_count=5)
    )
