"""``pcistack cost``: what the fixed part of templates costs a month."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from pcistack.commands.tables import table
from pcistack.nearest import hint
from pcistack.usage import PATH, BadInputError, region_of

if TYPE_CHECKING:
    from pcistack.cost.estimate import Estimate, Line

_FORMATS: Final = ("text", "json")
_COLUMNS: Final = ("", "quantity", "hours", "price", "a month", "")
_EPILOG: Final = """\b
Exit codes:
  0  told
  2  bad input

\b
Examples:
  pcistack cost cdk.out
  pcistack cost template.yaml --region eu-central-2 --format json
"""


@click.command(epilog=_EPILOG)
@click.argument("path", type=PATH, default=Path("cdk.out"))
@click.option("--region", help="Region whose prices to use [of the cloud assembly].")
@click.option("--format", "form", default="text", metavar="FORM", help="text or json [text].")
def cost(path: Path, region: str | None, form: str) -> None:
    """Say what the fixed part of each stack in PATH costs a month, in US dollars.

    PATH is a cloud assembly (cdk.out) or a template. Traffic, storage, log volume and whatever else
    follows use is not in the sum. A price that is an estimate is marked; `pcistack facts refresh
    --live` asks AWS for the prices of a region.
    """
    from pcistack.changes.stacks import read
    from pcistack.cost.estimate import estimate
    from pcistack.template.document import TemplateError

    if form not in _FORMATS:
        allowed = f"allowed are {' and '.join(_FORMATS)}"
        raise BadInputError(f"unknown format {form!r}{hint(form, _FORMATS)}; {allowed}")
    try:
        found = {
            name: estimate(stack.template, region_of(region or stack.region))
            for name, stack in read(path).items()
        }
    except TemplateError as error:
        raise BadInputError(str(error)) from None
    if form == "json":
        click.echo(json.dumps(_document(found), indent=2))
        return
    for number, (name, each) in enumerate(found.items()):
        if number:
            click.echo()
        for line in _text(name, each):
            click.echo(line)


def _text(name: str, cost: Estimate) -> Iterator[str]:
    yield click.style(f"{name} in {cost.region}", bold=True)
    yield from table(_COLUMNS, [_row(line) for line in cost.lines])
    if cost.lines:
        yield ""
    yield f"{cost.month:.2f} US dollars a month without traffic, storage and log volume"
    if cost.estimated:
        why = next(line.source for line in cost.lines if line.estimated)
        yield f"estimated: {why}"
    if cost.unknown:
        yield f"not in it, as only the deployment knows how much: {', '.join(cost.unknown)}"
    if cost.unpriced:
        yield f"not in it, as it has no price here: {', '.join(cost.unpriced)}"


def _row(line: Line) -> tuple[str, ...]:
    return (
        line.billed.title,
        f"{line.quantity:g}",
        f"{line.billed.hours}",
        f"{line.unit:g}",
        f"{line.month:.2f}",
        "estimated" if line.estimated else "",
    )


def _document(found: Mapping[str, Estimate]) -> dict[str, object]:
    return {
        "stacks": [
            {
                "stack": name,
                "region": cost.region,
                "month": round(cost.month, 2),
                "estimated": cost.estimated,
                "lines": [
                    {
                        "what": line.billed.title,
                        "quantity": line.quantity,
                        "hours": line.billed.hours,
                        "price": line.unit,
                        "month": round(line.month, 2),
                        "estimated": line.estimated,
                        "source": line.source,
                    }
                    for line in cost.lines
                ],
                "unknown": list(cost.unknown),
                "unpriced": list(cost.unpriced),
            }
            for name, cost in found.items()
        ]
    }
