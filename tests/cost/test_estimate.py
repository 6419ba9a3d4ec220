"""What is billed for being there is counted and priced; an estimate says that it is one."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pcistack.account.ask_prices import region_prices
from pcistack.account.aws import AwsError, Call
from pcistack.cli import cli
from pcistack.cost.estimate import Estimate, estimate
from pcistack.cost.prices import LIVE_KEY, prices
from pcistack.cost.quantities import BILLED
from pcistack.regions import known_regions
from pcistack.template.document import Template
from tests.account.recorded import REGION, Parameters, Refusal, StubbedAws
from tests.tables import cases

LISTED = "us-east-1"


def resource(kind: str, **properties: object) -> dict[str, object]:
    return {"Type": kind, "Properties": properties}


def cost(resources: dict[str, Any], region: str = LISTED) -> Estimate:
    return estimate(Template({"Resources": resources}), region)


SERVERLESS = resource(
    "AWS::RDS::DBCluster",
    ManageMasterUserPassword=True,
    ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 4},
)
INSTANCE = resource(
    "AWS::RDS::DBInstance", DBInstanceClass="db.serverless", DBClusterIdentifier={"Ref": "Db"}
)
METRICS = [{"Id": "sum", "Expression": "a + b"}, {"MetricStat": {}}, {"MetricStat": {}}]


NAT_AND_KEY = {"Nat": resource("AWS::EC2::NatGateway"), "Key": resource("AWS::KMS::Key")}


def task(**properties: object) -> dict[str, object]:
    return resource("AWS::ECS::TaskDefinition", RequiresCompatibilities=["FARGATE"], **properties)


def service(**properties: object) -> dict[str, object]:
    return resource("AWS::ECS::Service", TaskDefinition={"Ref": "Task"}, **properties)


@cases(
    ("resources", "quantities"),
    [
        ({"Nat": resource("AWS::EC2::NatGateway")}, {"nat-gateway": 1}),
        ({"Ip": resource("AWS::EC2::EIP")}, {"address": 1}),
        ({"Key": resource("AWS::KMS::Key")}, {"key": 1}),
        ({"Secret": resource("AWS::SecretsManager::Secret")}, {"secret": 1}),
        ({"Db": SERVERLESS}, {"secret": 1}),
        ({"Db": SERVERLESS, "A": INSTANCE, "B": INSTANCE}, {"secret": 1, "aurora-capacity": 1}),
        (
            {"Lb": resource("AWS::ElasticLoadBalancingV2::LoadBalancer", Subnets=["a", "b"])},
            {"load-balancer": 1, "address": 2},
        ),
        (
            {
                "Lb": resource(
                    "AWS::ElasticLoadBalancingV2::LoadBalancer",
                    Scheme="internal",
                    Subnets=["a", "b"],
                )
            },
            {"load-balancer": 1},
        ),
        (
            {"Acl": resource("AWS::WAFv2::WebACL", Rules=[{"Name": "a"}, {"Name": "b"}])},
            {"web-acl": 1, "web-acl-rule": 2},
        ),
        ({"Alarm": resource("AWS::CloudWatch::Alarm", MetricName="m")}, {"alarm-metric": 1}),
        ({"Alarm": resource("AWS::CloudWatch::Alarm", Metrics=METRICS)}, {"alarm-metric": 2}),
        (
            {
                "Ecr": resource(
                    "AWS::EC2::VPCEndpoint", VpcEndpointType="Interface", SubnetIds=["a", "b", "c"]
                ),
                "S3": resource("AWS::EC2::VPCEndpoint", VpcEndpointType="Gateway"),
            },
            {"interface-endpoint": 3},
        ),
        (
            {"Task": task(Cpu="512", Memory="1024"), "App": service(DesiredCount=3)},
            {"fargate-vcpu": 1.5, "fargate-memory": 3},
        ),
        (
            {
                "Task": task(
                    Cpu="1 vCPU", Memory="2 GB", RuntimePlatform={"CpuArchitecture": "ARM64"}
                ),
                "App": service(),
            },
            {"fargate-vcpu-arm": 1, "fargate-memory-arm": 2},
        ),
        ({"Topic": resource("AWS::SNS::Topic")}, {}),
    ],
)
def test_what_is_billed_is_counted(
    resources: dict[str, object], quantities: dict[str, float]
) -> None:
    found = cost(resources)
    assert {line.billed.price: line.quantity for line in found.lines} == quantities


def test_month_is_quantity_times_hours_times_price() -> None:
    found = cost(NAT_AND_KEY)
    assert found.month == pytest.approx(730 * 0.045 + 1)
    assert not found.estimated


def test_what_only_the_deployment_knows_and_what_has_no_price_is_named() -> None:
    body: dict[str, Any] = {
        "Parameters": {"Count": {"Type": "Number"}},
        "Resources": {
            "Task": task(Cpu="256", Memory="512"),
            "App": service(DesiredCount={"Ref": "Count"}),
            "Large": resource("AWS::RDS::DBInstance", DBInstanceClass="db.r8g.large"),
            "Cache": resource("AWS::ElastiCache::ReplicationGroup"),
        },
    }
    found = estimate(Template(body), LISTED)
    assert found.unknown == ("App",)
    assert set(found.unpriced) == {"Large", "Cache"}


@cases("region", known_regions())
def test_every_region_has_a_price_for_everything(region: str) -> None:
    assert set(prices(region)) >= {billed.price for billed in BILLED}


def test_price_of_another_region_is_estimated_and_says_so() -> None:
    found = cost(NAT_AND_KEY, REGION)
    nat, key = found.lines
    assert (nat.estimated, key.estimated) == (True, False)
    assert nat.unit == pytest.approx(1.3 * 0.045)
    assert "guess" in nat.source
    assert found.estimated


# AWS's own prices


def product(usage: str, dollars: str, **attributes: str) -> str:
    """A product as GetProducts lists it, its first million free of charge."""
    dimensions = {
        "free": {"beginRange": "0", "endRange": "1", "pricePerUnit": {"USD": "0.0"}},
        "paid": {"beginRange": "1", "endRange": "Inf", "pricePerUnit": {"USD": dollars}},
    }
    terms = {"OnDemand": {"t": {"priceDimensions": dimensions}}}
    return json.dumps(
        {"product": {"attributes": {"usagetype": usage, **attributes}}, "terms": terms}
    )


LIST = {
    "AmazonEC2": [
        product("EUC2-NatGateway-Hours", "0.0600000000"),
        product("EUC2-NatGateway-Bytes", "1"),
    ],
    "AmazonRDS": [
        product("EUC2-Aurora:ServerlessV2Usage", "0.2", databaseEngine="Aurora PostgreSQL"),
        product("EUC2-Aurora:ServerlessV2Usage", "0.16", databaseEngine="Aurora MySQL"),
        product("EUC2-Aurora:ServerlessV2IOOptimizedUsage", "0.2", databaseEngine="Aurora MySQL"),
    ],
    "AmazonECS": [
        product("EUC2-Fargate-vCPU-Hours:perCPU", "0.05"),
        product("EUC2-Fargate-ARM-vCPU-Hours:perCPU", "0.04"),
        product("EUC2-SpotUsage-Fargate-vCPU-Hours:perCPU", "0.01"),
    ],
    "awskms": [product("eu-central-2-KMS-Keys", "1.0")],
    "awswaf": [product("EUC2-RuleV2", "1.0"), product("EUC2-RuleV2", "2.0")],
}  # fmt: skip


def _answer(asked: Parameters) -> Parameters:
    assert {"Type": "TERM_MATCH", "Field": "regionCode", "Value": REGION} in asked["Filters"]
    return {"PriceList": LIST.get(asked["ServiceCode"], [])}


def test_prices_that_aws_answers_replace_the_estimates(tmp_path: Path) -> None:
    stub = StubbedAws({Call.PRICES: _answer})
    answers = region_prices(stub.aws(), on=date(2026, 11, 26))
    assert {region for _, _, region in stub.log} == {"us-east-1"}
    assert answers["dollars"] == {
        "aurora-capacity": 0.16,
        "fargate-vcpu": 0.05,
        "fargate-vcpu-arm": 0.04,
        "key": 1.0,
        "nat-gateway": 0.06,
    }  # two rules with two prices: which one is ours would be a guess

    (tmp_path / "regions").mkdir()
    (tmp_path / "regions" / f"{REGION}.json").write_text(json.dumps({LIVE_KEY: answers}))
    table = prices(REGION, tmp_path)
    assert table["nat-gateway"].dollars == 0.06
    assert not table["nat-gateway"].estimated
    assert table["nat-gateway"].source == "AWS's price list, asked on 2026-11-26"
    assert table["load-balancer"].estimated


def test_missing_permission_for_prices_is_named() -> None:
    stub = StubbedAws({Call.PRICES: Refusal("AccessDeniedException")})
    with pytest.raises(AwsError, match="need the IAM permission pricing:GetProducts"):
        region_prices(stub.aws(), on=date(2026, 11, 26))


def test_other_partitions_are_not_asked_for_prices() -> None:
    stub = StubbedAws({})
    assert region_prices(stub.aws("cn-north-1"), on=date(2026, 11, 26)) == {}


# The command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    artifact: dict[str, Any] = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://111111111111/eu-central-2",
        "properties": {"templateFile": "t.json", "stackName": "Shop"},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": {"Id": artifact}}))
    body = {"Resources": {"Nat": resource("AWS::EC2::NatGateway")}}
    (tmp_path / "t.json").write_text(json.dumps(body))
    return tmp_path


def test_command_says_what_is_estimated_and_why(folder: Path) -> None:
    result = CliRunner().invoke(cli, ["cost", str(folder)])
    assert result.exit_code == 0, result.output
    head, _, row, _, total, why = result.stdout.splitlines()
    assert head == "Shop in eu-central-2"
    assert row.split() == ["NAT", "gateways", "1", "730", "0.0585", "42.71", "estimated"]
    assert total.startswith("42.71 US dollars a month without ")
    assert why.startswith("estimated: the price of us-east-1 times 1.3")


def test_command_tells_a_machine(folder: Path) -> None:
    result = CliRunner().invoke(
        cli, ["cost", str(folder / "t.json"), "--region", LISTED, "--format", "json"]
    )
    (stack,) = json.loads(result.stdout)["stacks"]
    assert (stack["month"], stack["estimated"], stack["region"]) == (32.85, False, LISTED)
    assert stack["lines"][0]["source"] == "https://aws.amazon.com/vpc/pricing/"


def test_template_without_a_region_is_bad_input(folder: Path) -> None:
    result = CliRunner().invoke(cli, ["cost", str(folder / "t.json")])
    assert result.exit_code == 2
    assert "add --region" in result.stderr
