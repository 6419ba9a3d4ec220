"""Walk a resource's properties by paths in which ``*`` stands for every item of a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from pcistack.network.addresses import IpNetwork, parse_network
from pcistack.template.view import Partial, Reference, Resource, Unknown, Value


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


def texts(resource: Resource, path: str, name: str) -> list[tuple[str, str | None]]:
    """Return what the objects of the list at a path have under a name, each with its own path."""
    return [(f"{at}.{name}", text(item.get(name))) for at, item in objects(resource, path)]


def repeated(named: Iterable[tuple[str, str | None]]) -> Iterator[tuple[str, str]]:
    """Yield each known text that is there more than once, at its first path."""
    found = list(named)
    counts = Counter(name for _, name in found)
    for path, name in found:
        if name is not None and counts.pop(name, 1) > 1:
            yield path, name


def references(resource: Resource, *paths: str) -> Iterator[tuple[str, Reference]]:
    """Yield the references at some paths, each with its own path."""
    for path in paths:
        for at, value in expand(resource, path):
            if isinstance(value, Reference):
                yield at, value


def referred_again(
    resources: Iterable[Resource], path: str
) -> Iterator[tuple[Resource, Reference, str]]:
    """Yield resources whose reference at a path an earlier one has too, with the first that has."""
    seen: dict[Reference, str] = {}
    for resource in resources:
        value = resource.get(path)
        if isinstance(value, Reference):
            first = seen.setdefault(value, resource.logical_id)
            if first != resource.logical_id:
                yield resource, value, first


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
