"""What a rule looks at: one view of a template, what is known of its region, and the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pcistack.regional import facts as regional_facts
from pcistack.regional.aurora import Members
from pcistack.regional.facts import Facts
from pcistack.template.view import View


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a rule looks at.

    Attributes:
        view: The template in one world.
        facts: What is known of its region.
        on: The day for which support dates are judged.
    """

    view: View
    facts: Facts
    on: date

    @classmethod
    def of(cls, view: View, region: str | None, on: date) -> Context:
        """Return the context of a view with the shipped facts of its region.

        A region that is not known is a finding by itself.
        """
        return cls(view=view, facts=regional_facts.of(region), on=on)

    @cached_property
    def members(self) -> Members:
        """Which instances belong to which Aurora cluster."""
        return Members(self.view)

    @property
    def here(self) -> str:
        """The region, as messages name it."""
        return self.facts.name or "any region"
