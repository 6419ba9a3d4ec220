"""Policies of buckets: resources and actions that S3 takes, and deliveries that they let in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.grants import refused
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, listed, text
from pcistack.policies.arns import ACCOUNT
from pcistack.policies.evaluation import Principal, Request
from pcistack.template.references import name_of
from pcistack.template.view import Resource, Unknown, Value

_POLICY: Final = "AWS::S3::BucketPolicy"
_BUCKET: Final = "AWS::S3::Bucket"
_CHANNEL: Final = "AWS::Config::DeliveryChannel"
# Actions on objects, and on buckets, that are certainly of one kind.
_OBJECT: Final = (
    *("s3:abortmultipartupload", "s3:deleteobject", "s3:deleteobjectversion", "s3:getobject"),
    *("s3:getobjectacl", "s3:getobjecttagging", "s3:getobjectversion", "s3:putobject"),
    *("s3:putobjectacl", "s3:putobjecttagging", "s3:replicateobject", "s3:replicatedelete"),
)
_WHOLE: Final = (
    *("s3:getbucketacl", "s3:getbucketlocation", "s3:getbucketpolicy", "s3:listbucket"),
    *("s3:listbucketversions", "s3:listbucketmultipartuploads", "s3:putbucketpolicy"),
)


@rule(
    "DEPLOY-BUCKET-POLICY",
    "A statement of a bucket's policy that is about something else",
    types=(_POLICY,),
    severity=Severity.FATAL,
    source="S3 user guide: Bucket policies (MalformedPolicy: Policy has invalid resource; Action "
    "does not apply to any resource(s) in statement)",
)
def resource_rule(context: Context) -> Iterator[Hit]:
    names = context.access.names
    for policy in context.of_type(_POLICY):
        bucket = context.target(policy.get("Bucket"), _BUCKET)
        known = policy.text("Bucket")
        arn = (names.arn(bucket) or "") if bucket else f"arn:aws:s3:::{known}" if known else ""
        for index, statement in enumerate(policy.items("PolicyDocument.Statement")):
            item = fields(statement)
            path = f"PolicyDocument.Statement.{index}"
            values = listed(item.get("Resource"))
            texts = [names.text(value) for value in values if not isinstance(value, Unknown)]
            if len(texts) != len(values) or not texts:
                continue
            for resource, value in zip(texts, values, strict=True):
                if type(value) is str and arn and not _is_of(resource, arn, made_up=known is None):
                    yield hit(
                        policy,
                        f"{path}.Resource",
                        f"{resource} is not of the bucket whose policy this is",
                        "name the bucket by !GetAtt <bucket>.Arn",
                    )
            yield from _actions(policy, path, item, texts)


def _is_of(resource: str, arn: str, *, made_up: bool) -> bool:
    """Whether a plain ARN may be of a bucket; a made-up name is never written out."""
    if resource == "*" or not resource.startswith("arn:") or "?" in resource or "$" in resource:
        return True
    name = resource.split(":::", 1)[-1].split("/", 1)[0]
    own = arn.split(":::", 1)[-1]
    if "*" in name or not own or ("<" in own and not made_up):
        return True
    return name == own


def _actions(
    policy: Resource, path: str, item: Mapping[str, Value], texts: list[str]
) -> Iterator[Hit]:
    if any("*" in one.split("/")[0] or "<value>" in one or not one for one in texts):
        return
    objects = any("/" in one.split(":::", 1)[-1] for one in texts)
    buckets = any("/" not in one.split(":::", 1)[-1] for one in texts)
    for action in listed(item.get("Action")):
        name = (text(action) or "").lower()
        if (name in _OBJECT and not objects) or (name in _WHOLE and not buckets):
            yield hit(
                policy,
                f"{path}.Action",
                f"{action} is about {'objects' if name in _OBJECT else 'the bucket'}, and the "
                "statement names none",
                "name <bucket>.Arn/*" if name in _OBJECT else "name <bucket>.Arn",
            )


def _policies(context: Context, bucket: Resource) -> list[Resource]:
    """Return the policies of a bucket, which name it by reference or by its name."""
    names = context.access.names
    return [
        policy
        for policy in context.of_type(_POLICY)
        if name_of(policy.get("Bucket")) in (bucket.logical_id, "unknown")
        or names.text(policy.get("Bucket")) == names.name(bucket)
    ]


@rule(
    "DEPLOY-CONFIG-BUCKET",
    "A delivery channel whose bucket does not let AWS Config write",
    types=(_CHANNEL,),
    severity=Severity.FATAL,
    source="AWS Config developer guide: Permissions for the Amazon S3 bucket "
    "(InsufficientDeliveryPolicyException)",
)
def config_rule(context: Context) -> Iterator[Hit]:
    names = context.access.names
    roles = [
        context.access.role(one.get("RoleARN"))
        for one in context.of_type("AWS::Config::ConfigurationRecorder")
    ]
    for channel in context.of_type(_CHANNEL) if roles and not context.grants_more else ():
        bucket = names.found(channel.get("S3BucketName"))
        if bucket is None or bucket.type != _BUCKET or None in roles:
            continue
        prefix = channel.get("S3KeyPrefix")
        folder = "" if prefix in (None, "") else f"{names.text(prefix)}/"
        arn = f"{names.arn(bucket)}/{folder}AWSLogs/{ACCOUNT}/Config/x"
        request = Request(
            action="s3:PutObject",
            resource=arn,
            principal=Principal(service="config.amazonaws.com"),
            context={
                "s3:x-amz-acl": ("bucket-owner-full-control",),
                "aws:securetransport": ("true",),
                "aws:sourceaccount": (ACCOUNT,),
            },
        )
        policies = _policies(context, bucket)
        by_role = any(
            role is not None and not refused(context, role, ("s3:PutObject",), arn)
            for role in roles
        )
        if not by_role and context.access.resource_allows(policies, request) is False:
            yield hit(
                channel,
                "S3BucketName",
                f"neither a policy of {bucket.logical_id} lets config.amazonaws.com call "
                "s3:PutObject, nor does the recorder's role: AWS Config refuses the bucket",
                f"in a policy of {bucket.logical_id} allow s3:PutObject on "
                f"{folder}AWSLogs/<account>/Config/* to config.amazonaws.com",
            )


@rule(
    "DEPLOY-BUCKET-LOGGING",
    "A bucket whose access log its own log bucket does not take",
    types=(_BUCKET,),
    severity=Severity.WARNING,
    source="S3 user guide: Enabling server access logging, logging.s3.amazonaws.com",
)
def logging_rule(context: Context) -> Iterator[Hit]:
    names = context.access.names
    for bucket in context.of_type(_BUCKET):
        target = context.target(bucket.get("LoggingConfiguration.DestinationBucketName"), _BUCKET)
        if target is None or target.get("AccessControl") is not None or context.has_macro:
            continue
        prefix = bucket.get("LoggingConfiguration.LogFilePrefix")
        request = Request(
            action="s3:PutObject",
            resource=f"{names.arn(target)}/{'' if prefix is None else names.text(prefix)}x",
            principal=Principal(service="logging.s3.amazonaws.com"),
            context={
                "aws:securetransport": ("true",),
                "aws:sourceaccount": (ACCOUNT,),
                "aws:sourcearn": (names.arn(bucket) or "",),
            },
        )
        policies = _policies(context, target)
        if context.access.resource_allows(policies, request) is False:
            yield hit(
                bucket,
                "LoggingConfiguration.DestinationBucketName",
                f"no policy of {target.logical_id} lets logging.s3.amazonaws.com call "
                "s3:PutObject: no access is logged",
                f"allow it in an {_POLICY} of {target.logical_id}",
            )
