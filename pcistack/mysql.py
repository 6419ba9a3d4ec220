"""What every MySQL server has already; nothing below it knows a rule."""

from __future__ import annotations

from typing import Final

SYSTEM_SCHEMAS: Final = frozenset({"information_schema", "mysql", "performance_schema", "sys"})
"""Databases that no other can have the name of."""
