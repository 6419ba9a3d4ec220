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
        if group.text("ProtocolVersion") and protocol in NETWORK:
            yield hit(
                group,
                "ProtocolVersion",
                f"ProtocolVersion is for HTTP and HTTPS, not for {protocol}",
                "delete ProtocolVersion",
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
        for path, item in objects(group, "TargetGroupAttributes"):
            key, value = text(item.get("Key")), text(item.get("Value"))
            yield from attribute_hits(group, path, key, value, _ATTRIBUTES)
