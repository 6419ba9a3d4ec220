"""Properties that a service returns and no template sets."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).with_name("read_only.txt")
"""One type a line, then its read-only properties; :mod:`.refresh_read_only` writes it."""


def read_only(kind: str) -> tuple[str, ...]:
    """Return the paths of a type's read-only properties, dots between; none if it is not known."""
    return _lines().get(kind, ())


@cache
def _lines() -> dict[str, tuple[str, ...]]:
    lines = DATA.read_text(encoding="utf-8").splitlines()
    return {kind: tuple(rest.split()) for kind, _, rest in (line.partition(" ") for line in lines)}
