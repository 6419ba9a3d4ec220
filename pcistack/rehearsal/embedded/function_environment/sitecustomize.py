"""What a Python function finds in the rehearsal: the clusters' names lead to the servers at hand.

Python loads this module before the function's own. Nothing of the function is changed: it loads its
region's certificate, verifies the server's and its name, and logs in. Where it sleeps it is awake
again a thousand times sooner, since whatever AWS takes its time for is done here at once.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import time
from pathlib import Path
from typing import Any

_SERVERS = Path(os.environ.get("PCISTACK_DATABASE_SERVERS", os.devnull))
_SOONER = 1000
_sleep = time.sleep
_create_connection: Any = socket.create_connection
_load_verify_locations: Any = ssl.SSLContext.load_verify_locations


def _servers() -> dict[str, dict[str, Any]]:
    text = _SERVERS.read_text() if _SERVERS.is_file() else ""
    servers: dict[str, dict[str, Any]] = json.loads(text or "{}")
    return servers


def _connect(address: tuple[str, int], *rest: object, **named: object) -> socket.socket:
    server = _servers().get(address[0])
    if server is not None and address[1] == server["cluster_port"]:
        address = ("127.0.0.1", server["port"])
    connection: socket.socket = _create_connection(address, *rest, **named)
    return connection


def _load(context: ssl.SSLContext, cafile: str | Path | None = None, *rest: object) -> None:
    _load_verify_locations(context, cafile, *rest)
    if cafile is not None and Path(cafile).parent.name == "certificates":
        for server in _servers().values():
            _load_verify_locations(context, server["certificates"])


def _nap(seconds: float) -> None:
    _sleep(seconds / _SOONER)


setattr(time, "sleep", _nap)  # noqa: B010  # under another signature, as those below
setattr(socket, "create_connection", _connect)  # noqa: B010  # under a signature of its own
setattr(ssl.SSLContext, "load_verify_locations", _load)  # noqa: B010
