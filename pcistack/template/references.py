"""What a resolved value names: a resource of the template, or text."""

from __future__ import annotations

from pcistack.template.view import Partial, Reference, Resource, Unknown, Value


def name_of(value: Value) -> str:
    """Return the logical id that a value refers to, else its text; empty for nothing."""
    if isinstance(value, Reference):
        return value.logical_id
    if isinstance(value, Partial) and len(value.references) == 1:
        return value.references[0].logical_id
    if value is None:
        return ""
    return "unknown" if isinstance(value, Unknown) else str(value)


def names_of(resource: Resource, path: str) -> tuple[str, ...]:
    """Return :func:`name_of` every item of the list at a path."""
    return tuple(name for item in resource.items(path) if (name := name_of(item)))
