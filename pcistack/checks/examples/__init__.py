"""A bad and a good example of each rule, one YAML file a rule, named after it.

``make docs`` writes them from the tests, so that each is known to be refused, and to pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What a rule refuses, and what it lets pass.

    Attributes:
        says: What the rule says of the bad one.
        bad: YAML of resources that it refuses.
        good: The same put right.
    """

    says: str
    bad: str
    good: str


def example_of(rule: str) -> Example | None:
    """Return the example of a rule, or None if it has none."""
    import yaml

    path = FOLDER / f"{rule}.yaml"
    if not path.is_file():
        return None
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Example(says=found["says"], bad=found["bad"], good=found["good"])
