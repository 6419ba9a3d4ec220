"""The values that PCI DSS lets a setting have, each stated once.

A rule refuses what is not among them, the evidence lists as support only what is, and the
configuration refuses it before anything is built. Nothing heavy is imported here.
"""

from __future__ import annotations

import re
from typing import Final

PUBLIC_ACCESS_BLOCK: Final = (
    "BlockPublicAcls",
    "IgnorePublicAcls",
    "BlockPublicPolicy",
    "RestrictPublicBuckets",
)
"""What keeps a bucket, or the buckets of an account, from being public (1.4.4)."""

LOG_DAYS: Final = 365
"""Days for which an audit log is kept at least (10.5.1: twelve months)."""

KEY_DAYS: Final = 365
"""Longest time for which a symmetric key stays the same, in days (3.7.4)."""

PASSWORD_LENGTH: Final = 12
"""Fewest characters of a password (8.3.6)."""

PASSWORD_DAYS: Final = 90
"""Longest time between two rotations of a secret, in days (8.3.9, 8.6.3)."""

KEPT_KEY_WINDOW: Final = 30
"""Days that the deletion of a key waits which the stack keeps; the longest KMS has (3.7.5)."""

DEFAULT_USERS: Final = frozenset(
    {
        *("admin", "administrator", "root", "sa", "postgres", "awsuser", "master", "mysql"),
        *("dbadmin", "user", "rdsadmin", "oracle", "docdb", "test"),
    }
)
"""Names of master users that an engine, RDS or the CDK gives by itself (2.2.2)."""

AUDIT_EVENTS: Final = frozenset({"CONNECT", "QUERY_DCL", "QUERY_DDL"})
"""Events that Aurora MySQL's audit log must hold: logins, grants and definitions (10.2.1)."""

_EVERYTHING: Final = "QUERY"
STATEMENTS: Final = frozenset(
    {_EVERYTHING, "QUERY_DML", "QUERY_DML_NO_SELECT", "ALL", "READ", "WRITE"}
)
"""Audit events of MySQL and pgAudit that record whole statements, card data in them (3.3.1)."""

STATEMENT_LOG: Final = "general"
"""The log export that holds every statement (3.3.1)."""

STATEMENT_LOGS: Final = frozenset({STATEMENT_LOG, "slowquery"})
"""Log exports with whole statements in them; a slow one holds card data as well (3.2.1, 3.3.1)."""

TLS_VERSIONS: Final = frozenset({"TLSv1.2", "TLSv1.3"})
"""TLS versions of MySQL that are strong cryptography (4.2.1)."""

_STRONG_POLICY: Final = re.compile(
    r"ELBSecurityPolicy-(TLS13-1-[23](-Res)?|FS-1-2-Res|TLS-1-2)(-FIPS)?(-PQ)?(-\d{4}-\d{2})?"
)
_ROOT_NAMES: Final = ("root", "", "administrator", "containeradministrator")


def default_user(name: str) -> bool:
    """Whether a master user's name is a default one (2.2.2)."""
    return name.lower() in DEFAULT_USERS


def root(user: str) -> bool:
    """Whether a container's user, perhaps with a group, is root (2.2.4).

    A runtime reads ``00`` and ``+0`` as the number 0, and no name at all as the image's user.
    """
    name = user.partition(":")[0].strip()
    if name.lower() in _ROOT_NAMES:
        return True
    try:
        return int(name) == 0
    except ValueError:
        return False


def strong_tls_policy(policy: str) -> bool:
    """Whether a load balancer's policy takes TLS 1.2 and later with strong ciphers only (4.2.1).

    Forward secrecy or AEAD; the Ext lines add old ciphers.
    """
    return _STRONG_POLICY.fullmatch(policy) is not None


def strong_tls_versions(versions: str) -> bool:
    """Whether a list such as ``TLSv1.2,TLSv1.3`` has no older version in it (4.2.1)."""
    return {part.strip() for part in versions.split(",")} <= TLS_VERSIONS


def audit_events(value: str) -> frozenset[str]:
    """Return the events that a parameter such as ``CONNECT,QUERY_DDL`` names."""
    return frozenset(part.strip().upper() for part in value.split(",")) - {""}


def missing_events(value: str) -> frozenset[str]:
    """Return the audit events that a parameter lacks; ``QUERY`` holds every statement (10.2.1)."""
    events = audit_events(value)
    whole = {"QUERY_DCL", "QUERY_DDL"} if _EVERYTHING in events else set()
    return AUDIT_EVENTS - events - whole


def without_statements(value: str) -> bool:
    """Whether the audit log leaves whole statements, and the card data in them, out (3.3.1)."""
    return not STATEMENTS & audit_events(value)


def parameter_on(value: object) -> bool:
    """Whether a switch of a MySQL parameter group is on."""
    return str(value).lower() in ("on", "1", "true")


def rotation_days(expression: str) -> float | None:
    """Return the longest time that a rotation's expression allows, in days; None if it is odd."""
    rate = re.fullmatch(r"rate\((\d+) (hour|day)s?\)", expression)
    if rate:
        return int(rate[1]) / (24 if rate[2] == "hour" else 1)
    fields = expression.removeprefix("cron(").removesuffix(")").split()
    if not expression.startswith("cron(") or len(fields) != 6:
        return None
    months = fields[3]
    if months in ("*", "?"):
        return 31
    step = months.partition("/")[2]
    return 31.0 * int(step) if step.isdecimal() else None
