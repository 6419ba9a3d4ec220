"""Requirement 10: buckets that receive logs can take them, keep them, and end them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity, counted
from pcistack.checks.rule import (
    UNRESOLVED,
    Extent,
    Hit,
    hit,
    show,
)
from pcistack.pci_dss import accepted
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import rule
from pcistack.template.view import Resource, Value, number


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


_ARCHIVES: Final = {"GLACIER", "DEEP_ARCHIVE"}
_AT_HAND: Final = 90


@rule(
    "PCI-10.5.1-LOG-BUCKET-AT-HAND",
    "Logs in buckets are at hand for three months, and no version goes before its year",
    asks="Audit logs are kept for 12 months, the last three at once available for analysis.",
    requirements=("10.5.1", "10.3.2"),
    types=("AWS::S3::Bucket",),
    fix="Transitions to an archive after 90 days or more; NoncurrentVersionExpiration of 365 days "
    "or more; no ExpirationDate.",
)
def log_bucket_at_hand(context: Context) -> Iterator[Hit]:
    for name in context.log_buckets:
        bucket = context.view.resources[name]
        for index, item in enumerate(bucket.items("LifecycleConfiguration.Rules")):
            if isinstance(item, dict) and item.get("Status") == "Enabled":
                yield from _lifecycle(bucket, f"LifecycleConfiguration.Rules.{index}", item)
        yield from _lock(bucket)
        for index, item in enumerate(bucket.items("IntelligentTieringConfigurations")):
            yield from _tiering(bucket, f"IntelligentTieringConfigurations.{index}", item)


def _lifecycle(bucket: Resource, path: str, item: dict[str, Value]) -> Iterator[Hit]:
    if item.get("ExpirationDate") is not None:
        yield hit(
            bucket,
            f"{path}.ExpirationDate",
            f"on {show(item.get('ExpirationDate'))} every log is deleted, however new",
        )
    for where, days in _noncurrent(item):
        if days is not None and days < accepted.LOG_DAYS:
            yield hit(
                bucket,
                f"{path}.{where}",
                f"a log that is deleted or overwritten is gone after {counted(days, 'day')}; "
                f"{accepted.LOG_DAYS} are asked for",
            )
    yield from _archived(bucket, path, item)


def _archived(bucket: Resource, path: str, item: dict[str, Value]) -> Iterator[Hit]:
    transitions = item.get("Transitions")
    each = transitions if isinstance(transitions, list) else [item.get("Transition")]
    moved = item.get("NoncurrentVersionTransitions")
    for place, later in enumerate(moved if isinstance(moved, list) else ()):
        if not isinstance(later, dict) or later.get("StorageClass") not in _ARCHIVES:
            continue
        days = number(later.get("TransitionInDays"))
        if days is not None and days < _AT_HAND:
            yield hit(
                bucket,
                f"{path}.NoncurrentVersionTransitions.{place}",
                f"a log that is deleted or overwritten is archived after {counted(days, 'day')}",
                severity=Severity.WARNING,
            )
    for position, transition in enumerate(each):
        if not isinstance(transition, dict) or transition.get("StorageClass") not in _ARCHIVES:
            continue
        days = number(transition.get("TransitionInDays"))
        if days is None or days < _AT_HAND:
            yield hit(
                bucket,
                f"{path}.Transitions.{position}",
                f"logs go to {transition.get('StorageClass')} "
                + (f"after {counted(days, 'day')}" if days is not None else "on a fixed day")
                + f"; they have to be at hand for {_AT_HAND}",
            )


def _lock(bucket: Resource) -> Iterator[Hit]:
    """Yield what weakens an Object Lock, where the bucket has one."""
    if bucket.flag("ObjectLockEnabled") is not True:
        return
    base = "ObjectLockConfiguration.Rule.DefaultRetention"
    days, years = bucket.number(f"{base}.Days"), bucket.number(f"{base}.Years")
    if bucket.get(base) is None:
        path, problem = "ObjectLockConfiguration.Rule", "no default retention locks new logs"
    elif days is not None and days < accepted.LOG_DAYS and not years:
        path, problem = f"{base}.Days", f"logs are locked for {counted(days, 'day')} only"
    elif bucket.get(f"{base}.Mode") == "GOVERNANCE":
        path, problem = f"{base}.Mode", "whoever may bypass governance deletes logs"
    else:
        return
    yield hit(bucket, path, problem, severity=Severity.WARNING)


def _noncurrent(item: dict[str, Value]) -> Iterator[tuple[str, float | None]]:
    expiration = item.get("NoncurrentVersionExpiration")
    if isinstance(expiration, dict):
        yield "NoncurrentVersionExpiration", number(expiration.get("NoncurrentDays"))
    if item.get("NoncurrentVersionExpirationInDays") is not None:
        days = number(item.get("NoncurrentVersionExpirationInDays"))
        yield "NoncurrentVersionExpirationInDays", days


def _tiering(bucket: Resource, path: str, item: Value) -> Iterator[Hit]:
    tiers = item.get("Tierings") if isinstance(item, dict) else None
    for position, tier in enumerate(tiers if isinstance(tiers, list) else ()):
        days = number(tier.get("Days")) if isinstance(tier, dict) else None
        if days is not None and days < _AT_HAND:
            yield hit(
                bucket,
                f"{path}.Tierings.{position}.Days",
                f"logs are archived after {counted(days, 'day')}; they have to be at hand for "
                f"{_AT_HAND}",
            )
