"""Measures what the checks cost at synth, against an empty CDK app with default settings.

Run with ``make bench``; with ``--write`` the table goes into ``docs/performance.md``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.page import write_between

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "performance.md"
ROUNDS: Final = 7
BUDGET_RATIO: Final = 1.4
BUDGET_FURTHER_SECONDS: Final = 0.15

_EMPTY: Final = "from aws_cdk import App, Stack; app = App(); Stack(app, 'Empty'); app.synth()"
_SEVERAL: Final = """
import sys
from stacks.app import build_app
from stacks.environment import load_environment
import gc; gc.disable()
build_app([load_environment(f"pr{n}") for n in range(int(sys.argv[1]))]).synth()
"""


def main() -> int:
    """Measure, print, and say whether the budgets hold."""
    samples: dict[str, list[float]] = {"empty": [], "prod": [], "one": [], "five": []}
    commands: dict[str, Sequence[str]] = {
        "empty": [sys.executable, "-c", _EMPTY],
        "prod": [sys.executable, "app.py"],
        "one": [sys.executable, "-c", _SEVERAL, "1"],
        "five": [sys.executable, "-c", _SEVERAL, "5"],
    }
    for command in commands.values():
        _seconds(command)  # warm the caches of the disk
    for _ in track(range(ROUNDS), "measuring", console=Console(stderr=True), transient=True):
        for name, command in commands.items():
            samples[name].append(_seconds(command))
    ratio = statistics.median(
        prod / empty for prod, empty in zip(samples["prod"], samples["empty"], strict=True)
    )
    further = statistics.median(
        (five - one) / 4 for five, one in zip(samples["five"], samples["one"], strict=True)
    )
    rows = [
        (
            "`python app.py`, prod, all checks / empty CDK app",
            f"{ratio:.2f}",
            f"at most {BUDGET_RATIO}",
            _verdict(ratio <= BUDGET_RATIO),
        ),
        (
            "each further environment in the same app",
            f"{further:.2f} s",
            f"at most {BUDGET_FURTHER_SECONDS} s",
            _verdict(further <= BUDGET_FURTHER_SECONDS),
        ),
        *(
            (f"median wall time: {name}", f"{statistics.median(samples[key]):.2f} s", "", "")
            for key, name in (("empty", "empty CDK app"), ("prod", "`python app.py`, prod"))
        ),
    ]
    _show(rows)
    if "--write" in sys.argv:
        _write(rows)
    return 0 if ratio <= BUDGET_RATIO and further <= BUDGET_FURTHER_SECONDS else 1


def _verdict(holds: bool) -> str:
    return "holds" if holds else "MISSED"


def _seconds(command: Sequence[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        context = json.dumps({"environmentSuffix": "prod"})
        environment = {**os.environ, "CDK_OUTDIR": folder, "CDK_CONTEXT_JSON": context}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else every run compiles our code again
        start = time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
        return time.perf_counter() - start


def _show(rows: Sequence[Sequence[str]]) -> None:
    table = Table("what", "measured", "budget", "", title=f"Synth, {ROUNDS} rounds in turn")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _write(rows: Sequence[Sequence[str]]) -> None:
    lines = ["| what | measured | budget | |", "| --- | --- | --- | --- |"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    write_between(PAGE, "<!-- synth -->", "\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
