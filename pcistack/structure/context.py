"""What a rule looks at: a template as it is written, and what a macro may make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, wraps
from typing import cast

from pcistack.checks.rule import Hit
from pcistack.regional import facts
from pcistack.regions import zones_of
from pcistack.template.document import Template
from pcistack.template.view import View


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a rule looks at.

    Attributes:
        view: The template in one world.
        region: Region of the deployment; None if it is not known.
        on: The day for which the template is judged.
    """

    view: View
    region: str | None
    on: date

    @classmethod
    def of(cls, view: View, region: str | None, on: date) -> Context:
        """Return the context of a view."""
        return cls(view=view, region=region, on=on)

    @property
    def template(self) -> Template:
        """The template as it is written."""
        return self.view.template

    @property
    def here(self) -> str:
        """The region, as messages name it."""
        return facts.of(self.region).name or "any region"

    @property
    def zones(self) -> Sequence[str]:
        """Zones of the region; empty if they are not known."""
        return zones_of(self.region) or ()

    @property
    def macros(self) -> Sequence[str]:
        """Names of the macros that change the template before anything is created."""
        return self.template.macros

    @cached_property
    def is_whole(self) -> bool:
        """Whether every name that may be referred to stands in the template."""
        resources = self.template.section("Resources")
        return (
            not self.macros
            and "Fn::Transform" not in self.template.body
            and not any(name.startswith("Fn::") for name in resources)
            and not any(
                key.startswith("Fn::ForEach::")
                for section in ("Conditions", "Outputs")
                for key in self.template.section(section)
            )
            and not any(raw.type.endswith("::MODULE") for raw in self.template.resources.values())
        )


def of_template(find: Callable[[Context], Iterable[Hit]]) -> Callable[[Context], Sequence[Hit]]:
    """Look once at what is the same in every world: a rule of the template as it is written."""

    @wraps(find)
    def once(context: Context) -> Sequence[Hit]:
        known = context.template.memo
        if find not in known:
            known[find] = tuple(find(context))
        return cast("Sequence[Hit]", known[find])

    return once
