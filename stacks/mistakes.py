"""How a mistake in a configuration file is told: one line, in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

_LONGEST: Final = 60
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{1,60}(\[[0-9]{1,9}\])?")
_LARGEST: Final = 10**_LONGEST


class ConfigurationError(Exception):
    """The configuration cannot be used; the message says what, where, and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """Something in a configuration file that cannot be used.

    Attributes:
        field: Dotted name of the setting.
        wrong: What is wrong with it, as the rest of a sentence.
        allowed: What may stand there.
        value: What stands there; None shows nothing, which TOML cannot write.
    """

    field: str
    wrong: str
    allowed: str
    value: object = None

    def __str__(self) -> str:
        value = shown(self.value)
        is_now = f" (it is {value})" if value else ""
        return f"{self.field}: {self.wrong}; allowed: {self.allowed}{is_now}"


def shown(value: object) -> str:
    """Return a value as a message shows it, on one line and at most 60 characters long.

    Nothing of a table is shown, and of a list only the plain values.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= _LARGEST:
        return "a number of more than 60 digits"  # Python refuses to write the longest ones
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        text = repr(value[:_LONGEST])
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]}...{text[0]}"
    if isinstance(value, date | datetime | time):
        return str(value)
    if isinstance(value, list | tuple):
        return cut(f"[{', '.join(_item(item) for item in value[:_LONGEST])}]")
    return ""


def cut(text: str) -> str:
    """Return a text, or its beginning if it has more than 60 characters."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def dotted(names: Iterable[str]) -> str:
    """Return the name of a setting as a message shows it; a name that needs quotes has them."""
    return ".".join(name if _PLAIN.fullmatch(name) else shown(name) for name in names)


def _item(value: object) -> str:
    return "..." if isinstance(value, list | dict) else shown(value)
