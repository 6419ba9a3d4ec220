"""Findings on a statement of a policy."""

from __future__ import annotations

from pcistack.checks.findings import Severity
from pcistack.checks.rule import Hit
from pcistack.policies.statements import Statement


def hit_at(statement: Statement, message: str, severity: Severity | None = None) -> Hit:
    """Return a finding at the place of a statement; its severity is the rule's if none is given."""
    return Hit(
        resource=statement.resource,
        property=statement.path,
        message=message,
        severity=severity,
    )
