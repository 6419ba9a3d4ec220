"""Does a policy's pattern match a text, where both may hold what only a deployment knows.

What is not known stands in angle brackets, as in ``<AWS::AccountId>``. Answers are True, False,
or None for "it depends on that".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_TOKEN: Final = re.compile(r"<[^<>]*>")
_ANYTHING: Final = "<value>"
_STAR, _ONE = "*", "?"


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """Whether all hold: False as soon as one does not, None if one is not known."""
    unsure = False
    for answer in answers:
        if answer is False:
            return False
        unsure = unsure or answer is None
    return None if unsure else True


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Whether one holds: True as soon as one does, None if one is not known."""
    unsure = False
    for answer in answers:
        if answer:
            return True
        unsure = unsure or answer is None
    return None if unsure else False


@lru_cache(maxsize=16384)
def glob(pattern: str, text: str) -> bool | None:
    """Whether a pattern with ``*`` and ``?`` matches a text."""
    return _match(_tokens(pattern), _tokens(text), wild=True)


@lru_cache(maxsize=16384)
def same(left: str, right: str) -> bool | None:
    """Whether two texts are the same; ``*`` is a character like any other."""
    return _match(_tokens(left), _tokens(right), wild=False)


def _tokens(text: str) -> tuple[str, ...]:
    """Split a text into characters and unknown parts."""
    if "<" not in text:
        return tuple(text)
    found: list[str] = []
    position = 0
    for token in _TOKEN.finditer(text):
        found += text[position : token.start()]
        found.append(token.group())
        position = token.end()
    return (*found, *text[position:])


def _match(pattern: tuple[str, ...], text: tuple[str, ...], *, wild: bool) -> bool | None:
    unknown = {part for part in (*pattern, *text) if len(part) > 1}
    if _fits(pattern, text, wild, open_left=frozenset(), open_right=frozenset()):
        return True
    # what stands on both sides is the same on both; the rest may be anything
    shared = (unknown & set(pattern) & set(text)) - {_ANYTHING}
    left, right = (frozenset(set(side) & unknown) - shared for side in (pattern, text))
    if not left and not right:
        return False
    return None if _fits(pattern, text, wild, open_left=left, open_right=right) else False


def _fits(
    pattern: tuple[str, ...],
    text: tuple[str, ...],
    wild: bool,
    *,
    open_left: frozenset[str],
    open_right: frozenset[str],
) -> bool:
    """Whether some text is in both, where open parts stand for anything."""
    any_left = open_left | ({_STAR} if wild else set())
    reachable = {0}  # positions in the text behind the pattern read so far
    for part in pattern:
        reachable = _closed(reachable, text, open_right)
        if part in any_left:
            reachable = set(range(min(reachable), len(text) + 1)) if reachable else set()
            continue
        following = set()
        for at in reachable:
            if at < len(text) and text[at] in open_right:
                following.add(at)  # the open part may hold this character
            elif at < len(text) and _equal(part, text[at], wild):
                following.add(at + 1)
        reachable = following
        if not reachable:
            return False
    return len(text) in _closed(reachable, text, open_right)


def _closed(positions: set[int], text: tuple[str, ...], open_right: frozenset[str]) -> set[int]:
    """Add the positions behind open parts, which may be empty."""
    if not open_right:
        return positions
    found = set(positions)
    for at in sorted(positions):
        while at < len(text) and text[at] in open_right:
            at += 1
            found.add(at)
    return found


def _equal(part: str, other: str, wild: bool) -> bool:
    return (wild and part == _ONE) or (part == other and part != _ANYTHING)
