"""Target groups: protocols, health checks and attributes that Elastic Load Balancing takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.load_balancing import GROUP, HTTP, NETWORK, attribute_hits
from pcistack.deployment.pack import rule
from pcistack.deployment.paths import objects, text
from pcistack.template.view import Resource

_API: Final = "Elastic Load Balancing API reference: CreateTargetGroup"
_LIMITS: Final[Mapping[str, tuple[int, int]]] = {
    "HealthCheckIntervalSeconds": (5, 300),
    "HealthCheckTimeoutSeconds": (2, 120),
    "HealthyThresholdCount": (2, 10),
    "UnhealthyThresholdCount": (2, 10),
    "Port": (1, 65535),
}
_FLAG: Final = ("true", "false")
# Attribute -> its lowest and highest number, or its values; None where anything goes.
_ATTRIBUTES: Final[Mapping[str, tuple[int, int] | tuple[str, ...] | None]] = {
    "deregistration_delay.connection_termination.enabled": _FLAG,
    "deregistration_delay.timeout_seconds": (0, 3600),
    "lambda.multi_value_headers.enabled": _FLAG,
    "load_balancing.algorithm.anomaly_mitigation": ("on", "off"),
    "load_balancing.algorithm.type": (
        "round_robin",
        "least_outstanding_requests",
        "weighted_random",
    ),
    "load_balancing.cross_zone.enabled": ("true", "false", "use_load_balancer_configuration"),
    "preserve_client_ip.enabled": _FLAG,
    "proxy_protocol_v2.enabled": _FLAG,
    "slow_start.duration_seconds": (0, 900),
    "stickiness.app_cookie.cookie_name": None,
    "stickiness.app_cookie.duration_seconds": (1, 604800),
    "stickiness.enabled": _FLAG,
    "stickiness.lb_cookie.duration_seconds": (1, 604800),
    "stickiness.type": (
        "lb_cookie",
        "app_cookie",
        "source_ip",
        "source_ip_dest_ip",
        "source_ip_dest_ip_proto",
    ),
    "target_failover.on_deregistration": ("rebalance", "no_rebalance"),
    "target_failover.on_unhealthy": ("rebalance", "no_rebalance"),
    "target_group_health.dns_failover.minimum_healthy_targets.count": None,
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": None,
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": None,
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": None,
    "target_health_state.unhealthy.connection_termination.enabled": _FLAG,
    "target_health_state.unhealthy.draining_interval_seconds": (0, 360000),
}
_CODES: Final = re.compile(r"\d{3}(?:-\d{3})?(?:,\d{3}(?:-\d{3})?)*")


@rule(
    "DEPLOY-TARGET-GROUP",
    "A target group that its protocol does not allow",
    types=(GROUP,),
    severity=Severity.FATAL,
    source=_API,
)
def group_rule(context: Context) -> Iterator[Hit]:
    for group in context.of_type(GROUP):
        protocol, kind = group.text("Protocol"), group.text("TargetType") or "instance"
        if protocol not in (None, *HTTP, *NETWORK, "GENEVE"):
            yield hit(
                group,
                "Protocol",
                f"there is no protocol {protocol}",
                f"choose from {', '.join((*HTTP, *NETWORK, 'GENEVE'))}",
            )
        if group.is_unknown("TargetType"):
            continue
        needed = () if kind == "lambda" else ("Port", "Protocol", "VpcId")
        for name in needed:
            if group.get(name) is None:
                yield hit(group, name, f"a target group of type {kind} needs {name}", f"add {name}")
        for name in ("Port", "Protocol") if kind == "lambda" else ():
            if group.get(name) is not None:
                yield hit(
                    group, name, f"a target group of a function has no {name}", f"delete {name}"
                )
        yield from _members(group, kind)
        if group.text("ProtocolVersion") and protocol in NETWORK:
            yield hit(
                group,
                "ProtocolVersion",
                f"ProtocolVersion is for HTTP and HTTPS, not for {protocol}",
                "delete ProtocolVersion",
            )


def _members(group: Resource, kind: str) -> Iterator[Hit]:
    for index, target in enumerate(group.items("Targets")):
        name_ = text(target.get("Id")) if isinstance(target, dict) else None
        wrong = {"ip": "i-", "instance": "", "lambda": "i-"}.get(kind)
        address = name_ is not None and name_[:1].isdecimal()
        if name_ and ((wrong and name_.startswith(wrong)) or (kind == "instance" and address)):
            yield hit(
                group,
                f"Targets.{index}.Id",
                f"{name_} is no target of type {kind}",
                "change TargetType, or name such a target",
            )


@rule(
    "DEPLOY-TARGET-HEALTH-CHECK",
    "A health check of targets that Elastic Load Balancing refuses",
    types=(GROUP,),
    severity=Severity.FATAL,
    source=f"{_API}, health checks",
)
def health_rule(context: Context) -> Iterator[Hit]:
    for group in context.of_type(GROUP):
        for name, (low, high) in _LIMITS.items():
            value = group.number(name)
            if value is not None and not low <= value <= high:
                yield hit(
                    group,
                    name,
                    f"{name} {value:g} is outside {low} to {high}",
                    f"choose a value between {low} and {high}",
                )
        yield from _times(group)
        yield from _by_http(group)


def _times(group: Resource) -> Iterator[Hit]:
    interval = group.number("HealthCheckIntervalSeconds")
    timeout = group.number("HealthCheckTimeoutSeconds")
    if group.is_unknown("HealthCheckIntervalSeconds") or timeout is None:
        return
    every = 35 if group.text("TargetType") == "lambda" else 30
    if timeout >= (every if interval is None else interval):
        yield hit(
            group,
            "HealthCheckTimeoutSeconds",
            f"the timeout of {timeout:g} seconds is not below the interval of "
            f"{every if interval is None else interval:g}",
            "raise HealthCheckIntervalSeconds, or lower HealthCheckTimeoutSeconds",
        )


def _by_http(group: Resource) -> Iterator[Hit]:
    protocol = group.text("Protocol")
    check = group.text("HealthCheckProtocol")
    path, codes = group.text("HealthCheckPath"), group.text("Matcher.HttpCode")
    if check is not None and check not in ((*HTTP, "TCP") if protocol in NETWORK else HTTP):
        if protocol in (*HTTP, *NETWORK):
            yield hit(
                group,
                "HealthCheckProtocol",
                f"targets of protocol {protocol} are not checked by {check}",
                "choose from HTTP, HTTPS" + (", TCP" if protocol in NETWORK else ""),
            )
    elif check == "TCP" and path is not None:
        yield hit(group, "HealthCheckPath", "a check by TCP has no path", "delete HealthCheckPath")
    grpc = group.text("ProtocolVersion") == "GRPC"
    if group.get("Matcher.GrpcCode") is not None and protocol in (*HTTP, *NETWORK) and not grpc:
        yield hit(
            group,
            "Matcher.GrpcCode",
            "codes of gRPC are for targets of ProtocolVersion GRPC",
            "write HttpCode, or set ProtocolVersion: GRPC",
        )
    if path is not None and not path.startswith("/"):
        yield hit(
            group, "HealthCheckPath", f"the path {path!r} does not begin with /", "begin it with /"
        )
    if codes is not None and not grpc and not _codes(codes, 599 if protocol in NETWORK else 499):
        yield hit(
            group,
            "Matcher.HttpCode",
            f"{codes!r} are no codes that a check matches",
            "write codes from 200 to 499, such as 200-299 or 200,302",
        )


def _codes(text_: str, highest: int) -> bool:
    if not _CODES.fullmatch(text_):
        return False
    return all(200 <= int(code) <= highest for code in re.split("[,-]", text_))


@rule(
    "DEPLOY-TARGET-ATTRIBUTE",
    "An attribute of a target group that does not exist, or a value that it does not take",
    types=(GROUP,),
    severity=Severity.FATAL,
    source="Elastic Load Balancing API reference: TargetGroupAttribute",
)
def attribute_rule(context: Context) -> Iterator[Hit]:
    for group in context.of_type(GROUP):
        given: dict[str, str] = {}
        for path, item in objects(group, "TargetGroupAttributes"):
            key, value = text(item.get("Key")), text(item.get("Value"))
            yield from attribute_hits(group, path, key, value, _ATTRIBUTES)
            if key is not None and value is not None:
                given[key] = value
        yield from _of_protocol(group, given)
        yield from _together(group, given)


_OFF: Final = ("false", "off", "0", "")
_OF_HTTP: Final = (
    *("load_balancing.algorithm.anomaly_mitigation", "load_balancing.algorithm.type"),
    *("slow_start.duration_seconds", "stickiness.app_cookie.cookie_name"),
    *("stickiness.app_cookie.duration_seconds", "stickiness.lb_cookie.duration_seconds"),
)
_OF_NETWORK: Final = (
    *("deregistration_delay.connection_termination.enabled", "preserve_client_ip.enabled"),
    *("proxy_protocol_v2.enabled", "target_health_state.unhealthy.draining_interval_seconds"),
    "target_health_state.unhealthy.connection_termination.enabled",
)
_COOKIES: Final = ("lb_cookie", "app_cookie")
_STICKY: Final = (*_COOKIES, "source_ip", "source_ip_dest_ip", "source_ip_dest_ip_proto")


def _of_protocol(group: Resource, given: Mapping[str, str]) -> Iterator[Hit]:
    """An attribute belongs to the groups of application or of network load balancers."""
    protocol, kind = group.text("Protocol"), group.text("TargetType")
    if kind == "lambda" or (protocol not in HTTP and protocol not in NETWORK):
        return
    http = protocol in HTTP
    foreign = (*_OF_NETWORK, "lambda.multi_value_headers.enabled") if http else _OF_HTTP
    for key in foreign:
        if key in given:
            yield hit(
                group,
                "TargetGroupAttributes",
                f"a target group of {protocol} has no attribute {key}",
                f"delete {key}",
            )
    sticky = given.get("stickiness.type")
    if sticky in _STICKY and (sticky in _COOKIES) != http:
        yield hit(
            group,
            "TargetGroupAttributes",
            f"a target group of {protocol} has no stickiness by {sticky}",
            f"set stickiness.type to {'lb_cookie' if http else 'source_ip'}",
        )


def _together(group: Resource, given: Mapping[str, str]) -> Iterator[Hit]:
    slow = given.get("slow_start.duration_seconds", "0")
    algorithm = given.get("load_balancing.algorithm.type", "round_robin")
    if slow.isdecimal() and 0 < int(slow) < 30:
        yield hit(
            group,
            "TargetGroupAttributes",
            f"a slow start lasts 30 to 900 seconds, not {slow}",
            "set slow_start.duration_seconds to 30, or to 0",
        )
    elif slow not in _OFF and algorithm != "round_robin":
        yield hit(
            group,
            "TargetGroupAttributes",
            f"a slow start is for round_robin, not for {algorithm}",
            "set slow_start.duration_seconds to 0",
        )
    mitigation = given.get("load_balancing.algorithm.anomaly_mitigation", "off")
    if mitigation == "on" and algorithm != "weighted_random":
        yield hit(
            group,
            "TargetGroupAttributes",
            f"anomaly_mitigation is for weighted_random, not for {algorithm}",
            "set load_balancing.algorithm.type to weighted_random",
        )
