"""``pcistack verify``: ask an account whether a deployed environment keeps its promises."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from pcistack.commands.preflight import connect, show_progress
from pcistack.nearest import hint
from pcistack.usage import PATH, BadInputError, region_of, suffix_of

if TYPE_CHECKING:
    from pcistack.account.verify.run import Verified
    from pcistack.changes.stacks import ComparedStack

_FORMATS: Final = ("text", "json")
_COLOURS: Final = {"ok": "green", "broken": "red", "unknown": "yellow", "drift": "red"}
_EPILOG: Final = """\b
Exit codes:
  0  every promise holds, and no setting differs
  1  one is broken or not known, or a setting differs
  2  bad input, no such stack, no credentials, or a permission is missing

\b
Examples:
  pcistack verify --suffix pr42 --region eu-central-2
  pcistack verify --suffix prod --profile audit --format json > verified.json
  pcistack verify --suffix prod --permissions
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
@click.option("--format", "form", default="text", metavar="FORM", help="text or json [text].")
@click.option("--permissions", is_flag=True, help="Print the IAM policy that this needs, and end.")
def verify(
    suffix: str,
    region: str | None,
    profile: str | None,
    assembly: Path,
    form: str,
    permissions: bool,
) -> None:
    """Ask the account whether what is deployed keeps its promises, and what differs.

    The deployed template is compared with the one that was checked, CloudFormation compares the
    settings that support a PCI DSS requirement, and the services are asked what they have.
    Nothing is written to AWS, and no secret is read. The JSON is what `pcistack evidence` takes.
    """
    from pcistack.account.aws import AwsError
    from pcistack.account.verify.deployed import Deployed
    from pcistack.account.verify.permissions import policy
    from pcistack.account.verify.run import verify as ask

    suffix = suffix_of(suffix)
    if form not in _FORMATS:
        allowed = f"allowed are {' and '.join(_FORMATS)}"
        raise BadInputError(f"unknown format {form!r}{hint(form, _FORMATS)}; {allowed}")
    stack = stack_of(assembly, suffix)
    if permissions:
        click.echo(json.dumps(policy(stack.template), indent=2))
        return
    place = region_of(region or stack.region)
    try:
        aws = connect(place, profile)
        deployed = Deployed(aws, stack.template, stack=stack.name, suffix=suffix)
        result = ask(deployed)
    except AwsError as error:
        show_progress(None)
        raise BadInputError(str(error)) from None
    show_progress(None)
    if result.missing:
        raise BadInputError(
            f"AWS refused to say; allow {', '.join(result.missing)} "
            "(--permissions prints the whole policy)"
        )
    if form == "json":
        click.echo(result.as_verification(deployed, date.today()).as_text(), nl=False)
    else:
        for line in render(result, f"{stack.name} in {place}, account {result.account}"):
            click.echo(line)
    sys.exit(0 if result.holds else 1)


def stack_of(assembly: Path, suffix: str) -> ComparedStack:
    """Return the stack of an environment in a cloud assembly.

    Raises:
        BadInputError: The assembly has none, or cannot be read.
    """
    from pcistack.changes.stacks import read
    from pcistack.naming import environment_tags
    from pcistack.template.document import TemplateError

    try:
        stacks = read(assembly)
    except TemplateError as error:
        raise BadInputError(str(error)) from None
    for stack in stacks.values():
        if environment_tags(stack.template).get("EnvironmentSuffix") == suffix:
            return stack
    raise BadInputError(
        f"{assembly}: holds no stack of the environment {suffix}; run make synth SUFFIX={suffix}"
    )


def render(result: Verified, title: str) -> Iterator[str]:
    """Yield the promises, what breaks them, the settings that differ, and a count."""
    from pcistack.account.verify.run import summary

    words = {True: "ok", False: "broken", None: "unknown"}
    yield click.style(title, bold=True)
    yield ""
    for check in result.checks:
        number = f" ({check.promise.requirement})" if check.promise.requirement else ""
        yield _line(words[check.holds], f"{check.promise.says}{number}")
        for problem in (*check.problems, *filter(None, [check.unanswered])):
            yield f"{'':9}  {problem}"
    for item in result.drift:
        where = f"{item.resource} {item.property}".strip()
        yield _line("drift", f"{where}: expected {item.expected}, found {item.found}")
    yield ""
    yield summary(result)


def _line(word: str, said: str) -> str:
    return f"{click.style(f'{word:7}', fg=_COLOURS[word])}  {said}"
