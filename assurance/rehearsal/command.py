"""The command line of the rehearsal."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from . import project
from .emulator import Emulator, RehearsalError, running

if TYPE_CHECKING:
    from .assembly import Assembly
    from .faults import Survival
    from .run import Rehearsal
    from .steps import Steps
    from .sweep import Baseline
    from .toolkit import Toolkit

_REGION = "eu-central-2"
_PRODUCTION = "prod"
# Bootstrap and the first two environments at once; the third waits.
_WORKERS = 3
_NOTHING_TO_REHEARSE = 2
_INTERRUPTED = 130
_EXAMPLE = """\b
Example:
  pcistack rehearse
  pcistack rehearse --suffix pr42 --json rehearsal.json
"""


@click.command(epilog=_EXAMPLE)
@click.option("--suffix", default="dev", show_default=True, help="Environment suffix to rehearse.")
@click.option("--region", default=_REGION, show_default=True, help="Where the stack deploys.")
@click.option(
    "--environment",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Environment file to use instead of environments/<suffix>.toml.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
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
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the report to this file.",
)
def rehearse(
    suffix: str,
    region: str,
    environment: Path | None,
    port: int,
    faults: bool,
    keep: bool,
    json_file: Path | None,
) -> None:
    """Deploy, verify, change and destroy the stack on an AWS inside a local process.

    Needs no account, no Docker and no network. Exit code 0: all verified. 1: something is not as
    promised. 2: the rehearsal could not be done.
    """
    signal.signal(signal.SIGTERM, _end_politely)
    try:
        options = Options(
            suffix=suffix,
            region=region,
            environment=environment,
            port=port,
            faults=faults,
            keep=keep,
            json_file=json_file,
        )
        code = _rehearse(options)
    except RehearsalError as error:
        click.echo(f"pcistack rehearse: {error}", err=True)
        code = _NOTHING_TO_REHEARSE
    except KeyboardInterrupt:
        click.echo("pcistack rehearse: interrupted; the embedded AWS is stopped.", err=True)
        code = _INTERRUPTED
    sys.exit(code)


def _end_politely(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asks for."""

    suffix: str
    region: str
    environment: Path | None
    port: int
    faults: bool
    keep: bool
    json_file: Path | None


def _rehearse(options: Options) -> int:
    """Rehearse and report; return the exit code."""
    from rich.console import Console

    from .report import as_json, showing, summarize
    from .run import Rehearsal
    from .steps import StepError, Steps
    from .toolkit import Toolkit

    console = Console()
    begun = time.monotonic()
    project.require(Path.cwd())
    with ExitStack() as stack:
        steps = Steps(stack.enter_context(showing(console)))
        emulator = stack.enter_context(running(region=options.region, port=options.port))
        toolkit = Toolkit(emulator, options.region, Path.cwd())
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=_WORKERS))
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        stack.callback(toolkit.close)
        rehearsal = Rehearsal(emulator, toolkit, steps)
        bootstrapped = pool.submit(toolkit.bootstrap)
        synthesized = _synthesize(options, emulator, toolkit, pool)
        try:
            first = rehearsal.synth(synthesized[options.suffix])
        except StepError:
            # The configuration or the template was refused, so there is nothing to rehearse.
            return _NOTHING_TO_REHEARSE
        _require_region(first, options.region)
        try:
            baseline = rehearsal.bootstrap(bootstrapped)
            _take_steps(options, rehearsal, baseline, first, synthesized)
            if options.faults:
                rehearsal.findings.survivals = _try_faults(emulator, toolkit, steps, first)
        except StepError:
            emulator.ensure_alive()
        seconds = time.monotonic() - begun
        summarize(console, steps, rehearsal.findings, seconds)
        if options.json_file is not None:
            document = as_json(steps, rehearsal.findings, seconds)
            options.json_file.write_text(json.dumps(document, indent=2) + "\n")
        if options.keep and steps.all_passed:
            toolkit.deploy(first)
            _wait(emulator, options.region)
    return 0 if steps.all_passed else 1


def _require_region(assembly: Assembly, region: str) -> None:
    if assembly.region != region:
        raise RehearsalError(
            f"{assembly.stack} deploys to {assembly.region}, and {region} is prepared. "
            f"Add --region {assembly.region}."
        )


def _synthesize(
    options: Options, emulator: Emulator, toolkit: Toolkit, pool: ThreadPoolExecutor
) -> dict[str, Future[Assembly]]:
    """Start synthesizing: the suffix, a throw-away twin with ingress, and production."""
    home = Path.cwd()
    environments = {_twin(options.suffix): project.with_ingress(home, options.region)}
    if options.environment is not None:
        environments[options.suffix] = project.read_environment(options.environment)
    copy = project.copied(home, emulator.folder / "project", environments)
    suffixes = [options.suffix, *environments]
    if (home / "environments" / f"{_PRODUCTION}.toml").exists():
        suffixes.append(_PRODUCTION)
    return {
        suffix: pool.submit(toolkit.synth, suffix, emulator.folder / f"synth-{suffix}", copy)
        for suffix in dict.fromkeys(suffixes)
    }


def _twin(suffix: str) -> str:
    return "twin" if suffix != "twin" else "twin2"


def _take_steps(
    options: Options,
    rehearsal: Rehearsal,
    baseline: Baseline,
    first: Assembly,
    synthesized: Mapping[str, Future[Assembly]],
) -> None:
    from .run import ephemeral, keeps_data, protected

    if keeps_data(first):
        protected(rehearsal, baseline, first)
        return
    twin = synthesized[_twin(options.suffix)].result()
    ephemeral(rehearsal, baseline, first, twin)
    if _PRODUCTION in synthesized:
        protected(rehearsal, baseline, synthesized[_PRODUCTION].result())


def _try_faults(
    emulator: Emulator, toolkit: Toolkit, steps: Steps, assembly: Assembly
) -> list[Survival]:
    from .direct import Direct
    from .faults import Faults
    from .run import keeps_data
    from .trial import Lab

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


if __name__ == "__main__":
    rehearse()
