"""What is known of a region: generated from packages, curated from documents, or asked of AWS.

All three come through one model, :class:`Facts`. Each question has three answers: available,
unavailable, unknown. Unknown is never taken for either of the others.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

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
class Source:
    """The document that a curated fact comes from.

    Attributes:
        key: Its name in ``curated.toml``.
        title: Title of the document.
        url: Its address.
        as_of: The day of the newest event that the copy which was read tells of.
        review_by: The day by which it must be read again.
    """

    key: str
    title: str
    url: str
    as_of: date
    review_by: date

    def __str__(self) -> str:
        return f"{self.title}, as of {self.as_of}: {self.url}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """How long a version has standard support.

    Attributes:
        ends: Last day of standard support.
        exact: Whether the calendar names the minor line; if not, ``ends`` is the last day of its
            major, which the line may leave earlier.
        long_term: Whether the line is a long-term support (LTS) release.
        source: The release calendar.
    """

    ends: date
    exact: bool
    long_term: bool
    source: Source


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaRuntime:
    """How long AWS keeps up a runtime of Lambda.

    Attributes:
        deprecated: The day from which it gets no fixes; None if there is none yet.
        blocked: The day from which AWS creates no function with it; None if there is none yet.
        successor: The runtime to choose instead; empty if it is the newest of its language.
    """

    deprecated: date | None
    blocked: date | None
    successor: str


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
        types = _types_of_service().get(name, ()) if self.absent_types is not None else ()
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
        return _support(release) if release else None

    def support_of_major(self, release: EngineRelease) -> Support | None:
        """Standard support of a version's major; None if unknown."""
        return _support(replace(release, line=""))

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
        absent_types=None if absent is None else frozenset(_types(absent)),
        instance_classes={
            engine: frozenset(_classes(families))
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


@cache
def known_types() -> frozenset[str]:
    """Every CloudFormation resource type that some region has."""
    return frozenset(_types(read(DATA / "types.json")["types"]))


@cache
def known_services() -> frozenset[str]:
    """Every service that AWS lists in some region."""
    return frozenset(read(DATA / "types.json")["services"])


def service_of(resource_type: str) -> str:
    """Return the listed service that a resource type belongs to; empty if none is known to."""
    service_of_namespace: Mapping[str, str] = read(DATA / "types.json")["service_of_namespace"]
    return service_of_namespace.get(resource_type.rpartition("::")[0], "")


@cache
def _types_of_service() -> Mapping[str, Sequence[str]]:
    service_of_namespace: Mapping[str, str] = read(DATA / "types.json")["service_of_namespace"]
    found: dict[str, list[str]] = {}
    for name in known_types():
        if service := service_of_namespace.get(name.rpartition("::")[0]):
            found.setdefault(service, []).append(name)
    return found


@cache
def load_balancer_accounts() -> Mapping[str, str]:
    """Accounts that deliver load-balancer access logs, with their regions."""
    return {
        entry["load_balancer_account"]: region
        for region, entry in index().items()
        if "load_balancer_account" in entry
    }


@cache
def instance_types(region: str) -> frozenset[str]:
    """EC2 instance types that a region sells; empty if that is not known."""
    table = read(DATA / "ec2.json")
    here = table["regions"].get(region)
    if here is None:
        return frozenset()
    families = {family: table["families"][family] for family in here["full"].split()}
    return frozenset(_classes(families | here["part"]))


@cache
def instance_families() -> frozenset[str]:
    """Every family of EC2 instance types that some region sells."""
    return frozenset(read(DATA / "ec2.json")["families"])


def logs_of(engine: str) -> tuple[frozenset[str], Source | None]:
    """Logs that a database engine can send to CloudWatch Logs; none if that is not known."""
    for row in curated()["database_logs"]:
        if row["engine"] == engine.removeprefix("custom-").split("-")[0] or row["engine"] == engine:
            return frozenset(row["logs"]), source(row["source"])
    return frozenset(), None


@cache
def lambda_runtimes() -> Mapping[str, LambdaRuntime]:
    """Every Lambda runtime that AWS has or had, by its name."""
    return {
        name: LambdaRuntime(
            deprecated=_day(row.get("deprecated")),
            blocked=_day(row.get("create-block")),
            successor=row.get("successor", ""),
        )
        for name, row in read(DATA / "engines.json")["lambda_runtimes"].items()
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@cache
def curated() -> Mapping[str, Any]:
    """Return the curated table, as it stands in the file."""
    return tomllib.loads((DATA / "curated.toml").read_text(encoding="utf-8"))


@cache
def source(key: str) -> Source:
    """Return the source of a curated row."""
    return Source(key=key, **curated()["sources"][key])


def _support(release: EngineRelease) -> Support | None:
    for row in curated()["support"]:
        if row["engine"] == release.engine:
            exact = row["lines"].get(release.line)
            ends = exact or row["majors"].get(release.major)
            if ends is not None:
                return Support(
                    ends=ends,
                    exact=exact is not None,
                    long_term=release.line in row["long_term"],
                    source=source(row["source"]),
                )
    return None


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


def _types(by_service: Mapping[str, Sequence[str]]) -> list[str]:
    """Full type names; ``*`` stands for every known type of a service."""
    every: Mapping[str, Sequence[str]] = read(DATA / "types.json")["types"]
    return [
        f"{service}::{name}"
        for service, names in by_service.items()
        for name in (every.get(service, ()) if list(names) == ["*"] else names)
    ]


def _classes(families: Mapping[str, str]) -> list[str]:
    return [f"{family}.{size}" for family, sizes in families.items() for size in sizes.split()]
