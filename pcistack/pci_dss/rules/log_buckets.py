"""Requirement 10: buckets that receive logs can take them, keep them, and end them."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.checks.findings import Severity, counted
from pcistack.checks.rule import (
    UNRESOLVED,
    Extent,
    Hit,
    show,
)
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule


@rule(
    "PCI-10.2.1-BALANCER-LOG-BUCKET",
    "The bucket of the load balancer's log can take it",
    asks="Audit logs are active: a load balancer delivers to buckets with S3's own keys only, and "
    "drops its log otherwise.",
    requirements=("10.2.1",),
    types=("AWS::S3::Bucket",),
    extent=Extent.FULL,
    fix="Use SSEAlgorithm AES256 for this one bucket.",
)
def balancer_log_bucket(context: Context) -> Iterator[Hit]:
    path = "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault"
    for name, source in context.log_buckets.items():
        bucket = context.view.resources[name]
        algorithm = bucket.get(f"{path}.SSEAlgorithm")
        if source == "load balancer" and algorithm not in (None, "AES256"):
            yield Hit(
                resource=name,
                property=f"{path}.SSEAlgorithm",
                message=f"SSEAlgorithm is {show(algorithm)}; access logs would not arrive",
            )


@rule(
    "PCI-10.3.2-LOG-BUCKET-VERSIONED",
    "Buckets that hold logs keep every version",
    asks="Log files are protected from modification.",
    requirements=("10.3.2", "10.3.3"),
    related=("S3.14",),
    types=("AWS::S3::Bucket",),
    fix="Set VersioningConfiguration.Status: Enabled, or ObjectLockEnabled: true.",
)
def log_bucket_versioned(context: Context) -> Iterator[Hit]:
    for name in context.log_buckets:
        bucket = context.view.resources[name]
        locked = bucket.flag("ObjectLockEnabled") is True
        if bucket.get("VersioningConfiguration.Status") != "Enabled" and not locked:
            yield Hit(
                resource=name,
                property="VersioningConfiguration.Status",
                message=f"Status is {show(bucket.get('VersioningConfiguration.Status'))}; a log "
                "can be overwritten without a trace",
            )


@rule(
    "PCI-10.5.1-LOG-BUCKET-RETENTION",
    "Buckets that hold logs keep them for 12 months, then delete them",
    asks="Audit logs are kept for at least 12 months.",
    requirements=("10.5.1", "3.2.1"),
    related=(
        "S3.10",
        "S3.13",
    ),
    types=("AWS::S3::Bucket",),
    extent=Extent.FULL,
    fix="Give it a lifecycle rule with ExpirationInDays of 365 or more.",
)
def log_bucket_retention(context: Context) -> Iterator[Hit]:
    for name in context.log_buckets:
        bucket = context.view.resources[name]
        rules = [
            item
            for item in bucket.items("LifecycleConfiguration.Rules")
            if isinstance(item, dict) and item.get("Status") == "Enabled"
        ]
        days = [value for item in rules if (value := item.get("ExpirationInDays")) is not None]
        path = "LifecycleConfiguration.Rules"
        if not days:
            yield Hit(
                resource=name,
                property=path,
                message="no rule deletes logs; they are kept for ever",
                severity=Severity.WARNING,
            )
        for value in days:
            number = float(value) if isinstance(value, int | float) else None
            if number is None and isinstance(value, str) and value.isdecimal():
                number = float(value)
            if number is None or number < accepted.LOG_DAYS:
                problem = UNRESOLVED if number is None else f"is {counted(number, 'day')}"
                yield Hit(
                    resource=name,
                    property=path,
                    message=f"the expiration {problem}; {accepted.LOG_DAYS} days are asked for",
                )
