"""One embedded AWS and one synthesized stack for all tests of the rehearsal."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assurance.rehearsal import project
from assurance.rehearsal.assembly import Assembly
from assurance.rehearsal.direct import Direct
from assurance.rehearsal.emulator import ACCOUNT, running
from assurance.rehearsal.trial import Lab

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


def _synthesized(folder: Path, suffix: str, ingress: bool) -> Assembly:
    environments = {suffix: project.with_ingress(PROJECT, REGION)} if ingress else {}
    copy = project.copied(PROJECT, folder / "project", environments)
    environment = os.environ | {
        "CDK_CONTEXT_JSON": json.dumps({"environmentSuffix": suffix}),
        "CDK_DEFAULT_ACCOUNT": ACCOUNT,
        "CDK_DEFAULT_REGION": REGION,
        "CDK_OUTDIR": str(folder / "out"),
    }
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    subprocess.run(
        [sys.executable, "app.py"], cwd=copy, env=environment, check=True, capture_output=True
    )
    return Assembly.load(folder / "out", suffix)


@pytest.fixture(scope="session")
def dev(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    assembly = _synthesized(tmp_path_factory.mktemp("dev"), "dev", ingress=False)
    lab.direct.publish(assembly)
    return assembly
