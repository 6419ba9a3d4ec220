"""How the migration reads a value of a template, and shows it."""

from __future__ import annotations

import json

from pcistack.template.document import Json


def is_token(value: Json) -> bool:
    """Whether a value is an intrinsic function rather than a literal."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    key = next(iter(value))
    return key in ("Ref", "Condition") or key.startswith("Fn::")


def referenced(value: Json) -> str:
    """Return what a plain ``Ref`` names, else the empty string."""
    if isinstance(value, dict) and set(value) == {"Ref"}:
        return str(value["Ref"])
    return ""


def shown(value: Json) -> str:
    """Write a value as a reader of the template knows it."""
    if isinstance(value, dict) and set(value) == {"Ref"}:
        return f"!Ref {value['Ref']}"
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value)
