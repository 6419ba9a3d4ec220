"""Ways: functions in a VPC reach the services that they call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit, hit
from pcistack.deployment.context import Context
from pcistack.deployment.pack import rule
from pcistack.deployment.ways import obstacle
from pcistack.template.view import Resource

_FUNCTION: Final = "AWS::Lambda::Function"
_ENDPOINTS: Final[Mapping[str, str]] = {
    "secretsmanager": "secretsmanager",
    "ssm": "ssm",
    "kms": "kms",
    "sqs": "sqs",
    "sns": "sns",
    "rds": "rds",
    "ecs": "ecs",
    "s3": "s3",
    "dynamodb": "dynamodb",
    "events": "events",
    "states": "states",
    "lambda": "lambda",
}
"""Prefixes of actions that a function calls itself, and how their endpoints are named."""


@rule(
    "DEPLOY-WAY-CUSTOM-RESOURCE",
    "A custom resource whose function cannot answer CloudFormation",
    types=("AWS::CloudFormation::CustomResource",),
    source="CloudFormation user guide: Custom resources in a VPC answer through S3",
)
def answer_rule(context: Context) -> Iterator[Hit]:
    for custom, function in context.custom_resources:
        workload = context.network.workloads.get(function.logical_id)
        reason = obstacle(context, workload, "s3") if workload else ""
        if reason:
            yield hit(
                custom,
                "ServiceToken",
                f"{function.logical_id} answers through S3 and cannot reach it: {reason}; the "
                "stack waits an hour and fails",
                "add a gateway endpoint for s3 to the route tables of the function's subnets, or "
                "a route to a NAT gateway",
            )


@rule(
    "DEPLOY-WAY-FUNCTION",
    "A function in a VPC without a way to a service that its role lets it call",
    types=(_FUNCTION,),
    severity=Severity.WARNING,
    source="Lambda developer guide: Internet access for VPC-connected functions",
)
def function_rule(context: Context) -> Iterator[Hit]:
    for function in context.of_type(_FUNCTION):
        workload = context.network.workloads.get(function.logical_id)
        if workload is None:
            continue
        reasons: dict[str, list[str]] = {}
        for service in _called(context, function):
            reason = obstacle(context, workload, service)
            if reason:
                reasons.setdefault(reason, []).append(service)
        for reason, services in reasons.items():
            yield hit(
                function,
                "VpcConfig",
                f"its role lets it call {', '.join(services)}, which it cannot reach: {reason}",
                "add endpoints with private DNS for these services, or a route to a NAT gateway",
            )


def _called(context: Context, function: Resource) -> list[str]:
    """Return the services that policies written for a function's role name."""
    role = context.access.role(function.get("Role"))
    statements, _ = context.access.identity(role) if role else ((), True)
    own = [s for s in statements if s.allows and s.resource in context.view.resources]
    prefixes = {action.partition(":")[0] for statement in own for action in statement.actions}
    return [endpoint for prefix, endpoint in _ENDPOINTS.items() if prefix in prefixes]
