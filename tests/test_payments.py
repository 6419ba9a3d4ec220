"""The example of a whole application: one file, every setting, and each setting has an effect."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache

import pytest
from pydantic import BaseModel

from pci_constructs.settings.form import tables_of
from stacks.app import build_app
from stacks.environment import ENVIRONMENTS, load_environment
from stacks.settings import Environment
from tests.support import CERTIFICATE, PRIVATE_IMAGE, Synthesized, synthesize, variant
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
    assert open_findings(build_app([load_environment("payments")])) == set()
    assert outcome(payments()).open == []


def test_the_example_has_names_of_its_own_project() -> None:
    body = json.dumps(payments().body)
    assert "payments-cluster-payments" in body
    assert "transaction-db" not in body


ZONE: dict[str, object] = {
    "hosted_zone_id": "Z1",
    "hosted_zone_name": "example.com",
    "domain_name": "pay.example.com",
}
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
SERVICE: dict[str, object] = {
    "container_port": 9000,
    "health_check_command": ["/healthy"],
    "start_seconds": 90,
    "desired_count": 2,
    "max_count": 5,
}
WORKER: dict[str, object] = {"desired_count": 4, "health_check_command": ["/healthy"]}
CHANGES: dict[str, dict[str, object]] = {
    "network": {
        "cidr": "10.9.0.0/16",
        "zones": [f"eu-central-2{letter}" for letter in "abc"],
        "outbound": ["api.example.com"],
        "nat_gateways": 2,
    },
    "database": {
        "engine_version": "8.0.mysql_aurora.3.11.0",
        "min_capacity": 1,
        "max_capacity": 3,
        "readers": 1,
        "port": 7000,
        "name": "other",
        "master_username": "another",
        "snapshot": "arn:aws:rds:eu-central-2:111111111111:cluster-snapshot:before",
        "slow_query_log": False,
        "backup_retention_days": 9,
        "rotation_days": 9,
        "rotation_hour": 3,
    },
    "service": {**WORKLOAD, **SERVICE},
    "workers": {**WORKLOAD, **WORKER},
    "jobs": {
        **WORKLOAD,
        "when": "before-service",
        "schedule": "rate(1 day)",
    },
    "ingress": {
        "scheme": "internal",
        "allowed_sources": ["203.0.113.0/24"],
        "waf_exceptions": {"SizeRestrictions_BODY": "Invoices of partners are large."},
        "rate_limit": 100,
    },
    "protection": {
        "keep_data": True,
        "deletion_protection": True,
        "key_deletion_window_days": 9,
        "log_retention_days": 731,
    },
    "operations": {
        "session_image": "team/mysql-client:8.4",
        "session_identity": "application",
        "session_minutes": 45,
    },
    "monitoring": {
        "emails": ["on-call@example.com"],
        "topic_arn": "arn:aws:sns:eu-central-2:111111111111:on-call",
    },
}
"""Another value of every setting, judged one by one."""

SESSION: dict[str, dict[str, object]] = {
    "operations": {"database_session": True, "session_image": PRIVATE_IMAGE}
}
TOGETHER: dict[str, dict[str, dict[str, object]]] = {
    "network.egress": {
        "network": {"egress": "endpoints", "nat_gateways": 0},
        "service": {"image": PRIVATE_IMAGE},
    },
    "database.auto_pause_seconds": {"database": {"min_capacity": 0, "auto_pause_seconds": 600}},
    "protection.lock_logs": {"protection": {"keep_data": True, "lock_logs": True}},
    "service.health_check_path": {
        "service": {"health_check_path": "/health"},
        "ingress": {"certificate_arn": CERTIFICATE},
    },
    "workers.start_seconds": {
        "workers": {"x": {"start_seconds": 90, "health_check_command": ["/healthy"]}}
    },
    "jobs.timeout_minutes": {"jobs": {"x": {"when": "before-service", "timeout_minutes": 3}}},
    **{f"ingress.{name}": {"ingress": dict(ZONE)} for name in ZONE},
    "ingress.certificate_arn": {"ingress": {"certificate_arn": CERTIFICATE}},
    "operations.database_session": SESSION,
}
"""Settings that need others, with these."""

BY_THEMSELVES = {"serves", "region", "account", "project", "data_classification", "acknowledged"}
"""At the top of the file; their tests are elsewhere."""

INSIDE = ("secrets.", "permissions.", "acknowledged.")
"""What stands in lists and tables of settings; :mod:`tests.test_workloads` changes each."""


def base(table: str) -> dict[str, dict[str, object]]:
    """The least that a table's settings stand on."""
    return {
        "workers": {"workers": {"x": {}}},
        "jobs": {"jobs": {"x": {}}},
        "ingress": {"ingress": {"certificate_arn": CERTIFICATE}},
        "operations": SESSION,
    }.get(table, {})  # type: ignore[return-value]


def changed(table: str, name: str) -> dict[str, dict[str, object]]:
    value = {name: CHANGES[table][name]}
    if name == "cpu":
        value["memory_mib"] = 1024
    if table in ("workers", "jobs"):
        return {table: {"x": value}}
    return {table: {**base(table).get(table, {}), **value}}


@pytest.mark.parametrize(
    ("table", "name"), [(table, name) for table, names in CHANGES.items() for name in names]
)
def test_every_setting_changes_the_template(table: str, name: str) -> None:
    assert variant(**changed(table, name)).body != variant(**base(table)).body


@pytest.mark.parametrize("name", sorted(TOGETHER))
def test_every_setting_that_needs_others_changes_it_too(name: str) -> None:
    assert variant(**TOGETHER[name]).body != variant().body


def test_no_setting_exists_that_no_test_changes() -> None:
    known = {f"{table}.{name}" for table, names in CHANGES.items() for name in names}
    known |= {*TOGETHER, *BY_THEMSELVES}
    left = {name for name in settings(Environment) if not any(i in name for i in INSIDE)} - known
    assert left == set()
