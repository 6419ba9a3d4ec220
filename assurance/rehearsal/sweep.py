"""What is left in the embedded AWS after a destroy."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .emulator import Emulator

# The service keeps these for a while, in this state, as AWS does.
_EXPECTED_STATES = {
    ("ec2", "_nat_gateways", "deleted"): "a deleted NAT gateway, shown for an hour",
    ("ecs", "_services", "INACTIVE"): "a deleted service, shown for a while",
    ("ecs", "_clusters", "INACTIVE"): "a deleted cluster, shown for a while",
    ("ecs", "_task_defs", "INACTIVE"): "a deregistered task definition",
    ("ecs", "_tasks", "STOPPED"): "a stopped task, shown for an hour",
    ("kms", "_keys", "PendingDeletion"): "a key in its deletion window",
}

# History and book-keeping of the services, which no API shows as a resource.
_BOOKKEEPING = {
    ("cloudformation", "_stack_events"),
    ("cloudformation", "_change_sets"),
    ("cloudtrail", "_events"),
    ("cloudwatch", "_alarm_history"),
    ("ecs", "_task_def_latest"),
    ("iam", "_aws_managed_attachment_counts"),
}

# A shorter physical id says nothing when it stands inside another name.
_SHORTEST = 5


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Remains:
    """Something that exists after a destroy and did not before the deployment.

    Attributes:
        service: The service that holds it, for example ``cloudwatch_logs``.
        kind: What it is there, for example ``log groups``.
        key: Its name or id.
        resource: Logical id of the resource of the stack; empty if no stack created it.
        expected: Why it may be there; empty if it may not.
    """

    service: str
    kind: str
    key: str
    resource: str
    expected: str

    def __str__(self) -> str:
        """Name the resource first, or say who made it."""
        who = self.resource or "no resource of the stack, created by a service on its own"
        return f"{who}: {self.service} {self.kind} {self.key}"


Record = tuple[str, str, str, str]


class Baseline:
    """What exists at one moment, to compare a later one with."""

    def __init__(self, emulator: Emulator) -> None:
        """Remember what exists now."""
        self._emulator = emulator
        self._records = self.now()

    def now(self) -> set[Record]:
        """Return everything that exists now: service, store, key and state."""
        return {
            (item["Service"], item["Store"], item["Key"], item["State"])
            for item in self._emulator.inventory()
        }

    def since(self, known: Mapping[str, str]) -> list[Remains]:
        """Return what has come since then and is still there.

        Args:
            known: Physical id to logical id of every resource that the stacks had.
        """
        before = {record[:3] for record in self._records}
        new = sorted(record for record in self.now() if record[:3] not in before)
        return sorted(_remains(new, known))


def _remains(records: Sequence[Record], known: Mapping[str, str]) -> Iterable[Remains]:
    for service, store, key, state in records:
        if _is_bookkeeping(service, store, key, state):
            continue
        name = re.sub(r"^\d{12}/(?:[a-z]{2}-[a-z]+-\d/)?", "", key)
        yield Remains(
            service=service,
            kind=store.strip("_").replace("_", " "),
            key=name,
            resource=_logical_id(name, known),
            expected=_EXPECTED_STATES.get((service, store, state), ""),
        )


def _is_bookkeeping(service: str, store: str, key: str, state: str) -> bool:
    deleted_stack = (service, store, state) == ("cloudformation", "_stacks", "DELETE_COMPLETE")
    asset = service == "s3" and "cdk-hnb659fds-assets-" in key
    tags = store.endswith("_tags")
    return deleted_stack or asset or tags or (service, store) in _BOOKKEEPING


def _logical_id(key: str, known: Mapping[str, str]) -> str:
    """Return the resource whose physical id is the key, or is the longest to stand in it."""
    if key in known:
        return known[key]
    inside = [physical for physical in known if len(physical) > _SHORTEST and physical in key]
    return known[max(inside, key=len)] if inside else ""
