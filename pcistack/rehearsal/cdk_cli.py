"""Driving the real CDK CLI against the embedded AWS."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.emulator import RehearsalError
from pcistack.rehearsal.place import DeploymentPlace
from pcistack.rehearsal.sdk import Client

# Called with resources done and resources in all.
Progress = Callable[[int, int], None]

_POLL_SECONDS = 0.2
_LONGEST_SECONDS = 300
_LINES = 30
_LEASH = (sys.executable, "-m", "pcistack.rehearsal.leash")
_LONGEST_LINE = 240
# What the CLI adds to the app's own words.
_APP_ENDED = ": Subprocess exited with error "
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class CommandError(RehearsalError):
    """The CDK CLI ended with an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One failed step of CloudFormation.

    Attributes:
        resource: Logical id.
        kind: Resource type.
        status: For example ``CREATE_FAILED``.
        reason: What the service said.
    """

    resource: str
    kind: str
    status: str
    reason: str

    def __str__(self) -> str:
        """Name the resource, its type and the reason in one line."""
        reason = self.reason.splitlines()[0] if self.reason else "no reason given"
        return f"{self.resource} ({self.kind}): {self.status}: {reason}"


class Toolkit:
    """The CDK CLI, with an environment that reaches one AWS only."""

    def __init__(
        self,
        place: DeploymentPlace,
        region: str,
        project: Path,
        *,
        longest: float = _LONGEST_SECONDS,
        poll: float = _POLL_SECONDS,
    ) -> None:
        """Drive the CLI that the project's lock file installed.

        Args:
            place: The embedded AWS, or an account.
            region: Where to deploy.
            project: The folder with ``app.py`` and ``node_modules``.
            longest: Seconds that one command may take.
            poll: Seconds between two questions how far it is.

        Raises:
            RehearsalError: The CLI is not installed.
        """
        self._place = place
        self._longest = longest
        self._poll = poll
        self._region = region
        self._project = project
        self._numbers = itertools.count()
        self._processes: list[subprocess.Popen[str]] = []
        self._closed = threading.Event()
        self._cdk = project / "node_modules" / ".bin" / "cdk"
        if not self._cdk.exists():
            raise RehearsalError(f"{self._cdk} is missing. Run `make runtime` in {project}.")

    @cached_property
    def cloudformation(self) -> Client:
        """CloudFormation where the CLI deploys; a synthesis starts without waiting for the SDK."""
        return self._place.client("cloudformation", self._region)

    def synth(self, suffix: str, into: Path, project: Path | None = None) -> Assembly:
        """Synthesize the stack for an environment suffix, of this project or a copy of it.

        Raises:
            CommandError: The app, or a check attached to it, refused.
        """
        context = f"environmentSuffix={suffix}"
        arguments = ["synth", "--quiet", "--context", context, "--output", str(into)]
        self._run(arguments, None, project)
        return Assembly.load(into, suffix)

    def bootstrap(self) -> None:
        """Prepare the account and region, as `cdk bootstrap` does.

        In an empty folder, so that the CLI finds no app to synthesize into the user's ``cdk.out``.

        Raises:
            CommandError: The CLI refused.
        """
        empty = Path(tempfile.mkdtemp(dir=self._place.folder))
        self._run(["bootstrap", f"aws://{self._place.account}/{self._region}"], None, empty)

    def deploy(self, assembly: Assembly, progress: Progress | None = None) -> None:
        """Create or update the stack.

        Raises:
            CommandError: It failed; the message names the resources.
        """
        self._run(
            ["deploy", assembly.stack, "--app", str(assembly.folder), "--require-approval=never"],
            _Watch(self, assembly, progress, "COMPLETE"),
        )

    def prepare(self, assembly: Assembly) -> dict[str, str]:
        """Return what an update would replace, without executing it.

        Returns:
            Logical id to ``True`` (it is replaced) or ``Conditional`` (it may be).

        Raises:
            CommandError: The CLI refused.
        """
        name = "rehearsal-preview"
        self._run(
            [
                "deploy",
                assembly.stack,
                "--app",
                str(assembly.folder),
                "--require-approval=never",
                "--method=prepare-change-set",
                f"--change-set-name={name}",
            ],
            None,
        )
        described = self.cloudformation.describe_change_set(
            StackName=assembly.stack, ChangeSetName=name
        )
        self.cloudformation.delete_change_set(StackName=assembly.stack, ChangeSetName=name)
        changes = [change["ResourceChange"] for change in described["Changes"]]
        return {
            change["LogicalResourceId"]: change["Replacement"]
            for change in changes
            if change.get("Replacement", "False") != "False"
        }

    def destroy(self, assembly: Assembly, progress: Progress | None = None) -> None:
        """Delete the stack.

        Raises:
            CommandError: It failed; the message names the resources.
        """
        self._run(
            ["destroy", assembly.stack, "--app", str(assembly.folder), "--force"],
            _Watch(self, assembly, progress, "DELETE"),
        )

    def start_deploy(self, assembly: Assembly) -> subprocess.Popen[str]:
        """Start a deployment and return its process, for a test that kills it."""
        arguments = ["deploy", assembly.stack, "--app", str(assembly.folder)]
        return self._start([*arguments, "--require-approval=never"], self._new_log())

    def start_destroy(self, assembly: Assembly) -> subprocess.Popen[str]:
        """Start a deletion and return its process, for a test that kills it."""
        arguments = ["destroy", assembly.stack, "--app", str(assembly.folder), "--force"]
        return self._start(arguments, self._new_log())

    def close(self) -> None:
        """End every CLI that still runs, and start no other."""
        self._closed.set()
        for process in self._processes:
            _end(process)

    def status(self, stack: str) -> str:
        """Return the stack's status, or an empty text where there is none."""
        pages = self.cloudformation.get_paginator("describe_stacks").paginate()
        found = [
            str(item["StackStatus"])
            for page in pages
            for item in page["Stacks"]
            if item["StackName"] == stack
        ]
        return found[0] if found else ""

    def physical_ids(self, stack: str) -> dict[str, str]:
        """Return the physical id of every resource of a stack by its logical id."""
        return physical_ids_of(self.cloudformation, stack)

    def made(self, stack: str) -> dict[str, str]:
        """Return the physical id of every resource that a stack has or had."""
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
        return {
            event["LogicalResourceId"]: event["PhysicalResourceId"]
            for page in pages
            for event in page["StackEvents"]
            if event.get("PhysicalResourceId")
        }

    def failures(self, stack: str) -> list[Event]:
        """Return the failed steps of the stack's latest operation, first one first."""
        return failures_of(self.cloudformation, stack)

    def _run(
        self, arguments: Sequence[str], watch: _Watch | None, project: Path | None = None
    ) -> str:
        log = self._new_log()
        stack = watch.assembly.stack if watch else ""
        before = self._latest_event(stack)
        process = self._start(arguments, log, project)
        deadline = time.monotonic() + self._longest
        try:
            _wait(process, watch, deadline, self._poll)
        finally:
            _end(process)
        self._place.ensure_alive()
        output = log.read_text(errors="replace")
        if process.returncode != 0:
            began = self._latest_event(stack) != before
            raise CommandError(self._explain(arguments[0], stack if began else "", output))
        return output

    def _latest_event(self, stack: str) -> str:
        if not stack or not self.status(stack):
            return ""
        events = self.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        return str(events[0]["EventId"]) if events else ""

    def _start(
        self, arguments: Sequence[str], log: Path, project: Path | None = None
    ) -> subprocess.Popen[str]:
        if self._closed.is_set():
            raise CommandError("The CDK CLI is not started any more: what asks for it has ended.")
        environment = self._place.environment(self._region)
        here = Path(sys.executable).parent
        environment["PATH"] = f"{here}{os.pathsep}{environment.get('PATH', '')}"
        if arguments[0] != "synth":  # the app loads so much more than it runs that it would cost it
            environment["NODE_COMPILE_CACHE"] = str(self._place.folder / "node")
        with log.open("w") as output:
            process = subprocess.Popen(
                [*_LEASH, str(self._cdk), *arguments, "--ci", "--no-notices"],
                cwd=project or self._project,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self._processes.append(process)
        if self._closed.is_set():  # meanwhile, by another thread
            _end(process)
        return process

    def _new_log(self) -> Path:
        return self._place.folder / f"cdk-{next(self._numbers)}.log"

    def _explain(self, verb: str, stack: str, output: str) -> str:
        # A stack that the CLI did not get to tells of an earlier failure, if of any.
        failed = self.failures(stack) if stack and self.status(stack) else []
        if failed:
            lines = "\n".join(f"  {event}" for event in failed)
            return f"cdk {verb} {stack} failed:\n{lines}"
        return f"cdk {verb} failed:\n{_last_lines(output)}"


def physical_ids_of(cloudformation: Client, stack: str) -> dict[str, str]:
    """Return the physical id of every resource of a stack by its logical id."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        item["LogicalResourceId"]: item["PhysicalResourceId"]
        for page in pages
        for item in page["StackResourceSummaries"]
        if item.get("PhysicalResourceId")
    }


def failures_of(cloudformation: Client, stack: str) -> list[Event]:
    """Return the failed steps of a stack's latest operation, first one first."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    found: list[Event] = []
    for event in (event for page in pages for event in page["StackEvents"]):
        if event["LogicalResourceId"] == stack:
            if event["ResourceStatus"] in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
                break
            if event["ResourceStatus"] == "DELETE_IN_PROGRESS":
                break
            continue
        if event["ResourceStatus"].endswith("_FAILED"):
            found.append(
                Event(
                    resource=event["LogicalResourceId"],
                    kind=event["ResourceType"],
                    status=event["ResourceStatus"],
                    reason=event.get("ResourceStatusReason", ""),
                )
            )
    return found[::-1]


@dataclass(frozen=True, slots=True)
class _Watch:
    """What to report while the CLI works."""

    toolkit: Toolkit
    assembly: Assembly
    progress: Progress | None
    towards: str

    def report(self) -> None:
        if self.progress is None:
            return
        total = len(self.assembly.resources)
        try:
            found = self.toolkit.cloudformation.describe_stack_resources(
                StackName=self.assembly.stack
            )["StackResources"]
        except self.toolkit.cloudformation.exceptions.ClientError:
            return
        done = sum(item["ResourceStatus"].endswith("_COMPLETE") for item in found)
        left = total - len(found)
        self.progress(left if self.towards == "DELETE" else done, total)


def _wait(
    process: subprocess.Popen[str], watch: _Watch | None, deadline: float, poll: float
) -> None:
    while time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            process.wait(poll)
            return
        if watch is not None:
            watch.report()
    raise CommandError("The CDK CLI did not end in time.")


def _end(process: subprocess.Popen[str]) -> None:
    """Leave no process of the CLI behind, whatever interrupted us."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()


def _last_lines(output: str) -> str:
    """Return the end of what the CLI has written, long lines cut."""
    lines = [_COLOUR.sub("", line).rstrip() for line in output.splitlines()]
    shown = [line for line in lines if line.strip() and _APP_ENDED not in line][-_LINES:]
    return "\n".join(f"  {shorten(line, _LONGEST_LINE)}" for line in shown)


def shorten(text: str, longest: int) -> str:
    """Return a text that is at most ``longest`` characters long."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
