"""S3 buckets: what the engine's own type leaves unread, and a bucket that is not empty."""

from __future__ import annotations

from collections.abc import Mapping

from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded.api import call
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values

# Read by the engine's own type, which this one calls.
_ENGINE_READS = {
    "BucketName",
    "CorsConfiguration",
    "NotificationConfiguration",
    "PublicAccessBlockConfiguration",
    "VersioningConfiguration",
    "WebsiteConfiguration",
}
_CANNED = {
    "Private": "private",
    "LogDeliveryWrite": "log-delivery-write",
    "BucketOwnerFullControl": "bucket-owner-full-control",
}


def _configure(name: str, properties: Properties) -> None:
    """Put what the engine's own type leaves out.

    Raises:
        PropertyError: A property is there that neither reads.
    """
    tags = properties.tags()
    if tags:
        call("s3", "put_bucket_tagging", Bucket=name, Tagging={"TagSet": tags})
    encryption = properties.document("BucketEncryption")
    if encryption is not None:
        _encrypt(name, encryption)
    lifecycle = properties.document("LifecycleConfiguration")
    if lifecycle is not None:
        _expire(name, lifecycle)
    ownership = properties.document("OwnershipControls")
    if ownership is not None:
        call("s3", "put_bucket_ownership_controls", Bucket=name, OwnershipControls=ownership)
    logging = properties.document("LoggingConfiguration")
    if logging is not None:
        _log(name, logging)
    access = properties.optional_text("AccessControl", allowed=_CANNED)
    if access not in {None, "Private"}:  # every bucket starts private
        call("s3", "put_bucket_acl", Bucket=name, ACL=_CANNED[str(access)])
    lock = properties.document("ObjectLockConfiguration")
    if lock is not None and not properties.flag("ObjectLockEnabled", default=False):
        raise PropertyError("ObjectLockConfiguration requires ObjectLockEnabled")


def _encrypt(name: str, encryption: Mapping[str, object]) -> None:
    with Properties.read(encryption) as given:
        rules = given.documents("ServerSideEncryptionConfiguration")
    translated: list[dict[str, object]] = []
    for rule in rules:
        with Properties.read(rule) as given:
            translated.append(
                {
                    "ApplyServerSideEncryptionByDefault": _default_encryption(
                        given.document("ServerSideEncryptionByDefault")
                    ),
                    "BucketKeyEnabled": given.flag("BucketKeyEnabled", default=False),
                }
            )
    call(
        "s3",
        "put_bucket_encryption",
        Bucket=name,
        ServerSideEncryptionConfiguration={"Rules": translated},
    )


def _default_encryption(given: Mapping[str, object] | None) -> Mapping[str, object] | None:
    """Name the AWS managed key where aws:kms stands without a key; the engine insists on one."""
    if given is None or given.get("SSEAlgorithm") != "aws:kms" or "KMSMasterKeyID" in given:
        return given
    return {**given, "KMSMasterKeyID": "alias/aws/s3"}


def _expire(name: str, lifecycle: Mapping[str, object]) -> None:
    with Properties.read(lifecycle) as given:
        rules = given.documents("Rules")
    call(
        "s3",
        "put_bucket_lifecycle_configuration",
        Bucket=name,
        LifecycleConfiguration={"Rules": [_lifecycle_rule(rule) for rule in rules]},
    )


def _lifecycle_rule(rule: Mapping[str, object]) -> dict[str, object]:
    with Properties.read(rule) as given:
        identifier = given.optional_text("Id")
        answer: dict[str, object] = {
            "Status": given.text("Status", allowed={"Enabled", "Disabled"}),
            "Filter": {"Prefix": given.optional_text("Prefix") or ""},
            **({} if identifier is None else {"ID": identifier}),
        }
        days = given.optional_integer("ExpirationInDays", minimum=1, maximum=100_000)
        if days is not None:
            answer["Expiration"] = {"Days": days}
        noncurrent = given.document("NoncurrentVersionExpiration")
        if noncurrent is not None:
            answer["NoncurrentVersionExpiration"] = noncurrent
        plain_days = given.optional_integer(
            "NoncurrentVersionExpirationInDays", minimum=1, maximum=100_000
        )
        if plain_days is not None:
            answer["NoncurrentVersionExpiration"] = {"NoncurrentDays": plain_days}
        abort = given.document("AbortIncompleteMultipartUpload")
        if abort is not None:
            answer["AbortIncompleteMultipartUpload"] = abort
        if given.flag("ExpiredObjectDeleteMarker", default=False):
            answer["Expiration"] = {"ExpiredObjectDeleteMarker": True}
        transitions = given.documents("Transitions")
        if transitions:
            answer["Transitions"] = [_transition(item) for item in transitions]
    return answer


def _transition(transition: Mapping[str, object]) -> dict[str, object]:
    with Properties.read(transition) as given:
        return {
            "Days": int(given.number("TransitionInDays", minimum=0, maximum=100_000)),
            "StorageClass": given.text("StorageClass"),
        }


def _log(name: str, logging: Mapping[str, object]) -> None:
    with Properties.read(logging) as given:
        target = given.optional_text("DestinationBucketName") or name
        prefix = given.optional_text("LogFilePrefix") or ""
    call("s3", "head_bucket", Bucket=target)
    call(
        "s3",
        "put_bucket_logging",
        Bucket=name,
        BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": prefix}},
    )


def _create(place: StackPosition, properties: Properties) -> Created:
    create = _engine.module("services.cloudformation.provisioners")._s3_create
    name, attributes = create(place.logical_id, properties.take_all(_ENGINE_READS), place.stack)
    try:
        _configure(name, properties)
    except ValueError:
        _delete(name, {})
        raise
    return name, attributes


def _update(name: str, properties: Properties, old: Values) -> Created:
    update = _engine.module("services.cloudformation.provisioners")._s3_update
    before = {key: value for key, value in old.items() if key in _ENGINE_READS}
    _, attributes = update(name, before, properties.take_all(_ENGINE_READS), "")
    _configure(name, properties)
    return name, attributes


def _delete(name: str, values: Values) -> None:
    versions = call("s3", "list_object_versions", Bucket=name, MaxKeys=1)
    if versions.get("Versions") or versions.get("DeleteMarkers"):
        raise ValueError(
            f"The bucket {name} you tried to delete is not empty. You must delete all versions in "
            "the bucket. (Service: S3, Error code: BucketNotEmpty)"
        )
    _engine.module("services.cloudformation.provisioners")._s3_delete(name, values)
    _engine.module("services.s3")._bucket_logging_config.pop(name, None)  # which that forgets


RESOURCE_TYPES = (
    ResourceType(
        name="AWS::S3::Bucket",
        create=_create,
        update=_update,
        delete=_delete,
        create_only=frozenset({"BucketName"}),
        tags=True,
    ),
)
