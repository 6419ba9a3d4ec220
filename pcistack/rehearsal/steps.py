"""The steps of a rehearsal, and who watches them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from pcistack.account.aws import AwsError
from pcistack.rehearsal.emulator import RehearsalError


class StepState(Enum):
    """How a step ended, or that it has not."""

    PENDING = "pending"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(slots=True, kw_only=True)
class Step:
    """One step.

    Attributes:
        name: What it does.
        outcome: How it ended.
        seconds: How long it took.
        done: Resources done.
        total: Resources in all; 0 where none are counted.
        details: What it found, one line each; for a failed step, why.
    """

    name: str
    outcome: StepState = StepState.PENDING
    seconds: float = 0.0
    done: int = 0
    total: int = 0
    details: list[str] = field(default_factory=list)

    def progress(self, done: int, total: int) -> None:
        """Note how far the step is."""
        self.done, self.total = done, total

    def fail(self, *reasons: str) -> None:
        """Note that the step has failed, and why."""
        self.outcome = StepState.FAILED
        self.details += reasons


class Watcher(Protocol):
    """What shows the steps while they run."""

    def started(self, step: Step) -> None:
        """A step begins."""

    def finished(self, step: Step) -> None:
        """A step has ended."""


class StepError(Exception):
    """A step failed without which the following ones make no sense."""


class Steps:
    """The steps taken so far."""

    def __init__(self, view: Watcher) -> None:
        """Show them to ``view``."""
        self._view = view
        self.taken: list[Step] = []

    @contextmanager
    def take(self, name: str) -> Iterator[Step]:
        """Take a step; an error of the rehearsal fails it and stops the run.

        Raises:
            StepError: The step met an error.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        step = Step(name=name, outcome=StepState.RUNNING)
        self.taken.append(step)
        begun = time.monotonic()
        self._view.started(step)
        try:
            yield step
        except (RehearsalError, AwsError, BotoCoreError, ClientError) as error:
            step.fail(*str(error).splitlines())
            raise StepError(name) from error
        except BaseException:
            step.fail()  # interrupted, or an error of our own
            raise
        finally:
            step.seconds = time.monotonic() - begun
            if step.outcome is StepState.RUNNING:
                step.outcome = StepState.PASSED
            self._view.finished(step)

    @property
    def all_passed(self) -> bool:
        """Whether there were steps and every one passed."""
        return bool(self.taken) and all(step.outcome is StepState.PASSED for step in self.taken)
