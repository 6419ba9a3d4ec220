"""AWS's own answers about a region, in the form of the shipped facts, which they override."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from pcistack.account.ask_prices import region_prices
from pcistack.account.aws import Aws, AwsError, Call, Item, flag, text, texts
from pcistack.cost.prices import LIVE_KEY
from pcistack.regional.catalog import known_types
from pcistack.regional.curated import curated
from pcistack.regional.facts import Availability, Facts
from pcistack.regional.refresh import absent, by_family, render
from pcistack.regional.versions import AURORA_ENGINES
from pcistack.regions import DATA

_PROVISIONING: Final = ("FULLY_MUTABLE", "IMMUTABLE", "NON_PROVISIONABLE")
ENABLED: Final = ("opted-in", "opt-in-not-required")
"""What AWS says of a region that an account can use."""
_AMAZON: Final = ("com.amazonaws.", "cn.com.amazonaws.", "aws.", "eu.amazonaws.")


def zones(aws: Aws) -> list[tuple[str, str]]:
    """Return the names and ids of the availability zones that are in service, sorted."""
    return sorted(
        (text(zone, "ZoneName"), text(zone, "ZoneId"))
        for zone in aws.items(Call.ZONES, "AvailabilityZones")
        if text(zone, "ZoneType") in ("", "availability-zone")
        and text(zone, "State") in ("", "available")
    )


def opt_in_status(aws: Aws) -> str:
    """Return the region's status in the account; empty if AWS knows no such region."""
    found = aws.items(
        Call.REGIONS,
        "Regions",
        {"AllRegions": True, "Filters": [{"Name": "region-name", "Values": [aws.region]}]},
        at_home=True,
    )
    return text(found[0], "OptInStatus") if found else ""


def resource_types(aws: Aws) -> set[str]:
    """Return the resource types of AWS that CloudFormation has in the region."""
    found: set[str] = set()
    for provisioning in _PROVISIONING:  # left out, it would mean FULLY_MUTABLE only
        summaries = aws.items(
            Call.RESOURCE_TYPES,
            "TypeSummaries",
            {
                "Visibility": "PUBLIC",
                "Type": "RESOURCE",
                "ProvisioningType": provisioning,
                "Filters": {"Category": "AWS_TYPES"},
                "MaxResults": 100,
            },
        )
        found |= {text(item, "TypeName") for item in summaries}
    return found


def region_facts(aws: Aws, *, on: date) -> dict[str, object]:
    """Ask AWS everything that the facts of a region hold and that it can answer.

    Args:
        aws: Asks in the region.
        on: The day of the answers, kept as their version.

    Returns:
        The answers, under the keys of a region's facts file.

    Raises:
        AwsError: The region is not enabled in the account, or AWS did not answer; a refusal names
            the call and the permission.
    """
    status = opt_in_status(aws)
    if status not in ENABLED:
        raise AwsError(
            f"{aws.region} is {status or 'not known to AWS'}; enable it under Account > AWS Regions"
        )
    here = zones(aws)
    answers: dict[str, object] = {
        "absent_types": absent(sorted(known_types()), resource_types(aws)),
        "endpoint_services": _endpoint_services(aws),
        "opt_in": status != "opt-in-not-required",
        "sources": {"answers of AWS": on.isoformat()},
        "zone_ids": sorted(zone_id for _, zone_id in here),
        "zones": [name for name, _ in here],
    }
    return answers | _databases(aws)


def _endpoint_services(aws: Aws) -> list[str]:
    names = (item[""] for item in aws.items(Call.ENDPOINT_SERVICES, "ServiceNames"))
    return sorted(str(name) for name in names if str(name).startswith(_AMAZON))


def _databases(aws: Aws) -> dict[str, object]:
    offered: dict[str, list[str]] = {}
    classes: dict[str, dict[str, str]] = {}
    overrides: dict[str, str] = {}
    for engine in AURORA_ENGINES:
        versions = aws.items(Call.ENGINE_VERSIONS, "DBEngineVersions", {"Engine": engine})
        options = aws.items(
            Call.ORDERABLE_OPTIONS, "OrderableDBInstanceOptions", {"Engine": engine}
        )
        offered[engine] = sorted(
            text(item, "EngineVersion")
            for item in versions
            if text(item, "Status") in ("", "available")
        )
        classes[engine] = by_family({text(option, "DBInstanceClass") for option in options})
        overrides |= _features(engine, options) | _authorities(versions)
    return {"feature_overrides": overrides, "instance_classes": classes, "offered": offered}


def _features(engine: str, options: Iterable[Item]) -> dict[str, str]:
    data_api = [flag(option, "SupportsHttpEndpoint") for option in options]
    found: dict[str, str] = {}
    if True in data_api or False in data_api:
        found[f"data-api/{engine}"] = _availability(True in data_api)
    return found


def _authorities(versions: Iterable[Item]) -> dict[str, str]:
    """Certificate authorities, if AWS names any."""
    named = {name for item in versions for name in texts(item, "SupportedCACertificateIdentifiers")}
    rows = [str(row["name"]) for row in curated()["certificate_authorities"]]
    return {name: _availability(name in named) for name in rows} if named else {}


def _availability(there: bool) -> str:
    return (Availability.AVAILABLE if there else Availability.UNAVAILABLE).value


def refresh_live(aws: Aws, *, on: date, data: Path = DATA) -> bool:
    """Write AWS's answers over the shipped facts of a region; return whether anything changed.

    Raises:
        AwsError: AWS did not answer everything; then nothing is written.
    """
    answers = region_facts(aws, on=on)
    asked = region_prices(aws, on=on)
    if asked:
        answers[LIVE_KEY] = asked
    path = data / "regions" / f"{aws.region}.json"
    before = path.read_text(encoding="utf-8")
    body: dict[str, object] = json.loads(before)
    for key, value in answers.items():
        old = body.get(key)
        if key == "instance_classes" and isinstance(old, dict) and isinstance(value, dict):
            value = {**old, **value}  # engines that were not asked about stay
        body[key] = value
    after = render(body)
    if after == before:
        return False
    path.write_text(after, encoding="utf-8")
    return True


def overlaid(
    facts: Facts,
    *,
    zone_names: Iterable[str],
    endpoint_services: Iterable[str] | None,
    offered: Mapping[str, Iterable[tuple[str, str]]],
) -> Facts:
    """Return facts with the answers that one template needed.

    They are complete for that template only: what it does not name was not asked.

    Args:
        facts: The shipped facts.
        zone_names: Availability zones; none keeps the shipped ones.
        endpoint_services: Services that are there; None if not asked.
        offered: Versions and instance classes that are there, by engine.
    """
    names = tuple(sorted(zone_names))
    classes = dict(facts.instance_classes)
    for engine, pairs in offered.items():
        classes[engine] = classes.get(engine, frozenset()) | {name for _, name in pairs if name}
    return replace(
        facts,
        zones=names or facts.zones,
        endpoint_services=None if endpoint_services is None else frozenset(endpoint_services),
        offered={
            engine: frozenset(version for version, _ in pairs) for engine, pairs in offered.items()
        }
        or None,
        instance_classes=classes,
    )


@dataclass(kw_only=True)
class Answers:
    """What AWS answered, to override the shipped facts."""

    zones: Sequence[str]
    services: list[str] | None = None
    offered: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    exact: dict[tuple[str, str], str] = field(default_factory=dict)
