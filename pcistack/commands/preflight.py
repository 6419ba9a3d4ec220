"""``pcistack preflight``: ask AWS whether a template will deploy."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from pcistack.usage import PATH, BadInputError, quiet_option, region_of, width

if TYPE_CHECKING:
    from pcistack.account.aws import Aws, Call
    from pcistack.account.rows import Row


_HEADER: Final = ("", "Needed", "Answer", "Asked")
_EPILOG: Final = """\b
Exit codes:
  0  AWS confirmed everything
  1  something would fail, or could not be confirmed
  2  bad input, no credentials, or a permission is missing

\b
Example:
  pcistack preflight cdk.out/PciDss-dev.template.json --region eu-central-2 --profile audit
"""


@click.command(epilog=_EPILOG)
@click.argument("template", type=PATH, required=False)
@click.option("--region", help="Region the template is meant for, such as eu-central-2.")
@click.option("--profile", help="Profile of the AWS configuration [the usual order].")
@click.option("--stack", help="Name of the stack, which may be there [of NAME.template.json].")
@quiet_option
def preflight(
    template: Path | None,
    region: str | None,
    profile: str | None,
    stack: str | None,
    quiet: bool,
) -> None:
    """Ask AWS whether what TEMPLATE needs is there, and print what was asked and answered.

    Engine versions, instance classes, endpoint services, zones, resource types, whether the region
    is enabled, whether names are free and certificates issued, quotas against their current use,
    and what PCI DSS needs from the account: a trail, Config, GuardDuty, Security Hub. Nothing is
    written to AWS: every call is a Describe, Get or List.
    """
    from pcistack.account.aws import AwsError
    from pcistack.account.preflight import preflight as ask
    from pcistack.account.rows import Verdict
    from pcistack.regional.facts import load
    from pcistack.template.document import Template, TemplateError

    if template is None or not region:
        raise BadInputError(
            "a template and --region are needed; example: pcistack preflight T.json --region "
            "eu-central-2"
        )
    region = region_of(region)
    now = datetime.now().astimezone()  # support dates count local days, as in every command
    try:
        document = Template.read(template)
        document.require_resources()
        facts = load(region)
        aws = connect(region, profile)
        rows = ask(document, aws, facts, now=now, stack=stack or _stack_of(template))
    except (TemplateError, AwsError) as error:
        show_progress(None)
        raise BadInputError(str(error)) from None
    show_progress(None)
    shown = [row for row in rows if row.state is not Verdict.CONFIRMED] if quiet else rows
    if shown or not quiet:
        for line in render(shown, f"{template.name} in {region}", width()):
            click.echo(line)
    missing = sorted({row.asked for row in rows if row.state is Verdict.REFUSED})
    if missing:
        click.echo(f"pcistack: AWS refused to say; allow {', '.join(missing)}", err=True)
    sys.exit(exit_code(rows))


def _stack_of(template: Path) -> str | None:
    """Return the name of the stack that the CDK wrote a template for."""
    name = template.name.removesuffix(".template.json")
    return name if name != template.name else None


def connect(region: str, profile: str | None) -> Aws:
    """Return a way to ask AWS with the credentials of the environment or a profile.

    Raises:
        CredentialsError: There is no such profile.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    from pcistack.account.aws import Aws, CredentialsError

    try:
        session = boto3.Session(profile_name=profile, region_name=region)
    except BotoCoreError as error:
        raise CredentialsError(f"{error}; see aws configure list-profiles") from None
    return Aws.of_session(session, region, progress=show_progress)


def show_progress(call: Call | None) -> None:
    """Show on a terminal what is being asked; erase it at the end."""
    if sys.stderr.isatty():
        shown = f"asking {call.permission} ..." if call else ""
        click.echo(f"\r\x1b[K{shown}", nl=False, err=True)


def exit_code(rows: Sequence[Row]) -> int:
    """Return 0 if everything is confirmed, 1 if something is not, 2 if AWS refused to say."""
    from pcistack.account.rows import Verdict

    states = {row.state for row in rows}
    if Verdict.REFUSED in states:
        return 2
    return 1 if states & {Verdict.FAILS, Verdict.UNKNOWN} else 0


def render(rows: Sequence[Row], title: str, columns: int = 80) -> Iterator[str]:
    """Yield the lines of the table and its summary; what does not fit is written below."""
    from pcistack.account.rows import Verdict

    colours = {
        Verdict.CONFIRMED: "green",
        Verdict.FAILS: "red",
        Verdict.UNKNOWN: "yellow",
        Verdict.REFUSED: "red",
        Verdict.WARNING: "yellow",
    }
    cells = [(row.state.value, row.need, row.answer, row.asked) for row in rows]
    widths = [max(map(len, column)) for column in zip(_HEADER, *cells, strict=True)]
    fits = sum(widths) + 2 * (len(widths) - 1) <= columns
    indent = " " * (widths[0] + 2)
    yield click.style(title, bold=True)
    yield ""
    if fits:
        yield click.style(_aligned(_HEADER, widths), bold=True)
    for row, line in zip(rows, cells, strict=True):
        plain = _aligned(line if fits else line[:2], widths)
        yield click.style(plain[: widths[0]], fg=colours[row.state]) + plain[widths[0] :]
        if not fits:
            yield from _wrapped(f"{row.answer} ({row.asked})", f"{indent}  ", columns)
        if row.state is not Verdict.CONFIRMED and row.resources:
            yield from _wrapped(f"for {', '.join(row.resources)}", f"{indent}  ", columns)
        for command in row.fix.splitlines():
            yield f"{indent}  {command}"
    yield ""
    yield _summary(rows)


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        text.ljust(columns) for text, columns in zip(line, widths, strict=False)
    ).rstrip()


def _wrapped(text: str, indent: str, columns: int) -> list[str]:
    return textwrap.wrap(
        text,
        columns,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(rows: Sequence[Row]) -> str:
    from pcistack.account.rows import Verdict

    counts = {state: sum(row.state is state for row in rows) for state in Verdict}
    names = {
        Verdict.CONFIRMED: "confirmed",
        Verdict.FAILS: "would fail",
        Verdict.UNKNOWN: "not known",
        Verdict.REFUSED: "refused",
        Verdict.WARNING: "to watch",
    }
    return ", ".join(f"{counts[state]} {name}" for state, name in names.items() if counts[state])
