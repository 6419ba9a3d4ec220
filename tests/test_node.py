"""Python speaks to Node directly, and to the one that somebody has chosen."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stacks.node import VARIABLE, speak_directly

ROOT = Path(__file__).resolve().parent.parent

_WITHOUT_THE_PROCESS_BETWEEN = """
import os, signal
from stacks.node import speak_directly
speak_directly()
from aws_cdk import Duration
from jsii._runtime import kernel
between = kernel.provider._process._process.pid
os.kill(between, signal.SIGSTOP)
print(Duration.hours(1).to_seconds())
os.kill(between, signal.SIGCONT)
"""


def test_no_message_goes_through_the_process_between() -> None:
    """It is stopped; an answer comes all the same, and the end is in order."""
    ran = subprocess.run(
        [sys.executable, "-c", _WITHOUT_THE_PROCESS_BETWEEN],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "3600"), ran.stderr


def test_chosen_node_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/opt/node")
    speak_directly()
    assert os.environ[VARIABLE] == "/opt/node"


def test_without_node_jsii_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("PATH", str(tmp_path))
    speak_directly()
    assert VARIABLE not in os.environ
