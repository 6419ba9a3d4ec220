"""The rehearsal's own door into the embedded AWS: faults to inject, and everything that exists."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any, Final

from pcistack.rehearsal.embedded import _engine, recorded
from pcistack.rehearsal.embedded._engine import Untyped

TARGET = "Rehearsal."


@dataclass(slots=True)
class InjectedFault:
    """A failure that an operation on a resource is to meet.

    Attributes:
        stack: The stack's name; empty for any.
        resource: The logical id, or the family of a task that is run; empty for any.
        operation: ``create``, ``update``, ``delete`` or, of a task, ``run``.
        times: How often it still happens.
    """

    stack: str
    resource: str
    operation: str
    times: int


_faults: list[InjectedFault] = []
# Seconds that every resource operation waits first, so that it can be met half way.
_pace = {"seconds": 0.0}


def install() -> None:
    """Add the control service, and let every resource operation ask for its fault."""
    service = recorded.json_service(
        {
            "SetFault": _set_fault,
            "SetPace": _set_pace,
            "Inventory": lambda _data: {"Inventory": inventory()},
        }
    )
    _engine.add_service("rehearsal", ModuleType("ministack.rehearsal"), service, TARGET)
    provisioners = _engine.module("services.cloudformation.provisioners")
    stacks = _engine.module("services.cloudformation.stacks")
    for operation in ("provision", "update", "delete"):
        name = f"_{operation}_resource"
        faulty = _with_faults(operation, getattr(provisioners, name))
        setattr(provisioners, name, faulty)
        setattr(stacks, name, faulty)


def _set_fault(data: Mapping[str, Any]) -> dict[str, Any]:
    _faults[:] = [
        InjectedFault(
            stack=str(item["Stack"]),
            resource=str(item["Resource"]),
            operation=str(item["Operation"]),
            times=int(item["Times"]),
        )
        for item in data["Faults"]
    ]
    return {}


def _set_pace(data: Mapping[str, Any]) -> dict[str, Any]:
    _pace["seconds"] = float(data["Seconds"])
    return {}


# Where the stack and the logical id stand among the arguments of the engine's functions.
_ARGUMENTS = {"provision": (3, 1, "create"), "update": (4, 5, "update"), "delete": (3, 4, "delete")}


def _with_faults(operation: str, original: Untyped) -> Untyped:
    at_stack, at_resource, verb = _ARGUMENTS[operation]

    def run(*arguments: Untyped, **named: Untyped) -> Untyped:
        time.sleep(_pace["seconds"])
        if len(arguments) > max(at_stack, at_resource):
            unchanged = operation == "update" and arguments[2] == arguments[3]
            if not unchanged:
                _meet_fault(str(arguments[at_stack]), str(arguments[at_resource]), verb)
        return original(*arguments, **named)

    return run


def _meet_fault(stack: str, resource: str, operation: str) -> None:
    if fails(operation, resource, stack):
        raise RuntimeError(
            f"Injected fault: the {operation} of {resource} fails "
            "(Service: Rehearsal, Error code: InternalFailure)"
        )


def fails(operation: str, resource: str, stack: str = "") -> bool:
    """Whether a fault is up for an operation; one that is met has happened once more."""
    for fault in _faults:
        met = fault.stack == stack and fault.resource in {"", resource}
        if met and fault.operation == operation and fault.times > 0:
            fault.times -= 1
            return True
    return False


def inventory() -> list[dict[str, str]]:
    """Return every record in every store of every service, with its state where it has one."""
    return [
        {
            "Service": module.removeprefix("ministack.services."),
            "Store": store,
            "Key": key,
            "State": state,
        }
        for module, store, key, state in _records()
    ]


# Most of what a module holds; to look whether each has records takes longest.
_NO_STORES: Final = frozenset(
    {FunctionType, ModuleType, dict, frozenset, int, list, set, str, tuple, type}
)


def _records() -> Iterator[tuple[str, str, str, str]]:
    for name, module in sorted(sys.modules.items()):
        if not name.startswith("ministack.services."):
            continue
        for store, value in vars(module).items():
            if type(value) not in _NO_STORES:
                yield from ((name, store, key, state) for key, state in _entries(value))


# Where the services keep the state of a record; the first that is there counts.
_STATES = ("KeyState", "State", "status", "lastStatus", "StackStatus", "DBInstanceStatus")


def _entries(value: object) -> Iterator[tuple[str, str]]:
    """Yield the records of a store, and the objects inside a bucket.

    A key begins with the account, and the region where the store keeps regions apart.
    """
    data = getattr(value, "_data", None)
    if not isinstance(data, dict):
        return
    for key, record in data.items():
        text = "/".join(str(part) for part in key) if isinstance(key, tuple) else str(key)
        fields = record if isinstance(record, dict) else {}
        yield text, next((str(fields[name]) for name in _STATES if fields.get(name)), "")
        objects = fields.get("objects")
        if isinstance(objects, dict):
            yield from ((f"{text}//{name}", "") for name in objects)
