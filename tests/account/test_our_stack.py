"""The shipped environments pass preflight in an enabled, empty account in Zurich."""

from __future__ import annotations

import json

import pytest

from pcistack.account.preflight import preflight
from pcistack.account.rows import Verdict
from pcistack.commands.preflight import exit_code
from pcistack.regional.facts import load
from pcistack.template.document import Template
from tests.account.recorded import (
    NOW,
    REGION,
    Parameters,
    StubbedAws,
    answers,
    endpoint_service,
    engine_version,
    orderable,
)
from tests.support import SHIPPED, template


def _version(parameters: Parameters) -> Parameters:
    return {"DBEngineVersions": [engine_version(EngineVersion=parameters["EngineVersion"])]}


def _options(parameters: Parameters) -> Parameters:
    named = {key: parameters[key] for key in ("Engine", "EngineVersion", "DBInstanceClass")}
    return {"OrderableDBInstanceOptions": [orderable(**named)]}


def _services(parameters: Parameters) -> Parameters:
    prefix = f"com.amazonaws.{REGION}."
    names = [name.removeprefix(prefix) for name in parameters["Filters"][0]["Values"]]
    kinds = {"s3": "Gateway"}
    return {"ServiceDetails": [endpoint_service(n, kinds.get(n, "Interface")) for n in names]}


@pytest.mark.parametrize("suffix", SHIPPED)
def test_a_shipped_environment_has_all_it_needs(suffix: str) -> None:
    document = Template.parse(json.dumps(template(suffix).body))
    types = sorted({resource.type for resource in document.resources.values()})
    stub = StubbedAws(
        answers(
            types,
            ENGINE_VERSIONS=_version,
            ORDERABLE_OPTIONS=_options,
            ENDPOINT_SERVICES=_services,
        )
    )
    rows = preflight(document, stub.aws(), load(REGION), now=NOW, stack=f"PciDss-{suffix}")
    assert [row for row in rows if row.state is not Verdict.CONFIRMED] == []
    assert exit_code(rows) == 0
    assert {"VPCs: 1", "Aurora clusters: 1", "zone eu-central-2a", "zone eu-central-2b"} <= {
        row.need for row in rows
    }
