from __future__ import annotations

from datetime import date
from typing import cast

import pytest

from pcistack.checks.run import check_template
from pcistack.pci_dss.pack import PACK as PCI_DSS
from pcistack.pci_dss.rules_page import TARGET, render
from pcistack.template.document import Json, Template
from tests.support import SHIPPED, Synthesized, template, variant

DAY = date(2026, 11, 24)
REGION = "eu-central-2"

ACCEPTED = {
    # every acknowledgement of the pack's findings, so that a new one is a decision
    "PCI-1.3.2-EGRESS-HTTPS-ANYWHERE",
    "PCI-3.6.1-KEY-USE",
    "PCI-7.2.5-DATABASE-IAM",  # no identity logs in by token
}


def outcome(found: Synthesized) -> tuple[set[str], set[str]]:
    body = Template(cast("dict[str, Json]", found.body))
    checked = check_template(body, [PCI_DSS], region=REGION, on=DAY)
    return (
        {f"{finding.rule} {finding.resource} {finding.message}" for finding in checked.open},
        {finding.rule for finding, _ in checked.acknowledged},
    )


@pytest.mark.parametrize("suffix", SHIPPED)
def test_shipped_environment_supports_pci_dss_without_an_open_finding(suffix: str) -> None:
    found, accepted = outcome(template(suffix))
    assert found == set()
    assert accepted <= ACCEPTED


def test_without_a_way_to_the_internet_nothing_needs_an_acknowledgement_for_it() -> None:
    image = f"111111111111.dkr.ecr.{REGION}.amazonaws.com/payments:1.0"
    found, accepted = outcome(
        variant(network={"egress": "endpoints", "nat_gateways": 0}, service={"image": image})
    )
    assert found == set()
    assert "PCI-1.3.2-EGRESS-HTTPS-ANYWHERE" not in accepted


def test_the_page_of_the_rules_is_up_to_date() -> None:
    assert TARGET.read_text(encoding="utf-8") == render(), "run make docs"
