"""Names of the AWS regions, and the data files about them; nothing below it knows a rule."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from pcistack.nearest import nearest

DATA: Final = Path(__file__).parent / "regional" / "data"
DOMAINS: Final[Mapping[str, str]] = {
    "aws": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-us-gov": "amazonaws.com",
    "aws-eusc": "amazonaws.eu",
}
"""Domain suffix of the services of each partition."""

_PARTITIONS: Final = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
"""Partitions by what the names of their regions begin with; every other region is in ``aws``."""


def known_regions() -> tuple[str, ...]:
    """Every region with shipped facts, sorted."""
    return tuple(sorted(index()))


def zones_of(region: str | None) -> Sequence[str] | None:
    """Return the zones that ``Fn::GetAZs`` gives in a region; None if they are not known."""
    if region is None or region not in index():
        return None
    return index()[region].get("zones") or None


def index(data: Path = DATA) -> Mapping[str, Any]:
    """Return what is known of every region, by its name."""
    regions: Mapping[str, Any] = read(data / "regions.json")["regions"]
    return regions


def unknown_region(name: str) -> str:
    """Return a line about a region that nothing is known of, with the nearest one."""
    near = nearest(name, known_regions()) or nearest(name, _by_place())
    if near is None:
        return f"unknown region {name!r}; a region is written like eu-central-2"
    where = _by_place().get(near)
    shown = f"{where} ({near})" if where else repr(near)
    return f"unknown region {name!r}; did you mean {shown}?"


def _by_place() -> dict[str, str]:
    """Return the regions by the place that their long names tell, such as ``Zurich``."""
    places = {name: str(known.get("long_name", "")) for name, known in index().items()}
    return {long.partition("(")[2].rstrip(")") or long: name for name, long in places.items()}


@cache
def read(path: Path) -> Any:  # noqa: ANN401  what a data file holds; its readers give it types
    """Return the content of a JSON data file."""
    return json.loads(path.read_text(encoding="utf-8"))


def partition_of(region: str) -> tuple[str, str]:
    """Return the partition and the domain suffix of a region, by its name."""
    found = (name for prefix, name in _PARTITIONS.items() if region.startswith(prefix))
    partition = next(found, "aws")
    return partition, DOMAINS[partition]
