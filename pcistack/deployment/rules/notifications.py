"""Notifications: subscriptions and buckets that name topics and queues as SNS and S3 take them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.messages import QUEUE, TOPIC, policies_of
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, objects, text
from pcistack.template.view import Resource, Value

_SUBSCRIPTION: Final = "AWS::SNS::Subscription"
_BUCKET: Final = "AWS::S3::Bucket"
_AT: Final = "NotificationConfiguration"
_KINDS: Final = (
    ("TopicConfigurations", "Topic"),
    ("QueueConfigurations", "Queue"),
    ("LambdaConfigurations", "Function"),
)
_MOST: Final = 5


@rule(
    "DEPLOY-SUBSCRIPTION-FILTER",
    "A filter of a subscription, or a queue of it, that SNS refuses",
    types=(_SUBSCRIPTION,),
    severity=Severity.FATAL,
    source="SNS developer guide: Subscription filter policies; Subscribe (FIFO queues)",
)
def filter_rule(context: Context) -> Iterator[Hit]:
    for one in context.of_type(_SUBSCRIPTION):
        policy = fields(one.get("FilterPolicy"))
        body = one.text("FilterPolicyScope") == "MessageBody"
        for name, value in policy.items():
            if isinstance(value, bool | int | float) or type(value) is str:
                yield hit(
                    one,
                    f"FilterPolicy.{name}",
                    f"{name} is {text(value)!r}; a filter lists what passes",
                    f"write [{text(value)}]",
                )
        if len(policy) > _MOST and not body:
            yield hit(
                one,
                "FilterPolicy",
                f"the filter names {len(policy)} attributes; SNS takes {_MOST}",
                f"keep {_MOST}",
            )
        topic = context.target(one.get("TopicArn"), TOPIC)
        queue = context.target(one.get("Endpoint"), QUEUE)
        fifo = queue is not None and queue.flag("FifoQueue") is True
        standard = topic is not None and not topic.is_unknown("FifoTopic")
        if topic and queue and fifo and standard and topic.flag("FifoTopic") is not True:
            yield hit(
                one,
                "Endpoint",
                f"{queue.logical_id} is a FIFO queue, and {topic.logical_id} no FIFO topic",
                "make both the same",
            )


@rule(
    "DEPLOY-BUCKET-NOTIFICATION",
    "Notifications of a bucket that S3 refuses",
    types=(_BUCKET,),
    severity=Severity.FATAL,
    source="S3 API reference: PutBucketNotificationConfiguration (Configurations overlap)",
)
def bucket_rule(context: Context) -> Iterator[Hit]:
    for bucket in context.of_type(_BUCKET):
        seen: list[tuple[str, str]] = []
        chosen = "Fn::If" in str(bucket.raw.properties.get(_AT))  # which ones meet is not known
        for kind, name in _KINDS:
            for path, item in objects(bucket, f"{_AT}.{kind}"):
                target = context.target(item.get(name), TOPIC, QUEUE)
                fifo = {TOPIC: "FifoTopic", QUEUE: "FifoQueue"}.get(target.type if target else "")
                if target is not None and fifo and target.flag(fifo) is True:
                    yield hit(
                        bucket,
                        f"{path}.{name}",
                        f"{target.logical_id} is FIFO, which S3 does not notify",
                        "name a standard topic or queue",
                    )
                event = text(item.get("Event"))
                if event is None or chosen or item.get("Filter") is not None:
                    continue
                for other, where in seen:
                    if _overlap(event, other):
                        yield hit(
                            bucket,
                            f"{path}.Event",
                            f"{event} overlaps {other} of {where}, and neither has a filter",
                            "give each a filter of its own, or one topic for both",
                        )
                        break
                seen.append((event, path))


def _overlap(one: str, other: str) -> bool:
    if one == other:
        return True
    return any(
        whole.endswith(":*") and part.startswith(whole[:-1])
        for whole, part in ((one, other), (other, one))
    )


@rule(
    "DEPLOY-ORDER-NOTIFICATION",
    "A bucket that notifies before the policy may let it",
    types=(_BUCKET,),
    source="CloudFormation user guide: DependsOn attribute; S3 user guide: Granting permissions to "
    "publish event notification messages (Unable to validate the destination)",
)
def order_rule(context: Context) -> Iterator[Hit]:
    for bucket in context.of_type(_BUCKET):
        before: frozenset[str] | None = None
        for kind, name in _KINDS[:2]:
            for path, item in objects(bucket, f"{_AT}.{kind}"):
                target = _named(context, item.get(name))
                policies = policies_of(context, target) if target else []
                if before is None:
                    before = context.order.before(bucket.logical_id)
                later = [p for p in policies if not context.order.waits_for(p, bucket)]
                if policies and not before & {policy.logical_id for policy in policies}:
                    first = (later or policies)[0].logical_id
                    yield hit(
                        bucket,
                        f"{path}.{name}",
                        f"nothing makes it wait for {first}: S3 tries the notification while the "
                        "bucket is created, and is refused",
                        f"set DependsOn: {first}"
                        + ("" if later else ", and name the bucket by text in that policy"),
                    )


def _named(context: Context, value: Value) -> Resource | None:
    return (
        None
        if value is None or (is_open(value) and context.target(value) is None)
        else (context.target(value, TOPIC, QUEUE))
    )
