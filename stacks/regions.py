"""AWS regions and their zones, as the regional guard ships them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, cast

# One file of the facts, read by its path: importing the guard would cost every synth 15 ms.
_FACTS: Final = Path(__file__).resolve().parent.parent / "pcistack/regional/data/regions.json"


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
    facts = cast(
        "dict[str, dict[str, dict[str, object]]]", json.loads(_FACTS.read_text(encoding="utf-8"))
    )
    return {
        name: Region(
            partition=str(entry["partition"]),
            domain=str(entry["domain"]),
            zones=tuple(cast("list[str]", entry["zones"])),
        )
        for name, entry in facts["regions"].items()
    }


@cache
def all_zones() -> tuple[str, ...]:
    """Return the availability zones of every known region."""
    return tuple(zone for region in regions().values() for zone in region.zones)
