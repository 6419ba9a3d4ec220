"""What the migration makes is what the regional guard accepts."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pcistack.checks.findings import Finding
from pcistack.checks.run import check_template
from pcistack.checks.run import load as load_pack
from pcistack.migration import migrate
from pcistack.packs import PACKS
from pcistack.regional.curated import source
from pcistack.regional.facts import Capacity, Facts, load
from pcistack.regional.pack import PACK
from pcistack.regional.v2_capacity import maximum_capacity, minimum_capacity, pause_seconds
from pcistack.template.document import Json, Template
from pcistack.template.worlds import views

TODAY = date(2026, 11, 24)
TEMPLATES = sorted((Path(__file__).parent / "templates").iterdir())
REGIONS = ["eu-central-2", "eu-central-1", "us-east-1", "ap-southeast-5", "cn-north-1"]


def _refusals(text: str, facts: Facts) -> list[Finding]:
    resolved = views(Template.parse(text), facts.region, zones=facts.zones)
    return [f for f in PACK.check(resolved, region=facts.region, on=TODAY) if f.severity.fails]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
@pytest.mark.parametrize("region", REGIONS)
def test_a_refused_template_is_accepted_after_the_migration(path: Path, region: str) -> None:
    facts = load(region)
    text = path.read_text(encoding="utf-8")
    assert any(finding.rule == "AURORA-SERVERLESS-V1" for finding in _refusals(text, facts))
    assert _refusals(migrate(text, facts=facts, on=TODAY).text, facts) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_the_migration_brings_no_finding_of_any_rule_pack(path: Path) -> None:
    def found(text: str) -> set[tuple[str, str]]:
        outcome = check_template(Template.parse(text), packs, region="eu-central-2", on=TODAY)
        return {(finding.rule, finding.resource) for finding in outcome.open}

    packs = [load_pack(name) for name in PACKS]
    text = path.read_text(encoding="utf-8")
    after = migrate(text, facts=load("eu-central-2"), on=TODAY).text
    new = found(after) - found(text)
    # storage that was not encrypted at all has no key to judge; afterwards it has AWS's own
    assert {rule for rule, _ in new} <= {"PCI-3.6.1-DATABASE-KEY"}
    assert len(found(after)) < len(found(text))


_CAPACITY = st.sampled_from([1, 2, 4, 8, 16, 32, 64, 128, 192, 256, 384])
_SCALING = st.fixed_dictionaries(
    {},
    optional={
        "AutoPause": st.booleans(),
        "MinCapacity": _CAPACITY,
        "MaxCapacity": _CAPACITY,
        "SecondsUntilAutoPause": st.integers(0, 100_000),
        "TimeoutAction": st.sampled_from(["ForceApplyCapacityChange", "RollbackCapacityChange"]),
        "SecondsBeforeTimeout": st.integers(60, 600),
    },
)
_CLUSTERS = st.fixed_dictionaries(
    {"Engine": st.sampled_from(["aurora", "aurora-mysql", "aurora-postgresql"])},
    optional={
        "EngineVersion": st.sampled_from(["5.6.10a", "5.7.mysql_aurora.2.11.3", "10.21", "13.12"]),
        "ScalingConfiguration": _SCALING,
        "EnableHttpEndpoint": st.booleans(),
        "StorageEncrypted": st.booleans(),
        "DBClusterParameterGroupName": st.sampled_from(["default.aurora5.6", {"Ref": "Group"}]),
        "DBClusterIdentifier": st.just("orders"),
    },
)
_LAYOUTS = st.sampled_from([None, 2, 4, "\t"])


@settings(deadline=None, max_examples=200, derandomize=True)
@given(cluster=_CLUSTERS, mode=st.booleans(), layout=_LAYOUTS, region=st.sampled_from(REGIONS))
@example(cluster={"Engine": "aurora"}, mode=True, layout=2, region="eu-central-2")
def test_any_v1_cluster_is_accepted_once_nothing_is_left_to_decide(
    cluster: dict[str, Json], mode: bool, layout: int | str | None, region: str
) -> None:
    facts = load(region)
    family = {"aurora": "aurora5.6", "aurora-mysql": "aurora-mysql5.7"}.get(
        str(cluster["Engine"]), "aurora-postgresql13"
    )
    if mode or "ScalingConfiguration" not in cluster:
        cluster = {**cluster, "EngineMode": "serverless"}
    if isinstance(cluster.get("DBClusterParameterGroupName"), str):
        cluster = {**cluster, "DBClusterParameterGroupName": f"default.{family}"}
    template = {
        "Resources": {
            "Db": {"Type": "AWS::RDS::DBCluster", "Properties": cluster},
            "Group": {
                "Type": "AWS::RDS::DBClusterParameterGroup",
                "Properties": {"Description": "x", "Family": family},
            },
        }
    }
    result = migrate(json.dumps(template, indent=layout), facts=facts, on=TODAY)
    again = migrate(result.text, facts=facts, on=TODAY)
    assert again.text == result.text
    assert result.changes
    low, high = _limits(result.text)
    if result.complete:
        assert _refusals(result.text, facts) == []
        assert 0 <= low <= high <= 256
    else:
        assert low > high  # the only thing that this cannot decide here


def _limits(text: str) -> tuple[float, float]:
    properties = Template.parse(text).resources["Db"].properties
    limits = cast("dict[str, float]", properties["ServerlessV2ScalingConfiguration"])
    return limits["MinCapacity"], limits["MaxCapacity"]


# The numbers, against a slow oracle that tries every capacity there is


def _range(lowest: float, highest: float) -> Capacity:
    return Capacity(minimum=lowest, maximum=highest, source=source("serverless-v2-capacity"))


def _allowed(limits: Capacity) -> list[float]:
    return [step / 2 for step in range(513) if limits.minimum <= step / 2 <= limits.maximum]


_RANGES = st.sampled_from([_range(0, 256), _range(0.5, 256), _range(0.5, 128)])
_ACU = st.one_of(st.integers(1, 384), st.floats(0.01, 400, allow_nan=False))


@settings(max_examples=300, derandomize=True)
@given(acu=_ACU, limits=_RANGES)
def test_a_maximum_is_the_smallest_allowed_one_that_is_enough(acu: float, limits: Capacity) -> None:
    enough = [value for value in _allowed(limits) if value >= max(acu, 1)]
    assert maximum_capacity(acu, limits) == min(enough, default=limits.maximum)


@settings(max_examples=300, derandomize=True)
@given(acu=_ACU, limits=_RANGES)
def test_a_minimum_is_the_smallest_allowed_one_that_is_enough(acu: float, limits: Capacity) -> None:
    enough = [value for value in _allowed(limits) if value >= max(acu, 0.5)]
    expected = min(enough, default=limits.maximum)
    assert minimum_capacity(acu, pause=False, within=limits) == expected
    assert minimum_capacity(acu, pause=True, within=limits) == _allowed(limits)[0]


@settings(derandomize=True)
@given(st.floats(-10, 1e6, allow_nan=False))
def test_a_pause_is_between_five_minutes_and_a_day(seconds: float) -> None:
    result = pause_seconds(seconds)
    assert 300 <= result <= 86_400
    assert result == math.floor(seconds) or result in (300, 86_400)
