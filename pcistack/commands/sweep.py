"""``pcistack sweep``: what a destroyed environment has left in the account."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pcistack.commands.preflight import connect, exit_code, render, show_progress
from pcistack.commands.verify import stack_of
from pcistack.usage import PATH, BadInputError, region_of, suffix_of

_EPILOG = """\b
Exit codes:
  0  nothing is left but what goes by itself
  1  something is left; each row names the command that removes it
  2  bad input, no credentials, or a permission is missing

\b
Example:
  pcistack sweep --suffix pr42 --region eu-central-2
"""


@click.command(epilog=_EPILOG)
@click.option("--suffix", help="Suffix of the environment, such as pr42.")
@click.option("--list", "lists", is_flag=True, help="Print the suffixes that are there, and end.")
@click.option("--region", help="Region of the environment [of the cloud assembly].")
@click.option("--profile", help="Profile of the AWS configuration [the usual order].")
@click.option(
    "--app",
    "assembly",
    default=Path("cdk.out"),
    show_default=True,
    type=PATH,
    help="Cloud assembly with the environment, made by `make synth SUFFIX=...`.",
)
def sweep(
    suffix: str | None, lists: bool, region: str | None, profile: str | None, assembly: Path
) -> None:
    """Say what a destroyed environment has left in the account, and what removes it.

    Services write logs for a while after a destroy, and a profile that keeps data leaves it on
    purpose. Nothing is written to AWS: every call is a Describe, Get or List.
    """
    from pcistack.account.aws import AwsError
    from pcistack.account.needs import needs
    from pcistack.account.sweep import sweep as ask
    from pcistack.naming import environment_tags
    from pcistack.regions import zones_of
    from pcistack.template.document import TemplateError
    from pcistack.template.worlds import views

    if lists:
        _list(region, profile)
        return
    if suffix is None:
        raise BadInputError("no suffix given; add --suffix, such as --suffix pr42, or --list")
    suffix = suffix_of(suffix)
    try:
        stack = stack_of(assembly, suffix)
        place = region_of(region or stack.region)
        wanted = needs(views(stack.template, place, zones=zones_of(place)))
        rows = ask(wanted, connect(place, profile), environment_tags(stack.template))
    except (TemplateError, AwsError) as error:
        show_progress(None)
        raise BadInputError(str(error)) from None
    show_progress(None)
    for line in render(rows, f"{suffix} in {place}"):
        click.echo(line)
    sys.exit(exit_code(rows))


def _list(region: str | None, profile: str | None) -> None:
    """Print the suffix of every environment of which something is there, one a line."""
    from pcistack.account.aws import AwsError
    from pcistack.account.sweep import suffixes

    if region is None:
        raise BadInputError("no region given; add --region, such as --region eu-central-2")
    try:
        found = suffixes(connect(region_of(region), profile))
    except AwsError as error:
        raise BadInputError(str(error)) from None
    finally:
        show_progress(None)
    for suffix in found:
        click.echo(suffix)
