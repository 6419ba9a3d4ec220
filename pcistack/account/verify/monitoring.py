"""What is promised of alarms and of those who hear them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

from pcistack.account.aws import Call, text, texts
from pcistack.account.verify.deployed import TOPIC, Deployed
from pcistack.account.verify.promise import Promise

_ALARM: Final = "AWS::CloudWatch::Alarm"
_PUBLISHERS: Final[Mapping[str, str]] = {
    _ALARM: "cloudwatch.amazonaws.com",
    "AWS::RDS::EventSubscription": "events.rds.amazonaws.com",
}
"""Services that publish to a topic, by the type that makes them."""
_TO_PUBLISH: Final = ("kms:Decrypt", "kms:GenerateDataKey")


def _alarms(stack: Deployed) -> Iterator[str]:
    topics = {text(topic, "TopicArn") for topic in stack.aws.items(Call.TOPICS, "Topics")}
    found = stack.aws.items(Call.ALARMS, "MetricAlarms")
    alarms = {text(alarm, "AlarmName"): alarm for alarm in found}
    for name, identifier in stack.of_type(_ALARM).items():
        if not topics & set(texts(alarms.get(identifier, {}), "AlarmActions")):
            yield f"{name}: reaches no topic"
    # An alarm that its topic's key does not let publish is dropped without a word.
    services = [service for kind, service in _PUBLISHERS.items() if stack.of_type(kind)]
    for name, topic in stack.of_type(TOPIC).items():
        key = stack.topic_key(topic)
        for service in services:
            if key and not _lets_publish(stack, key, service):
                yield f"{name}: its key does not let {service} publish"


def _lets_publish(stack: Deployed, key: str, service: str) -> bool:
    found = stack.aws.items(Call.KEY_POLICY, "Policy", {"KeyId": key, "PolicyName": "default"})
    document = json.loads(text(found[0], "")) if found else {}
    return any(_grants(statement, service) for statement in document.get("Statement", []))


def _grants(statement: Mapping[str, object], service: str) -> bool:
    """Whether a statement lets a service encrypt for a topic."""
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else []
    given = _listed(statement.get("Action"))
    covered = all(any(fnmatchcase(wanted, item) for item in given) for wanted in _TO_PUBLISH)
    return statement.get("Effect") == "Allow" and service in services and covered


def _listed(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str)]


PROMISES: Final = (
    Promise(
        id="alarms-reach",
        says="Every alarm reaches a topic, through a key that lets it",
        requirement="10.7.2",
        types=(_ALARM,),
        problems=_alarms,
    ),
)
