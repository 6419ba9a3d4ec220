"""Values that PCI DSS accepts or refuses, stated once for rules, evidence and configuration."""

from __future__ import annotations

from typing import Final

LOG_DAYS: Final = 365
"""Days for which an audit log is kept at least (10.5.1: twelve months)."""

DEFAULT_USERS: Final = frozenset(
    {
        *("admin", "administrator", "root", "sa", "postgres", "awsuser", "master", "mysql"),
        *("dbadmin", "user", "rdsadmin", "oracle", "docdb", "test"),
    }
)
"""Default accounts of database vendors, in lower case (2.2.2)."""
