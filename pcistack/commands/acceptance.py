"""``pcistack acceptance``: the rehearsal's questions, put to a real account once."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import click

from pcistack.commands.rehearse import write_report
from pcistack.rehearsal import project
from pcistack.rehearsal.emulator import RehearsalError
from pcistack.usage import PATH, BadInputError, console, region_of, suffix_of

if TYPE_CHECKING:
    from pcistack.rehearsal.assembly import Assembly
    from pcistack.rehearsal.place import Account

_SUFFIX: Final = "test1"
_DOLLARS: Final = 10.0
_EPILOG: Final = """\b
Exit codes:
  0  all verified, and nothing is left
  1  something is not as promised; the stack is destroyed all the same
  2  bad input, no credentials, too dear, or not confirmed

\b
Example:
  pcistack acceptance --suffix test1 --profile sandbox --json acceptance.json
"""


@click.command(epilog=_EPILOG)
@click.option("--suffix", default=_SUFFIX, show_default=True, help="Suffix of a throw-away stack.")
@click.option("--profile", help="Profile of the AWS configuration [the usual order].")
@click.option(
    "--limit",
    type=float,
    default=_DOLLARS,
    show_default=True,
    help="US dollars that the run may cost at most.",
)
@click.option("--yes", is_flag=True, help="Do not ask before it begins.")
@click.option("--json", "json_file", type=PATH, help="Write the report to this file.")
def acceptance(
    suffix: str, profile: str | None, limit: float, yes: bool, json_file: Path | None
) -> None:
    """Deploy, verify, change, rotate, destroy and sweep a stack in a real account.

    It says what it costs at most, and asks, before anything is deployed. Only an environment that
    keeps nothing is taken, and only where no stack has its name. Whatever fails, the stack is
    destroyed in the end. The account must be bootstrapped (`cdk bootstrap`).
    """
    from pcistack.account.aws import AwsError

    suffix = suffix_of(suffix)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # so that the stack is destroyed then too
    try:
        project.require(Path.cwd())
        if json_file is not None:
            json_file.open("a").close()  # what cannot be written is told before anything is done
        with TemporaryDirectory(prefix="pcistack-acceptance-") as folder:
            code = _run(suffix, profile, limit, yes, json_file, Path(folder))
    except (RehearsalError, AwsError) as error:
        raise BadInputError(str(error)) from None
    sys.exit(code)


def _run(
    suffix: str, profile: str | None, limit: float, yes: bool, json_file: Path | None, folder: Path
) -> int:
    from pcistack.rehearsal.acceptance import COMMAND_SECONDS, POLL_SECONDS, AcceptanceRun, report
    from pcistack.rehearsal.cdk_cli import Toolkit
    from pcistack.rehearsal.report import showing
    from pcistack.rehearsal.steps import Steps, StepState

    text = project.read_environment(project.environment_file(Path.cwd(), suffix))
    region = region_of(project.named(text, "region"))
    place = _account(region, profile, folder)
    toolkit = Toolkit(place, region, Path.cwd(), longest=COMMAND_SECONDS, poll=POLL_SECONDS)
    with ExitStack() as stack:
        stack.callback(toolkit.close)
        assembly = toolkit.synth(suffix, folder / "cdk.out")
        _require_harmless(assembly, toolkit.status(assembly.stack), place)
        _confirm(assembly, place, limit, yes=yes)
        begun = time.monotonic()
        steps = Steps(stack.enter_context(showing(console())))
        run = AcceptanceRun(place, toolkit, steps, assembly)
        run.run()
        seconds = time.monotonic() - begun
    if json_file is not None:
        write_report(json_file, report(place, assembly, run, steps, seconds))
        click.echo(f"The report is {json_file}.")
    if steps.all_passed:
        click.echo(f"Accepted in {seconds:.0f} s: all verified, nothing left.")
        return 0
    failed = [step.name for step in steps.taken if step.outcome is not StepState.PASSED]
    click.echo(f"Failed after {seconds:.0f} s: {'; '.join(failed)}.")
    return 1


def _account(region: str, profile: str | None, folder: Path) -> Account:
    """Return the account that the credentials belong to.

    Raises:
        CredentialsError: There are none, or AWS does not accept them.
    """
    import boto3

    from pcistack.account.aws import Call, text
    from pcistack.commands.preflight import connect, show_progress
    from pcistack.rehearsal.place import Account

    found = connect(region, profile).items(Call.CALLER_IDENTITY, "Account", at_home=True)
    show_progress(None)
    session = boto3.Session(profile_name=profile, region_name=region)
    return Account(account=text(found[0], ""), folder=folder, session=session, profile=profile)


def _require_harmless(assembly: Assembly, status: str, place: Account) -> None:
    """Refuse what the run would take from somebody.

    Raises:
        RehearsalError: What is in the way.
    """
    from pcistack.rehearsal.run import keeps_data

    if keeps_data(assembly):
        raise RehearsalError(
            f"{assembly.stack} keeps data when it is destroyed; choose a suffix with an ephemeral "
            f"environment, such as {_SUFFIX}"
        )
    if status:
        raise RehearsalError(
            f"{assembly.stack} is there already ({status}) in account {place.account}; the run "
            "would destroy it, so choose another --suffix"
        )


def _confirm(assembly: Assembly, place: Account, limit: float, *, yes: bool) -> None:
    """Say what the run does and costs, and ask.

    Raises:
        RehearsalError: It is too dear, or nobody said yes.
    """
    from pcistack.rehearsal.acceptance import HOURS, at_most

    most, month = at_most(assembly)
    estimated = ", estimated" if month.estimated else ""
    click.echo(
        f"This deploys {assembly.stack} ({len(assembly.resources)} resources) into account "
        f"{place.account} in {assembly.region}, changes it, rotates its secrets and destroys it.\n"
        f"It costs at most {most:.2f} US dollars ({most / HOURS:.2f} an hour at full capacity, "
        f"for at most {HOURS} hours{estimated}), without traffic and logs."
    )
    if most > limit:
        raise RehearsalError(
            f"{most:.2f} US dollars are more than --limit {limit:.2f}; nothing was deployed"
        )
    if yes:
        return
    if not sys.stdin.isatty():
        raise RehearsalError("nobody is there to confirm; add --yes, nothing was deployed")
    if not click.confirm("Go on?"):
        raise RehearsalError("not confirmed; nothing was deployed")
