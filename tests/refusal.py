"""The refusal that two pages show; ``make docs`` writes it again."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from click.testing import CliRunner

from pcistack.cli import cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "regional-guard.md")
EXAMPLE = "docs/examples/serverless-v1.yaml"
BLOCK = re.compile(r"(<!-- refusal -->\n```text\n)(.*?)(\n```\n<!-- end -->)", re.DOTALL)


def render() -> str:
    """What the command prints for the template this project began with."""
    words = ["check", EXAMPLE, "--region", "eu-central-2", "--only", "regional"]
    with contextlib.chdir(ROOT):
        return CliRunner().invoke(cli, [*words, "--on", "2026-11-24"]).output.rstrip()


def shown(page: Path) -> str:
    found = BLOCK.search(page.read_text(encoding="utf-8"))
    assert found is not None, f"{page.name} has lost its refusal"
    return found.group(2)


def write(page: Path, block: str) -> None:
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace(shown(page), block), encoding="utf-8")


if __name__ == "__main__":
    for each in PAGES:
        write(each, render())
