"""Walk a resource's properties by paths in which ``*`` stands for every item of a list."""

from __future__ import annotations

from collections.abc import Iterator

from pcistack.network.addresses import IpNetwork, parse_network
from pcistack.template.view import Partial, Resource, Unknown, Value


def expand(resource: Resource, path: str) -> Iterator[tuple[str, Value]]:
    """Yield every value at a path with its own path; what is absent is left out."""
    yield from _expand(resource, path.split("."), "")


def _expand(resource: Resource, steps: list[str], done: str) -> Iterator[tuple[str, Value]]:
    for position, step in enumerate(steps):
        if step == "*":
            for index in range(len(resource.items(done))):
                yield from _expand(resource, steps[position + 1 :], f"{done}.{index}")
            return
        done = f"{done}.{step}" if done else step
    value = resource.get(done)
    if value is not None:
        yield done, value


def objects(resource: Resource, path: str) -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield the objects of the list at a path, each with its own path."""
    for index, item in enumerate(resource.items(path)):
        if isinstance(item, dict):
            yield f"{path}.{index}", item


def text(value: Value) -> str | None:
    """Return a value as text if it is fully known; a flag and a number are written as AWS does."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Partial) or not isinstance(value, str | int | float):
        return None
    return str(value)


def is_open(value: Value) -> bool:
    """Whether a value is there but only a deployment knows it."""
    return isinstance(value, Unknown | Partial) or (
        value is not None and not isinstance(value, str | int | float | bool | list | dict)
    )


def fields(value: Value) -> dict[str, Value]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: Value) -> list[Value]:
    """Return a list; a single value counts as a list of one, absent as empty."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def addresses(value: Value) -> IpNetwork | None:
    """Return the addresses that a CIDR stands for; None if they are not known, or it is none."""
    known = text(value)
    return parse_network(known) if known else None
