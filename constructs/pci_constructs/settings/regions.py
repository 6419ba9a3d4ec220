"""AWS regions and their zones, as the regional guard ships them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pcistack.regions import index


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A region.

    Attributes:
        partition: ``aws``, ``aws-cn``, ``aws-us-gov`` or ``aws-eusc``.
        domain: Domain of its services, such as ``amazonaws.com``.
        zones: Names of its availability zones.
    """

    partition: str
    domain: str
    zones: tuple[str, ...]


@cache
def regions() -> Mapping[str, Region]:
    """Return every known region by its name."""
    return {
        name: Region(
            partition=str(entry["partition"]),
            domain=str(entry["domain"]),
            zones=tuple(entry["zones"]),
        )
        for name, entry in index().items()
    }


def has_database_root(region: str) -> bool:
    """Whether the root certificate of RDS in a region is at hand, to verify the database by."""
    return _root(region).is_file()


def database_root(region: str) -> str:
    """Return the root certificate of RDS in a region, as PEM."""
    return _root(region).read_text(encoding="ascii")


def _root(region: str) -> Path:
    return Path(__file__).parent.parent / "database_users" / "certificates" / f"{region}.pem"


@cache
def all_zones() -> tuple[str, ...]:
    """Return the availability zones of every known region."""
    return tuple(zone for region in regions().values() for zone in region.zones)
