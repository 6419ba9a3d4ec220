"""Rules of PCI DSS v4.0.1 over a template."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from assurance.findings import Finding
from assurance.resolution import View

RULES: Final[tuple[()]] = ()


def check(views: Sequence[View], *, region: str | None, on: date) -> list[Finding]:
    """Return what the rules find."""
    return []
