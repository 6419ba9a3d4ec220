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
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pcistack.rehearsal.sdk import ACCOUNT, Client, client

_EMBEDDED = "pcistack.rehearsal.embedded"
_START_SECONDS = 30
# Node writes its compile cache when it exits; ended by a signal it does not.
_KEEPS_WHAT_WAS_COMPILED = 'process.on("SIGTERM", () => process.exit());\n'
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class RehearsalError(Exception):
    """The rehearsal cannot go on; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A failure that the embedded CloudFormation is to meet.

    Attributes:
        stack: Name of the stack; empty for a task.
        resource: Logical id of the resource, or family of the task; empty for whichever is first.
        operation: ``create``, ``update`` or ``delete``; ``run`` for a task that ends with 1.
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
        account: The account that is acted in.
    """

    port: int
    process: subprocess.Popen[bytes]
    folder: Path
    account: str = ACCOUNT

    def acting(self, account: str) -> Emulator:
        """Return the same embedded AWS with another account to act in."""
        return replace(self, account=account)

    @property
    def url(self) -> str:
        """The endpoint for every service."""
        return f"http://localhost:{self.port}"

    def environment(self, region: str) -> dict[str, str]:
        """Return what an AWS client needs in its environment to talk to this AWS and no other.

        Neither a proxy nor the user's own files can lead it elsewhere.
        """
        return _inherited() | {
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "1",
            "HOME": str(self.home),
            "TMPDIR": str(self.folder),
        }

    @property
    def home(self) -> Path:
        """A home folder that holds nothing but the user's cache: no ``~/.cdk.json``."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        cache = Path.home() / ".cache"
        with suppress(FileExistsError):  # commands that start at once ask at once
            if cache.is_dir():
                (home / ".cache").symlink_to(cache)
        return home

    def client(self, service: str, region: str) -> Client:
        """Return an SDK client; its answers have the shape of botocore's service models."""
        return client(self.url, service, region, self.account)

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
            with _OPENER.open(request, timeout=_START_SECONDS) as answer:
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
        with ExitStack() as stack:
            listener = stack.enter_context(_bound_socket(port))
            chosen = int(listener.getsockname()[1])
            listeners = [listener]
            with suppress(OSError):  # a machine without IPv6, or whose port is taken there
                listeners.append(stack.enter_context(_on_ipv6(chosen)))
            process = _start(listeners, folder, chosen, region)
        emulator = Emulator(port=chosen, process=process, folder=folder)
        _wait_until_ready(emulator)
        yield emulator
    finally:
        if process is not None:
            _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def _require_engine() -> None:
    """Raise what an import here would: the engine is imported in a process of its own."""
    from importlib.util import find_spec

    if find_spec("ministack") is None:
        raise ModuleNotFoundError("No module named 'ministack'", name="ministack")


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


def _on_ipv6(port: int) -> socket.socket:
    """Listen on ``::1`` too: ``localhost`` may be nothing else."""
    listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(("::1", port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _start(
    listeners: Sequence[socket.socket], folder: Path, port: int, region: str
) -> subprocess.Popen[bytes]:
    node_modules = Path.cwd() / "node_modules"
    leaving = folder / "leaving.js"
    leaving.write_text(_KEEPS_WHAT_WAS_COMPILED)
    environment = _inherited() | {
        "BIND_HOST": "127.0.0.1",
        "DOCKER_HOST": "unix:///nonexistent",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": region,
        "NODE_COMPILE_CACHE": str(folder / "node"),
        "NODE_OPTIONS": f"--require={leaving}",
        "NODE_PATH": str(node_modules),
        "PERSIST_STATE": "0",
        "PYTHONWARNINGS": "ignore",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    descriptors = [listener.fileno() for listener in listeners]
    with (folder / "emulator.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", _EMBEDDED, str(folder), *map(str, descriptors)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=descriptors,
            start_new_session=True,
        )


def _inherited() -> dict[str, str]:
    """Return the user's environment without what leads a client to an AWS or a proxy."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and not name.lower().endswith("_proxy")
    }


def _wait_until_ready(emulator: Emulator) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        emulator.ensure_alive()
        try:
            with _OPENER.open(f"{emulator.url}/_ministack/health", timeout=2):
                return
        except OSError:
            time.sleep(0.01)
    raise RehearsalError(
        f"The embedded AWS did not start within {_START_SECONDS} s. {emulator.last_words()}"
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group at once: nothing of it is kept."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
