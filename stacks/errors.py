"""What pydantic's errors mean, in the words of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from pci_constructs.settings.form import allowed, tables_of
from pci_constructs.settings.words import listed
from stacks.mistakes import Mistake, dotted
from stacks.settings import Environment

_WRONG: Final[Mapping[str, str]] = {
    "bool_type": "is not true or false",
    "dict_type": "is not a table",
    "extra_forbidden": "is no setting",
    "finite_number": "is not a number",
    "float_type": "is not a number",
    "greater_than_equal": "is too small",
    "int_type": "is not a whole number",
    "less_than_equal": "is too large",
    "literal_error": "is none of the choices",
    "missing": "is missing",
    "model_type": "is not a table",
    "string_too_short": "is too short a text",
    "string_type": "is not a text in quotes",
    "too_long": "has too many items",
    "too_short": "has too few items",
    "tuple_type": "is not a list",
}
"""What pydantic's errors mean; the ones that the models raise themselves say it in their text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where an error is.

    Attributes:
        names: Names of tables and setting, as a message shows them.
        unusable: What must be left out for the others to be judged.
        allowed: What may stand there.
    """

    names: tuple[str, ...]
    unusable: tuple[str, ...]
    allowed: str


def place_of(detail: ErrorDetails, model: type[BaseModel] = Environment) -> Whereabouts:
    """Return where an error is; pydantic's own names of keys and choices are no place."""
    return _within(model, list(detail["loc"]), (), ())


def _within(
    model: type[BaseModel],
    location: list[int | str],
    names: tuple[str, ...],
    above: tuple[str, ...],
    *,
    whole: bool = False,
) -> Whereabouts:
    """Return a place inside a table; if ``whole``, an error there makes ``above`` unusable."""
    if not location:
        return Whereabouts(names=names, unusable=above, allowed=f"a table, [{dotted(names)}]")
    name, *rest = location
    field = model.model_fields.get(str(name))
    names, here = (*names, str(name)), above if whole else (*above, str(name))
    if field is None:
        known = listed(key for key in model.model_fields if key != "suffix")
        return Whereabouts(names=names, unusable=here, allowed=known)
    tables = tables_of(field)
    if tables is None:
        inner = rest[0] if rest and get_origin(field.annotation) is dict else None
        if isinstance(inner, str) and not whole:
            names, here = (*names, inner), (*here, inner)
        return Whereabouts(names=names, unusable=here, allowed=allowed(field))
    if tables.how == "one":
        return _within(tables.model, rest, names, here, whole=whole)
    if not rest:
        return Whereabouts(names=names, unusable=here, allowed=allowed(field))
    key, *rest = rest
    if tables.how == "listed":
        names = (*names[:-1], f"{names[-1]}[{key}]")
        return _within(tables.model, rest, names, here, whole=True)
    names, here = (*names, str(key)), here if whole else (*here, str(key))
    if not rest or rest[0] == "[key]":
        return Whereabouts(names=names, unusable=here, allowed=allowed(field))
    needed = any(field.is_required() for field in tables.model.model_fields.values())
    return _within(tables.model, rest, names, here, whole=whole or needed)


def explain(detail: ErrorDetails, model: type[BaseModel] = Environment) -> Iterator[Mistake]:
    """Yield what one of pydantic's errors says of a model's file, in plain words."""
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "default_factory_not_called":
        return  # the default would follow from a setting that is wrong
    if kind == "too_short" and len(value) >= context["min_length"]:
        return  # items that are wrong themselves were not counted
    place = place_of(detail, model)
    wrong = _WRONG.get(kind, detail["msg"].removeprefix("Value error, "))
    if kind in ("bool_type", "float_type", "int_type") and isinstance(value, str):
        wrong = "is a text, because of its quotes"
    if kind == "float_type" and isinstance(value, int) and not isinstance(value, bool):
        wrong = "is too large"  # for a floating-point number
    yield Mistake(
        field=dotted(place.names),
        wrong=wrong,
        allowed=place.allowed,
        value=None if kind == "missing" else value,
    )
