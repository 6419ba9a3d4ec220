"""Which engine a database has, and which users it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pcistack.checks.rule import Hit, hit
from pcistack.template.view import Resource

_RESERVED: Final[Mapping[str, tuple[str, ...]]] = {
    "mysql": ("admin1", "rdsadmin", "rdsrepladmin", "root", "mysql", "mysql.sys", "mysql.session"),
    "postgres": ("rdsadmin", "rds_superuser", "rdsrepladmin", "rds_replication", "pg_monitor"),
    "sqlserver": ("rdsadmin", "sa", "rdsa"),
    "oracle": ("rdsadmin", "sys", "system", "sysaux"),
}
_USER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def engine_of(resource: Resource) -> str:
    """The family of engines: mysql also stands for Aurora MySQL, postgres for Aurora PostgreSQL."""
    name = (resource.text("Engine") or "").lower().removeprefix("custom-")
    for family in ("mysql", "mariadb", "postgres", "oracle", "sqlserver"):
        if family in name:
            return family
    return "mysql" if name == "aurora" else ""


def user_hits(database: Resource, engine: str, user: str, path: str) -> Iterator[Hit]:
    """Yield what is wrong with a master user's name, at the property that says it."""
    longest = 16 if engine == "mysql" and database.get("EngineMode") == "serverless" else 32
    longest = {"postgres": 63, "oracle": 30, "sqlserver": 128}.get(engine, longest)
    if engine and (not _USER.fullmatch(user) or len(user) > longest):
        yield hit(
            database,
            path,
            f"{user!r} is no user of {engine}: letters, digits and _, a letter first, at most "
            f"{longest}",
            "write such a name",
        )
    reserved = _RESERVED.get("mysql" if engine == "mariadb" else engine, ("rdsadmin",))
    if user.lower() in reserved:
        yield hit(
            database,
            path,
            f"{user} is reserved by {engine or 'RDS'}",
            "choose another name",
        )
