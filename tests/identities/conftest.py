"""A real server for every test here; where none is installed they say so, and CI fails."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pcistack.rehearsal.mariadb import INSTALL, RunningServer, installed, serving
from tests.identities.world import MASTER, World

_SETUP = f"""
CREATE USER '{MASTER.user}'@'%' IDENTIFIED BY '{MASTER.password}' REQUIRE SSL;
GRANT ALL PRIVILEGES ON *.* TO '{MASTER.user}'@'%' WITH GRANT OPTION;
"""


@pytest.fixture(scope="session")
def running() -> Iterator[RunningServer]:
    if installed() is None:
        missing = f"there is no database server to test against; install one: {INSTALL}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with serving(statements=_SETUP) as server:
        yield server


@pytest.fixture
def world(running: RunningServer) -> World:
    fresh = World(running=running)
    fresh.clear()
    return fresh
