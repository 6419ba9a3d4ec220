"""The command line of the rehearsal."""

import json
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import click

from .emulator import Emulator, RehearsalError, running

_REGION = "eu-central-2"
_PRODUCTION = "prod"
_EXAMPLE = """\b
Example:
  pcistack rehearse
  pcistack rehearse --suffix pr42 --json rehearsal.json
"""


@click.command(epilog=_EXAMPLE)
@click.option("--suffix", default="dev", show_default=True, help="Environment suffix to rehearse.")
@click.option("--region", default=_REGION, show_default=True, help="Where the stack deploys.")
@click.option("--port", default=0, help="Port on 127.0.0.1; a free one if left out.")
@click.option("--keep", is_flag=True, help="Deploy once more at the end and leave it up to look at.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the report to this file.",
)
def rehearse(suffix: str, region: str, port: int, keep: bool, json_file: Path | None) -> None:
    """Deploy, verify, change and destroy the stack on an AWS inside a local process.

    Needs no account, no Docker and no network. Exit code 0: all verified. 1: something is not as
    promised. 2: the rehearsal could not be done.
    """
    signal.signal(signal.SIGTERM, _end_politely)
    try:
        passed = _rehearse(suffix, region, port, keep, json_file)
    except RehearsalError as error:
        click.echo(f"pcistack rehearse: {error}", err=True)
        sys.exit(2)
    sys.exit(0 if passed else 1)


def _end_politely(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _rehearse(suffix: str, region: str, port: int, keep: bool, json_file: Path | None) -> bool:
    from rich.console import Console

    from .report import as_json, showing, summarize
    from .run import Rehearsal, ephemeral, keeps_data, protected, synthesize
    from .steps import Steps, Stopped
    from .toolkit import Toolkit

    console = Console()
    begun = time.monotonic()
    with ExitStack() as stack:
        view = stack.enter_context(showing(console))
        steps = Steps(view)
        emulator = stack.enter_context(running(region=region, port=port))
        toolkit = Toolkit(emulator, region, Path.cwd())
        stack.callback(toolkit.close)
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=2))
        rehearsal = Rehearsal(emulator, toolkit, steps)
        pair = (suffix, "twin" if suffix != "twin" else "twin2")
        kept = [_PRODUCTION] if suffix != _PRODUCTION and _is_configured(_PRODUCTION) else []
        synthesized = synthesize(toolkit, emulator, [*pair, *kept], pool)
        try:
            baseline = rehearsal.bootstrap()
            if keeps_data(synthesized[suffix].result()):
                protected(rehearsal, steps, baseline, synthesized[suffix])
            else:
                ephemeral(rehearsal, steps, baseline, synthesized, pair)
            for name in kept:
                protected(rehearsal, steps, baseline, synthesized[name])
        except Stopped:
            toolkit.close()
            emulator.ensure_alive()
        seconds = time.monotonic() - begun
        summarize(console, steps, rehearsal.findings, seconds)
        if json_file is not None:
            document = as_json(steps, rehearsal.findings, seconds)
            json_file.write_text(json.dumps(document, indent=2) + "\n")
        if keep and steps.all_passed:
            toolkit.deploy(synthesized[suffix].result())
            _wait(emulator, region)
    return steps.all_passed


def _is_configured(suffix: str) -> bool:
    return (Path.cwd() / "environments" / f"{suffix}.toml").exists()


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
