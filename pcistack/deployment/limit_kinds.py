"""What a limit can be: a range, a choice, a form, a number of items."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Between:
    """A number from the lowest to the highest; ``whole`` if it has no fraction."""

    low: float
    high: float
    whole: bool = True

    def __str__(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some texts or numbers."""

    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"one of {', '.join(self.values)}"


@dataclass(frozen=True, slots=True)
class Form:
    """A text of a form, said in words."""

    pattern: str
    words: str

    def matches(self, text: str) -> bool:
        """Whether the whole text is of the form."""
        return re.fullmatch(self.pattern, text) is not None

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class ItemCount:
    """A list of so many items."""

    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.low} to {self.high} items" if self.low else f"at most {self.high} items"


Limit: TypeAlias = Between | OneOf | Form | ItemCount

ROLE_ARN: Final = Form(r"arn:[\w-]+:iam::\d{12}:role/.+", "the ARN of a role")
"""What most properties that name a role take."""
