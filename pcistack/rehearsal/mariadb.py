"""A real database server, where one is installed: MariaDB, over TLS only, gone when it ends.

Debian's ``mariadb-server-core`` holds all that is needed. It speaks MySQL's protocol and the SQL
that the stack's function uses; what it cannot show is Aurora itself.
"""

from __future__ import annotations

import atexit
import datetime
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

INSTALL: Final = "apt-get install --no-install-recommends mariadb-server-core"
"""What puts the server onto a Debian machine."""

_START_SECONDS: Final = 30
_SYSTEM_TABLES: Final = (
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
)
# Long past and far ahead, so that no clock decides whether a certificate is valid.
_FROM: Final = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
_UNTIL: Final = datetime.datetime(2099, 1, 1, tzinfo=datetime.UTC)


class NoServerError(Exception):
    """No database server could be started; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A running server.

    Attributes:
        host: Its name or address, which its certificate holds.
        port: Its TCP port.
        certificates: PEM file with the certificate that signed the server's.
        folder: Its scratch folder, which also holds its log.
    """

    host: str
    port: int
    certificates: Path
    folder: Path


def installed() -> Path | None:
    """Return the server's program, or None if there is none."""
    found = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


@contextmanager
def serving(
    *, names: Sequence[str] = ("localhost",), statements: str = ""
) -> Iterator[RunningServer]:
    """Start a server with nothing in it, and stop it whatever happens.

    Args:
        names: Names that its certificate holds, such as a cluster's endpoints; the first becomes
            :attr:`RunningServer.host`.
        statements: SQL that it runs before it takes connections, each statement on one line.

    Raises:
        NoServerError: MariaDB is not installed, or it did not start.
    """
    program = installed()
    if program is None:
        raise NoServerError(f"MariaDB is not installed: {INSTALL}")
    folder = Path(tempfile.mkdtemp(prefix="pcistack-mariadb-"))
    process: subprocess.Popen[bytes] | None = None
    try:
        _make_certificates(folder, names)
        shutil.copytree(_tables(program), folder / "data")
        (folder / "first.sql").write_text(statements)
        port = _free_port()
        process = _start(program, folder, port)
        _wait(process, folder, port)
        yield RunningServer(host=names[0], port=port, certificates=folder / "ca.pem", folder=folder)
    finally:
        if process is not None:
            _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def _options(folder: Path) -> list[str]:
    user = ["--user=root"] if os.geteuid() == 0 else []
    return [
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        f"--tmpdir={folder}",  # a server that starts tidies up in it, another's tables as well
        f"--log-error={folder / 'server.log'}",
        "--innodb-buffer-pool-size=16M",
        "--innodb-log-file-size=4M",
        "--innodb-flush-log-at-trx-commit=0",
        *user,
    ]


@cache
def _tables(program: Path) -> Path:
    """Make the system tables once, as mariadb-install-db does, which needs the client's package."""
    scripts = Path("/usr/share/mysql")
    if not (scripts / _SYSTEM_TABLES[0]).is_file():
        raise NoServerError(f"{scripts} lacks the tables of the server: {INSTALL}")
    folder = Path(tempfile.mkdtemp(prefix="pcistack-mariadb-tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "data").mkdir()
    lines = ["CREATE DATABASE mysql;", "USE mysql;", "SET @auth_root_socket=NULL;"]
    lines += [(scripts / name).read_text() for name in _SYSTEM_TABLES]
    made = subprocess.run(
        [str(program), *_options(folder), "--bootstrap"],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=_START_SECONDS,
        check=False,
    )
    if made.returncode:
        raise NoServerError(f"MariaDB could not make its tables: {_last_words(folder)}")
    return folder / "data"


def _start(program: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            str(program),
            *_options(folder),
            "--bind-address=127.0.0.1",
            f"--port={port}",
            f"--socket={folder / 'socket'}",
            f"--pid-file={folder / 'pid'}",
            f"--ssl-ca={folder / 'ca.pem'}",
            f"--ssl-cert={folder / 'server.pem'}",
            f"--ssl-key={folder / 'server.key'}",
            "--require-secure-transport=ON",
            f"--init-file={folder / 'first.sql'}",
            "--skip-name-resolve",
            "--max-connections=200",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _wait(process: subprocess.Popen[bytes], folder: Path, port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.005)
    raise NoServerError(f"MariaDB did not start: {_last_words(folder)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End it at once: nothing of it is kept, and asked politely it now and then does not hear."""
    process.kill()
    process.wait()


def _last_words(folder: Path) -> str:
    log = folder / "server.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    errors = [line for line in lines if "ERROR" in line]
    return "; ".join(errors) or "its log names no error"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _make_certificates(folder: Path, names: Sequence[str]) -> None:
    """Make an authority and a certificate of the server that it signed, as RDS has them."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def make(name: str, issuer: str, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_FROM)
            .not_valid_after(_UNTIL)
        )

    authority, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    # By its name alone a client tells authorities apart.
    name_of_root = f"Rehearsal Root CA of {folder.name}"
    root = make(name_of_root, name_of_root, authority.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    leaf = make("Rehearsal server", name_of_root, server.public_key()).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
    )
    pem = serialization.Encoding.PEM
    for name, builder in (("ca.pem", root), ("server.pem", leaf)):
        (folder / name).write_bytes(builder.sign(authority, hashes.SHA256()).public_bytes(pem))
    (folder / "server.key").write_bytes(
        server.private_bytes(
            pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
