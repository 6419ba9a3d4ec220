"""What every command shares: bad use is one line on standard error and exit code 2."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Any, Final

import click

from pcistack.naming import SUFFIX
from pcistack.regions import known_regions


class BadInputError(click.ClickException):
    """Bad input: one line on standard error, exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        click.echo(f"pcistack: {self.format_message()}", file=file, err=file is None)


class RootGroup(click.Group):
    """The outermost group: turns what click says of bad use, in several lines, into one."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        """Parse the group's own part of the command line."""
        with _in_one_line():
            context = super().make_context(info_name, args, parent, **extra)
        if os.environ.get("NO_COLOR"):
            context.color = False  # the subcommands' contexts inherit it; see no-color.org
        return context

    def invoke(self, ctx: click.Context) -> object:
        """Parse the subcommand's part and run it."""
        with _in_one_line():
            return super().invoke(ctx)


@contextmanager
def _in_one_line() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # a group alone asks for its help
    except click.UsageError as error:
        message = " ".join(error.format_message().split()).rstrip(".?")
        message = message[:1].lower() + message[1:]
        command = error.ctx.command_path.split()[1:] if error.ctx else []
        raise BadInputError(f"{message}; see {' '.join(['pcistack', *command])} --help") from None


class _Path(click.Path):
    """A path that is not empty: to Python the empty one means the working directory."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """Refuse the empty path."""
        if value == "":
            self.fail("the path is empty", param, ctx)
        return super().convert(value, param, ctx)


PATH: Final = _Path(path_type=Path)
"""Type of every argument and option that names a file or folder."""


def day_of(text: str | None) -> date:
    """Return the day that an option names; today if it is not given.

    Raises:
        BadInputError: It is no date.
    """
    if text is None:
        return date.today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"bad date {text!r}; write it as YYYY-MM-DD") from None


def region_of(name: str | None) -> str:
    """Return the region that an option names.

    Raises:
        BadInputError: There is none, or no region has that name.
    """
    if not name:
        raise BadInputError("no region given; add --region, such as --region eu-central-2")
    if name not in known_regions():
        raise BadInputError(f"unknown region {name!r}; known are {', '.join(known_regions())}")
    return name


def suffix_of(text: str) -> str:
    """Return the environment suffix that an option names; its length is the app's to judge.

    Raises:
        BadInputError: It cannot be one.
    """
    if not SUFFIX.fullmatch(text):
        raise BadInputError(
            f"the suffix {text!r} cannot be used; it begins with a lower-case letter and holds "
            "lower-case letters, digits and single hyphens between them, such as dev or pr42"
        )
    return text
