"""Findings of the off-the-shelf packs: none open, and every acceptance is needed and reasoned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import cast

import pytest
from aws_cdk import App, Stack
from cdk_nag import AwsSolutionsChecks, PCIDSS321Checks
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from pci_constructs import acknowledge as module
from pci_constructs.acknowledge import METADATA_KEY, acknowledge
from pcistack.checks.run import Outcome, check_template
from pcistack.pci_dss.pack import PACK as PCI_DSS
from pcistack.regional.pack import PACK as REGIONAL
from pcistack.template.document import Template
from stacks.app import build_app
from stacks.environment import load_environment
from stacks.settings import Acceptance
from tests.support import (
    ENDPOINTS,
    SHIPPED,
    ZONE,
    Synthesized,
    app,
    environment,
    synthesize,
    template,
    variant,
)

TODAY = date(2026, 11, 24)
NAG = ("AwsSolutions-", "PCI.DSS.321-")


def open_findings(app: App) -> set[str]:
    """Rule and construct path of every finding that nobody accepted."""
    return {
        f"{violation.rule_name} at {resource.construct_path}"
        for pack in (AwsSolutionsChecks, PCIDSS321Checks)
        for violation in pack().validate_scope(app).violations
        for resource in violation.violating_resources
    }


def accepted(synthesized: Synthesized) -> dict[str, str]:
    """Reason by rule and construct path."""
    found = {}
    for key, resource in synthesized.resources.items():
        metadata = cast("dict[str, list[dict[str, str]]]", resource.get("Metadata", {}))
        for entry in metadata.get(METADATA_KEY, []):
            found[f"{entry['rule']} at {synthesized.path(key)}"] = entry["reason"]
    return found


@pytest.mark.parametrize("suffix", SHIPPED)
def test_no_finding_is_open(suffix: str) -> None:
    assert open_findings(app(load_environment(suffix))) == set()


def outcome(synthesized: Synthesized) -> Outcome:
    """What the project's own rules say of a template."""
    return check_template(
        Template.parse(json.dumps(synthesized.body)),
        [REGIONAL, PCI_DSS],
        region="eu-central-2",
        on=TODAY,
    )


@pytest.mark.parametrize("suffix", SHIPPED)
def test_no_finding_of_our_own_is_open_and_none_is_accepted_without_need(suffix: str) -> None:
    synthesized = template(suffix)
    found = outcome(synthesized)
    assert found.open == []
    needed = {
        f"{finding.rule} at {synthesized.path(finding.resource)}"
        for finding, _ in found.acknowledged
    }
    assert needed == {entry for entry in accepted(synthesized) if not entry.startswith(NAG)}


VARIANTS: dict[str, dict[str, Mapping[str, object]]] = {
    "endpoints": {**ENDPOINTS},
    "three zones": {
        "network": {"zones": [f"eu-central-2{letter}" for letter in "abc"], "nat_gateways": 3},
        "database": {"readers": 2},
    },
    "paused database": {"database": {"min_capacity": 0, "auto_pause_seconds": 300}},
    "newer engine": {"database": {"engine_version": "8.0.mysql_aurora.3.10.6"}},
    "hosted zone": {
        **ZONE,
        "monitoring": {"emails": ["security@example.com"]},
    },
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_way_to_configure_the_stack_is_clean(name: str) -> None:
    changes = VARIANTS[name]
    assert outcome(variant(**changes)).open == []
    assert open_findings(app(environment(**changes))) == set()


class _Ignored:
    """Stands in for the CDK's acknowledgement, so that every finding stays open."""

    @staticmethod
    def of(_: object) -> type[_Ignored]:
        return _Ignored

    @staticmethod
    def acknowledge(*_: object) -> None:
        return None


@pytest.mark.parametrize("suffix", SHIPPED)
def test_every_acknowledgement_excuses_a_finding_that_is_there(
    suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Validations", _Ignored)
    app = build_app([load_environment(suffix)])
    needed = {entry for entry in accepted(template(suffix)) if entry.startswith(NAG)}
    assert open_findings(app) == needed


@pytest.mark.parametrize("suffix", SHIPPED)
def test_acknowledgements_are_seen_in_review(suffix: str, snapshot: SnapshotAssertion) -> None:
    assert accepted(template(suffix)) == snapshot(
        name=suffix, extension_class=JSONSnapshotExtension
    )


@pytest.mark.parametrize("suffix", SHIPPED)
def test_every_reason_is_a_sentence(suffix: str) -> None:
    for reason in accepted(template(suffix)).values():
        assert len(reason) > 40
        assert reason.endswith(".")


def test_a_construct_without_a_main_resource_cannot_be_acknowledged() -> None:
    stack = Stack(App(), "Stack")
    with pytest.raises(TypeError, match="Stack is no resource"):
        acknowledge(stack, {"RULE": "A reason."})


def test_an_environments_acceptance_stands_where_the_rule_reports() -> None:
    reason = "The region's newer authority is rolled out with the next maintenance window."
    synthesized = synthesize(
        environment().model_copy(
            update={
                "acknowledged": {
                    "DATABASE-CERTIFICATE-AUTHORITY": Acceptance(reason=reason),
                    "PCI-10.2.1-DATABASE-AUDIT": Acceptance(reason=reason),
                }
            }
        )
    )
    found = {entry for entry, text in accepted(synthesized).items() if text == reason}
    prefix = "PciDss-dev/Database/Cluster"
    assert found == {
        f"DATABASE-CERTIFICATE-AUTHORITY at {prefix}/Writer/Resource",
        f"PCI-10.2.1-DATABASE-AUDIT at {prefix}/Resource",
    }
