"""docs/regional-rules.md shows what the guard says."""

from __future__ import annotations

from pcistack.regional.rules_page import TARGET, render


def test_the_page_of_the_rules_is_up_to_date() -> None:
    assert TARGET.read_text(encoding="utf-8") == render(), "run make docs"
