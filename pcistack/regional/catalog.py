"""What AWS has anywhere: resource types, services, instance types, runtimes of Lambda."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from pcistack.regions import DATA, index, read


@cache
def known_types() -> frozenset[str]:
    """Every CloudFormation resource type that some region has."""
    return frozenset(full_types(read(DATA / "types.json")["types"]))


@cache
def known_services() -> frozenset[str]:
    """Every service that AWS lists in some region."""
    return frozenset(read(DATA / "types.json")["services"])


def service_of(resource_type: str) -> str:
    """Return the listed service that a resource type belongs to; empty if none is known to."""
    service_of_namespace: Mapping[str, str] = read(DATA / "types.json")["service_of_namespace"]
    return service_of_namespace.get(resource_type.rpartition("::")[0], "")


@cache
def types_of_service() -> Mapping[str, Sequence[str]]:
    """Return the resource types of each service that AWS lists."""
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
    return frozenset(full_classes(families | here["part"]))


@cache
def instance_families() -> frozenset[str]:
    """Every family of EC2 instance types that some region sells."""
    return frozenset(read(DATA / "ec2.json")["families"])


def full_types(by_service: Mapping[str, Sequence[str]]) -> list[str]:
    """Return full type names; ``*`` stands for every known type of a service."""
    every: Mapping[str, Sequence[str]] = read(DATA / "types.json")["types"]
    return [
        f"{service}::{name}"
        for service, names in by_service.items()
        for name in (every.get(service, ()) if list(names) == ["*"] else names)
    ]


def full_classes(families: Mapping[str, str]) -> list[str]:
    """Return the full names of classes: each family with each of its sizes."""
    return [f"{family}.{size}" for family, sizes in families.items() for size in sizes.split()]


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
