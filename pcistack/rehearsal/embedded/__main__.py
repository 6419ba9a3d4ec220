"""Serve the embedded AWS on sockets that the parent has bound, for as long as the parent lives.

Its arguments are its scratch folder and the numbers of the sockets.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from pcistack.rehearsal import sdk
from pcistack.rehearsal.embedded import (
    _engine,
    addresses,
    collisions,
    control,
    database_clusters,
    database_events,
    database_instances,
    database_servers,
    dns,
    firewall,
    flow_logs,
    function_calls,
    function_processes,
    guards,
    identity_providers,
    jobs,
    late_writers,
    loopback,
    monitoring,
    permissions,
    recorded,
    replacement,
    rotation,
    scaling,
    secrets,
    security_group_rules,
    storage,
)
from pcistack.rehearsal.embedded import engine_fixes as mends
from pcistack.rehearsal.leash import end_with_parent


def main() -> None:
    """Serve until the parent closes the pipe at standard input or ends the process group."""
    scratch, *descriptors = sys.argv[1:]
    end_with_parent(Path(scratch))
    gc.disable()  # what is loaded stays: no collection need look through it, now or later
    sdk.share_models()
    install()
    gc.freeze()
    gc.enable()
    asyncio.run(_serve(descriptors))


def install() -> None:
    """Add to the engine what it lacks."""
    for module in (
        *(addresses, database_clusters, database_events, database_instances, dns, firewall),
        *(flow_logs, identity_providers, monitoring, scaling, secrets, security_group_rules),
        storage,
    ):
        for resource_type in module.RESOURCE_TYPES:
            resource_type.register()
    recorded.install()
    dns.install()
    database_servers.install()
    guards.install()
    permissions.install()
    jobs.install()
    replacement.install()
    collisions.install()
    late_writers.install()
    rotation.install()
    function_calls.install()
    function_processes.install()
    control.install()
    mends.install()
    loopback.install()


async def _serve(socket_descriptors: Sequence[str]) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{descriptor}" for descriptor in socket_descriptors]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    await serve(_engine.module("app").app, config)


if __name__ == "__main__":
    main()
