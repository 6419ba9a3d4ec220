"""The nearest right word to a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most like a wrong one, or None if none is."""
    by_folded = {each.casefold(): each for each in known}
    folded = word.strip().casefold()[:200]
    found = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    if not found and len(folded) > 2:
        found = sorted(each for each in by_folded if folded in each)[:1]
    return by_folded[found[0]] if found else None


def hint(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean ...?`` for a wrong word, or the empty text."""
    found = nearest(word, known)
    return f"; did you mean {found!r}?" if found else ""
