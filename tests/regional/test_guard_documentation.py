"""What docs/regional-guard.md shows is what the guard says."""

from __future__ import annotations

import re
from pathlib import Path

from assurance.regional import RULES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "regional-guard.md").read_text(encoding="utf-8")


def test_the_table_of_rules_is_complete_and_true() -> None:
    rows = re.findall(r"^\| `([A-Z0-9-]+)` \| (\w+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert rows == [(rule.id, str(rule.severity), rule.title) for rule in RULES]
