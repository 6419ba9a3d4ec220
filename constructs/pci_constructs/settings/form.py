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
    kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if kind is not None]
    choice = next((kind for kind in kinds if get_origin(kind) is Literal), None)
    if choice is not None:
        return listed(f'"{item}"' for item in get_args(choice))
    if field.annotation is bool:
        return "true or false"
    low, high = (_bound(field, name) for name in ("ge", "le"))
    return f"a whole number from {low} to {high}"


def _bound(field: FieldInfo, name: str) -> object:
    bounds = [getattr(item, name) for item in field.metadata if hasattr(item, name)]
    if not bounds:
        raise TypeError(
            f"the setting of {field.annotation} has no range: write Annotated[int, Field(ge=.., "
            "le=..)], around `int | None` where it may be left out, or add Allowed with words"
        )
    return bounds[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """A setting that holds other settings.

    Attributes:
        how: One table, tables by name, or a list of tables.
        model: What stands in each of them.
    """

    how: Literal["one", "named", "listed"]
    model: type[BaseModel]


def tables_of(field: FieldInfo) -> Tables | None:
    """Return what a setting holds; None for one that holds no other settings."""
    annotation = field.annotation
    origin, arguments = get_origin(annotation), get_args(annotation)
    how: Literal["one", "named", "listed"] = "one"
    if origin is dict:
        how = "named"
    elif origin is tuple:
        how = "listed"
    for candidate in (annotation, *arguments):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return Tables(how=how, model=candidate)
    return None


def form(pattern: str) -> AfterValidator:
    """Return a validator of texts that must match a pattern as a whole."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError("cannot be used")
        return value

    return AfterValidator(check)
