"""What the evidence says of a template: every text that only some templates make true.

A text is either a claim, which the code writes under the condition that makes it true, or one of
:mod:`pcistack.evidence.explanations`, which is true of every template. For each claim the tests
have a template that says it and one, broken, that does not.
"""

from __future__ import annotations

from typing import Final

CLAIMS: Final[dict[str, None]] = {}
"""Every claim, as it is written; ``{}`` stands for what the template fills in."""


def claim(text: str) -> str:
    """Register a text that is true of some templates only, and return it."""
    CLAIMS[text] = None
    return text
