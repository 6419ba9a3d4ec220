"""The price table of a region: listed prices, AWS's own answers, and estimates that say so."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from pcistack.regions import DATA, partition_of, read

_TABLE: Final = Path(__file__).with_name("prices.toml")
_LISTED: Final = "us-east-1"
LIVE_KEY: Final = "prices"
"""Where a region's facts hold the prices that AWS was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one unit of something costs in a region.

    Attributes:
        dollars: US dollars for the unit: an hour of one, or a month of one.
        source: Where it comes from: an address, or that AWS was asked and when.
        estimated: Whether it is an estimate.
    """

    dollars: float
    source: str
    estimated: bool = False


def prices(region: str, data: Path = DATA) -> Mapping[str, Price]:
    """Return the prices of a region by the id of what is billed.

    What AWS was asked for wins over the list, and the list over the estimate.

    Args:
        region: A known region.
        data: Folder of the regional facts.
    """
    table = _table()
    sources: Mapping[str, str] = table["sources"]
    found = {
        name: Price(dollars=row["dollars"], source=sources[row["source"]])
        for name, row in table["everywhere"].items()
    }
    estimate = table["estimate"]
    for name, row in table[_LISTED].items():
        listed = region == _LISTED
        found[name] = Price(
            dollars=row["dollars"] if listed else round(row["dollars"] * estimate["factor"], 6),
            source=sources[row["source"]] if listed else estimate["why"],
            estimated=not listed,
        )
    if partition_of(region)[0] != "aws":  # its lists are others, and in another currency maybe
        found = {
            name: Price(dollars=price.dollars, source=estimate["why"], estimated=True)
            for name, price in found.items()
        }
    return found | _asked(region, data)


def _asked(region: str, data: Path) -> dict[str, Price]:
    file = data / "regions" / f"{region}.json"
    answers: Mapping[str, Any] = read(file).get(LIVE_KEY, {}) if file.exists() else {}
    source = f"AWS's price list, asked on {answers.get('as_of')}"
    dollars: Mapping[str, float] = answers.get("dollars", {})
    return {name: Price(dollars=value, source=source) for name, value in dollars.items()}


def estimate_why() -> str:
    """Return how an estimated price is made, in a sentence without its full stop."""
    return str(_table()["estimate"]["why"])


def as_of() -> str:
    """Return the day as of which the list is."""
    return str(_table()["as_of"])


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))
