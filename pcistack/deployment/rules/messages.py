"""Topics, queues and subscriptions: what SNS and SQS take."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import objects, text
from pcistack.template.view import Resource

_TOPIC: Final = "AWS::SNS::Topic"
_QUEUE: Final = "AWS::SQS::Queue"
_SUBSCRIPTION: Final = "AWS::SNS::Subscription"
_FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "email": (r"[^@\s]+@[^@\s]+", "an address of mail"),
    "email-json": (r"[^@\s]+@[^@\s]+", "an address of mail"),
    "http": (r"(?i)http://.+", "a URL that begins with http://"),
    "https": (r"(?i)https://.+", "a URL that begins with https://"),
    "lambda": (r"arn:[\w-]+:lambda:.+", "the ARN of a function"),
    "sqs": (r"arn:[\w-]+:sqs:.+", "the ARN of a queue"),
    "firehose": (r"arn:[\w-]+:firehose:.+", "the ARN of a delivery stream"),
    "sms": (r"\+?[0-9 ()-]{5,20}", "a phone number"),
}


@rule(
    "DEPLOY-SUBSCRIPTION",
    "A subscription whose endpoint is none of its protocol",
    types=(_SUBSCRIPTION, _TOPIC),
    severity=Severity.FATAL,
    source="SNS API reference: Subscribe, Protocol and Endpoint",
)
def subscription_rule(context: Context) -> Iterator[Hit]:
    for subscription in context.of_type(_SUBSCRIPTION):
        yield from _endpoint(
            subscription, "", subscription.text("Protocol"), subscription.text("Endpoint")
        )
        if subscription.text("Protocol") == "firehose" and not subscription.get(
            "SubscriptionRoleArn"
        ):
            yield hit(
                subscription,
                "SubscriptionRoleArn",
                "a subscription of Firehose needs a role",
                "set SubscriptionRoleArn",
            )
    for topic in context.of_type(_TOPIC):
        for path, item in objects(topic, "Subscription"):
            yield from _endpoint(
                topic, f"{path}.", text(item.get("Protocol")), text(item.get("Endpoint"))
            )


def _endpoint(
    resource: Resource, at: str, protocol: str | None, endpoint: str | None
) -> Iterator[Hit]:
    form = _FORMS.get(protocol or "")
    if form and endpoint and not re.fullmatch(form[0], endpoint):
        yield hit(
            resource,
            f"{at}Endpoint",
            f"{endpoint!r} is no endpoint of the protocol {protocol}, which is {form[1]}",
            f"write {form[1]}",
        )


@rule(
    "DEPLOY-FIFO",
    "A first-in-first-out topic or queue whose name does not say so",
    types=(_TOPIC, _QUEUE),
    severity=Severity.FATAL,
    source="SNS and SQS API references: FifoTopic, FifoQueue",
)
def fifo_rule(context: Context) -> Iterator[Hit]:
    for kind, key, flag in ((_TOPIC, "TopicName", "FifoTopic"), (_QUEUE, "QueueName", "FifoQueue")):
        for resource in context.of_type(kind):
            name, first = resource.text(key), resource.flag(flag)
            if resource.is_unknown(flag) or name is None:
                continue
            if name.endswith(".fifo") != bool(first):
                yield hit(
                    resource,
                    key if first else flag,
                    f"the name is {name}, and {flag} is {'true' if first else 'not'}",
                    f"end the name in .fifo and set {flag}: true, or neither",
                )
    for queue in context.of_type(_QUEUE):
        dead = context.target(queue.get("RedrivePolicy.deadLetterTargetArn"), _QUEUE)
        fifo = queue.flag("FifoQueue") is True
        if dead is not None and fifo != (dead.flag("FifoQueue") is True):
            yield hit(
                queue,
                "RedrivePolicy.deadLetterTargetArn",
                f"{dead.logical_id} is {'no' if fifo else 'a'} FIFO queue, unlike this one",
                "make both the same",
            )
        count = queue.number("RedrivePolicy.maxReceiveCount")
        if count is not None and not 1 <= count <= 1000:
            yield hit(
                queue,
                "RedrivePolicy.maxReceiveCount",
                f"{count:g} receives; SQS takes 1 to 1000",
                "choose a number from 1 to 1000",
            )
