"""The example of a whole application: one file, every setting, and each setting has an effect."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import cast

import pytest
from pydantic import BaseModel

from pci_constructs.settings.form import tables_of
from pci_constructs.settings.workload import JobSettings, WorkerSettings
from stacks.environment import ENVIRONMENTS, load_environment
from stacks.settings import Environment
from tests.support import (
    PRIVATE_IMAGE,
    Synthesized,
    app,
    synthesize,
    variant,
)
from tests.test_acknowledgements import open_findings, outcome

ELSEWHERE = {
    "serves": "only in ephemeral.toml",
    "network.outbound": "it is there",
    "database.snapshot": "the rehearsal has no such snapshot; shown as a comment",
    "database.auto_pause_seconds": "goes with min_capacity = 0",
    "ingress.hosted_zone_id": "the rehearsal has no such zone; shown as a comment",
    "ingress.hosted_zone_name": "the rehearsal has no such zone; shown as a comment",
    "ingress.domain_name": "the rehearsal has no such zone; shown as a comment",
    "monitoring.topic_arn": "goes without emails",
    "accepted_changes.reason": "nothing of it is deployed",
    "accepted_changes.until": "nothing of it is deployed",
}
"""Settings that the example cannot use beside the others."""


@cache
def payments() -> Synthesized:
    return synthesize(load_environment("payments"))


def settings(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every setting by its dotted name; what stands in named tables, under the table's name."""
    for name, field in model.model_fields.items():
        tables = tables_of(field)
        if name != "suffix" and tables is None:
            yield f"{above}{name}"
        elif tables is not None:
            yield from settings(tables.model, f"{above}{name}.")


def used(values: Mapping[str, object], model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every setting that a file uses, named as :func:`settings` does."""
    for name, value in values.items():
        tables = tables_of(model.model_fields[name])
        if tables is None:
            yield f"{above}{name}"
            continue
        every: list[object] = [value]
        if tables.how == "named" and isinstance(value, dict):
            every = list(value.values())
        elif tables.how == "listed" and isinstance(value, list):
            every = value
        for one in every:
            if isinstance(one, dict):
                yield from used(one, tables.model, f"{above}{name}.")


def test_the_example_uses_every_setting_of_the_stack() -> None:
    values = tomllib.loads((ENVIRONMENTS / "payments.toml").read_text(encoding="utf-8"))
    found = set(used(values, Environment))
    of_workloads = {name.partition(".")[2] for name in found if name.split(".")[0] in PLACES}
    missing = {
        name
        for name in settings(Environment)
        if name not in found
        and name not in ELSEWHERE
        and not (name.split(".")[0] in PLACES and name.partition(".")[2] in of_workloads)
    }
    assert missing == set()


PLACES = ("service", "workers", "jobs")
"""Tables of workloads: a setting that they share is used if one of them uses it."""


def test_the_example_is_clean_under_every_check() -> None:
    assert open_findings(app(load_environment("payments"))) == set()
    assert outcome(payments()).open == []


def test_the_example_has_names_of_its_own_project() -> None:
    body = json.dumps(payments().body)
    assert "payments-cluster-payments" in body
    assert "transaction-db" not in body


QUEUE = "arn:aws:sqs:eu-central-2:111111111111:reports"
WORKLOAD: dict[str, object] = {
    "image": PRIVATE_IMAGE,
    "command": ["run"],
    "user": "1001",
    "architecture": "arm64",
    "cpu": 512,
    "memory_mib": 1024,
    "scratch_paths": ["/var/run"],
    "scratch_mib": 32,
    "identity": "reader",
    "variables": {"LOG_LEVEL": "info"},
    "secrets": {
        "KEY": {"arn": "arn:aws:secretsmanager:eu-central-2:111111111111:secret:processor-Ab1Cd2"}
    },
    "permissions": [{"actions": ["sqs:SendMessage"], "resources": [QUEUE]}],
}
SHARED = {name: {name: value} for name, value in WORKLOAD.items()} | {
    "cpu": {"cpu": 512, "memory_mib": 1024}
}
OWN: dict[str, dict[str, dict[str, object]]] = {
    "workers": {
        "desired_count": {"desired_count": 4},
        "health_check_command": {"health_check_command": ["/healthy"]},
        "start_seconds": {"start_seconds": 90, "health_check_command": ["/healthy"]},
    },
    "jobs": {
        "when": {"when": "before-service"},
        "schedule": {"schedule": "rate(1 day)"},
        "timeout_minutes": {"when": "before-service", "timeout_minutes": 3},
    },
}
"""Settings that only workers or only jobs have, with what they need."""


def resources_of(body: Mapping[str, object], number: int) -> str:
    """What a template has for the workload of a number, without its name."""
    resources = cast("dict[str, object]", body["Resources"])
    own = {k: v for k, v in resources.items() if f"n{number}x" in k.lower()}
    assert own
    text = json.dumps(sorted(map(json.dumps, own.items())))
    return re.sub(r"(?i)n\d+x", "name", re.sub(r"[0-9A-F]{8,}", "", text))


@pytest.mark.parametrize("table", ["workers", "jobs"])
def test_every_setting_of_a_worker_or_job_changes_what_is_deployed(table: str) -> None:
    """Each has one of its own beside a plain one; :mod:`tests.changes` tries all other settings."""
    known = WorkerSettings.model_fields if table == "workers" else JobSettings.model_fields
    values = {**SHARED, **OWN[table]}
    assert set(values) == set(known)
    tables = {f"n{number}x": value for number, value in enumerate([{}, {}, *values.values()])}
    body = variant(**{table: tables}).body
    plain = resources_of(body, 0)
    assert resources_of(body, 1) == plain
    for number, name in enumerate(values, 2):
        assert resources_of(body, number) != plain, name
