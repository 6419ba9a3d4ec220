"""What holds for every test: the same examples each time, and nothing made while collecting."""

from __future__ import annotations

import sys

import pytest
from hypothesis import settings

settings.register_profile("pcistack", deadline=None, derandomize=True)
settings.load_profile("pcistack")  # a slow machine fails nothing

MADE_WHILE_COLLECTING = pytest.StashKey[int]()
"""How many objects of the CDK existed when the last test was collected."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Ask Node, if it runs, how many objects the test modules made when they were imported."""
    runtime = sys.modules.get("jsii._runtime")
    session.config.stash[MADE_WHILE_COLLECTING] = (
        runtime.kernel.stats().object_count if runtime else 0
    )
