"""Dangerous changes that an environment accepts, each with a reason and a last day.

They stand in the metadata of the template, which the environment's file gives them to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from pcistack.changes.compare import Danger
from pcistack.template.document import Template

METADATA: Final = "pcistack:acceptedChanges"
"""Key of the template's metadata: objects by change, with ``reason`` and ``until``."""

STACK: Final = "stack"
"""What stands for the type where the stack itself changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedDanger:
    """Why a change is accepted.

    Attributes:
        reason: Why.
        until: Last day.
    """

    reason: str
    until: date


def key(danger: Danger, kind: str = STACK) -> str:
    """Return what a dangerous change is called, such as ``loses-data AWS::RDS::DBCluster``."""
    return f"{danger.value} {kind}"


def acceptances(template: Template, *, on: date) -> Mapping[str, AcceptedDanger]:
    """Return what a template accepts on a day; what has lapsed or is malformed is left out."""
    metadata = template.body.get("Metadata")
    named = metadata.get(METADATA) if isinstance(metadata, dict) else None
    found: dict[str, AcceptedDanger] = {}
    for name, entry in named.items() if isinstance(named, dict) else ():
        reason = entry.get("reason") if isinstance(entry, dict) else None
        until = _day(entry.get("until")) if isinstance(entry, dict) else None
        if isinstance(reason, str) and reason.strip() and until is not None and on <= until:
            found[name] = AcceptedDanger(reason=reason, until=until)
    return found


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
