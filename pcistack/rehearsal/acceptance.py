"""The acceptance run: what the rehearsal does to the embedded AWS, done once to a real account."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from pcistack.account.verify.run import summary, verify
from pcistack.checks.findings import counted
from pcistack.cost.estimate import Estimate, estimate
from pcistack.cost.quantities import HOURS as MONTH
from pcistack.rehearsal import edits as changes
from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.cdk_cli import Toolkit
from pcistack.rehearsal.late import remove_what_came_late
from pcistack.rehearsal.place import DeploymentPlace
from pcistack.rehearsal.report import steps_json
from pcistack.rehearsal.rotation import rotate
from pcistack.rehearsal.run import Findings
from pcistack.rehearsal.steps import StepError, Steps
from pcistack.rehearsal.verification import deployed, figures
from pcistack.template.document import Template

HOURS: Final = 5
"""The longest that a run takes: three commands of the CLI, rotations, and what comes late."""
COMMAND_SECONDS: Final = 5_400
"""The longest that one command of the CLI takes."""
POLL_SECONDS: Final = 5.0
"""Between two questions how far a command is; an account answers only so many."""
_SETTLE_SECONDS: Final = 300
"""How long services may write after a destroy."""
_ROTATION_SECONDS: Final = 300


def at_most(assembly: Assembly) -> tuple[float, Estimate]:
    """Return what a run costs at most in US dollars, and the month that it is a part of.

    Everything is counted as if it stood at the top of its scaling for all :data:`HOURS`.
    """
    template = copy.deepcopy(assembly.template)
    changes.scale(template)
    changes.scale_out(template)
    month = estimate(Template(template), assembly.region)
    return month.month / MONTH * HOURS, month


class AcceptanceRun:
    """Deploys one stack, asks, changes, rotates and destroys it, and looks at what is left."""

    def __init__(
        self,
        place: DeploymentPlace,
        toolkit: Toolkit,
        steps: Steps,
        assembly: Assembly,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Try ``assembly`` in ``place``.

        Args:
            place: The account.
            toolkit: The CDK CLI with the account's credentials.
            steps: The steps that are taken.
            assembly: The stack; it must keep nothing when it is destroyed.
            pause: Waits some seconds for what AWS does by itself.
        """
        self._place = place
        self._toolkit = toolkit
        self._steps = steps
        self._assembly = assembly
        self._pause = pause
        self.findings = Findings()

    def run(self) -> None:
        """Take every step; whatever fails, the stack is destroyed and the account swept."""
        try:
            self._deploy()
            self._verify(self._assembly)
            changed = self._change()
            self._rotate(changed)
            self._verify(changed)
        except StepError:
            pass  # the step says why
        finally:
            try:
                self._destroy()
            except StepError:
                pass
            else:
                self._sweep()

    def _deploy(self) -> None:
        with self._steps.take(f"cdk deploy {self._assembly.stack}") as step:
            self._toolkit.deploy(self._assembly, step.progress)

    def _verify(self, assembly: Assembly) -> None:
        with self._steps.take(f"pcistack verify {assembly.stack}") as step:
            verified = verify(deployed(self._place, assembly), pause=self._pause)
            self.findings.checks = self.findings.checks or list(verified.checks)
            if verified.holds:
                step.details.append(summary(verified))
            else:
                step.fail(*verified.problems, *verified.unanswered)

    def _change(self) -> Assembly:
        """Change capacity and counts; nothing that holds data may be replaced."""
        stack = self._assembly.stack
        into: Path = self._place.folder / f"{stack}-changed"
        changed = self._assembly.edited(into, changes.scale)
        with self._steps.take(f"cdk deploy {stack}, capacity and counts changed") as step:
            before = self._toolkit.physical_ids(stack)
            old = figures(deployed(self._place, self._assembly))
            self._toolkit.deploy(changed, step.progress)
            after = self._toolkit.physical_ids(stack)
            new = figures(deployed(self._place, changed))
            for name in self._assembly.of_type(*changes.STATEFUL):
                if before.get(name) != after.get(name):
                    step.fail(f"{name}: was replaced: {before.get(name)} is now {after.get(name)}")
            for what in ("the database's capacity", "the scaling limits"):
                if new[what] and new[what] == old[what]:
                    step.fail(f"{what} is still {new[what]}: the change did not reach it")
        return changed

    def _rotate(self, assembly: Assembly) -> None:
        with self._steps.take(f"rotate every secret of {assembly.stack}") as step:
            tried = list(
                rotate(self._place, assembly, patience=_ROTATION_SECONDS, pause=self._pause)
            )
            step.details.append(f"{counted(len(tried), 'secret')} tried")
            for name, problem in tried:
                if problem:
                    step.fail(f"{name}: {problem}")

    def _destroy(self) -> None:
        with self._steps.take(f"cdk destroy {self._assembly.stack}") as step:
            self._settle()
            self._toolkit.destroy(self._assembly, step.progress)

    def _settle(self) -> None:
        """Wait for what CloudFormation goes on with where a command was interrupted."""
        waited = 0.0
        while waited < COMMAND_SECONDS:
            if not self._toolkit.status(self._assembly.stack).endswith("_IN_PROGRESS"):
                return
            self._pause(POLL_SECONDS)
            waited += POLL_SECONDS

    def _sweep(self) -> None:
        with self._steps.take(f"pcistack sweep after {self._assembly.stack}") as step:
            self._pause(_SETTLE_SECONDS)
            removed, left = remove_what_came_late(self._place, self._assembly)
            step.details += [f"{name}: written after the destroy, removed" for name in removed]
            if left:
                step.fail(*left)
            else:
                step.details.append("nothing left")


def report(
    place: DeploymentPlace, assembly: Assembly, run: AcceptanceRun, steps: Steps, seconds: float
) -> dict[str, Any]:
    """Return the report as a JSON document; what the rehearsal's has too is called the same."""
    most, _ = at_most(assembly)
    return {
        "passed": steps.all_passed,
        "seconds": round(seconds, 1),
        "account": place.account,
        "region": assembly.region,
        "suffix": assembly.suffix,
        "dollars_at_most": round(most, 2),
        "steps": steps_json(steps),
        "promises": [asdict(check.as_verified()) for check in run.findings.checks],
    }
