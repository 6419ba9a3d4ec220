"""A template while it is corrected: edits, changes with their reasons, points left to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from pcistack.migration.values import shown
from pcistack.regional.facts import Facts
from pcistack.template.document import Json, KeyPath, Template
from pcistack.template.text import TemplateText
from pcistack.template.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One thing that was changed, and why.

    Attributes:
        resource: Logical id, or the name of a parameter.
        property: Dotted path inside it; empty for the whole resource.
        before: What stood there; empty if it is new.
        after: What stands there now; empty if it was removed.
        reason: Why.
    """

    resource: str
    property: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPoint:
    """Something that only the template's owner can decide.

    Attributes:
        resource: Logical id, or the name of a parameter.
        property: Dotted path inside it; empty for the whole resource.
        question: What to decide, and how.
        blocks: Whether the template cannot be deployed before it is decided.
    """

    resource: str
    property: str
    question: str
    blocks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A literal that a property should have, to be written there or into its parameter.

    Attributes:
        path: The property.
        value: The literal.
        reason: Why.
    """

    path: KeyPath
    value: str
    reason: str


def at(resource: str, *keys: str) -> KeyPath:
    """Return the path of a resource's properties, or of something in them."""
    return ("Resources", resource, "Properties", *keys)


@dataclass(kw_only=True)
class Draft:
    """What the steps of a migration work on.

    Attributes:
        template: The template as it was given.
        text: Its text, which takes the edits.
        facts: What is known of the region it is meant for.
        on: The day for which a version counts as supported.
        worlds: The template in every world its conditions allow.
        changes: What was changed.
        open_points: What was not decided.
        wanted: Literals that :mod:`~pcistack.migration.literals` writes in the end.
    """

    template: Template
    text: TemplateText
    facts: Facts
    on: date
    worlds: Sequence[View]
    changes: list[Correction] = field(default_factory=list)
    open_points: list[OpenPoint] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)

    def literal(self, resource: str, key: str) -> str | None:
        """Return a property's text if it is the same in every world."""
        found = {
            world.resources[resource].text(key)
            for world in self.worlds
            if resource in world.resources
        }
        return found.pop() if len(found) == 1 else None

    def numbers(self, resource: str, path: str) -> list[float]:
        """Return what a property is in the worlds where it is a number."""
        found = [
            world.resources[resource].number(path)
            for world in self.worlds
            if resource in world.resources
        ]
        return [number for number in found if number is not None]

    def want(self, resource: str, key: str, value: str, reason: str) -> None:
        """Let a property have a literal in the end."""
        path = at(resource, key)
        self.wanted.append(Wanted(path=path, value=value, reason=reason))

    def remove(self, resource: str, key: str, reason: str) -> None:
        """Remove a property."""
        self.text.remove(at(resource, key))
        before = shown(self.template.resources[resource].properties.get(key))
        self.note(resource, key, before, "", reason)

    def insert(
        self, resource: str, key: str, value: Json, reason: str, *, after: str | None = None
    ) -> None:
        """Add a property, behind another one or behind the last."""
        path = at(resource, key)
        self.text.insert(path, value, after=after or self.text.keys(path[:-1])[-1])
        self.note(resource, key, "", shown(value), reason)

    def note(self, resource: str, key: str, before: str, after: str, reason: str) -> None:
        """Note a change that was made."""
        self.changes.append(
            Correction(resource=resource, property=key, before=before, after=after, reason=reason)
        )

    def ask(self, resource: str, key: str, question: str, *, blocks: bool = False) -> None:
        """Leave a point to the template's owner, once."""
        point = OpenPoint(resource=resource, property=key, question=question, blocks=blocks)
        if point not in self.open_points:
            self.open_points.append(point)
