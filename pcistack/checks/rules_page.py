"""Write ``docs/<pack>-rules.md`` from the rules of the packs that judge a deployment.

Run it with ``make docs``. The page of the PCI DSS pack also lists requirements and has its own
module.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pcistack.checks.run import load
from pcistack.packs import PACKS

_INTRODUCTIONS: Final[Mapping[str, str]] = {
    "template": "They say what\nCloudFormation refuses to read, and what could not be judged; they "
    "run in every check.",
    "regional": "What the guard knows is in\n[regional-guard.md](regional-guard.md).",
    "deployment": "They say what AWS refuses to\ncreate, what does not start, and what silently "
    "does not work.",
}
PAGES: Final = tuple(_INTRODUCTIONS)
"""The packs whose pages are written here."""


def target(pack: str) -> Path:
    """Return the file of a pack's page."""
    return Path(__file__).parents[2] / "docs" / f"{pack}-rules.md"


def render(pack: str) -> str:
    """Return the page of a pack."""
    return "\n".join(
        [
            f"# {PACKS[pack].title}: rules",
            "",
            f"This page is written from the rules by `make docs`. {_INTRODUCTIONS[pack]}",
            "",
            "| rule | what it refuses | severity | reports on | source |",
            "| --- | --- | --- | --- | --- |",
            *(
                f"| `{rule.id}` | {rule.title} | {rule.severity} | {', '.join(rule.types)} "
                f"| {rule.source} |"
                for rule in load(pack).rules
            ),
            "",
        ]
    )


if __name__ == "__main__":
    for page in PAGES:
        target(page).write_text(render(page), encoding="utf-8")
