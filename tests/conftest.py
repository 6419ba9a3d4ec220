"""What holds for every test: the same examples each time, and no work done twice or too early."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from stacks.node import speak_directly
from tests.support import SYNTHESIZED

settings.register_profile("pcistack", deadline=None, derandomize=True)
settings.load_profile("pcistack")  # a slow machine fails nothing

MADE_WHILE_COLLECTING = pytest.StashKey[int]()
"""How many objects of the CDK and synthesized environments there were before the first test."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Ask Node, if it runs, how many objects the test modules made when they were imported."""
    gc.freeze()  # what is imported stays; at the end nobody need look through it
    runtime = sys.modules.get("jsii._runtime")
    made = len(list(Path(os.environ[SYNTHESIZED]).iterdir()))
    session.config.stash[MADE_WHILE_COLLECTING] = made + (
        runtime.kernel.stats().object_count if runtime else 0
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give the workers, which inherit the environment, one folder for what they synthesize."""
    speak_directly()
    gc.disable()  # objects of the CDK are many, and stay: looking through them takes a tenth
    config.add_cleanup(gc.freeze)  # pytest looks a second time, when nothing is left
    if not hasattr(config, "workerinput"):
        folder = tempfile.TemporaryDirectory(prefix="synthesized-")
        os.environ[SYNTHESIZED] = folder.name
        config.add_cleanup(folder.cleanup)
