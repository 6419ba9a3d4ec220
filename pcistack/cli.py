"""The ``pcistack`` command. Each subcommand is loaded only when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NoReturn

import click

from pcistack.usage import BadInputError, RootGroup, run

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "acceptance": (
        "pcistack.commands.acceptance:acceptance",
        "Deploy and destroy once in a real account",
    ),
    "check": (
        "pcistack.commands.check:check",
        "Check templates: will they deploy, do they support PCI DSS",
    ),
    "cost": ("pcistack.commands.cost:cost", "Say what the fixed part costs a month"),
    "database-session": (
        "pcistack.commands.database_session:database_session",
        "Look into the database of an environment",
    ),
    "diff": ("pcistack.commands.diff:diff", "Say what deploying one template over another does"),
    "explain": ("pcistack.commands.explain:explain", "Say what a rule asks, and why"),
    "evidence": ("pcistack.commands.evidence:evidence", "Write what an assessor reads"),
    "facts": ("pcistack.commands.facts:facts", "Show or refresh what is known of a region"),
    "migrate": ("pcistack.commands.migrate:migrate", "Correct a Serverless v1 template"),
    "preflight": (
        "pcistack.commands.preflight:preflight",
        "Ask AWS whether the stack will deploy",
    ),
    "rehearse": ("pcistack.commands.rehearse:rehearse", "Deploy and destroy on an embedded AWS"),
    "review": ("pcistack.commands.review:review", "Say what merging a pull request does"),
    "sweep": ("pcistack.commands.sweep:sweep", "Say what a destroyed environment has left"),
    "verify": (
        "pcistack.commands.verify:verify",
        "Ask the account what of the promises is deployed",
    ),
}

EXTRAS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws": ("boto3", "botocore"),
    "evidence": ("jinja2", "markupsafe", "pydantic"),
    "rehearsal": ("rich", "ministack", "hypercorn", "cryptography"),
    "schema": ("cloudformation_validate",),
    "cdk": (
        "aws_cdk",
        "constructs",
        "jsii",
        "pydantic",
        "pydantic_core",
        "pymysql",
    ),
}
"""Modules that an extra of the package brings: the first that has a module is named."""


class _LazyGroup(RootGroup):
    """A group whose help needs no subcommand to be imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        with _missing_extra_in_one_line():
            command: object = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand; a package that it needs may be missing."""
        with _missing_extra_in_one_line():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@contextmanager
def _missing_extra_in_one_line() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        for extra, modules in EXTRAS.items():
            if missing in modules:
                raise BadInputError(
                    f"this needs the package {missing}, which is not installed: "
                    f"pip install 'pcistack[{extra}]'"
                ) from None
        raise  # a module of our own, or one that every installation has: a defect


_EPILOG: Final = """\b
Exit codes:
  0  nothing at level error or fatal
  1  findings, or a failed run
  2  bad input

\b
Example:
  pcistack check cdk.out
"""


@click.group(
    cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EPILOG
)
@click.version_option(package_name="pcistack", message="%(version)s")
def cli() -> None:
    """Prove that a CloudFormation template deploys in its region and supports PCI DSS v4.0.1."""


def main() -> NoReturn:
    """Run the command line.

    Exit codes: 0 nothing at level error or fatal, 1 findings or a failed run, 2 bad input.
    """
    run(cli)
