"""What a rule looks at: a template as it is written, and what a macro may make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from pcistack.regional import facts
from pcistack.regions import zones_of
from pcistack.template.document import Json, Template
from pcistack.template.view import View

SAM: Final = "AWS::Serverless-2016-10-31"
_HARMLESS: Final = (
    "AWS::LanguageExtensions",  # resolved here; a loop is a finding of its own
    "AWS::SecretsManager-2020-07-23",  # adds the function of a hosted rotation
    "AWS::SecretsManager-2024-09-16",
    "AWS::CodeDeployBlueGreen",
)


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

    @cached_property
    def macros(self) -> Sequence[str]:
        """Names of the macros that change the template before anything is created."""
        named = self.template.body.get("Transform")
        each = named if isinstance(named, list) else [named] if named is not None else []
        names = [_macro(one) for one in each]
        if any(key.startswith("Fn::Transform") for key in self.template.section("Resources")):
            names.append(_macro(self.template.section("Resources").get("Fn::Transform")))
        return [name for name in names if name not in _HARMLESS]

    @cached_property
    def is_whole(self) -> bool:
        """Whether every name that may be referred to stands in the template."""
        resources = self.template.section("Resources")
        return (
            not self.macros
            and "Fn::Transform" not in self.template.body
            and not any(name.startswith("Fn::") for name in resources)
            and not any(raw.type.endswith("::MODULE") for raw in self.template.resources.values())
        )


def _macro(value: Json) -> str:
    name = value.get("Name") if isinstance(value, dict) else value
    return name if isinstance(name, str) else "a macro"
