"""What must hold between several settings, and for what stands in lists."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import cache
from typing import Final, TypeAlias

from pci_constructs.settings import values
from pci_constructs.settings.regions import all_zones, has_database_root, regions
from pci_constructs.settings.words import listed
from stacks import workloads
from stacks.acceptable import HTTPS_ANYWHERE
from stacks.lists import judged, nearest_of
from stacks.mistakes import Mistake, dotted
from stacks.settings import Environment, is_in

EnvironmentCheck: TypeAlias = Callable[[Environment], Iterator[Mistake]]

_CHECKS: Final[list[tuple[list[tuple[str, ...]], EnvironmentCheck]]] = []
_SHORTEST_REASON: Final = 20
MOST_ADDRESSES: Final = 100
"""Addresses for alarms: each is a resource, and CloudFormation takes 500 in a template."""
_ACCEPTED: Final = "rules on the database and on security groups that are not fatal"


def reads(*fields: str) -> Callable[[EnvironmentCheck], EnvironmentCheck]:
    """Register a check of the settings that it names."""

    def register(check: EnvironmentCheck) -> EnvironmentCheck:
        _CHECKS.append(([tuple(field.split(".")) for field in fields], check))
        return check

    return register


def mistakes(
    environment: Environment, unusable: Collection[tuple[str, ...]] = ()
) -> Iterator[Mistake]:
    """Yield what does not fit together.

    Args:
        environment: The settings.
        unusable: Names of settings and tables for which something else stands; what reads them is
            not judged.
    """
    for fields, check in _CHECKS:
        if not any(is_in(names, unusable) for names in fields):
            yield from check(environment)
    yield from workloads.mistakes(environment, unusable)


# Region


@reads("region")
def _database_can_be_verified(environment: Environment) -> Iterator[Mistake]:
    """Else the function of the database users may trust no server, and the deployment fails."""
    if not has_database_root(environment.region):
        yield Mistake(
            field="region",
            wrong="is one whose root certificate of RDS is not at hand, so that no database there "
            "can be verified",
            allowed="a region that has a file in constructs/pci_constructs/database_users/"
            "certificates, or AWS's certificate bundle of this one saved there as "
            f"{environment.region}.pem",
            value=environment.region,
        )


# Network


@reads("network.zones")
def _zones_are_usable(environment: Environment) -> Iterator[Mistake]:
    yield from judged(
        "network.zones",
        environment.network.zones,
        values.zone,
        lambda zone: nearest_of(zone, all_zones(), "zones of the region, such as eu-central-2a"),
    )


@reads("network.zones", "region")
def _zones_are_in_the_region(environment: Environment) -> Iterator[Mistake]:
    own = regions()[environment.region].zones
    for zone in dict.fromkeys(environment.network.zones):
        if zone in all_zones() and zone not in own:
            yield Mistake(
                field="network.zones",
                wrong=f"is no zone of {environment.region}",
                allowed=listed(own),
                value=zone,
            )


@reads("network.egress", "network.nat_gateways")
def _gateways_fit_egress(environment: Environment) -> Iterator[Mistake]:
    network = environment.network
    if (network.egress == "nat") != (network.nat_gateways > 0):
        yield Mistake(
            field="network.nat_gateways",
            wrong=f'does not go with egress = "{network.egress}"',
            allowed="0" if network.egress == "endpoints" else "1, or one for each zone",
            value=network.nat_gateways,
        )


@reads("network.egress", "network.nat_gateways", "network.zones")
def _gateways_fit_zones(environment: Environment) -> Iterator[Mistake]:
    network = environment.network
    count = len(network.zones)
    if network.egress == "nat" and network.nat_gateways not in (0, 1, count):
        yield Mistake(
            field="network.nat_gateways",
            wrong=f"does not go with {count} zones",
            allowed=f"1 or {count}",
            value=network.nat_gateways,
        )


@reads("network.outbound")
def _domains_are_usable(environment: Environment) -> Iterator[Mistake]:
    yield from judged(
        "network.outbound",
        environment.network.outbound or (),
        values.domain,
        lambda _: "domains such as api.processor.example or *.example.com",
    )


# Database


@reads("database.snapshot", "region")
def _snapshot_is_in_the_region(environment: Environment) -> Iterator[Mistake]:
    snapshot = environment.database.snapshot
    if snapshot is not None and snapshot.split(":")[3] != environment.region:
        yield Mistake(
            field="database.snapshot",
            wrong="is a snapshot of another region, which AWS cannot restore here",
            allowed=f"one of {environment.region}, to which it must be copied",
            value=snapshot,
        )


@reads("database.min_capacity", "database.max_capacity")
def _capacity_is_a_range(environment: Environment) -> Iterator[Mistake]:
    database = environment.database
    lowest = database.min_capacity
    if lowest > database.max_capacity:
        yield Mistake(
            field="database.min_capacity",
            wrong="is larger than max_capacity",
            allowed=f"at most {database.max_capacity:g}, or a larger max_capacity",
            value=int(lowest) if lowest.is_integer() else lowest,
        )


@reads("database.min_capacity", "database.auto_pause_seconds")
def _pause_is_possible(environment: Environment) -> Iterator[Mistake]:
    database = environment.database
    if database.auto_pause_seconds is not None and database.min_capacity != 0:
        yield Mistake(
            field="database.auto_pause_seconds",
            wrong=f"has no effect with min_capacity = {database.min_capacity:g}",
            allowed="to leave it out, or min_capacity = 0",
            value=database.auto_pause_seconds,
        )


# Ingress


@reads("ingress")
def _one_certificate(environment: Environment) -> Iterator[Mistake]:
    ingress = environment.ingress
    if ingress is None:
        return
    names = ("hosted_zone_id", "hosted_zone_name", "domain_name")
    absent = [name for name in names if getattr(ingress, name) is None]
    if absent and (ingress.certificate_arn is None or len(absent) < len(names)):
        yield Mistake(
            field="ingress",
            wrong=f"lacks {listed(absent, 'and')}"
            if len(absent) < len(names)
            else "lacks a certificate",
            allowed=f"certificate_arn, or {listed(names, 'and')} together, or both",
        )


@reads("ingress.allowed_sources")
def _sources_are_usable(environment: Environment) -> Iterator[Mistake]:
    if environment.ingress is not None:
        yield from judged(
            "ingress.allowed_sources",
            environment.ingress.allowed_sources,
            values.source_range,
            lambda _: "ranges such as 203.0.113.0/24",
        )


@reads("ingress.hosted_zone_name", "ingress.domain_name")
def _domain_is_in_its_zone(environment: Environment) -> Iterator[Mistake]:
    ingress = environment.ingress
    if ingress is None or ingress.domain_name is None or ingress.hosted_zone_name is None:
        return
    if not f".{ingress.domain_name}".endswith(f".{ingress.hosted_zone_name}"):
        yield Mistake(
            field="ingress.domain_name",
            wrong="is not inside hosted_zone_name",
            allowed=f"{ingress.hosted_zone_name}, or a name that ends with "
            f".{ingress.hosted_zone_name}",
            value=ingress.domain_name,
        )


@reads("ingress.certificate_arn", "region")
def _certificate_is_in_the_region(environment: Environment) -> Iterator[Mistake]:
    arn = environment.ingress.certificate_arn if environment.ingress else None
    prefix = f"arn:{regions()[environment.region].partition}:acm:{environment.region}:"
    if arn is not None and not arn.startswith(prefix):
        yield Mistake(
            field="ingress.certificate_arn",
            wrong="is a certificate of another region",
            allowed=f"one that begins with {prefix}",
            value=arn,
        )


@reads("ingress.certificate_arn", "account")
def _certificate_is_in_the_account(environment: Environment) -> Iterator[Mistake]:
    arn = environment.ingress.certificate_arn if environment.ingress else None
    if arn is not None and environment.account not in (None, arn.split(":")[4]):
        yield Mistake(
            field="ingress.certificate_arn",
            wrong="is a certificate of another account",
            allowed=f"one of account {environment.account}",
            value=arn,
        )


# Operations


@reads("operations.database_session", "operations.session_image")
def _session_has_an_image(environment: Environment) -> Iterator[Mistake]:
    operations = environment.operations
    if operations.database_session and operations.session_image is None:
        yield Mistake(
            field="operations.session_image",
            wrong="is left out, and database_session needs it",
            allowed="an image with MySQL's client, as docs/database-session.md makes one, or "
            "database_session = false",
        )


@reads("operations.session_image", "network.egress", "region", "data_classification")
def _session_image_can_be_used(environment: Environment) -> Iterator[Mistake]:
    if environment.operations.database_session:
        image, field = environment.operations.session_image, "operations.session_image"
        yield from workloads.can_be_reached(image, environment, field)
        yield from workloads.is_the_one_that_was_tested(image, environment, field)


# Monitoring


@reads("monitoring.emails")
def _addresses_are_usable(environment: Environment) -> Iterator[Mistake]:
    count = len(environment.monitoring.emails)
    if count > MOST_ADDRESSES:
        yield Mistake(
            field="monitoring.emails",
            wrong=f"has {count} addresses, each a resource of the stack, which may have 500",
            allowed=f"at most {MOST_ADDRESSES}; a mailing list is one",
        )
    yield from judged(
        "monitoring.emails",
        environment.monitoring.emails,
        values.email,
        lambda _: "addresses such as security@example.com",
    )


@reads("monitoring.emails", "monitoring.topic_arn")
def _one_topic(environment: Environment) -> Iterator[Mistake]:
    monitoring = environment.monitoring
    if monitoring.topic_arn is not None and monitoring.emails:
        yield Mistake(
            field="monitoring.emails",
            wrong="does not go with topic_arn, whose subscribers are its owner's",
            allowed="one of the two",
        )


@reads("monitoring.topic_arn", "region")
def _topic_is_in_the_region(environment: Environment) -> Iterator[Mistake]:
    arn = environment.monitoring.topic_arn
    if arn is not None and arn.split(":")[3] != environment.region:
        yield Mistake(
            field="monitoring.topic_arn",
            wrong="is a topic of another region, which no alarm can tell",
            allowed=f"one of {environment.region}",
            value=arn,
        )


# Promises


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
        if len(reason) < _SHORTEST_REASON:
            yield Mistake(
                field=f"acknowledged.{dotted([rule])}",
                wrong="is too short a reason",
                allowed=f"at least {_SHORTEST_REASON} characters that would convince an assessor",
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
                allowed=nearest_of(
                    rule, others, "rules on the database and on security groups that are not fatal"
                ),
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
