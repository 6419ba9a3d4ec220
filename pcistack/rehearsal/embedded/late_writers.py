"""What services write on their own while a stack comes and goes.

Container Insights writes once more after its cluster is gone, and its role may create the log group
again (AmazonECSServiceRolePolicy). A load balancer writes a test file when its access logs are
switched on (Elastic Load Balancing user guide: Enable access logs).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded._engine import Untyped
from pcistack.rehearsal.embedded.api import call
from pcistack.rehearsal.embedded.flow_logs import create_implicit_log_group
from pcistack.rehearsal.embedded.registry import Values

INSIGHTS: Final = "/aws/ecs/containerinsights/"
_TEST_FILE: Final = "ELBAccessLogTestFile"


def install() -> None:
    """Let the services write."""
    handlers = _engine.resource_handlers()
    cluster = handlers["AWS::ECS::Cluster"]
    cluster["create"] = _observed(cluster["create"])
    group = handlers["AWS::Logs::LogGroup"]
    group["delete"] = _written_again(group["delete"])
    balancer = handlers["AWS::ElasticLoadBalancingV2::LoadBalancer"]
    for operation in ("create", "update"):
        if operation in balancer:
            balancer[operation] = _with_test_file(balancer[operation])


# Log groups of the clusters that Container Insights has observed: account, region, name.
_observed_groups: set[tuple[str, str, str]] = set()


def _observed(create: Untyped) -> Untyped:
    """Container Insights creates its log group by itself, unless somebody else has."""

    def run(logical_id: str, values: Values, stack: str) -> Untyped:
        name, attributes = create(logical_id, values, stack)
        settings = values.get("ClusterSettings")
        for setting in settings if isinstance(settings, list) else []:
            if setting["Name"] == "containerInsights" and setting["Value"] != "disabled":
                group = f"{INSIGHTS}{name}/performance"
                create_implicit_log_group(group)
                _observed_groups.add((_engine.account_id(), _engine.region(), group))
        return name, attributes

    return run


def _written_again(delete: Untyped) -> Untyped:
    """Container Insights creates its log group again after the cluster is gone, once."""

    def run(physical_id: str, *rest: Untyped) -> None:
        delete(physical_id, *rest)
        key = (_engine.account_id(), _engine.region(), physical_id)
        if key in _observed_groups:
            _observed_groups.discard(key)
            create_implicit_log_group(physical_id)

    return run


def _with_test_file(original: Untyped) -> Untyped:
    def run(*arguments: Untyped) -> Untyped:
        made = original(*arguments)
        _write_test_file(str(made[0]))
        return made

    return run


def _write_test_file(balancer: str) -> None:
    answer = call("elbv2", "describe_load_balancer_attributes", LoadBalancerArn=balancer)
    values: Mapping[str, str] = {item["Key"]: item["Value"] for item in answer["Attributes"]}
    if values.get("access_logs.s3.enabled") != "true":
        return
    prefix = values.get("access_logs.s3.prefix", "")
    folder = f"{prefix}/AWSLogs" if prefix else "AWSLogs"
    call(
        "s3",
        "put_object",
        Bucket=values["access_logs.s3.bucket"],
        Key=f"{folder}/{_engine.account_id()}/{_TEST_FILE}",
        Body=b"Enable AccessLog for ELB",
    )
