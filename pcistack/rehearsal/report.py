"""How a rehearsal is shown: live on a terminal, as plain lines elsewhere, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pcistack.checks.findings import counted
from pcistack.rehearsal.critical_path import CriticalPath
from pcistack.rehearsal.embedded.recorded import recorded as recorded_types
from pcistack.rehearsal.faults import Survival
from pcistack.rehearsal.run import Findings
from pcistack.rehearsal.steps import Step, Steps, StepState

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_MARKS = {StepState.PASSED: "ok", StepState.FAILED: "FAILED"}
_STYLES = {StepState.PASSED: "green", StepState.FAILED: "bold red"}


class PlainView:
    """One line per step, for logs."""

    def __init__(self, console: Console) -> None:
        """Print to ``console``."""
        self._console = console

    def started(self, step: Step) -> None:
        """Say nothing yet: the line comes when the step is over."""

    def finished(self, step: Step) -> None:
        """Print the step, and what it found below it."""
        self._console.print(_line(step), soft_wrap=True, highlight=False)
        for detail in step.details:
            self._console.print(f"         {detail}", soft_wrap=True, highlight=False, markup=False)


def _line(step: Step) -> str:
    mark = _MARKS[step.outcome]
    return f"[{_STYLES[step.outcome]}]{mark:<6}[/] {step.seconds:6.1f} s  {step.name}"


class LiveView:
    """Finished steps above, the running one below with its progress."""

    def __init__(self, console: Console) -> None:
        """Print to ``console``, which is a terminal."""
        from rich.live import Live
        from rich.spinner import Spinner

        self._console = console
        self._plain = PlainView(console)
        self._spinner = Spinner("dots")
        self._step: Step | None = None
        self._begun = 0.0
        self.live = Live(
            get_renderable=self._render, console=console, refresh_per_second=8, transient=True
        )

    def started(self, step: Step) -> None:
        """Show the step as running."""
        self._step = step
        self._begun = self._console.get_time()

    def finished(self, step: Step) -> None:
        """Print the step above the running one."""
        self._step = None
        self._plain.finished(step)

    def _render(self) -> RenderableType:
        from rich.text import Text

        step = self._step
        if step is None:
            return Text("")
        seconds = self._console.get_time() - self._begun
        done = f"  {step.done} of {counted(step.total, 'resource')}" if step.total else ""
        self._spinner.update(text=Text(f"     {seconds:6.1f} s  {step.name}{done}"))
        return self._spinner


@contextmanager
def showing(console: Console) -> Iterator[PlainView | LiveView]:
    """Yield the view that fits the console."""
    if not console.is_terminal:
        yield PlainView(console)
        return
    view = LiveView(console)
    with view.live:
        yield view


def summarize(console: Console, steps: Steps, findings: Findings, seconds: float) -> None:
    """Print the counts, what is only recorded, what may be left, and the verdict."""
    from rich.table import Table

    total = sum(findings.resources.values())
    if total:
        recorded = [kind for kind in recorded_types() if kind in findings.resources]
        console.print()
        console.print(
            f"{counted(total, 'resource')} of {counted(len(findings.resources), 'type')}, "
            f"{counted(len(findings.checks), 'promise')} looked into."
        )
        if recorded:
            console.print(f"Recorded, not emulated: {', '.join(recorded)}.")
    if findings.critical_path is not None:
        _show_critical_path(console, findings.critical_path)
    if findings.survivals:
        _show_survivals(console, findings.survivals)
    if findings.expected:
        table = Table(title="Still there, as on AWS", title_justify="left", box=None)
        for column in ("what", "how many"):
            table.add_column(column)
        reasons = [item.expected for item in findings.expected]
        for reason in sorted(set(reasons)):
            table.add_row(reason, str(reasons.count(reason)))
        console.print()
        console.print(table)
    for item in findings.not_covered:
        console.print(f"\nNot rehearsed: {item}.", soft_wrap=True, highlight=False)
    failed = [step.name for step in steps.taken if step.outcome is StepState.FAILED]
    console.print()
    if steps.all_passed:
        console.print(f"[bold green]Rehearsed in {seconds:.0f} s: all verified.[/]")
    else:
        console.print(f"[bold red]Failed after {seconds:.0f} s: {'; '.join(failed)}.[/]")


def _show_critical_path(console: Console, path: CriticalPath) -> None:
    from rich.table import Table

    minutes = counted(round(path.seconds / 60), "minute")
    title = f"A real first deployment takes about {minutes} (an estimate)"
    table = Table(title=title, title_justify="left", box=None)
    table.add_column("longest chain")
    table.add_column("type")
    table.add_column("seconds", justify="right")
    for link in path.links:
        table.add_row(link.resource, link.kind, str(link.seconds))
    console.print()
    console.print(table)
    for wait in path.waits:
        console.print(
            f"  {wait.resource} waits for {wait.waits_for} by DependsOn alone: {wait.saves} s"
        )


def _show_survivals(console: Console, survivals: list[Survival]) -> None:
    from rich.table import Table

    table = Table(title="Faults", title_justify="left", box=None)
    faults = ("create", "update", "delete")
    for column in ("resource type", *faults):
        table.add_column(column, no_wrap=True)
    for kind in sorted({item.kind for item in survivals if item.fault in faults}):
        found = {item.fault: item.problem for item in survivals if item.kind == kind}
        table.add_row(kind, *(_cell(found.get(fault)) for fault in faults))
    console.print()
    console.print(table)
    for item in survivals:
        if item.fault == "kill":
            console.print(f" CLI killed in {item.kind}: {_cell(item.problem)}")


def _cell(problem: str | None) -> str:
    if problem is None:
        return "-"
    return "[bold red]FAILED[/]" if problem else "survived"


def as_json(steps: Steps, findings: Findings, seconds: float) -> dict[str, Any]:
    """Return the report as a JSON document."""
    return {
        "passed": steps.all_passed,
        "seconds": round(seconds, 1),
        "steps": steps_json(steps),
        "resources": findings.resources,
        "critical_path": _critical_path_json(findings.critical_path),
        "faults": [
            {
                "fault": item.fault,
                "type": item.kind,
                "resource": item.resource,
                "survived": not item.problem,
                "problem": item.problem,
            }
            for item in findings.survivals
        ],
        "recorded_not_emulated": [kind for kind in recorded_types() if kind in findings.resources],
        "promises": [asdict(check.as_verified()) for check in findings.checks],
        "expected_remains": [
            {"service": item.service, "kind": item.kind, "key": item.key, "why": item.expected}
            for item in findings.expected
        ],
        "left_behind": [str(item) for item in findings.left],
        "not_covered": findings.not_covered,
    }


def steps_json(steps: Steps) -> list[dict[str, Any]]:
    """Return the steps as JSON."""
    return [
        {
            "name": step.name,
            "outcome": step.outcome.value,
            "seconds": round(step.seconds, 2),
            "details": step.details,
        }
        for step in steps.taken
    ]


def _critical_path_json(path: CriticalPath | None) -> dict[str, Any] | None:
    if path is None:
        return None
    return {
        "seconds": path.seconds,
        "links": [
            {
                "resource": link.resource,
                "type": link.kind,
                "seconds": link.seconds,
                "source": link.source,
            }
            for link in path.links
        ],
        "waits_by_depends_on_alone": [
            {"resource": wait.resource, "for": wait.waits_for, "saves_seconds": wait.saves}
            for wait in path.waits
        ],
    }
