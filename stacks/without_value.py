"""``cdk synth -c environmentSuffix``, with no value: the CDK CLI drops it, and dev would be meant.

The app sees nothing of it, so it looks at the command line of the CLI that started it: in ``/proc``
on Linux, by ``ps`` on macOS and the BSDs. On Windows neither is there, and nothing is noticed.
"""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

_ANCESTORS: Final = 4  # the CLI starts the app through a shell, and npx starts the CLI
_Process: TypeAlias = tuple[Sequence[str], int]
"""The words of a command line, and the process that started it."""


def lacks_value(key: str) -> bool:
    """Whether the CLI was given a key of the context without a value; no where none can tell."""
    return any(
        f"--context={key}" in words
        or any(
            flag in ("-c", "--context") and value == key
            for flag, value in itertools.pairwise(words)
        )
        for words in _command_lines()
    )


def _command_lines() -> Iterator[Sequence[str]]:
    """Yield the command lines of the processes above this one, where the system tells them."""
    process = os.getppid()
    for _ in range(_ANCESTORS):
        told = told_by_files(process) or told_by_ps(process)
        if told is None:
            return
        yield told[0]
        process = told[1]
        if process <= 1:
            return


def told_by_files(process: int) -> _Process | None:
    """Return what ``/proc`` tells of a process; None if it tells nothing."""
    place = Path(f"/proc/{process}")
    try:
        words = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
        status = (place / "stat").read_text(errors="replace")
    except OSError:
        return None
    return words, int(status.rpartition(")")[2].split()[1])


def told_by_ps(process: int) -> _Process | None:
    """Return what ``ps`` tells of a process; None if there is no such command or process."""
    command = ["ps", "-o", "ppid=", "-o", "args=", "-p", str(process)]
    try:
        line = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout
        parent, *words = line.split()
        return words, int(parent)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
