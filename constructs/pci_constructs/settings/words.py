"""How messages list words, and find the one that was meant."""

from __future__ import annotations

from collections.abc import Iterable


def listed(words: Iterable[str], last: str = "or") -> str:
    """Return words as a list in a sentence."""
    *others, final = words
    return f"{', '.join(others)} {last} {final}" if others else final


def nearest(word: str, words: Iterable[str]) -> list[str]:
    """Return up to three of the words that are spelt like one; empty if none is."""
    from difflib import get_close_matches  # only a mistake needs it

    return sorted(get_close_matches(word[:60], list(words)))
