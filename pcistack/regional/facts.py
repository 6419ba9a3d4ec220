"""What is known of a region: generated from packages, curated from documents, or asked of AWS.

All three come through one model, :class:`Facts`. Each question has three answers: available,
unavailable, unknown. Unknown is never taken for either of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from pcistack.regional.catalog import full_classes, full_types, known_types, types_of_service
from pcistack.regional.curated import Source, Support, curated, source, support_of
from pcistack.regional.versions import EngineRelease, parse
from pcistack.regions import DATA, index, known_regions, read


class Availability(StrEnum):
    """Whether a region has something.

    Attributes:
        AVAILABLE: A source says that it is there.
        UNAVAILABLE: A source that lists the region says that it is not there.
        UNKNOWN: No source says anything.
    """

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"


class UnknownRegionError(LookupError):
    """No facts are at hand for a region; the message says which regions are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Range of Aurora capacity units (ACU) of Serverless v2.

    Attributes:
        minimum: Lowest ``MinCapacity``; 0 where the version can pause.
        maximum: Highest ``MaxCapacity``.
        source: The document.
    """

    minimum: float
    maximum: float
    source: Source

    @property
    def can_pause(self) -> bool:
        """Whether the cluster can pause, with ``MinCapacity`` 0."""
        return self.minimum == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """Whether an engine has a feature in a region.

    Attributes:
        name: Such as ``data-api``.
        availability: In the region, for the engine at any version.
        minimum: Oldest version per major that has it, such as ``{"3": "3.07.0"}``; empty if any.
        source: The document, or None if nothing is known.
    """

    name: str
    availability: Availability
    minimum: Mapping[str, str] = field(default_factory=dict)
    source: Source | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of one region.

    Attributes:
        region: Such as ``eu-central-2``.
        long_name: Such as ``Europe (Zurich)``.
        partition: ``aws``, ``aws-cn``, ``aws-us-gov`` or ``aws-eusc``.
        domain: Domain suffix, such as ``amazonaws.com``.
        opt_in: Whether an account must enable the region first; None if not known.
        zones: Names of its availability zones; empty if not known.
        zone_ids: Ids of its availability zones, such as ``euc2-az1``.
        services: Services of AWS's global-infrastructure list, by its names; None if not known.
        absent_types: CloudFormation types that the region lacks; None if not known.
        instance_classes: Database instance classes by engine; an engine that is missing is unknown.
        engine_versions: Status by engine and version, ``available`` or ``deprecated``.
        load_balancer_account: The account that delivers load-balancer access logs; empty where a
            service principal does it.
        offered: Versions that AWS said, when asked, it offers here, by engine; None if not asked.
        endpoint_services: VPC endpoint services that AWS said it has here; None if not asked.
        feature_overrides: Availability that AWS said, by ``feature/engine``.
        versions: Where the generated facts come from: package -> version, or a date.
    """

    region: str
    long_name: str
    partition: str
    domain: str
    opt_in: bool | None
    zones: tuple[str, ...]
    zone_ids: tuple[str, ...]
    services: frozenset[str] | None
    absent_types: frozenset[str] | None
    instance_classes: Mapping[str, frozenset[str]]
    engine_versions: Mapping[str, Mapping[str, str]]
    load_balancer_account: str
    offered: Mapping[str, frozenset[str]] | None = None
    endpoint_services: frozenset[str] | None = None
    feature_overrides: Mapping[str, Availability] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Region as messages name it: ``eu-central-2 (Europe (Zurich))``."""
        return f"{self.region}, {self.long_name}" if self.long_name else self.region

    # Resource types and services

    def resource_type(self, name: str) -> Availability:
        """Whether CloudFormation has a resource type in the region."""
        if self.absent_types is None:
            return Availability.UNKNOWN
        if name in self.absent_types:
            return Availability.UNAVAILABLE
        return Availability.AVAILABLE if name in known_types() else Availability.UNKNOWN

    def service(self, name: str) -> Availability:
        """Whether AWS lists a service in the region, by its name in AWS's list of services."""
        if self.services is None:
            return Availability.UNKNOWN
        return Availability.AVAILABLE if name in self.services else Availability.UNAVAILABLE

    def service_by_two_sources(self, name: str) -> Availability:
        """Whether a service is in the region, by AWS's list and by its resource types.

        The list alone is no proof of absence: it leaves Application Auto Scaling out of regions
        that have it. Unavailable means that both sources say so; unknown, that only one speaks.
        """
        listed = self.service(name)
        types = types_of_service().get(name, ()) if self.absent_types is not None else ()
        if listed is Availability.AVAILABLE or any(
            self.resource_type(t) is Availability.AVAILABLE for t in types
        ):
            return Availability.AVAILABLE
        if listed is Availability.UNAVAILABLE and types:
            return Availability.UNAVAILABLE
        return Availability.UNKNOWN

    def zone(self, name: str) -> Availability:
        """Whether an availability zone exists; names of local zones are unknown."""
        if name in self.zones:
            return Availability.AVAILABLE
        return Availability.UNAVAILABLE if self.zones else Availability.UNKNOWN

    # Databases

    def instance_class(self, engine: str, name: str) -> Availability:
        """Whether a database instance class is sold for an engine; ``db.serverless`` is unknown.

        The packages list ``db.serverless`` everywhere as a literal, so for it ask
        :meth:`serverless_v2`.
        """
        classes = self.instance_classes.get(engine)
        if classes is None or (name == "db.serverless" and self.offered is None):
            return Availability.UNKNOWN
        return Availability.AVAILABLE if name in classes else Availability.UNAVAILABLE

    def engine_version(self, engine: str, version: str) -> str:
        """Status of a version: ``available``, ``deprecated``, ``not offered`` or ``unknown``.

        ``deprecated`` is known of all regions: AWS creates nothing with it any more.
        ``not offered`` needs an answer of AWS for this region.
        """
        known = self.engine_versions.get(engine, {})
        release = parse(engine, version)
        if release is not None and not release.is_exact:
            return self._major_status(release, known)
        if self.offered is not None and engine in self.offered:
            return "available" if version in self.offered[engine] else "not offered"
        return known.get(version, "unknown")

    def _major_status(self, release: EngineRelease, known: Mapping[str, str]) -> str:
        """Status of a bare major: AWS picks its default minor, so one that lives is enough."""
        statuses = {
            status
            for version, status in known.items()
            if (other := parse(release.engine, version))
            and other.is_exact
            and other.major == release.major
        }
        return next((s for s in ("available", "deprecated") if s in statuses), "unknown")

    def support(self, engine: str, version: str) -> Support | None:
        """Standard support of a version, by its minor line, else by its major; None if unknown."""
        release = parse(engine, version)
        return support_of(release) if release else None

    def support_of_major(self, release: EngineRelease) -> Support | None:
        """Standard support of a version's major; None if unknown."""
        return support_of(replace(release, line=""))

    def serverless_v2(self, engine: str, version: str) -> Availability:
        """Whether Serverless v2 runs a version in this region."""
        release = parse(engine, version)
        minimum = self.serverless_v2_minimum(engine)
        if release is None or minimum is None:
            return Availability.UNKNOWN
        versions = minimum.get(release.major)
        if versions is None:
            oldest = min((_key(engine, v) for vs in minimum.values() for v in vs), default=())
            too_old = bool(oldest) and release.numbers < oldest[: len(release.numbers)]
            return Availability.UNAVAILABLE if too_old else Availability.UNKNOWN
        if not versions:
            return Availability.UNAVAILABLE
        if not release.is_exact:
            return Availability.AVAILABLE  # AWS picks the default minor version, a recent one
        return _at_least(release, versions)

    def serverless_v2_minimum(self, engine: str) -> Mapping[str, Sequence[str]] | None:
        """Oldest versions per major that run on Serverless v2 here; None if unknown."""
        for row in curated()["serverless_v2"]:
            if row["engine"] == engine and self.region in row["regions"]:
                minimum: Mapping[str, Sequence[str]] = row["minimum"]
                return minimum
        return None

    def capacity(self, engine: str, version: str) -> Capacity | None:
        """Range of capacity units of a version; None if it is unknown or has no Serverless v2."""
        release = parse(engine, version)
        if release is None:
            return None
        best: Capacity | None = None
        for row in curated()["capacity"]:
            oldest = row["from"].get(release.major) if row["engine"] == engine else None
            if oldest is None:
                continue
            if not release.is_exact or release.numbers >= _key(engine, oldest):
                best = Capacity(
                    minimum=row["minimum"], maximum=row["maximum"], source=source(row["source"])
                )
        return best

    def feature(self, name: str, engine: str) -> Feature:
        """Whether an engine has a feature in this region."""
        override = self.feature_overrides.get(f"{name}/{engine}")
        for row in curated()["features"]:
            if row["feature"] != name or row["engine"] != engine:
                continue
            return Feature(
                name=name,
                availability=override or self._listed(row["available"], row["unavailable"]),
                minimum=row.get("minimum", {}),
                source=source(row["source"]),
            )
        return Feature(name=name, availability=override or Availability.UNKNOWN)

    def compute(self, name: str) -> Feature:
        """Whether functions or tasks have a feature in this region, such as ``lambda-arm64``."""
        for row in curated()["compute"]:
            if row["feature"] == name:
                found = self._listed(row["available"], row["unavailable"])
                return Feature(name=name, availability=found, source=source(row["source"]))
        return Feature(name=name, availability=Availability.UNKNOWN)

    def certificate_authority(self, name: str) -> Feature:
        """Whether a certificate authority signs database certificates in this region."""
        override = self.feature_overrides.get(name)
        for row in curated()["certificate_authorities"]:
            if row["name"] == name:
                found = self._listed(("*",), row["unavailable"])
                return Feature(
                    name=name, availability=override or found, source=source(row["source"])
                )
        return Feature(name=name, availability=override or Availability.UNKNOWN)

    def certificate_authorities(self) -> list[str]:
        """Certificate authorities that the region has, the default first."""
        names = [row["name"] for row in curated()["certificate_authorities"]]
        return [
            name
            for name in names
            if self.certificate_authority(name).availability is Availability.AVAILABLE
        ]

    def _listed(self, available: Sequence[str], unavailable: Sequence[str]) -> Availability:
        """Availability by two lists of regions; ``*`` stands for every known region."""
        if not self.region:
            return Availability.UNKNOWN
        if self.region in unavailable or "*" in unavailable:
            return Availability.UNAVAILABLE
        listed = self.region in available or "*" in available
        return Availability.AVAILABLE if listed else Availability.UNKNOWN


# Loading


def load(region: str, *, data: Path = DATA) -> Facts:
    """Return the shipped facts of a region; only that region's file is read.

    Raises:
        UnknownRegionError: There are none.
    """
    if region not in index(data):
        raise UnknownRegionError(
            f"unknown region {region!r}; known are {', '.join(sorted(index(data)))}"
        )
    return _load(region, data)


def of(region: str | None) -> Facts:
    """Return the shipped facts of a region, or those of one that nothing is known of."""
    return load(region) if region in known_regions() else unknown(region)


def unknown(region: str | None) -> Facts:
    """Return facts of a region that nothing is known of; engine versions are known everywhere."""
    return from_json(region or "", {}, read(DATA / "engines.json"))


@cache
def _load(region: str, data: Path) -> Facts:
    entry = index(data)[region]
    body = read(data / "regions" / f"{region}.json")
    return from_json(region, entry | body, read(data / "engines.json"))


def from_json(region: str, body: Mapping[str, Any], engines: Mapping[str, Any]) -> Facts:
    """Build facts from a region's file; answers of AWS stand in it under the same keys."""
    absent = body.get("absent_types")
    services = body.get("services")
    offered = body.get("offered")
    endpoints = body.get("endpoint_services")
    return Facts(
        region=region,
        long_name=body.get("long_name", ""),
        partition=body.get("partition", "aws"),
        domain=body.get("domain", "amazonaws.com"),
        opt_in=body.get("opt_in"),
        zones=tuple(body.get("zones", ())),
        zone_ids=tuple(body.get("zone_ids", ())),
        services=None if services is None else frozenset(services),
        absent_types=None if absent is None else frozenset(full_types(absent)),
        instance_classes={
            engine: frozenset(full_classes(families))
            for engine, families in body.get("instance_classes", {}).items()
        },
        engine_versions=body.get("engine_versions", engines["engine_versions"]),
        load_balancer_account=body.get("load_balancer_account", ""),
        offered=None if offered is None else {k: frozenset(v) for k, v in offered.items()},
        endpoint_services=None if endpoints is None else frozenset(endpoints),
        feature_overrides={
            key: Availability(value) for key, value in body.get("feature_overrides", {}).items()
        },
        versions=engines["sources"] | body.get("sources", {}),
    )


def _at_least(release: EngineRelease, versions: Sequence[str]) -> Availability:
    """Whether a version is one of a line's patches, or above the last version listed."""
    keys = [_key(release.engine, version) for version in versions]
    if release.numbers >= keys[-1]:
        return Availability.AVAILABLE
    same_line = any(key[:2] == release.numbers[:2] and release.numbers >= key for key in keys)
    return Availability.AVAILABLE if same_line else Availability.UNAVAILABLE


def _key(engine: str, version: str) -> tuple[int, ...]:
    release = parse(engine, version)
    return release.numbers if release else ()
