"""Who may do what in the database: one table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_ROWS: Final = ("DELETE", "EXECUTE", "INSERT", "SELECT", "UPDATE")

GRANTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "application": frozenset(_ROWS),
        "owner": frozenset(
            (
                *_ROWS,
                "ALTER",
                "ALTER ROUTINE",
                "CREATE",
                "CREATE ROUTINE",
                "CREATE VIEW",
                "DROP",
                "INDEX",
                "REFERENCES",
                "SHOW VIEW",
                "TRIGGER",
            )
        ),
        "reader": frozenset({"SELECT"}),
    }
)
"""Privileges on the application's database by identity (PCI DSS 7.2.5); there are no others.

``application`` reads and writes rows and calls routines; ``owner`` changes the schema, for
migrations only; ``reader`` reads.
"""


def users(identity: str) -> tuple[str, str]:
    """Return the two users of an identity; one of them rests while the other is in the secret."""
    return f"{identity}_a", f"{identity}_b"


def resting(identity: str, active: str) -> str:
    """Return the user that takes over from the active one.

    Args:
        identity: Name in :data:`GRANTS`.
        active: User that the identity's secret names now.

    Raises:
        ValueError: The active user is none of the identity's.
    """
    first, second = users(identity)
    if active not in (first, second):
        raise ValueError(
            f"The secret of {identity} names the user {active!r}, which is neither {first} nor "
            f"{second}: somebody changed the secret. Put one of the two there and rotate again"
        )
    return second if active == first else first
