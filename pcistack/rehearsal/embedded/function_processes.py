"""Python functions start as copies of one process that has the AWS SDK loaded, as on a warm host.

Each is still a process of its own, with its own environment and folder. A function that brings an
SDK of its own, in its code or in a layer, is started anew, so that it gets that one.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Final, TextIO

from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.embedded._engine import Untyped

_SDK: Final = ("boto3", "botocore")
_END: Final = "\x04"
"""Ends what a call has logged, before its answer, so that nobody waits whether more comes."""

_LOG_SECONDS: Final = 0.05
"""How long a log may pause that nothing ends: a function's that is started anew."""


def install() -> None:
    """Let the engine start functions here; it starts nothing else with Python."""
    runtime = _engine.module("core.lambda_runtime")
    runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": start})
    runtime.Worker._drain_stderr_bounded = _logged


def start(command: Sequence[str], **given: Untyped) -> Untyped:
    """Start a function, as :class:`subprocess.Popen` does.

    Args:
        command: The interpreter and the engine's script.
        given: ``cwd``, where the function's code is, ``env``, and how the engine wants its pipes.
    """
    environment, folder = given["env"], Path(given["cwd"])
    brought = [*(folder / name for name in _SDK), *(folder / f"{name}.py" for name in _SDK)]
    own_sdk = any(map(Path.exists, brought)) or "_LAMBDA_LAYERS_DIRS" in environment
    if command[0] != sys.executable or own_sdk:
        return subprocess.Popen(command, **given)
    try:
        return _Function(command[1], folder, environment)
    except OSError:  # a temporary folder too deep for the path of a socket
        return subprocess.Popen(command, **given)


def _logged(worker: Untyped) -> str:
    """Return what the call that was just answered has logged."""
    lines: list[str] = []
    with suppress(queue.Empty):
        while not (line := worker._stderr_queue.get(timeout=_LOG_SECONDS)).endswith(_END):
            lines.append(line)
        lines += filter(None, [line.removesuffix(_END)])  # which nothing ended
    return "\n".join(lines)


@cache
def _host() -> ForkServerContext:
    """Return what copies the process with the SDK; it is started with the first function."""
    host = multiprocessing.get_context("forkserver")
    host.set_forkserver_preload([__name__, f"{__package__}.function_host"])
    return host


class _Function:
    """One function's process, with what the engine uses of :class:`subprocess.Popen`."""

    def __init__(self, script: str, folder: Path, environment: Mapping[str, str]) -> None:
        """Start ``script`` in a folder, with nothing but ``environment``."""
        (takes, gives), (told, tells), (warned, warns) = (
            _host().Pipe(duplex=False) for _ in range(3)
        )
        self.stdin = _text(gives, "w")
        self.stdout, self.stderr = _text(told, "r"), _text(warned, "r")
        theirs = (takes, tells, warns)
        self._process = _host().Process(
            target=_run, args=(script, str(folder), dict(environment), theirs), daemon=True
        )
        self._process.start()
        for end in theirs:
            end.close()

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: It goes on.
        """
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("function", timeout or 0)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it."""
        self._process.kill()


def _text(end: Connection, mode: str) -> IO[str]:
    with end:
        return os.fdopen(os.dup(end.fileno()), mode, buffering=1, encoding="utf-8")


def _run(
    script: str, folder: str, environment: Mapping[str, str], ends: Sequence[Connection]
) -> None:
    """Become what a new Python process with the script, folder and environment would be."""
    for descriptor, end in enumerate(ends):
        os.dup2(end.fileno(), descriptor)
        end.close()
    sys.stdin = os.fdopen(0, closefd=False, encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False, encoding="utf-8")
    answers = os.fdopen(1, "w", buffering=1, closefd=False, encoding="utf-8")
    sys.stdout = _Answers(answers, sys.stderr)
    with suppress(ValueError):
        sys.path.remove(str(Path.cwd()))
    sys.path.insert(0, str(Path(script).parent))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    runpy.run_path(script, run_name="__main__")


class _Answers:
    """Where the engine's script writes that it is ready, and then its answers, one in a line."""

    def __init__(self, answers: TextIO, log: TextIO) -> None:
        """End the log before each answer."""
        self._answers, self._log, self._ready = answers, log, False
        self.flush = answers.flush

    def write(self, answer: str) -> int:
        """Write one."""
        if self._ready:
            self._log.write(f"{_END}\n")
        self._ready = True
        return self._answers.write(answer)
