"""Tables of which each line is a name and what belongs to it."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def rows(path: Path) -> dict[str, str]:
    """Return what follows the first word of each line of a data file, by that word."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: rest for name, _, rest in (line.partition(" ") for line in lines)}
