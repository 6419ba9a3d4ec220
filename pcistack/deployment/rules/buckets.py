"""Buckets: ownership, lifecycle and public access that S3 takes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, listed, objects, text
from pcistack.template.view import Resource, Value, number

_BUCKET: Final = "AWS::S3::Bucket"
_OPEN: Final = ("AuthenticatedRead", "LogDeliveryWrite", "PublicRead", "PublicReadWrite",
                "AwsExecRead")  # fmt: skip
_ACTIONS: Final = (
    *("AbortIncompleteMultipartUpload", "ExpirationDate", "ExpirationInDays"),
    *("ExpiredObjectDeleteMarker", "NoncurrentVersionExpiration", "Transition", "Transitions"),
    *("NoncurrentVersionExpirationInDays", "NoncurrentVersionTransition"),
    "NoncurrentVersionTransitions",
)
_COOL: Final = ("STANDARD_IA", "ONEZONE_IA")


@rule(
    "DEPLOY-BUCKET-ACL",
    "A bucket with an access control list, and without lists",
    types=(_BUCKET,),
    severity=Severity.FATAL,
    source="S3 user guide: Controlling ownership of objects and disabling ACLs",
)
def acl_rule(context: Context) -> Iterator[Hit]:
    for bucket in context.of_type(_BUCKET):
        acl = bucket.text("AccessControl")
        ownership = bucket.get("OwnershipControls.Rules.0.ObjectOwnership")
        if acl in _OPEN and ownership in (None, "BucketOwnerEnforced"):
            yield hit(
                bucket,
                "AccessControl",
                f"AccessControl is {acl}, and the bucket takes no lists: ObjectOwnership is "
                f"{ownership or 'not set, which is BucketOwnerEnforced'}",
                "set OwnershipControls: {Rules: [{ObjectOwnership: BucketOwnerPreferred}]}, or "
                "delete AccessControl",
            )
        elif acl in ("PublicRead", "PublicReadWrite") and bucket.flag(
            "PublicAccessBlockConfiguration.BlockPublicAcls"
        ):
            yield hit(
                bucket,
                "AccessControl",
                f"AccessControl is {acl}, and BlockPublicAcls refuses such lists",
                "delete AccessControl",
            )


@rule(
    "DEPLOY-BUCKET-LIFECYCLE",
    "A lifecycle rule that S3 refuses",
    types=(_BUCKET,),
    severity=Severity.FATAL,
    source="S3 API reference: PutBucketLifecycleConfiguration",
)
def lifecycle_rule(context: Context) -> Iterator[Hit]:
    for bucket in context.of_type(_BUCKET):
        ids: set[str] = set()
        for path, item in objects(bucket, "LifecycleConfiguration.Rules"):
            name = text(item.get("Id"))
            if name is not None and name in ids:
                yield hit(bucket, f"{path}.Id", f"a second rule has the id {name}", "rename it")
            ids.add(name or "")
            if not any(item.get(action) is not None for action in _ACTIONS):
                yield hit(
                    bucket,
                    path,
                    "the rule does nothing",
                    "add ExpirationInDays or another action",
                )
            yield from _days(bucket, path, item)


def _days(bucket: Resource, path: str, item: dict[str, Value]) -> Iterator[Hit]:
    end = number(item.get("ExpirationInDays"))
    if end is not None and end < 1:
        yield hit(bucket, f"{path}.ExpirationInDays", f"{end:g} days; S3 takes 1 at least", "set 1")
    moves = [*listed(item.get("Transitions")), *listed(item.get("Transition"))]
    yield from _order(bucket, path, moves)
    for move in moves:
        after = number(fields(move).get("TransitionInDays"))
        kind = text(fields(move).get("StorageClass"))
        if after is None:
            continue
        if kind in _COOL and after < 30:
            yield hit(
                bucket,
                f"{path}.Transitions",
                f"objects move to {kind} after {after:g} days; S3 takes 30 at least",
                "set TransitionInDays: 30",
            )
        if end is not None and end <= after:
            yield hit(
                bucket,
                f"{path}.ExpirationInDays",
                f"objects expire after {end:g} days, before they move to {kind} after {after:g}",
                "let them expire later",
            )


_COLDER: Final = (
    *("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER"),
    "DEEP_ARCHIVE",
)


def _order(bucket: Resource, path: str, moves: list[Value]) -> Iterator[Hit]:
    """Objects move to ever colder classes."""
    known = [
        (number(fields(move).get("TransitionInDays")), text(fields(move).get("StorageClass")))
        for move in moves
    ]
    steps = sorted((after, kind) for after, kind in known if after is not None and kind)
    for (_, before), (_, kind) in itertools.pairwise(steps):
        if {before, kind} <= set(_COLDER) and _COLDER.index(kind) < _COLDER.index(before):
            yield hit(
                bucket,
                f"{path}.Transitions",
                f"objects move from {before} back to {kind}, which S3 does not do",
                "let each class be colder than the one before",
            )


@rule(
    "DEPLOY-BUCKET-ACCELERATION",
    "A bucket with dots in its name that is to be accelerated",
    types=(_BUCKET,),
    severity=Severity.FATAL,
    source="S3 user guide: Requirements for Transfer Acceleration",
)
def acceleration_rule(context: Context) -> Iterator[Hit]:
    for bucket in context.of_type(_BUCKET):
        on = bucket.text("AccelerateConfiguration.AccelerationStatus") == "Enabled"
        if on and "." in (bucket.text("BucketName") or ""):
            yield hit(
                bucket,
                "AccelerateConfiguration.AccelerationStatus",
                "a name with dots has no accelerated address",
                "write the name with hyphens",
            )


@rule(
    "DEPLOY-BUCKET-VERSIONS",
    "What needs versions of objects, in a bucket without them",
    types=(_BUCKET,),
    severity=Severity.FATAL,
    source="S3 user guide: Using versioning; Object Lock; Replication",
)
def versions_rule(context: Context) -> Iterator[Hit]:
    for bucket in context.of_type(_BUCKET):
        state = bucket.text("VersioningConfiguration.Status")
        if bucket.is_unknown("VersioningConfiguration") or state == "Enabled":
            continue
        if bucket.get("ReplicationConfiguration") is not None:
            yield hit(
                bucket,
                "ReplicationConfiguration",
                "replication needs versions of objects, and the bucket keeps none",
                "set VersioningConfiguration: {Status: Enabled}",
            )
        if bucket.flag("ObjectLockEnabled") and state == "Suspended":
            yield hit(
                bucket,
                "VersioningConfiguration.Status",
                "a bucket with Object Lock keeps versions, and they are suspended",
                "set VersioningConfiguration: {Status: Enabled}",
            )


@rule(
    "DEPLOY-BUCKET-PUBLIC-POLICY",
    "A public policy of a bucket that refuses such",
    types=("AWS::S3::BucketPolicy",),
    severity=Severity.FATAL,
    source="S3 user guide: Blocking public access, BlockPublicPolicy",
)
def public_policy_rule(context: Context) -> Iterator[Hit]:
    for policy in context.of_type("AWS::S3::BucketPolicy"):
        bucket = context.target(policy.get("Bucket"), _BUCKET)
        if bucket is None or not bucket.flag("PublicAccessBlockConfiguration.BlockPublicPolicy"):
            continue
        for index, statement in enumerate(policy.items("PolicyDocument.Statement")):
            item = fields(statement)
            principal = item.get("Principal")
            anyone = principal == "*" or "*" in listed(fields(principal).get("AWS"))
            if text(item.get("Effect")) == "Allow" and anyone and not item.get("Condition"):
                yield hit(
                    policy,
                    f"PolicyDocument.Statement.{index}.Principal",
                    f"everybody is allowed, and BlockPublicPolicy of {bucket.logical_id} refuses "
                    "such a policy",
                    "name who is allowed, or set a condition",
                )
