"""Trying a stack out: deployed directly, verified, destroyed, and what is left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pcistack.account.verify.promise import Check
from pcistack.rehearsal.assembly import Assembly, TemplateBody
from pcistack.rehearsal.cloudformation import Direct
from pcistack.rehearsal.embedded.late_writers import INSIGHTS
from pcistack.rehearsal.emulator import Emulator
from pcistack.rehearsal.sdk import Client
from pcistack.rehearsal.sweep import Beforehand, Known, Remains
from pcistack.rehearsal.verification import verify

_NAME = "Trial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of a stack that was deployed and destroyed.

    Attributes:
        created: The status in which the creation ended.
        failures: Its failed steps, first one first.
        checks: The promises looked into; empty if it was not created.
        destroyed: The status in which the deletion ended.
        left: What is left although it may not be.
    """

    created: str
    failures: tuple[str, ...]
    checks: tuple[Check, ...]
    destroyed: str
    left: tuple[Remains, ...]

    @property
    def problems(self) -> list[str]:
        """Every broken promise, the resource first."""
        return [
            problem
            for check in self.checks
            for problem in (*check.problems, *filter(None, [check.unanswered]))
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """An embedded AWS to try stacks on.

    Attributes:
        emulator: The embedded AWS.
        direct: Its CloudFormation.
        region: Where stacks are deployed.
        folder: Where edited assemblies are written.
    """

    emulator: Emulator
    direct: Direct
    region: str
    folder: Path

    def client(self, service: str) -> Client:
        """Return a client for a service of this AWS."""
        return self.emulator.client(service, self.region)

    def edited(self, assembly: Assembly, edit: Callable[[TemplateBody], None]) -> Assembly:
        """Return an edited copy of a stack, in a folder of its own."""
        self.folder.mkdir(exist_ok=True)
        return assembly.edited(self.folder / str(len(list(self.folder.iterdir()))), edit)

    def try_resources(self, resources: Mapping[str, object]) -> tuple[str, str]:
        """Create a stack of these resources and take it away.

        Returns:
            The status in which the creation ended, and why, if it failed.
        """
        status = self._create(resources)
        failures = self.direct.failures(_NAME)
        self.direct.delete(_NAME)
        return status, failures[0].reason if failures else ""

    @contextmanager
    def stack(self, resources: Mapping[str, object]) -> Iterator[dict[str, str]]:
        """Create a stack, yield its physical ids by logical id, and delete it.

        Raises:
            AssertionError: The creation or the deletion failed; the message says why.
        """
        status = self._create(resources)
        if status != "CREATE_COMPLETE":
            raise AssertionError(self.direct.failures(_NAME))
        yield self.direct.physical_ids(_NAME)
        if self.direct.delete(_NAME) != "DELETE_COMPLETE":
            raise AssertionError(self.direct.failures(_NAME))

    def _create(self, resources: Mapping[str, object]) -> str:
        answer = self.client("cloudformation").create_stack(
            StackName=_NAME,
            TemplateBody=json.dumps({"Resources": resources}),
            Capabilities=["CAPABILITY_IAM"],
        )
        return self.direct.wait(answer["StackId"])

    def destroy(self, assembly: Assembly) -> str:
        """Delete a stack and what services wrote after it; return the status it ended in."""
        status = self.direct.delete(assembly.stack)
        self.remove_what_came_late(assembly)
        return status

    def remove_what_came_late(self, assembly: Assembly) -> None:
        """Remove the log groups that were made again after their stack went, by their names.

        Finding them as ``pcistack sweep`` does takes as long as a deployment.
        """
        logs = self.client("logs")
        groups = [assembly.resources[name] for name in assembly.of_type("AWS::Logs::LogGroup")]
        own = {str(group["Properties"].get("LogGroupName")) for group in groups}
        for found in logs.describe_log_groups(logGroupNamePrefix=INSIGHTS)["logGroups"]:
            if found["logGroupName"] in own:
                logs.delete_log_group(logGroupName=found["logGroupName"])

    def try_stack(self, assembly: Assembly, edit: Callable[[TemplateBody], None]) -> Trial:
        """Deploy an edited stack, verify it, destroy it, and look at what is left."""
        edited = self.edited(assembly, edit)
        baseline = Beforehand(self.emulator)
        created = self.direct.create(edited)
        failures = tuple(str(event) for event in self.direct.failures(edited.stack))
        ids = self.direct.physical_ids(edited.stack)
        whole = created == "CREATE_COMPLETE"
        checks = verify(self.emulator, edited).checks if whole else ()
        destroyed = self.destroy(edited)
        known = Known()
        known.add(edited, ids)
        return Trial(
            created=created,
            failures=failures,
            checks=checks,
            destroyed=destroyed,
            left=tuple(item for item in baseline.since(known) if not item.expected),
        )
