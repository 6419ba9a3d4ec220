"""Writing what was measured into a page of the documentation."""

from __future__ import annotations

from pathlib import Path


def write_between(page: Path, marker: str, text: str) -> None:
    """Replace what stands between the two lines of a page that hold a marker."""
    before, _, rest = page.read_text(encoding="utf-8").partition(marker)
    after = rest.partition(marker)[2]
    page.write_text(f"{before}{marker}\n{text}\n{marker}{after}", encoding="utf-8")
