"""What every settings model shares: frozen, strict, and able to say what a setting may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from pci_constructs.settings.words import listed


class Settings(BaseModel):
    """A table of settings: unknown names, other types and values out of range are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a setting may be, in words, for its messages and for the documentation."""

    words: str


def allowed(field: FieldInfo) -> str:
    """Return in words what a setting may be; choices and ranges speak for themselves."""
    words = next((item.words for item in field.metadata if isinstance(item, Allowed)), None)
    if words is not None:
        return words
    if get_origin(field.annotation) is Literal:
        return listed(f'"{choice}"' for choice in get_args(field.annotation))
    if field.annotation is bool:
        return "true or false"
    low, high = (
        next(getattr(item, bound) for item in field.metadata if hasattr(item, bound))
        for bound in ("ge", "le")
    )
    return f"a whole number from {low} to {high}"


def model_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a setting that is a table of settings; None for any other."""
    candidates = (field.annotation, *get_args(field.annotation))
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def form(pattern: str) -> AfterValidator:
    """Return a validator of texts that must match a pattern as a whole."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError("cannot be used")
        return value

    return AfterValidator(check)
