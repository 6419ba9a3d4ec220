"""Aurora engine versions: what the version strings of CloudFormation mean and how they compare."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

NO_EXTENDED_SUPPORT: Final = "open-source-rds-extended-support-disabled"
"""Value of ``EngineLifecycleSupport`` with which RDS upgrades what standard support leaves."""

AURORA_ENGINES: Final = ("aurora-mysql", "aurora-postgresql")

_MYSQL: Final = re.compile(r"(?:(\d+\.\d+)\.mysql_aurora\.)?(\d{1,3}(?:\.\d{1,3}){1,3})")
_MYSQL_COMMUNITY: Final = {"5.6": "1", "5.7": "2", "8.0": "3", "8.4": "8.4"}
_POSTGRES: Final = re.compile(r"(\d{1,2}(?:\.\d{1,3}){0,3})(-[a-z]+)?")


@dataclass(frozen=True, slots=True, kw_only=True, order=False)
class EngineRelease:
    """An Aurora engine version, taken apart.

    Attributes:
        engine: ``aurora-mysql`` or ``aurora-postgresql``.
        major: ``1``, ``2``, ``3`` or ``8.4`` for MySQL; ``16`` and so on for PostgreSQL.
        numbers: What versions of one engine are compared by: (3, 4, 4), (8, 4, 7), (16, 4).
            A version that names only a major has no minor here: (3,), (8, 4) or (16,).
        line: The minor version that the support calendar names: ``3.04``, ``8.4.7``, ``16.4``.
            Empty if only the major is known.
    """

    engine: str
    major: str
    numbers: tuple[int, ...]
    line: str

    @property
    def is_exact(self) -> bool:
        """Whether the version names a minor version, not just a major."""
        return bool(self.line)


@lru_cache(maxsize=4096)
def parse(engine: str, version: str) -> EngineRelease | None:
    """Take a version string apart; None if it is not one of the engine's forms.

    Accepts the forms of CloudFormation (``8.0.mysql_aurora.3.10.4``, ``8.0``, ``16.4``) and, for
    Aurora MySQL, the short form of the documents (``3.10.4``).
    """
    if engine == "aurora-mysql":
        return _parse_mysql(version)
    if engine == "aurora-postgresql":
        return _parse_postgresql(version)
    return None


def _parse_mysql(version: str) -> EngineRelease | None:
    engine = "aurora-mysql"
    if version in _MYSQL_COMMUNITY:
        major = _MYSQL_COMMUNITY[version]
        return EngineRelease(engine=engine, major=major, numbers=_numbers(major), line="")
    match = _MYSQL.fullmatch(version)
    if not match:
        return None
    community, text = match.groups()
    numbers = _numbers(text)
    major = "8.4" if numbers[:2] == (8, 4) else str(numbers[0])
    if community is None and major not in _MYSQL_COMMUNITY.values():
        return None  # a community version such as 5.7.12, which names no Aurora release
    if community is not None and _MYSQL_COMMUNITY.get(community) != major:
        return None
    if major == "8.4":
        line = f"8.4.{numbers[2]}" if len(numbers) > 2 else ""
    else:
        line = f"{numbers[0]}.{numbers[1]:02d}"
    return EngineRelease(engine=engine, major=major, numbers=numbers, line=line)


def _parse_postgresql(version: str) -> EngineRelease | None:
    match = _POSTGRES.fullmatch(version)
    if not match:
        return None
    numbers = _numbers(match.group(1))
    first = numbers[0]
    line = f"{first}.{numbers[1]}{match.group(2) or ''}" if len(numbers) > 1 else ""
    if first < 10:  # 9.6 is a major of its own
        major, line = ".".join(str(part) for part in numbers[:2]), line if len(numbers) > 2 else ""
    else:
        major = str(first)
    return EngineRelease(engine="aurora-postgresql", major=major, numbers=numbers, line=line)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
