"""docs/<pack>-rules.md shows what the pack says."""

from __future__ import annotations

import pytest

from pcistack.checks.rules_page import PAGES, render, target


@pytest.mark.parametrize("pack", PAGES)
def test_the_page_of_the_rules_is_up_to_date(pack: str) -> None:
    assert target(pack).read_text(encoding="utf-8") == render(pack), "run make docs"
