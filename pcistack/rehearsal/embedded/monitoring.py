"""CloudWatch alarms and SNS topics: what the engine's own types refuse or leave unread."""

from __future__ import annotations

from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded.api import call
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values

# --- Alarms ---------------------------------------------------------------------------------------

_COMPARISONS = {
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
}
_MISSING_DATA = {"breaching", "notBreaching", "ignore", "missing"}
_DAY = 86_400


def _put_alarm(name: str, properties: Properties) -> Created:
    metrics = properties.documents("Metrics")
    metric = properties.optional_text("MetricName")
    periods = properties.number("EvaluationPeriods", minimum=1, maximum=_DAY)
    needed = properties.optional_integer("DatapointsToAlarm", minimum=1, maximum=_DAY)
    period = properties.optional_integer("Period", minimum=10, maximum=_DAY)
    call(
        "cloudwatch",
        "put_metric_alarm",
        AlarmName=name,
        AlarmDescription=properties.optional_text("AlarmDescription"),
        ActionsEnabled=properties.flag("ActionsEnabled", default=True),
        AlarmActions=properties.texts("AlarmActions"),
        OKActions=properties.texts("OKActions"),
        InsufficientDataActions=properties.texts("InsufficientDataActions"),
        MetricName=metric,
        Namespace=properties.optional_text("Namespace"),
        Statistic=properties.optional_text("Statistic"),
        ExtendedStatistic=properties.optional_text("ExtendedStatistic"),
        Dimensions=properties.documents("Dimensions"),
        Period=period,
        Unit=properties.optional_text("Unit"),
        EvaluationPeriods=int(periods),
        DatapointsToAlarm=needed,
        Threshold=properties.number("Threshold", minimum=-1e18, maximum=1e18),
        ComparisonOperator=properties.text("ComparisonOperator", allowed=_COMPARISONS),
        TreatMissingData=properties.optional_text("TreatMissingData", allowed=_MISSING_DATA),
        Metrics=metrics or None,
        Tags=properties.tags() or None,
    )
    alarm = _engine.module("services.cloudwatch")._alarms[name]
    if metrics:
        alarm["Metrics"] = metrics
    return name, {"Arn": alarm["AlarmArn"]}


def _create_alarm(place: StackPosition, properties: Properties) -> Created:
    name = properties.optional_text("AlarmName", pattern=r".{1,255}")
    return _put_alarm(name or place.name(longest=255), properties)


def _update_alarm(name: str, properties: Properties, _old: Values) -> Created:
    properties.optional_text("AlarmName")
    return _put_alarm(name, properties)


def _delete_alarm(name: str, _values: Values) -> None:
    call("cloudwatch", "delete_alarms", AlarmNames=[name])


# --- Topics ---------------------------------------------------------------------------------------

# Attributes that SetTopicAttributes takes under the name of the property.
_ATTRIBUTES = ("KmsMasterKeyId", "TracingConfig", "SignatureVersion")
_ENGINE_READS = ("DisplayName", "Subscription", "TopicName", "Tags")


def _configure_topic(arn: str, properties: Properties) -> None:
    for name in _ATTRIBUTES:
        value = properties.optional_text(name)
        if value is not None:
            if name == "KmsMasterKeyId":
                call("kms", "describe_key", KeyId=value)
            call(
                "sns",
                "set_topic_attributes",
                TopicArn=arn,
                AttributeName=name,
                AttributeValue=value,
            )


def _create_topic(place: StackPosition, properties: Properties) -> Created:
    create = _engine.module("services.cloudformation.provisioners")._sns_create
    arn, attributes = create(place.logical_id, properties.take_all(_ENGINE_READS), place.stack)
    try:
        _configure_topic(arn, properties)
    except ValueError:
        _delete_topic(arn, {})
        raise
    return arn, attributes


def _update_topic(arn: str, properties: Properties, old: Values) -> Created:
    provisioners = _engine.module("services.cloudformation.provisioners")
    topic = _engine.module("services.sns")._topics[arn]
    before = {name: value for name, value in old.items() if name in _ENGINE_READS}
    after = properties.take_all(_ENGINE_READS)
    topic["attributes"]["DisplayName"] = str(after.get("DisplayName", topic["name"]))
    provisioners._reconcile_tag_map(topic.setdefault("tags", {}), before, after)
    if before.get("Subscription") != after.get("Subscription"):
        raise PropertyError("Changing Subscription in place is not rehearsed; use a Subscription")
    _configure_topic(arn, properties)
    return arn, provisioners._sns_topic_attrs(arn)


def _delete_topic(arn: str, values: Values) -> None:
    _engine.module("services.cloudformation.provisioners")._sns_delete(arn, values)


RESOURCE_TYPES = (
    ResourceType(
        name="AWS::CloudWatch::Alarm",
        create=_create_alarm,
        update=_update_alarm,
        delete=_delete_alarm,
        create_only=frozenset({"AlarmName"}),
        tags=True,
    ),
    ResourceType(
        name="AWS::SNS::Topic",
        create=_create_topic,
        update=_update_topic,
        delete=_delete_topic,
        create_only=frozenset({"TopicName", "FifoTopic"}),
        tags=True,
    ),
)
