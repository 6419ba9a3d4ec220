"""RDS: subscriptions to the events of clusters and instances."""

from __future__ import annotations

from pcistack.rehearsal.embedded.api import NotFoundError, call
from pcistack.rehearsal.embedded.database_clusters import cluster_of
from pcistack.rehearsal.embedded.database_instances import instance_of
from pcistack.rehearsal.embedded.properties import Properties, PropertyError
from pcistack.rehearsal.embedded.registry import Created, ResourceType, StackPosition, Values

_SOURCES = {
    "db-instance",
    "db-cluster",
    "db-parameter-group",
    "db-security-group",
    "db-snapshot",
    "db-cluster-snapshot",
}


def _require_sources(kind: str | None, sources: list[str]) -> None:
    if sources and kind is None:
        raise PropertyError("SourceType is required where SourceIds are given")
    for source in sources:
        if kind == "db-cluster":
            cluster_of(source)
        elif kind == "db-instance":
            instance_of(source)
        elif kind == "db-parameter-group":
            _require_parameter_group(source)


def _require_parameter_group(name: str) -> None:
    try:
        call("rds", "describe_db_parameter_groups", DBParameterGroupName=name)
    except NotFoundError:
        call("rds", "describe_db_cluster_parameter_groups", DBClusterParameterGroupName=name)


def _subscription(properties: Properties) -> dict[str, object]:
    topic = properties.text("SnsTopicArn", pattern=r"arn:[^:]+:sns:[^:]+:\d{12}:[\w-]+")
    call("sns", "get_topic_attributes", TopicArn=topic)
    kind = properties.optional_text("SourceType", allowed=_SOURCES)
    sources = properties.texts("SourceIds")
    _require_sources(kind, sources)
    return {
        "SnsTopicArn": topic,
        "SourceType": kind,
        "EventCategories": properties.texts("EventCategories") or None,
        "Enabled": properties.flag("Enabled", default=True),
        "SourceIds": sources or None,
    }


def _create_subscription(place: StackPosition, properties: Properties) -> Created:
    name = properties.optional_text(
        "SubscriptionName", pattern=r"[a-zA-Z][\w-]{0,254}"
    ) or place.name(longest=255)
    call(
        "rds",
        "create_event_subscription",
        SubscriptionName=name,
        Tags=properties.tags() or None,
        **_subscription(properties),
    )
    return name, {}


def _update_subscription(name: str, properties: Properties, old: Values) -> Created:
    properties.optional_text("SubscriptionName")
    properties.tags()
    settings = _subscription(properties)
    wanted, had = _texts(settings.pop("SourceIds", None)), _texts(old.get("SourceIds"))
    change = {"SubscriptionName": name}
    for source in sorted(wanted - had):
        call("rds", "add_source_identifier_to_subscription", **change, SourceIdentifier=source)
    for source in sorted(had - wanted):
        call("rds", "remove_source_identifier_from_subscription", **change, SourceIdentifier=source)
    call("rds", "modify_event_subscription", **change, **settings)
    return name, {}


def _texts(value: object) -> set[str]:
    return {str(item) for item in value} if isinstance(value, list) else set()


def _delete_subscription(name: str, _values: Values) -> None:
    call("rds", "delete_event_subscription", SubscriptionName=name)


RESOURCE_TYPES = (
    ResourceType(
        name="AWS::RDS::EventSubscription",
        create=_create_subscription,
        update=_update_subscription,
        delete=_delete_subscription,
        create_only=frozenset({"SubscriptionName", "SnsTopicArn"}),
        tags=True,
    ),
)
