"""One embedded AWS and one deployed stack for all tests of the rehearsal.

``dev`` stands from the first test that wants it to the last one, and every test leaves it as it
was; what a test makes and destroys itself is ``pr42``, or a part of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.cloudformation import Direct
from pcistack.rehearsal.emulator import running
from pcistack.rehearsal.sdk import share_models
from pcistack.rehearsal.trial import Lab
from stacks.environment import load_environment
from tests.rehearsal.parts import without_functions
from tests.support import assembly as synthesized

REGION = "eu-central-2"
PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def _models() -> None:
    """The commands under test, each with a session of its own, read the SDK's models once."""
    share_models()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    previous = Path.cwd()
    os.chdir(PROJECT)
    try:
        with running(region=REGION) as emulator:
            direct = Direct(emulator, REGION)
            direct.prepare_account()
            folder = tmp_path_factory.mktemp("edited")
            yield Lab(emulator=emulator, direct=direct, region=REGION, folder=folder)
    finally:
        os.chdir(previous)


@pytest.fixture(scope="session")
def dev(lab: Lab) -> Assembly:
    return _synthesized(lab, "dev")


@pytest.fixture(scope="session")
def pr42(lab: Lab) -> Assembly:
    return _synthesized(lab, "pr42")


def _synthesized(lab: Lab, suffix: str) -> Assembly:
    assembly = Assembly.load(synthesized(load_environment(suffix)), suffix)
    lab.direct.publish(assembly)
    return assembly


@pytest.fixture(scope="session")
def up(lab: Lab, dev: Assembly) -> Iterator[Assembly]:
    """The deployed ``dev``."""
    assert lab.direct.create(dev) == "CREATE_COMPLETE", lab.direct.failures(dev.stack)
    yield dev
    assert lab.destroy(dev) == "DELETE_COMPLETE", lab.direct.failures(dev.stack)


@pytest.fixture(scope="session")
def lean(lab: Lab, pr42: Assembly) -> Assembly:
    """``pr42`` without its functions."""
    return lab.edited(pr42, without_functions)
