"""Our own template, turned back into what failed in Zurich, comes back by the migration."""

from __future__ import annotations

import json
from datetime import date

import pytest

from pcistack.migration import migrate
from pcistack.regional.facts import load
from pcistack.regional.pack import PACK
from pcistack.template.document import Json, Template
from pcistack.template.worlds import views
from tests.support import SHIPPED, template

TODAY = date(2026, 11, 24)
ZURICH = load("eu-central-2")


def _refused(text: str) -> set[str]:
    worlds = views(Template.parse(text), ZURICH.region, zones=ZURICH.zones)
    found = PACK.check(worlds, region=ZURICH.region, on=TODAY)
    return {finding.rule for finding in found if finding.severity.fails}


def _turned_back(body: Json) -> str:
    document = json.loads(json.dumps(body))
    resources = document["Resources"]
    for name, resource in list(resources.items()):
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::RDS::DBCluster":
            limits = properties.pop("ServerlessV2ScalingConfiguration")
            properties["EngineMode"] = "serverless"
            properties["EngineVersion"] = "5.7.mysql_aurora.2.11.3"
            properties["ScalingConfiguration"] = {
                "AutoPause": limits["MinCapacity"] == 0,
                "MinCapacity": 1,
                "MaxCapacity": 2,
            }
        elif resource["Type"] == "AWS::RDS::DBInstance":
            del resources[name]
        elif resource["Type"] == "AWS::RDS::DBClusterParameterGroup":
            properties["Family"] = "aurora-mysql5.7"
    text = json.dumps(document, indent=1)
    for name in body["Resources"] if isinstance(body, dict) else ():  # type: ignore[union-attr]
        if name not in resources:
            text = text.replace(f'"{name}"', '"gone"')
    return text


@pytest.mark.parametrize("suffix", SHIPPED)
def test_the_guard_refuses_it_and_accepts_what_the_migration_makes(suffix: str) -> None:
    text = _turned_back(json.loads(json.dumps(template(suffix).body)))
    assert "AURORA-SERVERLESS-V1" in _refused(text)
    result = migrate(text, facts=ZURICH, on=TODAY)
    assert result.complete
    assert not {rule for rule in _refused(result.text) if rule.startswith("AURORA")}
    before, after = text.splitlines(), result.text.splitlines()
    assert sum(line not in after for line in before) < 20
