"""One embedded AWS and one synthesized stack for all tests of the rehearsal."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assurance.rehearsal import project
from assurance.rehearsal.assembly import Assembly, Template
from assurance.rehearsal.direct import Direct
from assurance.rehearsal.emulator import ACCOUNT, Emulator, running
from assurance.rehearsal.sweep import Baseline, Remains
from assurance.rehearsal.verification import Check, Deployed, verify

REGION = "eu-central-2"
PROJECT = Path(__file__).resolve().parents[2]

Edit = Callable[[Template], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of a stack that was deployed and destroyed."""

    created: str
    failures: list[str]
    checks: list[Check]
    destroyed: str
    left: list[Remains]

    @property
    def problems(self) -> list[str]:
        return [problem for check in self.checks for problem in check.problems]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """An embedded AWS to try things on."""

    emulator: Emulator
    direct: Direct
    folder: Path

    def client(self, service: str) -> Any:
        return self.emulator.client(service, REGION)

    def try_template(self, resources: Mapping[str, object]) -> tuple[str, str]:
        """Create a stack of these resources and take it away; return status and first reason."""
        cloudformation = self.client("cloudformation")
        template = json.dumps({"Resources": resources})
        answer = cloudformation.create_stack(StackName="Trial", TemplateBody=template)
        status = self.direct.wait(answer["StackId"])
        failures = self.direct.failures("Trial")
        self.direct.delete("Trial")
        return status, failures[0].reason if failures else ""

    def try_stack(self, assembly: Assembly, edit: Edit) -> Trial:
        """Deploy an edited stack, verify it, destroy it, and look at what is left."""
        number = len(list(self.folder.iterdir()))
        edited = assembly.edited(self.folder / str(number), edit)
        baseline = Baseline(self.emulator)
        created = self.direct.create(edited)
        failures = [str(event) for event in self.direct.failures(edited.stack)]
        ids = self.direct.physical_ids(edited.stack) if created == "CREATE_COMPLETE" else {}
        checks = verify(Deployed(self.emulator, edited, ids)) if ids else []
        destroyed = self.direct.delete(edited.stack)
        remains = baseline.since({physical: name for name, physical in ids.items()})
        return Trial(
            created=created,
            failures=failures,
            checks=checks,
            destroyed=destroyed,
            left=[item for item in remains if not item.expected],
        )


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    previous = Path.cwd()
    os.chdir(PROJECT)
    try:
        with running(region=REGION) as emulator:
            direct = Direct(emulator, REGION)
            direct.prepare_account()
            yield Lab(emulator=emulator, direct=direct, folder=tmp_path_factory.mktemp("edited"))
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
