"""Measures the budgets as multiples of an empty CDK app, since machines differ and are noisy.

Run with ``make bench``; with ``--write`` the table goes into ``docs/performance.md``, with
``--quick`` the tests, which take minutes, are left out.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.page import write_between

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "performance.md"
ROUNDS: Final = 7
REGION: Final = "eu-central-2"

_EMPTY: Final = "from aws_cdk import App, Stack; app = App(); Stack(app, 'Empty'); app.synth()"
_SEVERAL: Final = """
import sys
from stacks.node import speak_directly
speak_directly()
from stacks.app import build_app
from stacks.environment import load_environment
import gc; gc.disable()
build_app([load_environment(f"pr{n}") for n in range(int(sys.argv[1]))]).synth()
"""
_WITHOUT_SCHEMAS: Final = """
import sys
sys.modules["cloudformation_validate"] = None
from pcistack.__main__ import main
main()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one budget is about, as a multiple of the empty CDK app of the same run.

    Attributes:
        what: What was measured.
        ratio: The multiple.
        budget: What it may be at most.
    """

    what: str
    ratio: float
    budget: float

    @property
    def holds(self) -> bool:
        """Whether the budget holds."""
        return self.ratio <= self.budget

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Its cells in a table."""
        verdict = "holds" if self.holds else "MISSED"
        return self.what, f"{self.ratio:.2f}", f"at most {self.budget}", verdict


def main() -> int:
    """Measure, print, and say whether the budgets hold."""
    with tempfile.TemporaryDirectory() as folder:
        samples = _samples(_commands(Path(folder)))
    measured = [
        _paired("`python app.py`, prod, all checks", 1.35, samples["prod"], samples["empty"]),
        _paired(
            "each further environment in the same app",
            0.10,
            [(five - one) / 4 for five, one in _pairs(samples["five"], samples["one"])],
            samples["empty"],
        ),
        _paired("`pcistack check` of prod, a process", 0.2, samples["bare"], samples["empty"]),
        _paired("the same with the extra `schema`", 0.2, samples["check"], samples["empty"]),
    ]
    if "--quick" not in sys.argv:
        measured.append(_tests(samples["empty"]))
    rows = [
        *(each.row for each in measured),
        ("the empty CDK app itself", f"{statistics.median(samples['empty']):.2f} s", "", ""),
    ]
    _show(rows)
    if "--write" in sys.argv:
        _write(rows)
    return 0 if all(each.holds for each in measured) else 1


def _commands(folder: Path) -> Mapping[str, Sequence[str]]:
    """Return what is measured, each as it is called; a template of prod is made for the check."""
    _seconds([sys.executable, "app.py"], folder)
    template = folder / "PciDss-prod.template.json"
    pcistack = str(Path(sys.executable).parent / "pcistack")
    check = ["check", str(template), "--region", REGION]
    return {
        "empty": [sys.executable, "-c", _EMPTY],
        "prod": [sys.executable, "app.py"],
        "one": [sys.executable, "-c", _SEVERAL, "1"],
        "five": [sys.executable, "-c", _SEVERAL, "5"],
        "bare": [sys.executable, "-c", _WITHOUT_SCHEMAS, *check],
        "check": [pcistack, *check],
    }


def _samples(commands: Mapping[str, Sequence[str]]) -> dict[str, list[float]]:
    """Run every command in turn, round by round, after one round that warms the disk's caches."""
    samples: dict[str, list[float]] = {name: [] for name in commands}
    rounds = track(range(ROUNDS + 1), "measuring", console=Console(stderr=True), transient=True)
    for number in rounds:
        for name, command in commands.items():
            with tempfile.TemporaryDirectory() as folder:
                seconds = _seconds(command, Path(folder))
            if number:
                samples[name].append(seconds)
    return samples


def _pairs(first: Sequence[float], second: Sequence[float]) -> list[tuple[float, float]]:
    return list(zip(first, second, strict=True))


def _paired(what: str, budget: float, some: Sequence[float], empty: Sequence[float]) -> Measured:
    """Form the ratio round by round: what disturbs one round disturbs both of its numbers."""
    ratio = statistics.median(one / base for one, base in _pairs(some, empty))
    return Measured(what=what, ratio=ratio, budget=budget)


def _tests(empty: Sequence[float]) -> Measured:
    start = time.perf_counter()
    subprocess.run(["make", "test"], cwd=ROOT, capture_output=True, check=True)
    ratio = (time.perf_counter() - start) / statistics.median(empty)
    return Measured(what="`make test`", ratio=ratio, budget=45)


def _seconds(command: Sequence[str], folder: Path) -> float:
    context = json.dumps({"environmentSuffix": "prod"})
    environment = {**os.environ, "CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": context}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else every run compiles our code again
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode not in (0, 1):  # 1: `check` found what the stack acknowledges
        raise RuntimeError(f"{command[:3]} failed: {done.stderr.decode()[-500:]}")
    return seconds


def _show(rows: Sequence[Sequence[str]]) -> None:
    title = f"In multiples of an empty CDK app, {ROUNDS} rounds in turn"
    table = Table("what", "measured", "budget", "", title=title)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _write(rows: Sequence[Sequence[str]]) -> None:
    lines = ["| what | measured | budget | |", "| --- | --- | --- | --- |"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    write_between(PAGE, "<!-- synth -->", "\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
