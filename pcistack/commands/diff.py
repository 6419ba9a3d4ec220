"""``pcistack diff``: what deploying one cloud assembly over another does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from pcistack.nearest import hint
from pcistack.usage import PATH, BadInputError

_EPILOG: Final = """\b
Exit codes:
  0  no data is lost, no protection lifted, and AWS refuses nothing that this knows of
  1  at least one of them; each says what happens
  2  bad input

\b
Examples:
  pcistack diff cdk.out.deployed cdk.out
  pcistack diff before.yaml after.yaml --format markdown
"""


@click.command(epilog=_EPILOG)
@click.argument("base", type=PATH)
@click.argument("head", type=PATH)
@click.option(
    "--format", "form", default="text", metavar="FORM", help="text, markdown or json [text]."
)
def diff(base: Path, head: Path, form: str) -> None:
    """Say what deploying HEAD over BASE does to each resource, without AWS.

    BASE and HEAD are two cloud assemblies (cdk.out), folders of them, or templates. Replacement
    follows the create-only properties of CloudFormation's resource schemas, for every type. What
    holds data is marked.
    """
    from pcistack.changes.output import FORMATS
    from pcistack.changes.stacks import changes_between
    from pcistack.template.document import TemplateError

    if form not in FORMATS:
        allowed = f"allowed are {', '.join(FORMATS)}"
        raise BadInputError(f"unknown format {form!r}{hint(form, FORMATS)}; {allowed}")
    try:
        stacks = changes_between(base, head)
    except TemplateError as error:
        raise BadInputError(str(error)) from None
    click.echo(FORMATS[form](stacks))
    sys.exit(1 if any(stack.is_dangerous for stack in stacks) else 0)
