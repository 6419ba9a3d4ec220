"""Serve the embedded AWS on sockets that the parent has bound, for as long as the parent lives."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence

from pcistack.rehearsal.embedded import (
    _engine,
    collisions,
    control,
    database,
    database_servers,
    dns,
    firewall,
    function_calls,
    guards,
    identity_providers,
    jobs,
    late_writers,
    monitoring,
    network,
    permissions,
    recorded,
    replacement,
    rotation,
    scaling,
    secrets,
    storage,
)
from pcistack.rehearsal.embedded import engine_fixes as mends
from pcistack.rehearsal.leash import end_with_parent


def main() -> None:
    """Serve until the parent closes the pipe at standard input, or a signal comes."""
    end_with_parent()
    install()
    asyncio.run(_serve(sys.argv[1:]))


def install() -> None:
    """Add to the engine what it lacks."""
    for module in (
        *(database, dns, firewall, identity_providers, monitoring, network, scaling),
        *(secrets, storage),
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
    control.install()
    mends.install()
    # Resource handlers call the engine's own APIs, so they must not run on its event loop.
    stacks = _engine.module("services.cloudformation.stacks")
    stacks._runs_on_worker_thread = lambda _resource_type: True


async def _serve(socket_descriptors: Sequence[str]) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{descriptor}" for descriptor in socket_descriptors]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    async def stopped() -> None:
        await stop.wait()

    await serve(_engine.module("app").app, config, shutdown_trigger=stopped)


if __name__ == "__main__":
    main()
