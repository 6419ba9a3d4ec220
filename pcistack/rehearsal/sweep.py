"""What is left in the embedded AWS after a destroy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.emulator import Emulator

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
    ("cloudwatch", "_metrics"),
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


# Service, store, key and state.
StoredState = tuple[str, str, str, str]


class Known:
    """The resources that stacks have or had, to find the one that something belongs to."""

    def __init__(self) -> None:
        """Know none yet."""
        self._resources: dict[tuple[str, str], str] = {}

    def add(self, assembly: Assembly, physical_ids: Mapping[str, str]) -> None:
        """Remember the resources of a deployed stack."""
        for name, physical in physical_ids.items():
            kind = str(assembly.resources.get(name, {}).get("Type", ""))
            self._resources[_key(kind, physical), kind] = name

    def name(self, service: str, key: str, store: str = "") -> str:
        """Return the logical id of the resource that a record belongs to, or an empty text.

        It is the one with this physical id; else the one whose physical id stands in the key, the
        longest first, as in the name of a log group that a service makes for its resource. Of a
        bucket and its policy, which share an id, it is the one whose type the store is called by.
        """
        found = [
            (
                key == physical,
                _fits(kind, service, key),
                _called_by(kind, store),
                len(physical),
                name,
            )
            for (physical, kind), name in self._resources.items()
            if key == physical or (len(physical) > _SHORTEST and physical in key)
        ]
        return max(found)[-1] if found else ""


def _key(kind: str, physical: str) -> str:
    """Return how a store calls a resource: a secret by its name, without the end of its ARN."""
    if kind != "AWS::SecretsManager::Secret":
        return physical
    return physical.rpartition(":")[2].rpartition("-")[0] or physical


def _fits(kind: str, service: str, key: str) -> bool:
    """Whether the type is of the service, or of one that the key names as ``/aws/ecs/...``."""
    own = kind.split("::")[1].lower() if kind.count("::") == 2 else kind
    return own == service or f"/{own}/" in key


def _called_by(kind: str, store: str) -> int:
    """Return how much of a store's name, such as ``bucket policies``, is that of a type."""
    type_stem, store_stem = (
        re.sub("(y|ies|s)$", "", name.lower().replace(" ", "").replace("_", ""))
        for name in (kind.rpartition("::")[2], store)
    )
    return len(type_stem) if store_stem.startswith(type_stem) else 0


class Beforehand:
    """What exists at one moment, to compare a later one with."""

    def __init__(self, emulator: Emulator) -> None:
        """Remember what exists now."""
        self._emulator = emulator
        self._records = self.now()

    def now(self) -> set[StoredState]:
        """Return everything that exists now: service, store, key and state."""
        return {
            (item["Service"], item["Store"], item["Key"], item["State"])
            for item in self._emulator.inventory()
        }

    def since(self, known: Known) -> list[Remains]:
        """Return what has come since then and is still there.

        Args:
            known: The resources that the stacks had.
        """
        before = {record[:3] for record in self._records}
        new = sorted(record for record in self.now() if record[:3] not in before)
        return sorted(_remains(new, known))


def _remains(records: Sequence[StoredState], known: Known) -> Iterable[Remains]:
    for service, store, key, state in records:
        if _is_bookkeeping(service, store, key, state):
            continue
        name = re.sub(r"^\d{12}/(?:[a-z]{2}-[a-z]+-\d/)?", "", key)
        yield Remains(
            service=service,
            kind=store.strip("_").replace("_", " "),
            key=name,
            resource=known.name(service, name, store),
            expected=_EXPECTED_STATES.get((service, store, state), ""),
        )


def _is_bookkeeping(service: str, store: str, key: str, state: str) -> bool:
    deleted_stack = (service, store, state) == ("cloudformation", "_stacks", "DELETE_COMPLETE")
    asset = service == "s3" and "cdk-hnb659fds-assets-" in key
    tags = store.endswith("_tags")
    # the group of schedules and the event bus that every account has, made when first asked for
    has_default = service in ("eventbridge", "scheduler")
    of_every_account = has_default and key.rpartition("/")[2] == "default"
    return deleted_stack or asset or tags or of_every_account or (service, store) in _BOOKKEEPING
