"""What holds for every test: the same examples each time, and no work done twice or too early."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from stacks.node import speak_directly
from tests.support import SYNTHESIZED

if TYPE_CHECKING:
    from xdist.remote import Producer  # type: ignore[import-untyped]

settings.register_profile("pcistack", deadline=None, derandomize=True)
settings.load_profile("pcistack")  # a slow machine fails nothing

_REHEARSAL: Final = "tests/rehearsal/"
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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Keep on one worker what shares something that is slow to make."""
    return _ByWhatIsShared(config, log)


class _ByWhatIsShared(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """A file's tests share its fixtures; those of the rehearsal one deployed stack."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return _REHEARSAL if file.startswith(_REHEARSAL) else file
