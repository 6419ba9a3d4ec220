"""What both diagrams say in the same words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pcistack.network.network import Kind, Network

KINDS: Final[Mapping[Kind, str]] = {
    Kind.LOAD_BALANCER: "Load balancer",
    Kind.TASKS: "Tasks",
    Kind.FUNCTION: "Function",
    Kind.INSTANCE: "Instance",
    Kind.DATABASE: "Database",
    Kind.CACHE: "Cache",
    Kind.SEARCH: "Search",
    Kind.FILES: "File system",
    Kind.STREAM: "Stream",
    Kind.PROXY: "Database proxy",
    Kind.ENDPOINT: "Endpoint",
}


def reached(network: Network) -> tuple[str, ...]:
    """Say so, if the internet reaches nothing."""
    return () if network.from_internet() else ("the internet reaches nothing in this network",)
