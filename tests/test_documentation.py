"""The documentation says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from pci_constructs.settings.form import allowed
from stacks.configuration_docs import SCHEMA, TARGET, render, schema
from tests import refusal
from tests.tables import cases

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def test_configuration_page_is_up_to_date() -> None:
    assert TARGET.read_text(encoding="utf-8") == render(), "run: make docs"


def test_the_schema_is_up_to_date_and_every_shipped_file_names_it() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema(), "run: make docs"
    for path in SCHEMA.parent.glob("*.toml"):
        assert path.read_text(encoding="utf-8").startswith("#:schema ./schema.json\n")


@cases("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_local_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), target


@cases("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8")))
    assert named <= targets


@pytest.mark.parametrize("page", refusal.PAGES, ids=lambda p: p.stem)
def test_pages_show_the_refusal_that_a_user_sees(page: Path) -> None:
    assert refusal.shown(page) == refusal.render(), "run: make docs"


def test_nobody_claims_certification() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8").lower()
        assert not re.search(r"\b(certifies|certified for pci|guarantees compliance)\b", text), page


def test_setting_without_a_range_or_words_says_what_it_lacks() -> None:
    with pytest.raises(TypeError, match="has no range: write Annotated"):
        allowed(FieldInfo(annotation=int))
