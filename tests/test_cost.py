"""The cost page counts what the templates hold, and adds up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stacks.environment import load_environment
from tests.support import ENDPOINTS, Synthesized, listed, template, variant

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "cost.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| ([^*|]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", re.MULTILINE)


def rows(suffix: str) -> dict[str, tuple[float, float, float, float]]:
    section = PAGE.split(f"## {suffix}\n")[1].split("## ")[0]
    return {
        name.strip(): (float(quantity), float(hours), float(price), float(month))
        for name, quantity, hours, price, month in _ROW.findall(section)
    }


def counted(suffix: str) -> dict[str, float]:
    synthesized, environment = template(suffix), load_environment(suffix)
    balancers = len(synthesized.ids("AWS::ElasticLoadBalancingV2::LoadBalancer"))
    tasks = environment.service.desired_count
    instances = len(synthesized.ids("AWS::RDS::DBInstance"))
    found = {
        "NAT gateways": len(synthesized.ids("AWS::EC2::NatGateway")),
        "public IPv4 addresses": len(synthesized.ids("AWS::EC2::EIP"))
        + balancers * len(environment.network.zones),
        "Aurora capacity at its minimum, ACU": environment.database.min_capacity * instances,
        "Fargate, vCPU": tasks * environment.service.cpu / 1024,
        "Fargate, GB": tasks * environment.service.memory_mib / 1024,
        "load balancers": balancers,
        "web ACL and its rules": len(synthesized.ids("AWS::WAFv2::WebACL")),
        "KMS keys": len(synthesized.ids("AWS::KMS::Key")),
        "secrets": len(synthesized.ids("AWS::SecretsManager::Secret")) + 1,  # and the master user's
        "alarm metrics": alarm_metrics(synthesized),
    }
    return {name: quantity for name, quantity in found.items() if quantity}


def alarm_metrics(synthesized: Synthesized) -> int:
    """An alarm on an expression is billed for each metric it reads."""
    total = 0
    for alarm in synthesized.all("AWS::CloudWatch::Alarm"):
        queries = listed(alarm.get("Metrics", [{"MetricStat": {}}]))
        total += sum(isinstance(query, dict) and "MetricStat" in query for query in queries)
    return total


@pytest.mark.parametrize("suffix", ["dev", "prod"])
def test_cost_page_counts_what_the_template_holds(suffix: str) -> None:
    assert {name: row[0] for name, row in rows(suffix).items()} == counted(suffix)


@pytest.mark.parametrize("suffix", ["dev", "prod"])
def test_cost_page_adds_up(suffix: str) -> None:
    for quantity, hours, price, month in rows(suffix).values():
        assert month == pytest.approx(quantity * hours * price, abs=0.006)
    total = sum(row[3] for row in rows(suffix).values())
    section = PAGE.split(f"## {suffix}\n")[1]
    match = re.search(r"\*\*sum\*\*.*\*\*([\d.]+)\*\*", section)
    assert match
    assert float(match.group(1)) == pytest.approx(total, abs=0.006)


def test_readme_repeats_the_sums() -> None:
    readme = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
    for suffix in ("dev", "prod"):
        total = sum(row[3] for row in rows(suffix).values())
        assert f"| `{suffix}` | {total:.0f} |" in readme


def test_settings_add_what_the_page_says() -> None:
    endpoints = variant(**ENDPOINTS).all("AWS::EC2::VPCEndpoint")
    interfaces = [one for one in endpoints if one.get("VpcEndpointType") == "Interface"]
    assert len(interfaces) == 6
    assert "six interface endpoints" in PAGE
    assert len(template("prod").ids("AWS::SecretsManager::Secret")) == 3
    assert "three secrets and the master user's" in PAGE
