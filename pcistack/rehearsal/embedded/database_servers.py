"""A real server behind each cluster, where MariaDB is installed: the users are made on it.

It starts when the first custom resource asks for the cluster, and ends with the cluster. Where no
server is installed, making the users is recorded only, and the report says so.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from pcistack.rehearsal.embedded import _engine
from pcistack.rehearsal.mariadb import installed, serving

USERS: Final = "Custom::DatabaseUsers"
"""The resource that makes the users."""

FUNCTIONS: Final[set[str]] = set()
"""ARNs of the functions that made users on a server."""

_lock = threading.Lock()
_running: dict[str, ExitStack] = {}
_known: dict[str, dict[str, object]] = {}  # by each name of a cluster


def install() -> None:
    """Let Python functions find the servers, and start one before the users are made."""
    environment = Path(__file__).parent / "function_environment"
    os.environ["PCISTACK_DATABASE_SERVERS"] = str(_list())
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(environment), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    custom = _engine.module("services.cloudformation.custom_resource")
    original = custom.invoke_custom_resource

    def invoke(
        request: str, logical_id: str, values: Mapping[str, Any], *rest: object, **named: object
    ) -> _engine.Untyped:
        if USERS not in rest:
            return original(request, logical_id, values, *rest, **named)
        if installed() is None:
            return named.get("physical_id") or "database-users", {}
        if request != "Delete":
            start(str(values.get("Host")))
            FUNCTIONS.add(str(values.get("ServiceToken")))
        return original(request, logical_id, values, *rest, **named)

    custom.invoke_custom_resource = invoke


def start(host: str) -> None:
    """Start the server of the cluster with an endpoint, unless it runs."""
    clusters = _engine.module("services.rds")._clusters
    cluster = next((c for c in clusters.values() if c["Endpoint"] == host), None)
    if cluster is None:
        return
    identifier = str(cluster["DBClusterIdentifier"])
    with _lock:
        if identifier in _running:
            return
        stack = ExitStack()
        names = (str(cluster["Endpoint"]), str(cluster["ReaderEndpoint"]))
        server = stack.enter_context(serving(names=names, statements=_statements(cluster)))
        _running[identifier] = stack
        for name in names:
            _known[name] = {
                "cluster": identifier,
                "cluster_port": int(cluster["Port"]),
                "port": server.port,
                "certificates": str(server.certificates),
            }
        _list().write_text(json.dumps(_known))


def stop(identifier: str) -> None:
    """Stop the server of a cluster, if there is one."""
    with _lock:
        stack = _running.pop(identifier, None)
        if stack is None:
            return
        for name in [name for name, entry in _known.items() if entry["cluster"] == identifier]:
            del _known[name]
        _list().write_text(json.dumps(_known))
        stack.close()


def _statements(cluster: Mapping[str, Any]) -> str:
    """Return what RDS does at first: the database, and the master user of the secret."""
    manager = _engine.module("services.secretsmanager")
    arn = cluster["MasterUserSecret"]["SecretArn"]
    secret = next(s for s in manager._secrets.values() if s["ARN"] == arn)
    current = next(v for v in secret["Versions"].values() if "AWSCURRENT" in v["Stages"])
    login = json.loads(current["SecretString"])
    user = f"'{login['username']}'@'%'"
    password = login["password"].replace("\\", "\\\\").replace("'", "''")
    return "\n".join(
        [
            f"CREATE DATABASE `{cluster['DatabaseName']}`;",
            f"CREATE USER {user} IDENTIFIED BY '{password}';",
            f"GRANT ALL PRIVILEGES ON *.* TO {user} WITH GRANT OPTION;",
        ]
    )


def _list() -> Path:
    return Path(tempfile.gettempdir()) / "database-servers.json"
