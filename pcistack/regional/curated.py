"""The table that was curated from documents: every row names its source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from pcistack.regional.versions import EngineRelease
from pcistack.regions import DATA


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


def logs_of(engine: str) -> tuple[frozenset[str], Source | None]:
    """Logs that a database engine can send to CloudWatch Logs; none if that is not known."""
    for row in curated()["database_logs"]:
        if row["engine"] == engine.removeprefix("custom-").split("-")[0] or row["engine"] == engine:
            return frozenset(row["logs"]), source(row["source"])
    return frozenset(), None


@cache
def curated() -> Mapping[str, Any]:
    """Return the curated table, as it stands in the file."""
    return tomllib.loads((DATA / "curated.toml").read_text(encoding="utf-8"))


@cache
def source(key: str) -> Source:
    """Return the source of a curated row."""
    return Source(key=key, **curated()["sources"][key])


def support_of(release: EngineRelease) -> Support | None:
    """Return the standard support of a version, by its line, else by its major."""
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


def has_long_term_support(engine_version: str) -> bool:
    """Whether an Aurora MySQL version is on a line with long-term support.

    AWS advises against automatic upgrades on these.
    """
    line = engine_version.partition("mysql_aurora.")[2].rpartition(".")[0]
    calendar = next(row for row in curated()["support"] if row["engine"] == "aurora-mysql")
    return line in calendar["long_term"]
