"""Read JSON as CloudFormation does: no key twice, no endless number, no half character."""

from __future__ import annotations

import json
import math
import re
from typing import Final

from pcistack.template.bounds import (
    MAX_DEPTH,
    MAX_DIGITS,
    UnreadableError,
    not_finite,
    too_deep,
    too_long,
    twice,
)

_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def read(text: str) -> object:
    """Return the document of a JSON text.

    Raises:
        UnreadableError: It is no JSON, or CloudFormation takes no such document.
    """
    try:
        document: object = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_constant=not_finite,
            parse_int=_integer,
            parse_float=_fraction,
        )
    except json.JSONDecodeError as error:
        raise UnreadableError(f"not valid JSON ({error.msg})", error.lineno, error.colno) from None
    except RecursionError:
        raise too_deep() from None
    if _depth_exceeds(document, MAX_DEPTH):
        raise too_deep()
    if _SURROGATE.search(text):
        _refuse_half_characters(document)
    return document


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise twice(key)
            seen.add(key)
    return found


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise too_long(text)
    return int(text)


def _fraction(text: str) -> float:
    if len(text) > MAX_DIGITS:
        raise too_long(text)
    number = float(text)
    return number if math.isfinite(number) else not_finite(text)


def _depth_exceeds(document: object, limit: int) -> bool:
    level: list[object] = [document]
    for _ in range(limit):
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _refuse_half_characters(document: object) -> None:
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                raise UnreadableError(
                    f"half a character, {value[:40]!a}: write both surrogates or neither"
                ) from None
