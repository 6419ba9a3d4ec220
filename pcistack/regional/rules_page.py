"""Write ``docs/regional-rules.md`` from the rules.

Run it with ``make docs``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pcistack.regional.pack import PACK

TARGET: Final = Path(__file__).parents[2] / "docs" / "regional-rules.md"


def render() -> str:
    """Return the page."""
    return "\n".join(
        [
            "# Regional guard: rules",
            "",
            "This page is written from the rules by `make docs`. What the guard knows is in",
            "[regional-guard.md](regional-guard.md).",
            "",
            "| rule | what it refuses | severity | reports on | source |",
            "| --- | --- | --- | --- | --- |",
            *(
                f"| `{rule.id}` | {rule.title} | {rule.severity} | {', '.join(rule.types)} "
                f"| {rule.source} |"
                for rule in PACK.rules
            ),
            "",
        ]
    )


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
