"""Starting and stopping the embedded AWS."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pcistack.rehearsal.sdk import ACCOUNT, Client, client

_START_SECONDS = 30
_STOP_SECONDS = 5


class RehearsalError(Exception):
    """The rehearsal cannot go on; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A failure that the embedded CloudFormation is to meet.

    Attributes:
        stack: Name of the stack.
        resource: Logical id of the resource; empty for whichever comes first.
        operation: ``create``, ``update`` or ``delete``.
        times: How often it happens before it is over.
    """

    stack: str
    resource: str
    operation: str = "create"
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A running embedded AWS.

    Attributes:
        port: Its port on the loopback interface.
        process: Its process, the leader of its own process group.
        folder: Its scratch folder, which also holds its log.
    """

    port: int
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def url(self) -> str:
        """The endpoint for every service."""
        return f"http://localhost:{self.port}"

    def environment(self, region: str) -> dict[str, str]:
        """Return what an AWS client needs in its environment to talk to this AWS and no other."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("AWS_")
        }
        return inherited | {
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def client(self, service: str, region: str) -> Client:
        """Return an SDK client; its answers have the shape of botocore's service models."""
        return client(self.url, service, region)

    def set_faults(self, faults: Sequence[Fault]) -> None:
        """Let these failures happen from now on, instead of any set before."""
        self._control(
            "SetFault",
            {
                "Faults": [
                    {
                        "Stack": fault.stack,
                        "Resource": fault.resource,
                        "Operation": fault.operation,
                        "Times": fault.times,
                    }
                    for fault in faults
                ]
            },
        )

    def set_pace(self, seconds: float) -> None:
        """Let every resource operation of CloudFormation take this long at least."""
        self._control("SetPace", {"Seconds": seconds})

    def inventory(self) -> list[dict[str, str]]:
        """Return every record in every store of every service."""
        records: list[dict[str, str]] = self._control("Inventory", {})["Inventory"]
        return records

    def ensure_alive(self) -> None:
        """Raise if the process has ended.

        Raises:
            RehearsalError: It has; the message holds the end of its log.
        """
        code = self.process.poll()
        if code is not None:
            raise RehearsalError(
                f"The embedded AWS ended by itself (exit code {code}). {self.last_words()} "
                "Run the rehearsal again; nothing of it is kept between runs."
            )

    def last_words(self) -> str:
        """Return the last line of the log, for an error message."""
        log = self.folder / "emulator.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return f"Last line of its log: {lines[-1]}." if lines else "Its log is empty."

    def _control(self, operation: str, document: Mapping[str, object]) -> dict[str, Any]:
        self.ensure_alive()
        request = urllib.request.Request(
            self.url,
            data=json.dumps(document).encode(),
            headers={"X-Amz-Target": f"Rehearsal.{operation}"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=_START_SECONDS) as answer:
                parsed: dict[str, Any] = json.load(answer)
                return parsed
        except (urllib.error.URLError, ConnectionError) as error:
            self.ensure_alive()
            raise RehearsalError(f"The embedded AWS does not answer: {error}") from error


@contextmanager
def running(*, region: str, port: int = 0) -> Iterator[Emulator]:
    """Start an embedded AWS with nothing in it, and stop it whatever happens.

    The child holds one end of a pipe and kills its own process group when the other end closes,
    so it cannot outlive this process, however that ends.

    Args:
        region: The region where the emulator starts; a client may name another.
        port: Port on 127.0.0.1; 0 takes a free one.

    Raises:
        RehearsalError: The port is in use, MiniStack is not installed, or it did not start.
    """
    _require_engine()
    folder = Path(tempfile.mkdtemp(prefix="pcistack-rehearsal-"))
    process: subprocess.Popen[bytes] | None = None
    try:
        with _bound_socket(port) as listener:
            chosen = int(listener.getsockname()[1])
            process = _start(listener, folder, chosen, region)
        emulator = Emulator(port=chosen, process=process, folder=folder)
        _wait_until_ready(emulator)
        yield emulator
    finally:
        if process is not None:
            _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def _require_engine() -> None:
    from importlib.util import find_spec

    if find_spec("ministack") is None:
        raise RehearsalError(
            "The rehearsal needs the package ministack, which is not installed. "
            "Run `make runtime`, or `pip install -r requirements.txt`."
        )


def _bound_socket(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise RehearsalError(
            f"Port {port} on 127.0.0.1 cannot be used: {error.strerror}. "
            "Choose another with --port, or leave it out to take a free one."
        ) from error
    return listener


def _start(
    listener: socket.socket, folder: Path, port: int, region: str
) -> subprocess.Popen[bytes]:
    node_modules = Path.cwd() / "node_modules"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = inherited | {
        "BIND_HOST": "127.0.0.1",
        "DOCKER_HOST": "unix:///nonexistent",
        "GATEWAY_PORT": str(port),
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": region,
        "NODE_PATH": str(node_modules),
        "PERSIST_STATE": "0",
        "PYTHONWARNINGS": "ignore",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    with (folder / "emulator.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "pcistack.rehearsal.embedded", str(listener.fileno())],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )


def _wait_until_ready(emulator: Emulator) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        emulator.ensure_alive()
        try:
            with urllib.request.urlopen(f"{emulator.url}/_ministack/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RehearsalError(
        f"The embedded AWS did not start within {_START_SECONDS} s. {emulator.last_words()}"
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group: politely, then surely."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
