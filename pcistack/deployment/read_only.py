"""Properties that a service returns and no template sets."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pcistack.line_tables import rows

DATA: Final = Path(__file__).with_name("read_only.txt")
"""One type a line, then its read-only properties; :mod:`.refresh_read_only` writes it."""


def read_only(kind: str) -> tuple[str, ...]:
    """Return the paths of a type's read-only properties, dots between; none if it is not known."""
    return tuple(rows(DATA).get(kind, "").split())
