"""Our own stack: nothing to say of it as it is, and every loss of access, way or order is said."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from datetime import date
from typing import Any, cast

import pytest

from pcistack.checks import run as packs
from pcistack.checks.findings import Finding
from pcistack.deployment.pack import PACK
from pcistack.template.document import Json, Template
from tests.support import SHIPPED, template, variant

DAY = date(2026, 11, 24)
REGION = "eu-central-2"
Body = dict[str, Any]


def findings(body: Body) -> list[Finding]:
    views = packs.resolve(Template(cast("dict[str, Json]", body)), REGION)
    return PACK.check(views, region=REGION, on=DAY)


@pytest.mark.parametrize("suffix", SHIPPED)
def test_nothing_is_found_in_a_shipped_environment(suffix: str) -> None:
    assert findings(dict(template(suffix).body)) == []


def test_nothing_fails_without_a_way_to_the_internet() -> None:
    image = f"111111111111.dkr.ecr.{REGION}.amazonaws.com/payments:1.0"
    network = {"egress": "endpoints", "nat_gateways": 0}
    body = dict(variant(network=network, service={"image": image}).body)
    assert [finding for finding in findings(body) if finding.severity.fails] == []


def production() -> Body:
    return copy.deepcopy(dict(template("prod").body))


def of_type(body: Body, kind: str) -> list[Body]:
    return [r for r in body["Resources"].values() if r["Type"] == kind]


def remove(body: Body, kind: str) -> None:
    """Remove every resource of a type, and what waits for it."""
    gone = {key for key, r in body["Resources"].items() if r["Type"] == kind}
    assert gone
    for key in gone:
        del body["Resources"][key]
    for resource in body["Resources"].values():
        before = resource.get("DependsOn")
        if isinstance(before, list):
            resource["DependsOn"] = [name for name in before if name not in gone]
        elif before in gone:
            del resource["DependsOn"]


def wait_for_nothing(body: Body, kind: str) -> None:
    for resource in of_type(body, kind):
        resource.pop("DependsOn", None)


def execution_role(body: Body) -> Body:
    (task,) = of_type(body, "AWS::ECS::TaskDefinition")
    role: Body = body["Resources"][task["Properties"]["ExecutionRoleArn"]["Fn::GetAtt"][0]]
    return role


def without_execution_policy(body: Body) -> None:
    execution_role(body)["Properties"]["ManagedPolicyArns"] = []


def assumed_by_another(body: Body) -> None:
    trust = execution_role(body)["Properties"]["AssumeRolePolicyDocument"]
    trust["Statement"][0]["Principal"] = {"Service": "ec2.amazonaws.com"}


def nat_gateway_in_private(body: Body) -> None:
    private = next(
        key
        for key, r in body["Resources"].items()
        if r["Type"] == "AWS::EC2::Subnet" and "Private" in key
    )
    for nat in of_type(body, "AWS::EC2::NatGateway"):
        nat["Properties"]["SubnetId"] = {"Ref": private}


def keys_of_another_service(body: Body) -> None:
    logs, *_ = (key for key in body["Resources"] if key.startswith("EncryptionLogs"))
    (cluster,) = of_type(body, "AWS::RDS::DBCluster")
    cluster["Properties"]["KmsKeyId"] = {"Fn::GetAtt": [logs, "Arn"]}


Change = Callable[[Body], None]
CHANGES: dict[str, tuple[str, Change]] = {
    "the execution role has no policy": ("DEPLOY-TASK-SECRET", without_execution_policy),
    "the execution role is another service's": ("DEPLOY-ROLE-TRUST", assumed_by_another),
    "the database has the key of the logs": ("DEPLOY-KEY-STORE", keys_of_another_service),
    "there is no route": ("DEPLOY-WAY-TASK-START", lambda b: remove(b, "AWS::EC2::Route")),
    "NAT stands in a private subnet": ("DEPLOY-WAY-NAT", nat_gateway_in_private),
    "no gateway is attached": (
        "DEPLOY-WAY-GATEWAY",
        lambda b: remove(b, "AWS::EC2::VPCGatewayAttachment"),
    ),
    "no inbound rule": (
        "DEPLOY-WAY-LOAD-BALANCER",
        lambda b: remove(b, "AWS::EC2::SecurityGroupIngress"),
    ),
    "rotation may not be invoked": (
        "DEPLOY-INVOKE-PERMISSION",
        lambda b: remove(b, "AWS::Lambda::Permission"),
    ),
    "the service waits for nothing": (
        "DEPLOY-ORDER-LISTENER",
        lambda b: wait_for_nothing(b, "AWS::ECS::Service"),
    ),
    "the log of the firewall waits for nothing": (
        "DEPLOY-ORDER-LOG-DESTINATION",
        lambda b: wait_for_nothing(b, "AWS::WAFv2::LoggingConfiguration"),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_after_which_the_stack_does_not_work_is_found(name: str) -> None:
    rule, change = CHANGES[name]
    body = production()
    change(body)
    assert rule in {finding.rule for finding in findings(body)}


def test_production_is_judged_in_a_few_milliseconds() -> None:
    views = packs.resolve(Template(cast("dict[str, Json]", production())), REGION)
    assert min(_timed(views) for _ in range(5)) < 0.02 * _slowness()


def _timed(views: list[Any]) -> float:
    fresh = [copy.copy(view) for view in views]
    started = time.process_time()
    PACK.check(fresh, region=REGION, on=DAY)
    return time.process_time() - started


def _slowness() -> float:
    """How much slower than the reference machine this one is now, at least 1."""
    started = time.process_time()
    sum(number % 7 for number in range(1_000_000))
    return max((time.process_time() - started) / 0.04, 1)
