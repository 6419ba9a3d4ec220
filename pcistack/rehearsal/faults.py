"""Making every kind of resource fail once, and the CLI die half way."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from pcistack.checks.findings import counted
from pcistack.rehearsal import edits as changes
from pcistack.rehearsal.assembly import Assembly, TemplateBody
from pcistack.rehearsal.cdk_cli import CommandError, Toolkit
from pcistack.rehearsal.emulator import Fault, RehearsalError
from pcistack.rehearsal.steps import Step, Steps
from pcistack.rehearsal.sweep import Beforehand, Known
from pcistack.rehearsal.trial import Lab
from pcistack.rehearsal.verification import deployed, figures, verify

# Slow enough to be met half way: about three seconds for a stack.
_PACE_SECONDS = 0.03
_LONGEST_WAIT_SECONDS = 60

# The CDK writes it for its own statistics; it is nothing that could fail.
_NEVER_FAILS = {"AWS::CDK::Metadata"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Survival:
    """One fault that was tried.

    Attributes:
        fault: What was made to fail: ``create``, ``update``, ``delete`` or ``kill``.
        kind: The resource type; for a killed CLI, the status in which it was killed.
        resource: Logical id of the resource.
        problem: What went wrong afterwards; empty if the stack survived.
    """

    fault: str
    kind: str
    resource: str
    problem: str


class Faults:
    """Tries faults on one stack, which must keep nothing when it is destroyed."""

    def __init__(self, lab: Lab, toolkit: Toolkit, steps: Steps, assembly: Assembly) -> None:
        """Try faults on ``assembly``."""
        self._lab = lab
        self._toolkit = toolkit
        self._steps = steps
        self._assembly = assembly
        self._known = Known()
        self.survivals: list[Survival] = []

    def run(self) -> None:
        """Try every fault, each in a step of its own kind."""
        representatives = _representatives(self._assembly)
        changed = self._lab.edited(self._assembly, _grow_and_touch)
        touched = _representatives(self._assembly, changed)
        baseline = Beforehand(self._lab.emulator)
        self._try_all(
            "create", representatives, lambda name: self.after_failed_create(baseline, name)
        )
        self._must(self._lab.direct.create(self._assembly), "CREATE_COMPLETE")
        self._try_all("update", touched, lambda name: self.after_failed_update(changed, name))
        self._must(self._lab.direct.update(changed), "UPDATE_COMPLETE")
        self._must(self._lab.direct.delete(self._assembly.stack), "DELETE_COMPLETE")
        self._lab.remove_what_came_late(self._assembly)
        self._try_all(
            "delete", representatives, lambda name: self.after_failed_delete(baseline, name)
        )
        self._kill(baseline, changed)

    def _try_all(
        self, fault: str, resources: dict[str, str], attempt: Callable[[str], str]
    ) -> None:
        with self._steps.take(f"every {fault} fails once") as step:
            for number, (kind, name) in enumerate(resources.items()):
                step.progress(number, len(resources))
                self._note(step, fault, kind, name, attempt(name))
            survived = sum(not item.problem for item in self.survivals if item.fault == fault)
            types = counted(len(resources), "resource type")
            step.details.append(f"{survived} of {types} survived")

    def _note(self, step: Step, fault: str, kind: str, name: str, problem: str) -> None:
        survival = Survival(fault=fault, kind=kind, resource=name, problem=problem)
        self.survivals.append(survival)
        if problem:
            step.fail(f"{name} ({kind}): after a failed {fault}: {problem}")

    # --- One fault each: the answer is what went wrong, or an empty text --------------------------

    def after_failed_create(self, baseline: Beforehand, name: str) -> str:
        """The creation fails there and nowhere before, and rolls back to nothing."""
        direct, stack = self._lab.direct, self._assembly.stack
        status = self._with_fault(name, "create", lambda: direct.create(self._assembly))
        culprits = [event.resource for event in direct.failures(stack)]
        problem = _unless(status == "ROLLBACK_COMPLETE", f"the stack ended in {status}")
        problem = problem or _unless(culprits[:1] == [name], f"{culprits} failed instead")
        problem = problem or self._left(baseline)
        direct.delete(stack)
        return problem

    def after_failed_update(self, changed: Assembly, name: str) -> str:
        """The update fails and rolls back to what was there before."""
        direct, stack = self._lab.direct, self._assembly.stack
        before, ids = self._figures(), direct.physical_ids(stack)
        status = self._with_fault(name, "update", lambda: direct.update(changed))
        problem = _unless(status == "UPDATE_ROLLBACK_COMPLETE", f"the stack ended in {status}")
        problem = problem or _unless(direct.physical_ids(stack) == ids, "a resource was replaced")
        return problem or _unless(self._figures() == before, "the old state did not come back")

    def after_failed_delete(self, baseline: Beforehand, name: str) -> str:
        """The deletion fails, is said to have failed, and the next one finishes it."""
        direct, stack = self._lab.direct, self._assembly.stack
        self._must(direct.create(self._assembly), "CREATE_COMPLETE")
        self._known.add(self._assembly, direct.physical_ids(stack))
        status = self._with_fault(name, "delete", lambda: direct.delete(stack))
        problem = _unless(status == "DELETE_FAILED", f"the stack ended in {status}")
        if status != "DELETE_COMPLETE":
            status = direct.delete(stack)
        problem = problem or _unless(status == "DELETE_COMPLETE", f"the next ended in {status}")
        return problem or self._left(baseline)

    # --- The CLI killed ---------------------------------------------------------------------------

    def _kill(self, baseline: Beforehand, changed: Assembly) -> None:
        """Kill the CLI in each phase; running it again finishes the work."""
        toolkit = self._toolkit
        with self._steps.take("the CDK CLI is killed half way, then run again") as step:
            for status, assembly, start, again in (
                ("REVIEW_IN_PROGRESS", self._assembly, toolkit.start_deploy, toolkit.deploy),
                ("UPDATE_IN_PROGRESS", changed, toolkit.start_deploy, toolkit.deploy),
                ("DELETE_IN_PROGRESS", changed, toolkit.start_destroy, toolkit.destroy),
                ("CREATE_IN_PROGRESS", self._assembly, toolkit.start_deploy, toolkit.deploy),
                ("DELETE_IN_PROGRESS", self._assembly, toolkit.start_destroy, toolkit.destroy),
            ):
                self._kill_once(status, assembly, start(assembly))
                problem = self._finish(assembly, again)
                self._note(step, "kill", status, assembly.stack, problem)
            left = self._left(baseline)
            if left:
                step.fail(left)
            survived = sum(not item.problem for item in self.survivals if item.fault == "kill")
            step.details.append(f"{survived} of 5 times the next run finished the work")

    def _kill_once(self, status: str, assembly: Assembly, process: subprocess.Popen[str]) -> None:
        self._lab.emulator.set_pace(_PACE_SECONDS)
        deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
        try:
            while self._toolkit.status(assembly.stack) != status:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RehearsalError(f"The CLI was never seen in {status}, so not killed.")
                time.sleep(0.005)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self._lab.emulator.set_pace(0)

    def _finish(self, assembly: Assembly, again: Callable[[Assembly], None]) -> str:
        try:
            again(assembly)
        except CommandError as error:
            return f"the next run failed: {error}"
        status = self._toolkit.status(assembly.stack)
        if status.endswith("_IN_PROGRESS"):
            # The CLI sees the template it brings there already, and leaves; CloudFormation goes on.
            status = self._lab.direct.wait(assembly.stack)
        if not status or status == "DELETE_COMPLETE":
            self._lab.remove_what_came_late(self._assembly)
            return ""
        ids = self._toolkit.physical_ids(assembly.stack)
        self._known.add(assembly, ids)
        verified = verify(self._lab.emulator, assembly)
        return "; ".join([*verified.problems, *verified.unanswered])

    # --- What is there ----------------------------------------------------------------------------

    def _with_fault(self, name: str, operation: str, act: Callable[[], str]) -> str:
        fault = Fault(stack=self._assembly.stack, resource=name, operation=operation)
        self._lab.emulator.set_faults([fault])
        try:
            return act()
        finally:
            self._lab.emulator.set_faults([])

    def _left(self, baseline: Beforehand) -> str:
        self._lab.remove_what_came_late(self._assembly)
        remains = baseline.since(self._known)
        left = [
            str(item)
            for item in remains
            if not item.expected and (item.service, item.kind) != ("cloudformation", "stacks")
        ]
        return f"left behind: {', '.join(left)}" if left else ""

    def _figures(self) -> dict[str, object]:
        """Return what the update changes and a rollback takes back, as the services tell it.

        Not the count of tasks: what autoscaling has lifted stays until a policy takes it back.
        """
        only_tagged = [{"Name": "key", "Values": ["Rehearsed"]}]
        tagged = self._lab.client("ec2").describe_tags(Filters=only_tagged)["Tags"]
        found = {**figures(deployed(self._lab.emulator, self._assembly)), "tags": tagged}
        del found["the service's count"]
        return found

    def _must(self, status: str, wanted: str) -> None:
        if status != wanted:
            reasons = self._lab.direct.failures(self._assembly.stack)
            raise RehearsalError(f"The stack ended in {status}: {reasons}")


def _unless(holds: bool, problem: str) -> str:
    return "" if holds else problem


def _grow_and_touch(template: TemplateBody) -> None:
    changes.grow(template)
    changes.touch(template)


def _differs(before: Assembly, after: Assembly, name: str) -> bool:
    return before.resources[name].get("Properties") != after.resources[name].get("Properties")


def _representatives(assembly: Assembly, changed: Assembly | None = None) -> dict[str, str]:
    """Return one resource of each type that can fail, of those that a change touches."""
    found: dict[str, str] = {}
    for name in sorted(assembly.resources):
        if changed is None or _differs(assembly, changed, name):
            found.setdefault(str(assembly.resources[name]["Type"]), name)
    return {kind: found[kind] for kind in sorted(found.keys() - _NEVER_FAILS)}
