"""What must hold between several settings, and for what stands in lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from pci_constructs.settings import values
from pci_constructs.settings.regions import all_zones, has_database_root, regions
from pci_constructs.settings.words import listed
from stacks import promises, workloads
from stacks.environment_checks import EnvironmentChecks
from stacks.lists import judged, nearest_of
from stacks.mistakes import Mistake
from stacks.settings import Environment

_CHECKS: Final = EnvironmentChecks()
reads: Final = _CHECKS.reads
MOST_ADDRESSES: Final = 100
"""Addresses for alarms: each is a resource, and CloudFormation takes 500 in a template."""


def mistakes(
    environment: Environment, unusable: Collection[tuple[str, ...]] = ()
) -> Iterator[Mistake]:
    """Yield what does not fit together.

    Args:
        environment: The settings.
        unusable: Names of settings and tables for which something else stands; what reads them is
            not judged.
    """
    yield from _CHECKS.mistakes(environment, unusable)
    yield from promises.mistakes(environment, unusable)
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
