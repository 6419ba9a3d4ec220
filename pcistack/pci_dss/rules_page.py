"""Write ``docs/pci-rules.md`` from the rules and the table of requirements.

Run it with ``make docs``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pcistack.pci_dss.pack import PACK
from pcistack.pci_dss.requirements import REQUIREMENTS, Requirement, supporting

TARGET: Final = Path(__file__).parents[2] / "docs" / "pci-rules.md"


def render() -> str:
    """Return the page."""
    gaps = sum(not rule.security_hub for rule in PACK.rules)
    lines = [
        "# PCI DSS v4.0.1: requirements and rules",
        "",
        "This page is written from the rules by `make docs`. How they are proven is in",
        "[compliance.md](compliance.md).",
        "",
        f"{len(PACK.rules)} rules, {gaps} of them where Security Hub's PCI DSS v4.0.1 standard has",
        "no control. *Full* means that these settings settle what the requirement asks of the",
        "resource, *part* that people or the application must do the rest.",
        "",
        "## Requirements",
        "",
        "| requirement | topic | state | who | rules |",
        "| --- | --- | --- | --- | --- |",
        *(_requirement(row) for row in REQUIREMENTS),
        "",
        "## Rules",
        "",
        "| rule | what must hold | requirements | severity | extent | Security Hub |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{rule.id}` | {rule.title} | {', '.join(rule.requirements)} | {rule.severity} "
        f"| {rule.extent} | {rule.control} |"
        for rule in PACK.rules
    ]
    return "\n".join([*lines, ""])


def _requirement(row: Requirement) -> str:
    who = ", ".join(row.parties)
    count = len(supporting(row.number, PACK.rules))
    return f"| {row.number} | {row.topic} | {row.state} | {who} | {count or '-'} |"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
