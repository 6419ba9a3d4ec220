"""``cdk synth -c environmentSuffix``, with no value: the CDK CLI drops it, and dev would be meant.

The app sees nothing of it, so it looks at the command line of the CLI that started it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_ANCESTORS: Final = 4  # the CLI starts the app through a shell, and npx starts the CLI


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
        place = Path(f"/proc/{process}")
        try:
            yield (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
            status = (place / "stat").read_text(errors="replace")
        except OSError:
            return
        process = int(status.rpartition(")")[2].split()[1])
        if process <= 1:
            return
