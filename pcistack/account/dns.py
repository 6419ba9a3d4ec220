"""What the public DNS says of a name: which servers have it, and who may issue certificates."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

NAME_SERVERS: Final = 2
ISSUERS: Final = 257
"""Types of records (RFC 1035 NS, RFC 8659 CAA)."""

Lookup: TypeAlias = Callable[[str, int], "list[str] | None"]
"""Records of a name, a CAA as ``issue amazon.com``; None if no server answered."""

_CONFIGURATION: Final = Path("/etc/resolv.conf")
_SECONDS: Final = 3.0
_NO_SUCH_NAME: Final = 3
_LONGEST_CHAIN: Final = 64


def lookup(name: str, kind: int) -> list[str] | None:
    """Ask the resolver of this machine."""
    try:
        servers = [
            line.split()[1]
            for line in _CONFIGURATION.read_text(encoding="ascii").splitlines()
            if line.startswith("nameserver ")
        ]
        with socket.socket(
            socket.AF_INET6 if ":" in servers[0] else socket.AF_INET, socket.SOCK_DGRAM
        ) as connection:
            connection.settimeout(_SECONDS)
            connection.connect((servers[0], 53))
            question = query(name, kind)
            connection.send(question)
            return records(connection.recv(4096), question, kind)
    except (OSError, ValueError, IndexError, struct.error):
        return None


def query(name: str, kind: int) -> bytes:
    """Return a question that asks a resolver to find the answer."""
    labels = name.rstrip(".").encode("idna").split(b".")
    written = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    header = struct.pack("!2sHHHHH", os.urandom(2), 0x0100, 1, 0, 0, 0)
    return header + written + struct.pack("!HH", kind, 1)


def records(answer: bytes, question: bytes, kind: int) -> list[str] | None:
    """Return the records of an answer; None if it is of another question, or an error.

    Raises:
        ValueError, IndexError, struct.error: It is cut short or malformed.
    """
    flags, _, count = struct.unpack_from("!HHH", answer, 2)
    code = flags & 0xF
    if answer[:2] != question[:2] or code not in (0, _NO_SUCH_NAME):
        return None
    return list(_records(answer, len(question), count, kind))


def _records(answer: bytes, at: int, count: int, kind: int) -> Iterator[str]:
    for _ in range(count):
        _, at = _name(answer, at)
        found, _, _, length = struct.unpack_from("!HHIH", answer, at)
        at += 10
        if found == kind == NAME_SERVERS:
            yield _name(answer, at)[0]
        elif found == kind == ISSUERS:
            tag = answer[at + 2 : at + 2 + answer[at + 1]]
            value = answer[at + 2 + len(tag) : at + length]
            yield f"{tag.decode('ascii').lower()} {value.decode('ascii', 'replace')}"
        at += length


def _name(answer: bytes, at: int) -> tuple[str, int]:
    """Return a name, and where what follows it begins; a name may go on elsewhere."""
    labels: list[str] = []
    after = 0
    for _ in range(_LONGEST_CHAIN):
        length = answer[at]
        if length >= 0xC0:
            after = after or at + 2
            at = struct.unpack_from("!H", answer, at)[0] & 0x3FFF
            continue
        if not length:
            return ".".join(labels).lower(), after or at + 1
        labels.append(answer[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    raise ValueError("a name without an end")
