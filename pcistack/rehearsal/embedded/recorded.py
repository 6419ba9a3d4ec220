"""Services and calls that the engine lacks: what they are told is kept and shown, nothing more.

Nothing scales, no request is logged and no event is sent. The report says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from xml.sax.saxutils import escape

from pcistack.rehearsal.embedded import _engine, dns
from pcistack.rehearsal.embedded._engine import Response, Untyped
from pcistack.rehearsal.embedded.database_servers import USERS
from pcistack.rehearsal.mariadb import installed

_RECORDED = (
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::RDS::EventSubscription",
    "AWS::SecretsManager::RotationSchedule",
    "AWS::WAFv2::LoggingConfiguration",
    *dns.RECORDED,
)


def recorded() -> tuple[str, ...]:
    """Return what the report calls "recorded, not emulated": the users too, without a server."""
    return _RECORDED if installed() else (*_RECORDED, USERS)


CallHandler = Callable[[Mapping[str, Any]], dict[str, Any]]


class RefusedCallError(Exception):
    """A call that the service refuses, with its error code."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code that the answer carries."""
        super().__init__(message)
        self.code = code


def install() -> None:
    """Add the recorded services to the engine."""
    _install_application_autoscaling()
    _install_waf_logging()
    _install_event_subscriptions()


def json_service(calls: Mapping[str, CallHandler]) -> Callable[..., Any]:
    """Return a service handler for calls that speak the JSON protocol."""

    async def handle(
        _method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: object
    ) -> Response:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation not in calls:
            return _json(400, {"__type": "UnknownOperationException", "message": operation})
        try:
            return _json(200, calls[operation](json.loads(body or b"{}")))
        except RefusedCallError as refusal:
            return _json(400, {"__type": refusal.code, "message": str(refusal)})

    return handle


def _json(status: int, document: Mapping[str, Any]) -> Response:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(document).encode()


# --- Application Auto Scaling ---------------------------------------------------------------------


def _install_application_autoscaling() -> None:
    module = ModuleType("ministack.services.application_autoscaling")
    targets, policies = _engine.store(), _engine.store()
    module.__dict__.update(_targets=targets, _policies=policies)
    service = json_service(
        {
            "RegisterScalableTarget": lambda data: _register_target(targets, data),
            "DeregisterScalableTarget": lambda data: _deregister_target(targets, policies, data),
            "DescribeScalableTargets": lambda data: {
                "ScalableTargets": _selected(targets.values(), data)
            },
            "PutScalingPolicy": lambda data: _put_scaling_policy(targets, policies, data),
            "DeleteScalingPolicy": lambda data: _delete_scaling_policy(policies, data),
            "DescribeScalingPolicies": lambda data: {
                "ScalingPolicies": _selected(policies.values(), data)
            },
        }
    )
    _engine.add_service("application-autoscaling", module, service, "AnyScaleFrontendService.")


def _target_key(data: Mapping[str, Any]) -> str:
    return f"{data['ServiceNamespace']}|{data['ResourceId']}|{data['ScalableDimension']}"


def _selected(records: Untyped, data: Mapping[str, Any]) -> list[Any]:
    return [
        record
        for record in records
        if record["ServiceNamespace"] == data["ServiceNamespace"]
        and record["ResourceId"] in data.get("ResourceIds", [record["ResourceId"]])
        and record["ResourceId"] == data.get("ResourceId", record["ResourceId"])
    ]


def _register_target(targets: Untyped, data: Mapping[str, Any]) -> dict[str, Any]:
    key = _target_key(data)
    record = {"CreationTime": 0, **(targets.get(key) or {}), **data}
    service_role = "AWSServiceRoleForApplicationAutoScaling_ECSService"
    path = "aws-service-role/ecs.application-autoscaling.amazonaws.com"
    record.setdefault("RoleARN", f"arn:aws:iam::{_engine.account_id()}:role/{path}/{service_role}")
    if int(record.get("MinCapacity", 0)) > int(record.get("MaxCapacity", 0)):
        raise RefusedCallError(
            "ValidationException", "Maximum capacity is less than minimum capacity"
        )
    targets[key] = record
    return {"ScalableTargetARN": f"arn:aws:application-autoscaling:{_engine.region()}:{key}"}


def _deregister_target(
    targets: Untyped, policies: Untyped, data: Mapping[str, Any]
) -> dict[str, Any]:
    key = _target_key(data)
    if key not in targets:
        raise RefusedCallError(
            "ObjectNotFoundException", f"No scalable target registered for {key}"
        )
    del targets[key]
    for name in [name for name in policies if name.startswith(f"{key}|")]:
        del policies[name]
    return {}


def _put_scaling_policy(
    targets: Untyped, policies: Untyped, data: Mapping[str, Any]
) -> dict[str, Any]:
    target = _target_key(data)
    if target not in targets:
        raise RefusedCallError(
            "ObjectNotFoundException", f"No scalable target registered for {target}"
        )
    arn = (
        f"arn:aws:autoscaling:{_engine.region()}:{_engine.account_id()}:scalingPolicy:"
        f"resource/{data['ServiceNamespace']}/{data['ResourceId']}:policyName/{data['PolicyName']}"
    )
    record = {**data, "PolicyARN": arn, "CreationTime": 0, "Alarms": []}
    policies[f"{target}|{data['PolicyName']}"] = record
    return {"PolicyARN": arn, "Alarms": []}


def _delete_scaling_policy(policies: Untyped, data: Mapping[str, Any]) -> dict[str, Any]:
    key = f"{_target_key(data)}|{data['PolicyName']}"
    if key not in policies:
        raise RefusedCallError("ObjectNotFoundException", f"No scaling policy found for {key}")
    del policies[key]
    return {}


# --- WAF logging ----------------------------------------------------------------------------------


def _install_waf_logging() -> None:
    waf = _engine.module("services.waf")
    waf._logging_configurations = configurations = _engine.store()
    original = waf.handle_request
    service = json_service(
        {
            "PutLoggingConfiguration": lambda data: _put_logging(configurations, data),
            "GetLoggingConfiguration": lambda data: {
                "LoggingConfiguration": _logging(configurations, data["ResourceArn"])
            },
            "DeleteLoggingConfiguration": lambda data: _delete_logging(configurations, data),
            "ListLoggingConfigurations": lambda _data: {
                "LoggingConfigurations": list(configurations.values())
            },
        }
    )

    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: object
    ) -> Response:
        ours = "LoggingConfiguration" in headers.get("x-amz-target", "")
        answer: Response = await (service if ours else original)(method, path, headers, body, query)
        return answer

    waf.handle_request = handle


def _put_logging(configurations: Untyped, data: Mapping[str, Any]) -> dict[str, Any]:
    configuration = data["LoggingConfiguration"]
    configurations[configuration["ResourceArn"]] = configuration
    return {"LoggingConfiguration": configuration}


def _logging(configurations: Untyped, arn: str) -> dict[str, Any]:
    if arn not in configurations:
        raise RefusedCallError("WAFNonexistentItemException", f"{arn} has no logging configuration")
    configuration: dict[str, Any] = configurations[arn]
    return configuration


def _delete_logging(configurations: Untyped, data: Mapping[str, Any]) -> dict[str, Any]:
    _logging(configurations, data["ResourceArn"])
    del configurations[data["ResourceArn"]]
    return {}


# --- RDS event subscriptions ----------------------------------------------------------------------


def _install_event_subscriptions() -> None:
    rds = _engine.module("services.rds")
    rds._event_subscriptions = _engine.store()
    rds._ACTION_MAP |= {
        "CreateEventSubscription": lambda data: _create_subscription(rds, data),
        "ModifyEventSubscription": lambda data: _modify_subscription(rds, data),
        "DeleteEventSubscription": lambda data: _delete_subscription(rds, data),
        "AddSourceIdentifierToSubscription": lambda data: _change_source(rds, data, "Add"),
        "RemoveSourceIdentifierFromSubscription": lambda data: _change_source(rds, data, "Remove"),
        "DescribeEventSubscriptions": lambda data: _describe_subscriptions(rds, data),
    }


def _items(data: Mapping[str, Any], name: str) -> list[str]:
    return [str(value[0]) for key, value in sorted(data.items()) if key.startswith(f"{name}.")]


def _settings(rds: Untyped, data: Mapping[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {
        name: rds._p(data, name)
        for name in ("SnsTopicArn", "SourceType", "Enabled")
        if rds._p(data, name)
    }
    for name in ("EventCategories", "SourceIds"):
        if _items(data, name):
            settings[name] = _items(data, name)
    return settings


def _create_subscription(rds: Untyped, data: Mapping[str, Any]) -> Response:
    name = rds._p(data, "SubscriptionName")
    if name in rds._event_subscriptions:
        message = f"Event subscription {name} already exists."
        refused: Response = rds._error("SubscriptionAlreadyExist", message, 400)
        return refused
    rds._event_subscriptions[name] = {"SubscriptionName": name, **_settings(rds, data)}
    return _subscription_answer(rds, "CreateEventSubscription", name)


def _modify_subscription(rds: Untyped, data: Mapping[str, Any]) -> Response:
    name = rds._p(data, "SubscriptionName")
    if name not in rds._event_subscriptions:
        return _no_subscription(rds, name)
    rds._event_subscriptions[name] |= _settings(rds, data)
    return _subscription_answer(rds, "ModifyEventSubscription", name)


def _change_source(rds: Untyped, data: Mapping[str, Any], verb: str) -> Response:
    name, source = rds._p(data, "SubscriptionName"), rds._p(data, "SourceIdentifier")
    if name not in rds._event_subscriptions:
        return _no_subscription(rds, name)
    record = rds._event_subscriptions[name]
    others = [item for item in record.get("SourceIds", []) if item != source]
    record["SourceIds"] = [*others, source] if verb == "Add" else others
    operation = f"{verb}SourceIdentifier{'To' if verb == 'Add' else 'From'}Subscription"
    return _subscription_answer(rds, operation, name)


def _delete_subscription(rds: Untyped, data: Mapping[str, Any]) -> Response:
    name = rds._p(data, "SubscriptionName")
    if name not in rds._event_subscriptions:
        return _no_subscription(rds, name)
    answer = _subscription_answer(rds, "DeleteEventSubscription", name)
    del rds._event_subscriptions[name]
    return answer


def _describe_subscriptions(rds: Untyped, data: Mapping[str, Any]) -> Response:
    wanted = rds._p(data, "SubscriptionName")
    if wanted and wanted not in rds._event_subscriptions:
        return _no_subscription(rds, wanted)
    items = "".join(
        f"<EventSubscription>{_subscription_xml(record)}</EventSubscription>"
        for name, record in rds._event_subscriptions.items()
        if wanted in {"", name}
    )
    inner = (
        "<DescribeEventSubscriptionsResult><EventSubscriptionsList>"
        f"{items}</EventSubscriptionsList></DescribeEventSubscriptionsResult>"
    )
    answer: Response = rds._xml(200, "DescribeEventSubscriptionsResponse", inner)
    return answer


def _no_subscription(rds: Untyped, name: str) -> Response:
    message = f"Event Subscription {name} not found."
    refused: Response = rds._error("SubscriptionNotFound", message, 404)
    return refused


def _subscription_answer(rds: Untyped, operation: str, name: str) -> Response:
    inner = _subscription_xml(rds._event_subscriptions[name])
    result = (
        f"<{operation}Result><EventSubscription>{inner}</EventSubscription></{operation}Result>"
    )
    answer: Response = rds._xml(200, f"{operation}Response", result)
    return answer


def _subscription_xml(record: Mapping[str, Any]) -> str:
    lists = {"EventCategories": "EventCategory", "SourceIds": "SourceId"}
    parts = [
        f"<CustSubscriptionId>{escape(record['SubscriptionName'])}</CustSubscriptionId>",
        f"<SnsTopicArn>{escape(record['SnsTopicArn'])}</SnsTopicArn>",
        f"<SourceType>{record.get('SourceType', '')}</SourceType>",
        f"<Enabled>{record.get('Enabled', 'true')}</Enabled><Status>active</Status>",
    ]
    for name, item in lists.items():
        values = "".join(f"<{item}>{escape(value)}</{item}>" for value in record.get(name, []))
        parts.append(f"<{name}List>{values}</{name}List>")
    return "".join(parts)
