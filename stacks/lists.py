"""How what stands in lists is judged: item by item, and each once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pci_constructs.settings.words import listed, nearest
from stacks.mistakes import Mistake


def judged(
    field: str,
    items: Sequence[str],
    judge: Callable[[str], str],
    allowed: Callable[[str], str],
) -> Iterator[Mistake]:
    """Yield the items that cannot be used, and the others that are there more than once."""
    good, bad = split(items, judge)
    for item, wrong in bad.items():
        yield Mistake(field=field, wrong=wrong, allowed=allowed(item), value=item)
    for item in dict.fromkeys(good):
        if good.count(item) > 1:
            yield Mistake(
                field=field, wrong="is there more than once", allowed="each once", value=item
            )


def split(items: Sequence[str], judge: Callable[[str], str]) -> tuple[list[str], dict[str, str]]:
    """Return the items that can be used, and what is wrong with each of the others."""
    good, bad = [], {}
    for item in items:
        try:
            good.append(judge(item))
        except ValueError as error:
            bad[item] = str(error)
    return good, bad


def nearest_of(word: str, words: Sequence[str], otherwise: str) -> str:
    """Return the words that are spelt like one, or else what may stand there."""
    close = nearest(word, words)
    return listed(close) if close else otherwise
