"""Tables for the terminal that need nothing but click."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import click

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: What it says.
        colour: A colour of :func:`click.style`; None for the terminal's own.
    """

    text: str
    colour: str | None = None


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell | str]]) -> Iterator[str]:
    """Yield the lines of a table: columns as wide as their widest cell, no trailing blanks.

    Args:
        columns: Their headings; empty for a table without.
        rows: Cells of each row, as many in each.
    """
    body = [[_cell(cell) for cell in row] for row in rows]
    texts = [*([columns] if columns else []), *([cell.text for cell in row] for row in body)]
    widths = [max(len(text) for text in column) for column in zip(*texts, strict=True)]
    if columns:
        yield click.style(_line(columns, widths), dim=True)
    for row in body:
        yield _GAP.join(
            (click.style(cell.text, fg=cell.colour) if cell.colour else cell.text)
            + " " * (width - len(cell.text))
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()


def _cell(cell: Cell | str) -> Cell:
    return Cell(cell) if isinstance(cell, str) else cell


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    padded = (text.ljust(width) for text, width in zip(texts, widths, strict=True))
    return _GAP.join(padded).rstrip()
