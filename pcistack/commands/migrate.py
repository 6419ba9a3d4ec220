"""``pcistack migrate``: print a template with its Serverless v1 clusters corrected."""

from __future__ import annotations

import codecs
import sys
import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from pcistack.usage import PATH, BadInputError, day_of, quiet_option, region_of, width

if TYPE_CHECKING:
    from pcistack.migration import Correction, Migration, OpenPoint


_EPILOG: Final = """\b
Exit codes:
  0  nothing of Serverless v1 is in the way of a deployment any more
  1  something is left that you must decide first
  2  bad input: no such file, not a template, unknown region, bad date

\b
Example:
  pcistack migrate template.yaml --region eu-central-2 > corrected.yaml
"""


@click.command(epilog=_EPILOG)
@click.argument("template", type=PATH, required=False)
@click.option("--region", help="Region the template is meant for, such as eu-central-2.")
@click.option("--on", metavar="YYYY-MM-DD", help="Judge support dates for this day [today].")
@quiet_option
def migrate(template: Path | None, region: str | None, on: str | None, quiet: bool) -> None:
    """Correct Aurora Serverless v1 in TEMPLATE (JSON or YAML).

    The corrected template goes to standard output, what was changed and why to standard error.
    Only the Serverless v1 family changes; comments, key order and layout stay. What only you can
    decide is listed.
    """
    from pcistack.migration import migrate as corrected
    from pcistack.regional.facts import load
    from pcistack.template.document import Template, TemplateError, read_text

    if template is None or not region:
        raise BadInputError(
            "a template and --region are needed; example: pcistack migrate T.yaml --region "
            "eu-central-2 > corrected.yaml"
        )
    day, region = day_of(on), region_of(region)
    try:
        text = read_text(template)
        Template.parse(text, path=template).require_resources()
        result = corrected(text, facts=load(region), on=day)
    except TemplateError as error:
        message = str(error)
        if message.startswith("template:"):
            message = str(template) + message.removeprefix("template")
        raise BadInputError(message) from None
    click.echo(_byte_order_mark(template) + result.text.encode(), nl=False)
    if not (quiet and result.complete):
        for line in _report(template, region, result):
            click.echo(line, err=True)
    sys.exit(0 if result.complete else 1)


def _byte_order_mark(template: Path) -> bytes:
    with template.open("rb") as file:
        return codecs.BOM_UTF8 if file.read(3) == codecs.BOM_UTF8 else b""


def _report(template: Path, region: str, result: Migration) -> Iterator[str]:
    if not result.changes and not result.open_points:
        yield f"{template}: nothing of Aurora Serverless v1 in it; unchanged"
        return
    yield click.style(f"{template}: Aurora Serverless v1 to v2 in {region}", bold=True)
    ordered = sorted(result.changes, key=lambda change: _order(result.changes, change.resource))
    for resource, changes in groupby(ordered, key=lambda change: change.resource):
        yield ""
        yield click.style(resource, bold=True)
        for change in changes:
            yield from _change(change)
    blocking = [point for point in result.open_points if point.blocks]
    advisory = [point for point in result.open_points if not point.blocks]
    yield from _points("Decide before you deploy", blocking, "red")
    yield from _points("Decide when you can", advisory, "yellow")


def _order(changes: Iterable[Correction], resource: str) -> int:
    return [change.resource for change in changes].index(resource)


def _change(change: Correction) -> Iterator[str]:
    named = change.property not in ("", change.before)
    name = f"{change.property}: " if named else ""
    if change.before and change.after:
        yield click.style(f"  ~ {name}{change.before} -> {change.after}", fg="yellow")
    elif change.after:
        yield click.style(f"  + {name}{change.after}", fg="green")
    else:
        yield click.style(f"  - {name}{change.before}", fg="red")
    yield from _wrapped(change.reason)


def _points(title: str, points: Iterable[OpenPoint], colour: str) -> Iterator[str]:
    for number, point in enumerate(points, start=1):
        if number == 1:
            yield ""
            yield click.style(title, bold=True)
        where = ".".join(part for part in (point.resource, point.property) if part)
        yield click.style(f"  {number}. {where or 'the template'}", fg=colour)
        yield from _wrapped(point.question)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        width(),
        initial_indent=" " * 6,
        subsequent_indent=" " * 6,
        break_long_words=False,
        break_on_hyphens=False,
    )
