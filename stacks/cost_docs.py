"""Writes what the fixed part of the shipped environments costs a month."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pcistack.cost.estimate import Estimate, estimate
from pcistack.cost.prices import as_of, prices
from pcistack.template.document import Template
from stacks.app import build_app
from stacks.environment import load_environment

TARGET: Final = Path(__file__).resolve().parent.parent / "docs" / "cost.md"
BEGIN: Final = "<!-- tables: written by `make docs` -->"
END: Final = "<!-- /tables -->"
SHOWN: Final = ("dev", "prod", "payments")
"""Environments with a table."""


def render(templates: Mapping[str, Template]) -> str:
    """Return the tables of the environments' templates."""
    return "\n".join(line for suffix, body in templates.items() for line in _table(suffix, body))


def cost_of(suffix: str, template: Template) -> Estimate:
    """Return what an environment costs in its region."""
    return estimate(template, load_environment(suffix).region)


def _table(suffix: str, template: Template) -> Iterator[str]:
    cost = cost_of(suffix, template)
    yield f"## {suffix}, in {cost.region}"
    yield ""
    yield "| what | quantity | hours | unit price | a month |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for line in cost.lines:
        mark = "~" if line.estimated else ""
        yield (
            f"| {line.billed.title} | {line.quantity:g} | {line.billed.hours} "
            f"| {mark}{line.unit:g} | {mark}{line.month:.2f} |"
        )
    mark = "~" if cost.estimated else ""
    yield f"| **sum** | | | | **{mark}{cost.month:.2f}** |"
    yield f"| the same in us-east-1 | | | | {estimate(template, 'us-east-1').month:.2f} |"
    yield ""


def listed() -> str:
    """Return the sentence about the list prices and their sources."""
    sources = dict.fromkeys(price.source for price in prices("us-east-1").values())
    return f"The list is as of {as_of()}: {', '.join(f'<{source}>' for source in sources)}."


def _synthesized(suffix: str) -> Template:
    environment = load_environment(suffix)
    with TemporaryDirectory() as folder:
        build_app([environment], outdir=folder).synth()
        path = Path(folder) / f"{environment.names.stack}.template.json"
        return Template(json.loads(path.read_text(encoding="utf-8")))


def placed(page: str, tables: str) -> str:
    """Return the page with these tables."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{tables}\n{listed()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    written = placed(
        TARGET.read_text(encoding="utf-8"),
        render({suffix: _synthesized(suffix) for suffix in SHOWN}),
    )
    TARGET.write_text(written, encoding="utf-8")
