"""What schemas leave open: maps of any keys, conditions of policies, what a stack leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.template.document import Json

ATTRIBUTES: Final = ("DeletionPolicy", "UpdateReplacePolicy")
"""What stands beside ``Properties`` and decides what a destroyed stack leaves behind."""

KEYS: Final[Mapping[str, tuple[tuple[str, Json], ...]]] = {
    "RDS::DBClusterParameterGroup.Parameters": (
        ("general_log", "1"),
        ("slow_query_log", "1"),
        ("local_infile", "1"),
        ("server_audit_logs_upload", "0"),
        ("server_audit_excl_users", "txowner"),
        ("server_audit_incl_users", "nobody"),
        ("log_output", "TABLE"),
        ("binlog_format", "ROW"),
    ),
    "ElasticLoadBalancingV2::LoadBalancer.LoadBalancerAttributes": (
        ("waf.fail_open.enabled", "true"),
        ("routing.http.xff_header_processing.mode", "preserve"),
        ("routing.http.xff_client_port.enabled", "true"),
        ("routing.http.preserve_host_header.enabled", "true"),
        ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "true"),
        ("routing.http2.enabled", "false"),
        ("connection_logs.s3.enabled", "false"),
        ("idle_timeout.timeout_seconds", "4000"),
        ("zonal_shift.config.enabled", "true"),
    ),
    "ElasticLoadBalancingV2::TargetGroup.TargetGroupAttributes": (
        ("stickiness.enabled", "true"),
        ("deregistration_delay.timeout_seconds", "3600"),
    ),
    "S3::Bucket.LifecycleConfiguration.Rules.*": (
        ("Transitions", [{"StorageClass": "GLACIER", "TransitionInDays": 30}]),
        ("Transitions", [{"StorageClass": "DEEP_ARCHIVE", "TransitionInDays": 1}]),
    ),
    "ECS::TaskDefinition.ContainerDefinitions.*.LogConfiguration.Options": (
        ("awslogs-create-group", "true"),
        ("awslogs-datetime-format", "%Y"),
        ("mode", "non-blocking"),
    ),
}
"""Keys that a map takes and the template does not set, by type and place."""


def conditions(value: Mapping[str, Json]) -> Iterator[tuple[str, str, Json]]:
    """Yield what loosens a policy's condition: operator and key, the change, the condition.

    A test is negated, or lets every value pass.
    """
    for operator, tests in value.items():
        if not isinstance(tests, dict):
            continue
        for key in tests:
            others = {
                name: dict(one) if isinstance(one, dict) else one for name, one in value.items()
            }
            rest = {name: one for name, one in tests.items() if name != key}
            left = others | {operator: rest} if rest else _without(others, operator)
            where = f"{operator}.{key}"
            yield where, "open", {**left, "StringLike": {**_dict(left.get("StringLike")), key: "*"}}
            if not operator.startswith(("Bool", "Null", "Numeric")):
                negated = operator.replace("Not", "") if "Not" in operator else _negated(operator)
                yield where, "negate", {**left, negated: {key: tests[key]}}


def _without(value: Mapping[str, Json], key: str) -> dict[str, Json]:
    return {name: one for name, one in value.items() if name != key}


def _dict(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _negated(operator: str) -> str:
    for kind in ("String", "Arn", "Ip"):
        if operator.startswith(kind):
            return f"{kind}Not{operator.removeprefix(kind)}"
    return operator
