"""Listeners: conditions of rules, redirects and answers that Elastic Load Balancing takes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.load_balancing import BALANCER, GROUP
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import fields, is_open, listed, objects, text
from pcistack.template.view import Resource, Value, number

_LISTENER: Final = "AWS::ElasticLoadBalancingV2::Listener"
_RULE: Final = "AWS::ElasticLoadBalancingV2::ListenerRule"
_API: Final = "Elastic Load Balancing API reference: "
# Field -> the object with its values.
_CONFIGURATIONS: Final[Mapping[str, str]] = {
    "host-header": "HostHeaderConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "path-pattern": "PathPatternConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}
_PLAIN: Final = ("host-header", "path-pattern")
_ONCE: Final = ("host-header", "http-request-method", "path-pattern", "source-ip")
_PATH: Final = re.compile(r"[A-Za-z0-9_.$/~\"'@:+*?&%=!,;()\[\]-]{1,128}")
_HOST: Final = re.compile(r"[A-Za-z0-9.*?-]{1,128}")
_METHOD: Final = re.compile(r"[A-Z_-]{1,40}")
_MOST: Final = 5
_TEXTS: Final = (
    *("text/plain", "text/css", "text/html", "application/javascript", "application/json"),
)
_LAST: Final = ("forward", "redirect", "fixed-response")


@rule(
    "DEPLOY-LISTENER-CONDITION",
    "A condition of a listener's rule that Elastic Load Balancing refuses",
    types=(_RULE,),
    severity=Severity.FATAL,
    source=f"{_API}RuleCondition",
)
def condition_rule(context: Context) -> Iterator[Hit]:
    for found in context.of_type(_RULE):
        conditions = list(objects(found, "Conditions"))
        if found.raw.properties.get("Conditions") == []:
            yield hit(found, "Conditions", "the rule has no condition", "add one")
        counted, seen = 0, set[str]()
        for path, condition in conditions:
            field = text(condition.get("Field"))
            counted += len(_values(condition, field))
            yield from _condition(found, path, condition, field)
            if field in _ONCE and field in seen:
                yield hit(found, path, f"a second condition is a {field}", "join their values")
            seen.add(field or "")
        if counted > _MOST and not any(is_open(c) for _, c in conditions):
            yield hit(
                found,
                "Conditions",
                f"the conditions have {counted} values; a rule takes {_MOST}",
                "split the rule",
            )


def _values(condition: dict[str, Value], field: str | None) -> list[Value]:
    inner = fields(condition.get(_CONFIGURATIONS.get(field or "", "")))
    values = [*listed(condition.get("Values")), *listed(inner.get("Values"))]
    return [] if any(is_open(value) for value in values) else values


def _condition(
    found: Resource, path: str, condition: dict[str, Value], field: str | None
) -> Iterator[Hit]:
    if field not in (None, *_CONFIGURATIONS):
        yield hit(
            found,
            f"{path}.Field",
            f"there is no condition {field}",
            f"choose from {', '.join(_CONFIGURATIONS)}",
        )
    elif field is not None:
        yield from _written(found, path, condition, field)


def _written(found: Resource, path: str, condition: dict[str, Value], field: str) -> Iterator[Hit]:
    """A condition of a known field has the values of that field."""
    own = _CONFIGURATIONS[field]
    given = [name for name in _CONFIGURATIONS.values() if condition.get(name) is not None]
    plain = listed(condition.get("Values"))
    if plain and given:
        yield hit(found, f"{path}.Values", f"Values and {given[0]} exclude each other", "keep one")
    elif given and given != [own]:
        yield hit(found, f"{path}.{given[0]}", f"{given[0]} is not for {field}", f"write {own}")
    elif not given and not plain:
        yield hit(found, path, f"the condition {field} has no values", f"add {own}: {{Values: []}}")
    elif plain and field not in _PLAIN:
        yield hit(found, f"{path}.Values", f"{field} takes {own}", f"write {own}: {{Values: []}}")
    unnamed = fields(condition.get(own)).get("HttpHeaderName") in (None, "")
    if field == "http-header" and given == [own] and unnamed:
        yield hit(found, f"{path}.{own}", "no header is named", "add HttpHeaderName")
    at = f"{path}.Values" if plain else f"{path}.{own}.Values"
    for value in _values(condition, field):
        problem = _problem(field, text(value))
        if problem:
            yield hit(found, at, f"{text(value)!r} {problem}", "write it so")


def _problem(field: str, value: str | None) -> str:
    if not value:
        return ""
    if field == "path-pattern" and not _PATH.fullmatch(value):
        return "is no pattern of a path: at most 128 characters of letters, digits, _-.$/~\"'@:+&*?"
    if field == "host-header" and not _HOST.fullmatch(value):
        return "is no name of a host: at most 128 letters, digits, hyphens, dots, * and ?"
    if field == "http-request-method" and not _METHOD.fullmatch(value):
        return "is no method: capital letters, hyphens and _"
    if field == "source-ip":
        try:
            ipaddress.ip_network(value, strict=False)
        except ValueError:
            return "is no block of addresses"
        return "" if "/" in value else "has no length: write it as 192.0.2.1/32"
    return ""


@rule(
    "DEPLOY-LISTENER-ANSWER",
    "A redirect, an answer or a forward that Elastic Load Balancing refuses",
    types=(_LISTENER, _RULE),
    severity=Severity.FATAL,
    source=f"{_API}RedirectActionConfig, FixedResponseActionConfig, ForwardActionConfig",
)
def answer_rule(context: Context) -> Iterator[Hit]:
    for resource in context.of_type(_LISTENER, _RULE):
        name = "DefaultActions" if resource.type == _LISTENER else "Actions"
        actions = list(objects(resource, name))
        kinds = [text(action.get("Type")) for _, action in actions]
        last = [kind for kind in kinds if kind in _LAST]
        if (
            len(last) != 1
            and kinds
            and None not in kinds
            and len(kinds) == len(resource.items(name))
        ):
            shown = " and ".join(filter(None, last)) or "none"
            yield hit(
                resource,
                name,
                f"one action ends the list, forward, redirect or fixed-response; here: {shown}",
                "keep one of them, as the last one",
            )
        for path, action in actions:
            yield from _redirect(context, resource, path, fields(action.get("RedirectConfig")))
            yield from _fixed(resource, path, fields(action.get("FixedResponseConfig")))
            yield from _forward(resource, path, fields(action.get("ForwardConfig")))
            yield from _targets(context, resource, path, action)


def _redirect(
    context: Context, resource: Resource, path: str, to: dict[str, Value]
) -> Iterator[Hit]:
    if not to:
        return
    at = f"{path}.RedirectConfig"
    protocol, port, where = (text(to.get(n)) for n in ("Protocol", "Port", "Path"))
    if protocol not in (None, "HTTP", "HTTPS", "#{protocol}"):
        yield hit(resource, f"{at}.Protocol", f"{protocol} is no protocol", "write HTTPS")
    if port not in (None, "#{port}") and not (port.isdecimal() and 1 <= int(port) <= 65535):
        yield hit(resource, f"{at}.Port", f"{port} is no port", "choose one from 1 to 65535")
    if where is not None and not where.startswith("/"):
        yield hit(resource, f"{at}.Path", f"the path {where!r} begins without /", "begin it with /")
    listener = (
        resource if resource.type == _LISTENER else context.target(resource.get("ListenerArn"))
    )
    if listener is None or any(is_open(to.get(n)) for n in ("Protocol", "Port", "Host", "Path")):
        return
    same = {
        "Protocol": (None, "#{protocol}", listener.text("Protocol")),
        "Port": (None, "#{port}", listener.text("Port")),
        "Host": (None, "#{host}"),
        "Path": (None, "/#{path}"),
        "Query": (None, "#{query}"),
    }
    if all(text(to.get(name)) in values for name, values in same.items()):
        yield hit(
            resource,
            at,
            "the redirect leads to where the request came from, a loop",
            "set Protocol: HTTPS and Port: '443'",
        )


def _fixed(resource: Resource, path: str, answer: dict[str, Value]) -> Iterator[Hit]:
    at = f"{path}.FixedResponseConfig"
    kind, body = text(answer.get("ContentType")), text(answer.get("MessageBody"))
    if kind not in (None, *_TEXTS):
        yield hit(
            resource,
            f"{at}.ContentType",
            f"an answer is not of the type {kind}",
            f"choose from {', '.join(_TEXTS)}",
        )
    if body is not None and len(body) > 1024:
        yield hit(
            resource,
            f"{at}.MessageBody",
            f"the body has {len(body)} characters; an answer takes 1024",
            "shorten it",
        )


def _forward(resource: Resource, path: str, to: dict[str, Value]) -> Iterator[Hit]:
    at, groups = f"{path}.ForwardConfig", listed(to.get("TargetGroups"))
    if len(groups) > _MOST and not any(is_open(group) for group in groups):
        yield hit(
            resource,
            f"{at}.TargetGroups",
            f"{len(groups)} target groups; an action takes {_MOST}",
            f"keep {_MOST}",
        )
    for index, group in enumerate(groups):
        weight = number(fields(group).get("Weight"))
        if weight is not None and not 0 <= weight <= 999:
            yield hit(
                resource,
                f"{at}.TargetGroups.{index}.Weight",
                f"the weight {weight:g} is outside 0 to 999",
                "choose a weight between 0 and 999",
            )
    sticky = fields(to.get("TargetGroupStickinessConfig"))
    length = number(sticky.get("DurationSeconds"))
    on = text(sticky.get("Enabled")) == "true"
    if on and sticky.get("DurationSeconds") is None:
        yield hit(
            resource,
            f"{at}.TargetGroupStickinessConfig",
            "stickiness has no DurationSeconds",
            "add DurationSeconds",
        )
    elif on and length is not None and not 1 <= length <= 604800:
        yield hit(
            resource,
            f"{at}.TargetGroupStickinessConfig.DurationSeconds",
            f"{length:g} seconds; stickiness lasts 1 to 604800",
            "choose a number between 1 and 604800",
        )


def _targets(
    context: Context, resource: Resource, path: str, action: dict[str, Value]
) -> Iterator[Hit]:
    """GRPC needs HTTPS; a network load balancer forwards, and does nothing else."""
    listener = (
        resource if resource.type == _LISTENER else context.target(resource.get("ListenerArn"))
    )
    group = context.target(action.get("TargetGroupArn"), GROUP)
    if listener is None or listener.type != _LISTENER:
        return
    grpc = group is not None and group.text("ProtocolVersion") == "GRPC"
    if grpc and listener.text("Protocol") == "HTTP":
        yield hit(
            resource,
            f"{path}.TargetGroupArn",
            "a listener for HTTP does not forward to a target group of gRPC",
            "listen to HTTPS",
        )
    balancer = context.target(listener.get("LoadBalancerArn"), BALANCER)
    kind, its = text(action.get("Type")), balancer.text("Type") if balancer else None
    if its in ("network", "gateway") and kind not in (None, "forward"):
        yield hit(
            resource,
            f"{path}.Type",
            f"a load balancer of type {its} does no {kind}, it forwards",
            "set Type: forward",
        )
