"""``pcistack review``: what merging a pull request does, as one comment."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from pcistack.usage import PATH, BadInputError, day_of

if TYPE_CHECKING:
    from pcistack.checks.report import Report

_EPILOG: Final = """\b
Exit codes:
  0  no new finding at level error or fatal, no data lost, a rehearsal that passed
  1  at least one of them
  2  bad input

\b
Example:
  pcistack review build/base build/head --rehearsal rehearsal.json > comment.md
"""


@click.command(epilog=_EPILOG)
@click.argument("base", type=PATH)
@click.argument("head", type=PATH)
@click.option("--rehearsal", type=PATH, help="Report of pcistack rehearse --json.")
@click.option("--on", metavar="YYYY-MM-DD", help="Judge support dates for this day [today].")
def review(base: Path, head: Path, rehearsal: Path | None, on: str | None) -> None:
    """Write what merging HEAD into BASE does, in Markdown for a comment.

    BASE and HEAD are cloud assemblies, or folders with one for each environment. It says which
    findings are new, what happens to each resource, and how the rehearsal went.
    """
    from pcistack.changes.comment import Review, render
    from pcistack.changes.stacks import assemblies, changes_between
    from pcistack.commands.check import report_of
    from pcistack.template.document import TemplateError

    day = day_of(on)
    try:
        changes = changes_between(base, head, on=day)
    except TemplateError as error:
        raise BadInputError(str(error)) from None
    old, new = (_judged(report_of(assemblies(path), day), path) for path in (base, head))
    found = Review(
        changes=changes, old=old, new=new, rehearsal=_rehearsal(rehearsal) if rehearsal else None
    )
    click.echo(render(found))
    sys.exit(1 if found.is_refused else 0)


def _judged(report: Report, path: Path) -> Report:
    if report.problems:
        raise BadInputError("; ".join(report.problems))
    return report


def _rehearsal(path: Path) -> dict[str, Any]:
    try:
        document: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("steps"), list):
        raise BadInputError(f"{path}: no report of pcistack rehearse --json")
    return cast("dict[str, Any]", document)
