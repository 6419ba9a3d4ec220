"""Make the table of database parameters from AWS's reference pages of parameter groups.

The pages are the Markdown sources of "Aurora MySQL configuration parameters", "Amazon Aurora
PostgreSQL parameters" and "Working with parameters on your RDS for PostgreSQL DB instance"; only
names are taken. Run ``python -m pcistack.deployment.refresh_parameters ENGINE=PAGE.md ...``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pcistack.deployment.parameters import DATA
from pcistack.regional.refresh import render

_ROW: Final = re.compile(r"^\|\s+`?([A-Za-z][\w.\\]*)`?\s+\|", re.MULTILINE)
_SECTION: Final = re.compile(r"^## ", re.MULTILINE)


def names(page: str) -> dict[str, list[str]]:
    """Return the names of a page's parameters: of a cluster, of an instance, of neither."""
    found: dict[str, set[str]] = {"cluster": set(), "instance": set(), "other": set()}
    for section in _SECTION.split(page):
        title = section.partition("\n")[0].lower()
        if ("don" in title and "apply" in title) or "status" in title:
            level = "other"
        else:
            level = "cluster" if "cluster" in title else "instance"
        found[level] |= {name.replace("\\", "").lower() for name in _ROW.findall(section)}
    found["other"] -= found["cluster"] | found["instance"]
    return {level: sorted(each) for level, each in found.items()}


def main(arguments: Sequence[str]) -> None:
    """Write the table anew from ``ENGINE=PAGE.md`` arguments."""
    table = {
        engine: {
            level: " ".join(each)
            for level, each in names(Path(page).read_text(encoding="utf-8")).items()
        }
        for engine, _, page in (argument.partition("=") for argument in arguments)
    }
    DATA.write_text(render(table), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
