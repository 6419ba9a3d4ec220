"""``pcistack diff``: what deploying one cloud assembly over another does."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from pcistack.commands.preflight import connect, show_progress
from pcistack.nearest import hint
from pcistack.usage import PATH, BadInputError

if TYPE_CHECKING:
    from pcistack.changes.stacks import StackChange

_EPILOG: Final = """\b
Exit codes:
  0  no data is lost, no protection lifted, and AWS refuses nothing that this knows of, or it is
     accepted in the environment's file
  1  at least one of them that is not accepted; each says what happens
  2  bad input; with --deployed also no credentials, or a permission is missing

\b
Examples:
  pcistack diff cdk.out.deployed cdk.out
  pcistack diff --deployed cdk.out
  pcistack diff before.yaml after.yaml --format markdown
"""


@click.command(epilog=_EPILOG)
@click.argument("paths", metavar="[BASE] HEAD", nargs=-1, required=True, type=PATH)
@click.option(
    "--deployed", is_flag=True, help="Compare HEAD with what its account has, instead of BASE."
)
@click.option("--profile", help="With --deployed: profile of the AWS configuration.")
@click.option(
    "--format", "form", default="text", metavar="FORM", help="text, markdown or json [text]."
)
def diff(paths: tuple[Path, ...], deployed: bool, profile: str | None, form: str) -> None:
    """Say what deploying HEAD over BASE does to each resource.

    BASE and HEAD are two cloud assemblies (cdk.out), folders of them, or templates; that needs no
    AWS. With --deployed, BASE is what CloudFormation says is deployed. Replacement follows the
    create-only properties of CloudFormation's resource schemas, for every type. What holds data is
    marked. What an environment's file accepts in [accepted_changes] is no danger until its day.
    """
    from pcistack.account.aws import AwsError
    from pcistack.changes.output import FORMATS
    from pcistack.changes.stacks import changes_between
    from pcistack.template.document import TemplateError

    if form not in FORMATS:
        allowed = f"allowed are {', '.join(FORMATS)}"
        raise BadInputError(f"unknown format {form!r}{hint(form, FORMATS)}; {allowed}")
    if len(paths) != (1 if deployed else 2):
        wanted = "one path, HEAD, goes with --deployed" if deployed else "BASE and HEAD are needed"
        raise BadInputError(f"{len(paths)} paths: {wanted}")
    on = date.today()
    try:
        if deployed:
            stacks = _over_deployed(paths[0], profile, on)
        else:
            stacks = changes_between(*paths, on=on)
    except (AwsError, TemplateError) as error:
        raise BadInputError(str(error)) from None
    click.echo(FORMATS[form](stacks))
    sys.exit(1 if any(stack.is_dangerous for stack in stacks) else 0)


def _over_deployed(head: Path, profile: str | None, on: date) -> list[StackChange]:
    from pcistack.account.deployed_stack import deployed_stack
    from pcistack.changes.stacks import read, stack_change

    found = []
    for stack in read(head).values():
        if "/" in stack.name:
            continue  # nested: its parent's change says what becomes of it
        if not stack.region:
            raise BadInputError(f"{head}: {stack.name} names no region to ask in")
        try:
            there = deployed_stack(connect(stack.region, profile), stack.name)
        finally:
            show_progress(None)
        old = replace(stack, protected=there.protected, template=there.template) if there else None
        found.append(stack_change(old, stack, on=on))
    return [each for each in found if each.changes or each.notes]
