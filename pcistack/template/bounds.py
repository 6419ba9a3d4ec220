"""What no template is: the bounds of what is read, and the refusal of what is beyond them."""

from __future__ import annotations

from typing import Final, NoReturn

MAX_DEPTH: Final = 100
"""Levels of nesting; the deepest public template has about 40."""
MAX_DIGITS: Final = 100
"""Characters of a number."""


class UnreadableError(ValueError):
    """The text is refused.

    Attributes:
        problem: What is wrong.
        line: Line where, from 1; None if not known.
        column: Column where, from 1; None if not known.
    """

    def __init__(self, problem: str, line: int | None = None, column: int | None = None) -> None:
        """Make the error."""
        super().__init__(problem)
        self.problem = problem
        self.line = line
        self.column = column


def too_deep(line: int | None = None, column: int | None = None) -> UnreadableError:
    """Return the refusal of what is nested too deeply."""
    return UnreadableError(
        f"nested too deeply to be a template (more than {MAX_DEPTH} levels)", line, column
    )


def twice(key: str, line: int | None = None, column: int | None = None) -> UnreadableError:
    """Return the refusal of a key that an object has already."""
    return UnreadableError(
        f"the key {key[:80]!r} stands twice in one object; keep one of them", line, column
    )


def not_finite(text: str) -> NoReturn:
    """Refuse NaN and the infinities."""
    raise UnreadableError(f"{text} is no number that CloudFormation takes")


def too_long(text: str) -> UnreadableError:
    """Return the refusal of a number that is too long."""
    return UnreadableError(f"a number of {len(text)} characters ({text[:12]}...)")
