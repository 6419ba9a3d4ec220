"""What every command shares: bad use is one line on standard error, exit code 2; width, colour."""

from __future__ import annotations

import codecs
import errno
import gc
import io
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn, TypeVar, cast

import click

from pcistack.naming import SUFFIX
from pcistack.nearest import hint
from pcistack.regions import known_regions, unknown_region

if TYPE_CHECKING:
    from rich.console import Console

_DEBUG: Final = "--debug"
INTERRUPTED: Final = 130
"""Exit code after Ctrl-C."""

_COLUMNS: Final = 80
_BLANKS: Final = re.compile(r"[ \t]+(?=\n)")


class BadInputError(click.ClickException):
    """Bad input: one line on standard error for each thing that is wrong, exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the lines."""
        for line in self.format_message().splitlines():
            head = "" if line.startswith(" ") else "pcistack: "  # details stay below their line
            click.echo(f"{head}{line}", file=file, err=file is None)


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
        with _in_one_line(self):
            context = super().make_context(info_name, args, parent, **extra)
        context.color = colour()  # the subcommands' contexts inherit it
        return context

    def invoke(self, ctx: click.Context) -> object:
        """Parse the subcommand's part and run it."""
        with _in_one_line(self, ctx):
            return super().invoke(ctx)


@contextmanager
def _in_one_line(group: click.Group, context: click.Context | None = None) -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # a group alone asks for its help
    except click.UsageError as error:
        raise BadInputError(_use(error, group)) from None
    except BrokenPipeError:  # such as of head, which has read enough
        raise click.exceptions.Exit(BadInputError.exit_code) from None
    except OSError as error:
        raise BadInputError(_failure(error)) from None
    except KeyboardInterrupt:
        click.echo("pcistack: interrupted", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None


def _use(error: click.UsageError, group: click.Group) -> str:
    """Return what is wrong with the use of a command, the nearest right word, and its help."""
    near = ""
    command = error.ctx.command_path.split()[1:] if error.ctx else []
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        known = [name for param in error.ctx.command.params for name in param.opts]
        message = f"no such option {error.option_name!r}"
        near = hint(error.option_name, known)
    else:
        message = " ".join(error.format_message().split()).rstrip(".?")
        message = re.sub(r" \(?Did you mean .*", "", message)
        unknown = re.match(r"No such command '(.*)'", message)
        if unknown and error.ctx is not None and isinstance(error.ctx.command, click.Group):
            near = hint(unknown[1], error.ctx.command.list_commands(error.ctx))
    message = message[:1].lower() + message[1:].rstrip(".")
    return f"{message}{near}; see {' '.join(['pcistack', *command])} --help"


def _failure(error: OSError) -> str:
    """Return what the operating system refused, in one line."""
    reason = error.strerror or str(error) or type(error).__name__
    if error.filename:
        return f"{error.filename}: {reason}"
    if error.errno in (errno.EPIPE, errno.ENOSPC, errno.EBADF, errno.EIO):
        return f"the output cannot be written ({reason}); nothing after it was said"
    return reason


# Output


def colour() -> bool | None:
    """Return whether to colour; None leaves it to whether the output is a terminal.

    ``NO_COLOR`` wins over ``FORCE_COLOR``, and that over ``TERM=dumb``.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return False if os.environ.get("TERM") == "dumb" else None


def width() -> int:
    """Return the columns to fill: the terminal's from 40 to 100; 80 in a pipe or file."""
    if not sys.stdout.isatty():
        return _COLUMNS
    return min(max(shutil.get_terminal_size((_COLUMNS, 24)).columns, 40), 100)


def console() -> Console:
    """Return a rich console with our width and colour; piped lines have no blanks at the end."""
    from rich.console import Console

    coloured = colour()
    plain = not sys.stdout.isatty()
    return Console(
        file=cast("IO[str]", _Trimmed(sys.stdout)) if plain else None,
        width=width(),
        force_terminal=True if coloured else None,
        color_system="standard" if coloured else "auto",
        no_color=coloured is False,
        highlight=False,
    )


class _Trimmed:
    """A stream without blanks at the ends of lines."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        return self._stream.write(_BLANKS.sub("", text))


_Command = TypeVar("_Command", bound=Callable[..., object])


def quiet_option(command: _Command) -> _Command:
    """Give a command ``-q``: it says nothing but what fails, and bad input."""
    return click.option("-q", "--quiet", is_flag=True, help="Say only what fails.")(command)


def run(group: click.Group) -> NoReturn:
    """Run the command line so that output which cannot be written is told, in one line.

    Characters that the output's encoding lacks are written out.
    """
    codecs.register_error("pcistack", _written_out)
    if sys.stdout is None:
        _tell("standard output is closed; there is nowhere to write to")
        sys.exit(BadInputError.exit_code)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="pcistack")
    code: object = 0
    arguments = [argument for argument in sys.argv[1:] if argument != _DEBUG]
    try:
        group(arguments)
    except SystemExit as end:
        code = end.code
    except Exception as error:
        if debugging():
            raise
        _tell(unforeseen(" ".join(["pcistack", *arguments]), error))
        code = BadInputError.exit_code
    try:
        sys.stdout.flush()
    except OSError as error:
        if code != BadInputError.exit_code and error.errno != errno.EPIPE:
            _tell(_failure(error))
        code = BadInputError.exit_code
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the last flush
    gc.freeze()  # what is left at the end of the process need not be searched once more
    sys.exit(code if isinstance(code, int) else int(bool(code)))


def debugging() -> bool:
    """Whether a failure that nobody foresaw is shown as Python tells it: ``--debug``."""
    return _DEBUG in sys.argv


def unforeseen(where: str, error: Exception) -> str:
    """Return what to say of a failure that nobody foresaw, in one line."""
    what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return (
        f"{where}: failed in a way that nobody foresaw ({what}); please report it with the input "
        f"as a bug of pcistack; {_DEBUG} shows where"
    )


def _tell(line: str) -> None:
    if sys.stderr is not None:
        click.echo(f"pcistack: {line}", err=True)


def _written_out(error: UnicodeError) -> tuple[str, int]:
    """Write out characters as JSON does, so that JSON stays JSON."""
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    units = (text[at : at + 2].hex() for at in range(0, len(text), 2))
    return "".join(f"\\u{unit}" for unit in units), error.end


# Types and values


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
        raise BadInputError(unknown_region(name))
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
