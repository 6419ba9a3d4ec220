"""``pcistack sweep``: what a destroyed environment has left in the account."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pcistack.commands.preflight import connect, exit_code, render, show_progress
from pcistack.usage import PATH, BadInputError, suffix_of

if TYPE_CHECKING:
    from pcistack.template.document import Template

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
@click.option("--suffix", required=True, help="Suffix of the environment, such as pr42.")
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
def sweep(suffix: str, region: str | None, profile: str | None, assembly: Path) -> None:
    """Say what a destroyed environment has left in the account, and what removes it.

    Services write logs for a while after a destroy, and a profile that keeps data leaves it on
    purpose. Nothing is written to AWS: every call is a Describe, Get or List.
    """
    from pcistack.account.aws import AwsError
    from pcistack.account.needs import needs
    from pcistack.account.sweep import environment_tags
    from pcistack.account.sweep import sweep as ask
    from pcistack.regions import zones_of
    from pcistack.template.document import TemplateError
    from pcistack.template.worlds import views

    suffix = suffix_of(suffix)
    try:
        template, named = _template_of(assembly, suffix)
        place = region or named
        if not place:
            raise BadInputError("no region given; add --region, such as --region eu-central-2")
        wanted = needs(views(template, place, zones=zones_of(place)))
        rows = ask(wanted, connect(place, profile), environment_tags(template))
    except (TemplateError, AwsError) as error:
        show_progress(None)
        raise BadInputError(str(error)) from None
    show_progress(None)
    for line in render(rows, f"{suffix} in {place}"):
        click.echo(line)
    sys.exit(exit_code(rows))


def _template_of(assembly: Path, suffix: str) -> tuple[Template, str]:
    """Return the template of an environment in a cloud assembly, and its region.

    Raises:
        BadInputError: The assembly has none.
    """
    from pcistack.account.sweep import environment_tags
    from pcistack.checks.selection import Selection
    from pcistack.template.document import Template, TemplateError

    selection = Selection()
    selection.add(assembly)
    for target in selection.targets:
        try:
            template = Template.parse(target.text, path=target.path)
        except TemplateError:
            continue
        if environment_tags(template).get("EnvironmentSuffix") == suffix:
            return template, target.region or ""
    raise BadInputError(
        f"{assembly}: holds no stack of the environment {suffix}; run make synth SUFFIX={suffix}"
    )
