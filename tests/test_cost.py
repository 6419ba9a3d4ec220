"""The cost page is what ``pcistack cost`` says of the shipped environments."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from pcistack.cost.estimate import estimate
from pcistack.template.document import Json, Template
from stacks.cost_docs import SHOWN, TARGET, cost_of, placed, render
from stacks.environment import load_environment
from tests.support import ENDPOINTS, Synthesized, template, variant

PAGE = TARGET.read_text(encoding="utf-8")
README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


def document(synthesized: Synthesized) -> Template:
    return Template(cast("dict[str, Json]", dict(synthesized.body)))


def test_page_shows_what_the_command_says() -> None:
    tables = render({suffix: document(template(suffix)) for suffix in SHOWN})
    assert placed(PAGE, tables) == PAGE, "run: make docs"


@pytest.mark.parametrize("suffix", SHOWN)
def test_nothing_of_a_shipped_environment_is_left_out_of_the_sum(suffix: str) -> None:
    cost = cost_of(suffix, document(template(suffix)))
    assert (cost.unknown, cost.unpriced) == ((), ())


@pytest.mark.parametrize("suffix", SHOWN)
def test_readme_repeats_the_sums(suffix: str) -> None:
    cost = cost_of(suffix, document(template(suffix)))
    assert f"| `{suffix}` | ~{cost.month:.0f} |" in README


def test_settings_add_what_the_page_says() -> None:
    endpoints = estimate(document(variant(**ENDPOINTS)), "us-east-1")
    quantities = {line.billed.price: line.quantity for line in endpoints.lines}
    assert quantities["interface-endpoint"] == 12
    assert "six interface endpoints" in PAGE
    assert len(template("prod").ids("AWS::SecretsManager::Secret")) == 3
    assert "three secrets and the master user's" in PAGE


def test_what_the_example_uses_outside_the_stack_is_counted() -> None:
    example = load_environment("payments")
    workloads = [example.service, *example.workers.values(), *example.jobs.values()]
    given = [secret for one in workloads for secret in one.secrets.values()]
    permitted = [permission for one in workloads for permission in one.permissions]
    secrets = {secret.arn for secret in given}
    keys = {*(one.kms_key for one in given), *(one.kms_key for one in permitted)} - {None}
    prices = {
        line.billed.price: line.unit for line in cost_of("dev", document(template("dev"))).lines
    }
    month = len(secrets) * prices["secret"] + len(keys) * prices["key"]
    said = " ".join(PAGE.split())
    assert f"the {len(secrets)} existing secrets and the {len(keys)} existing keys" in said
    assert f"cost their owner {month:.2f} a month" in said
