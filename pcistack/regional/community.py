"""Engines of RDS other than Aurora: their majors, and whether AWS still creates a version."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from pcistack.regional.curated import Source, curated, source

ENGINES: Final = ("mariadb", "mysql", "postgres")
"""Engines whose versions the facts know."""
_TWO_PARTS: Final = ("mariadb", "mysql")
_VERSION: Final = re.compile(r"(\d{1,4}(?:\.\d{1,5}){0,3})(?:[-.](?:rds|R|v|r|sb)[\w.]*)?", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version taken apart.

    Attributes:
        major: ``8.0`` for MySQL, ``10.11`` for MariaDB, ``16`` or ``9.6`` for PostgreSQL.
        numbers: What versions of one engine are compared by.
        is_exact: Whether the version names a minor version, not just a major.
    """

    major: str
    numbers: tuple[int, ...]
    is_exact: bool


def parse(engine: str, text: str) -> Version | None:
    """Take a version of an engine apart; None if the text is none."""
    found = _VERSION.fullmatch(text)
    if found is None or engine not in ENGINES:
        return None
    numbers = tuple(int(part) for part in found.group(1).split("."))
    size = 2 if engine in _TWO_PARTS or numbers[0] < 10 else 1
    if len(numbers) < size:
        return None
    major = ".".join(str(part) for part in numbers[:size])
    return Version(major=major, numbers=numbers, is_exact=len(numbers) > size)


def status(engine: str, text: str, known: Mapping[str, str]) -> str:
    """Return ``available``, ``deprecated`` or ``unknown``.

    A version is deprecated if AWS says so, if nothing of its major is left, or if it is older
    than everything of its major that is left.

    Args:
        engine: One of :data:`ENGINES`.
        text: The version as the template has it.
        known: Status by version, as the facts have it.
    """
    version = parse(engine, text)
    if version is None:
        return "unknown"
    if version.major in _ended_majors(engine):
        return "deprecated"
    if version.is_exact and text in known:
        return known[text]
    same = [(v, s) for v, s in _parsed(engine, known) if v.major == version.major and v.is_exact]
    left = [v.numbers for v, s in same if s == "available"]
    if not same:
        oldest = min((v.numbers for v, s in _parsed(engine, known) if s == "available"), default=())
        return "deprecated" if oldest and version.numbers < oldest[:1] else "unknown"
    if not left or (version.is_exact and version.numbers < min(left)):
        return "deprecated"
    return "unknown" if version.is_exact else "available"


def _parsed(engine: str, known: Mapping[str, str]) -> Iterator[tuple[Version, str]]:
    for text, state in known.items():
        if version := parse(engine, text):
            yield version, state


def _ended_majors(engine: str) -> frozenset[str]:
    return frozenset(
        major
        for row in curated()["ended_majors"]
        if row["engine"] == engine
        for major in row["majors"]
    )


def newest(engine: str, known: Mapping[str, str]) -> str:
    """Return the newest version that is available; empty if none is known."""
    left = [(v.numbers, text) for text in known if (v := parse(engine, text)) and v.is_exact]
    alive = [pair for pair in left if known[pair[1]] == "available"]
    return max(alive)[1] if alive else ""


def support(engine: str, text: str) -> tuple[date, Source] | None:
    """Return the last day of a major's standard support, with its source; None if not known."""
    version = parse(engine, text)
    for row in curated()["community_support"]:
        if version is not None and row["engine"] == engine and version.major in row["majors"]:
            return row["majors"][version.major], source(row["source"])
    return None


def family_of(engine: str, text: str) -> str:
    """Return the parameter-group family of a version; empty if it is not known."""
    version = parse(engine, text)
    return f"{engine}{version.major}" if version else ""
