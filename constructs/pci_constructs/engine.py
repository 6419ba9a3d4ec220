"""What an Aurora MySQL version says of itself; configuration reads it, so there is no CDK here."""

from __future__ import annotations

import re
from typing import Final

LONG_TERM_SUPPORT: Final = ("3.04", "3.10")
"""Aurora MySQL lines with long-term support; AWS advises against automatic upgrades on them."""


def mysql_version(engine_version: str) -> str:
    """Return the MySQL version in an Aurora MySQL version: ``8.0`` of ``8.0.mysql_aurora...``.

    Raises:
        ValueError: The text is not an Aurora MySQL version.
    """
    match = re.fullmatch(r"(\d+\.\d+)\.mysql_aurora\.\d+\.\d+\.\d+", engine_version)
    if match is None:
        raise ValueError(
            f"{engine_version!r} is not an Aurora MySQL version such as 8.0.mysql_aurora.3.10.4"
        )
    return match.group(1)


def has_long_term_support(engine_version: str) -> bool:
    """Whether an Aurora MySQL version is on a line with long-term support."""
    return engine_version.partition("mysql_aurora.")[2].rpartition(".")[0] in LONG_TERM_SUPPORT
