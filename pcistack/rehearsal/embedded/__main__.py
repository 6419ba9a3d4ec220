"""Serve the embedded AWS on a socket that the parent has bound, for as long as the parent lives."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading

from pcistack.rehearsal.embedded import (
    _engine,
    control,
    database,
    firewall,
    guards,
    monitoring,
    network,
    recorded,
    scaling,
    secrets,
    storage,
)
from pcistack.rehearsal.embedded import engine_fixes as mends


def main() -> None:
    """Serve until the parent closes the pipe at standard input, or a signal comes."""
    socket_descriptor = int(sys.argv[1])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    install()
    asyncio.run(_serve(socket_descriptor))


def install() -> None:
    """Add to the engine what it lacks."""
    for module in (database, firewall, monitoring, network, scaling, secrets, storage):
        for resource_type in module.RESOURCE_TYPES:
            resource_type.register()
    recorded.install()
    guards.install()
    control.install()
    mends.install()
    # Resource handlers call the engine's own APIs, so they must not run on its event loop.
    stacks = _engine.module("services.cloudformation.stacks")
    stacks._runs_on_worker_thread = lambda _resource_type: True


def _end_with_parent() -> None:
    """End with every child, such as a Node worker, once nobody holds the other end of the pipe."""
    while os.read(0, 4096):
        pass
    os.killpg(os.getpgid(0), signal.SIGKILL)


async def _serve(socket_descriptor: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{socket_descriptor}"]
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
