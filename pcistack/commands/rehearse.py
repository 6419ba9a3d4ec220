"""The command line of the rehearsal."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from pcistack.rehearsal import project
from pcistack.rehearsal.emulator import Emulator, RehearsalError, running
from pcistack.rehearsal.sdk import ACCOUNT
from pcistack.usage import PATH, BadInputError, console, quiet_option, region_of, suffix_of

if TYPE_CHECKING:
    from pcistack.rehearsal.assembly import Assembly
    from pcistack.rehearsal.cdk_cli import Toolkit
    from pcistack.rehearsal.faults import Survival
    from pcistack.rehearsal.run import Rehearsal
    from pcistack.rehearsal.steps import Steps
    from pcistack.rehearsal.sweep import Beforehand

_FIRST = "dev"
# What is prepared if the environment names no region; the app then says what is wrong with it.
_HOME = "eu-central-2"
_PRODUCTION = "prod"
# Bootstrap and the first two environments at once; the third waits.
_WORKERS = 3
_INTERRUPTED = 130
_HIGHEST_PORT = 65_535
_EPILOG = """\b
Exit codes:
  0    all verified
  1    something is not as promised
  2    bad input, or the rehearsal could not be done
  130  interrupted

\b
Examples:
  pcistack rehearse
  pcistack rehearse --suffix pr42 --json rehearsal.json
"""


@click.command(epilog=_EPILOG)
@click.option("--suffix", help="Rehearse this environment only [dev, then production].")
@click.option("--region", help="Rehearse a copy that is moved to this region.")
@click.option(
    "--environment",
    type=PATH,
    help="Environment file to use instead of environments/<suffix>.toml.",
)
@click.option(
    "--port",
    type=int,
    default=0,
    help="Port on 127.0.0.1; a free one if left out.",
)
@click.option(
    "--faults",
    is_flag=True,
    help="Also let every resource type fail once, and kill the CLI half way. Takes minutes.",
)
@click.option(
    "--keep", is_flag=True, help="Deploy once more at the end and leave it up to look at."
)
@click.option(
    "--json",
    "json_file",
    type=PATH,
    help="Write the report to this file.",
)
@quiet_option
def rehearse(
    suffix: str | None,
    region: str | None,
    environment: Path | None,
    port: int,
    faults: bool,
    keep: bool,
    json_file: Path | None,
    quiet: bool,
) -> None:
    """Deploy, verify, change and destroy the stack on an AWS inside a local process.

    Needs no account, no Docker and no network.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end_politely)
    options = Options(
        suffix=suffix_of(_FIRST if suffix is None else suffix),
        region=None if region is None else region_of(region),
        alone=suffix is not None or environment is not None,
        environment=environment,
        port=port,
        faults=faults,
        keep=keep,
        json_file=json_file,
        quiet=quiet,
    )
    try:
        _require_usable(options)
        code = _rehearse(options, _environments(options))
    except RehearsalError as error:
        raise BadInputError(str(error)) from None
    except KeyboardInterrupt:
        click.echo("pcistack: interrupted; the embedded AWS is stopped", err=True)
        code = _INTERRUPTED
    sys.exit(code)


def _end_politely(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asks for; ``alone`` leaves the production profile out."""

    suffix: str
    region: str | None
    alone: bool
    environment: Path | None
    port: int
    faults: bool
    keep: bool
    json_file: Path | None
    quiet: bool


def _require_usable(options: Options) -> None:
    """Refuse what can be seen to be wrong before anything starts.

    Raises:
        RehearsalError: What is wrong, and with which option.
    """
    project.require(Path.cwd())
    if not 0 <= options.port <= _HIGHEST_PORT:
        raise RehearsalError(f"bad port {options.port}; it is a number from 0 to {_HIGHEST_PORT}")
    if options.json_file is not None:
        folder = options.json_file.parent
        if options.json_file.is_dir():
            raise RehearsalError(f"{options.json_file}: is a folder; --json names a file")
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise RehearsalError(f"{folder}: no folder to write the report of --json into")
        try:
            options.json_file.open("a").close()  # /proc and the like say yes and mean no
        except OSError as error:
            raise RehearsalError(
                f"{options.json_file}: cannot be written ({error.strerror})"
            ) from None


def _forget_aws() -> None:
    """Let no profile and no configuration of the user count: nothing here speaks to AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        os.environ[name] = os.devnull


def _rehearse(options: Options, texts: Mapping[str, str]) -> int:
    """Rehearse and report; return the exit code."""
    from pcistack.rehearsal.cdk_cli import CommandError
    from pcistack.rehearsal.report import as_json, showing, summarize
    from pcistack.rehearsal.steps import StepError, Steps

    region, account = _place(texts[options.suffix])
    _forget_aws()
    output = console()
    output.quiet = options.quiet
    begun = time.monotonic()
    with ExitStack() as stack:
        steps = Steps(stack.enter_context(showing(output)))
        emulator = stack.enter_context(running(region=region, port=options.port))
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=_WORKERS))
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        account_at_hand = _Accounts(emulator, steps, pool)
        stack.callback(account_at_hand.close)
        rehearsal, bootstrapped = account_at_hand.of(account, region)
        copy = project.copied(Path.cwd(), emulator.folder / "project", texts)
        synthesized = {
            suffix: pool.submit(
                rehearsal.toolkit.synth, suffix, emulator.folder / f"synth-{suffix}", copy
            )
            for suffix in texts
        }
        try:
            first = rehearsal.synth(synthesized[options.suffix])
        except CommandError as error:
            # The configuration or the template was refused, so there is nothing to rehearse.
            inside = copy / "environments" / f"{options.suffix}.toml"
            given = options.environment or project.environment_file(Path(), options.suffix)
            raise RehearsalError(str(error).replace(str(inside), str(given))) from None
        try:
            baseline = rehearsal.bootstrap(bootstrapped)
            _take_steps(options, rehearsal, baseline, first, synthesized)
            if _PRODUCTION in synthesized and options.suffix != _PRODUCTION:
                _rehearse_production(account_at_hand, texts[_PRODUCTION], synthesized[_PRODUCTION])
            else:
                rehearsal.findings.not_covered = _not_covered(options)
            if options.faults:
                rehearsal.findings.survivals = _try_faults(
                    emulator.acting(account), rehearsal.toolkit, steps, first
                )
        except StepError:
            emulator.ensure_alive()
        seconds = time.monotonic() - begun
        output.quiet = options.quiet and steps.all_passed
        summarize(output, steps, rehearsal.findings, seconds)
        if options.json_file is not None:
            write_report(options.json_file, as_json(steps, rehearsal.findings, seconds))
        if options.keep and steps.all_passed:
            rehearsal.toolkit.deploy(first)
            _wait(emulator.acting(account), region)
    return 0 if steps.all_passed else 1


class _Accounts:
    """A rehearsal for each account and region, prepared once; all find into the same findings."""

    def __init__(self, emulator: Emulator, steps: Steps, pool: ThreadPoolExecutor) -> None:
        self._emulator, self._steps, self._pool = emulator, steps, pool
        self._made: dict[tuple[str, str], tuple[Rehearsal, Future[None]]] = {}

    def of(self, account: str, region: str) -> tuple[Rehearsal, Future[None]]:
        """Return the rehearsal in an account and region, and its bootstrap, which has begun."""
        from pcistack.rehearsal.cdk_cli import Toolkit
        from pcistack.rehearsal.run import Rehearsal

        if (account, region) not in self._made:
            emulator = self._emulator.acting(account)
            toolkit = Toolkit(emulator, region, Path.cwd())
            rehearsal = Rehearsal(emulator, toolkit, self._steps)
            for other, _ in self._made.values():
                rehearsal.findings = other.findings
            bootstrapped = self._pool.submit(_prepare, emulator, region, toolkit.bootstrap)
            self._made[account, region] = (rehearsal, bootstrapped)
        return self._made[account, region]

    def close(self) -> None:
        """End every command that still runs."""
        for rehearsal, _ in self._made.values():
            rehearsal.toolkit.close()


def _prepare(emulator: Emulator, region: str, bootstrap: Callable[[], None]) -> None:
    """Prepare an account and region; its default network is there before anybody looks for traces.

    AWS gives it to every account; the embedded one does when it is first asked.
    """
    emulator.client("ec2", region).describe_vpcs()
    bootstrap()


def _place(text: str) -> tuple[str, str]:
    """Return the region and the account that an environment's text names."""
    return (
        project.named(text, "region") or _HOME,
        project.named(text, "account") or ACCOUNT,
    )


def _environments(options: Options) -> dict[str, str]:
    """Return the environments to synthesize: the suffix, a twin with ingress, and production."""
    home = Path.cwd()
    file = options.environment or project.environment_file(home, options.suffix)
    texts = {options.suffix: project.read_environment(file)}
    production = home / "environments" / f"{_PRODUCTION}.toml"
    if not options.alone and production.exists():
        texts[_PRODUCTION] = project.read_environment(production)
    if options.region is not None:
        texts = {name: project.moved(text, options.region) for name, text in texts.items()}
    return texts | {_twin(options.suffix): project.with_ingress(texts[options.suffix])}


def _not_covered(options: Options) -> list[str]:
    """Return what a run of one environment alone leaves out."""
    if not options.alone or options.suffix == _PRODUCTION:
        return []
    return [
        "an environment that keeps its data: pcistack rehearse without --suffix, "
        f"or with --suffix {_PRODUCTION}"
    ]


def write_report(file: Path, report: Mapping[str, object]) -> None:
    """Write a report as JSON.

    Raises:
        RehearsalError: The file cannot be written.
    """
    try:
        file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise RehearsalError(f"{file}: cannot be written ({error.strerror})") from None


def _twin(suffix: str) -> str:
    return "twin" if suffix != "twin" else "twin2"


def _take_steps(
    options: Options,
    rehearsal: Rehearsal,
    baseline: Beforehand,
    first: Assembly,
    synthesized: Mapping[str, Future[Assembly]],
) -> None:
    from pcistack.rehearsal.run import ephemeral, keeps_data, protected

    if keeps_data(first):
        protected(rehearsal, baseline, first)
    else:
        ephemeral(rehearsal, baseline, first, synthesized[_twin(options.suffix)].result())


def _rehearse_production(accounts: _Accounts, text: str, synthesized: Future[Assembly]) -> None:
    """Rehearse the production environment, in the account and region that are its own."""
    from pcistack.rehearsal.run import protected
    from pcistack.rehearsal.sweep import Beforehand

    region, account = _place(text)
    rehearsal, bootstrapped = accounts.of(account, region)
    bootstrapped.result()
    protected(rehearsal, Beforehand(rehearsal.emulator), synthesized.result())


def _try_faults(
    emulator: Emulator, toolkit: Toolkit, steps: Steps, assembly: Assembly
) -> list[Survival]:
    from pcistack.rehearsal.cloudformation import Direct
    from pcistack.rehearsal.faults import Faults
    from pcistack.rehearsal.run import keeps_data
    from pcistack.rehearsal.trial import Lab

    if keeps_data(assembly):
        raise RehearsalError(
            f"{assembly.stack} keeps data when it is destroyed, so faults cannot be tried on it. "
            "Choose a suffix with an ephemeral environment."
        )
    lab = Lab(
        emulator=emulator,
        direct=Direct(emulator, assembly.region),
        region=assembly.region,
        folder=emulator.folder / "faults",
    )
    trials = Faults(lab, toolkit, steps, assembly)
    trials.run()
    return trials.survivals


def _wait(emulator: Emulator, region: str) -> None:
    """Leave the emulator up until the user has seen enough."""
    click.echo(f"\nThe stack is deployed at {emulator.url}. In another terminal:\n")
    for name, value in emulator.environment(region).items():
        if name.startswith("AWS_") and "FILE" not in name and "METADATA" not in name:
            click.echo(f"  export {name}={value}")
    click.echo("  aws cloudformation describe-stacks\n\nPress Ctrl-C to stop it.")
    try:
        while emulator.process.poll() is None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        click.echo("Stopped.")
