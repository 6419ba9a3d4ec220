"""One embedded AWS and one synthesized stack for all tests of the rehearsal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.cloudformation import Direct
from pcistack.rehearsal.emulator import running
from pcistack.rehearsal.trial import Lab
from stacks.environment import load_environment
from tests.support import assembly as synthesized

REGION = "eu-central-2"
PROJECT = Path(__file__).resolve().parents[2]


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
    assembly = Assembly.load(synthesized(load_environment("dev")), "dev")
    lab.direct.publish(assembly)
    return assembly
