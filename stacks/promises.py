"""What PCI DSS asks of an environment: of one with cardholder data, and of what it accepts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from typing import Final

from pcistack.checks.acknowledgements import SHORTEST_REASON
from stacks.acceptable import HTTPS_ANYWHERE
from stacks.environment_checks import EnvironmentChecks
from stacks.lists import nearest_of
from stacks.mistakes import Mistake, dotted
from stacks.settings import Environment

_CHECKS: Final = EnvironmentChecks()
reads: Final = _CHECKS.reads
_ACCEPTED: Final = "rules on the database and on security groups that are not fatal"


def mistakes(environment: Environment, unusable: Collection[tuple[str, ...]]) -> Iterator[Mistake]:
    """Yield what the settings promise too little of; see :mod:`stacks.consistency`."""
    yield from _CHECKS.mistakes(environment, unusable)


@reads("data_classification", "monitoring.emails", "monitoring.topic_arn")
def _alarms_reach_somebody(environment: Environment) -> Iterator[Mistake]:
    monitoring = environment.monitoring
    if _holds_cardholder_data(environment) and not (monitoring.emails or monitoring.topic_arn):
        yield _too_weak("monitoring.emails", "alarms nobody", "an address, or topic_arn", None)


@reads("data_classification", "network.egress", "network.outbound", "acknowledged")
def _ways_out_are_named(environment: Environment) -> Iterator[Mistake]:
    network = environment.network
    if (
        _holds_cardholder_data(environment)
        and network.egress == "nat"
        and network.outbound is None
        and getattr(environment.acknowledged.get(HTTPS_ANYWHERE), "until", None) is None
    ):
        yield _too_weak(
            "network.outbound",
            "lets tasks reach any address",
            f'the domains that they need, egress = "endpoints", {HTTPS_ANYWHERE} in [acknowledged] '
            "with a reason and a last day (until)",
            None,
        )


@reads("protection.lock_logs", "protection.keep_data")
def _locked_logs_are_kept(environment: Environment) -> Iterator[Mistake]:
    if environment.protection.lock_logs and not environment.protection.keep_data:
        yield Mistake(
            field="protection.lock_logs",
            wrong="does not go with keep_data = false, which deletes logs with the stack",
            allowed="false, or keep_data = true",
            value=True,
        )


@reads("data_classification", "protection.keep_data")
def _cardholder_data_is_kept(environment: Environment) -> Iterator[Mistake]:
    if _holds_cardholder_data(environment) and not environment.protection.keep_data:
        yield _too_weak("protection.keep_data", "loses it with the stack", "true", False)


@reads("data_classification", "protection.deletion_protection")
def _cardholder_data_is_protected(environment: Environment) -> Iterator[Mistake]:
    if _holds_cardholder_data(environment) and not environment.protection.deletion_protection:
        yield _too_weak(
            "protection.deletion_protection", "lets the stack be deleted", "true", False
        )


@reads("data_classification", "database.min_capacity")
def _cardholder_data_is_audited(environment: Environment) -> Iterator[Mistake]:
    # Aurora user guide, Aurora Serverless v2 auto-pause: a paused instance writes no log.
    if _holds_cardholder_data(environment) and environment.database.min_capacity == 0:
        yield _too_weak(
            "database.min_capacity",
            "lets the database pause, and a paused one writes no audit log, so that a failure of "
            "the log could not be told",
            "at least 0.5",
            0,
        )


def _holds_cardholder_data(environment: Environment) -> bool:
    return environment.data_classification == "cardholder-data"


def _too_weak(field: str, wrong: str, needed: str, value: object) -> Mistake:
    return Mistake(
        field=field,
        wrong=f'does not go with data_classification = "cardholder-data": it {wrong}',
        allowed=f'{needed}, or data_classification = "test-data"',
        value=value,
    )


@reads("acknowledged")
def _reasons_are_given(environment: Environment) -> Iterator[Mistake]:
    for rule, acceptance in environment.acknowledged.items():
        reason = acceptance.reason
        if len(reason) < SHORTEST_REASON:
            yield Mistake(
                field=f"acknowledged.{dotted([rule])}",
                wrong="is too short a reason",
                allowed=f"at least {SHORTEST_REASON} characters that would convince an assessor",
                value=reason,
            )


@reads("acknowledged")
def _only_rules_on_the_database_are_accepted(environment: Environment) -> Iterator[Mistake]:
    if not environment.acknowledged:
        return  # only a file that accepts something pays for loading the rules
    refused = _rules()
    for rule in environment.acknowledged:
        if wrong := refused.get(rule, "is no rule of this project"):
            others = [] if rule in refused else [name for name in refused if not refused[name]]
            yield Mistake(
                field=f"acknowledged.{dotted([rule])}",
                wrong=wrong,
                allowed=nearest_of(rule, others, _ACCEPTED),
            )


@cache
def _rules() -> dict[str, str]:
    """Return why each rule cannot be accepted; empty where it can be."""
    from pcistack.checks.findings import Severity
    from stacks.acceptable import ACCEPTABLE, rules

    return {
        rule.id: "is fatal: the deployment would fail all the same"
        if rule.severity is Severity.FATAL
        else ("" if {*ACCEPTABLE} & {*rule.types} else "is a rule on what no file can accept")
        for rule in rules()
    }
