"""A credential in the clear, and what kind of place holds it (8.6.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PlaceKind(StrEnum):
    """What kind of place holds a credential.

    Attributes:
        SETTING: A variable, an option, a label or an argument with a name of its own.
        PASSWORD: A property that is a password or a key by its type.
        TEXT: A command, a script, code or a document.
        SHAPE: Anywhere: the text has a shape that only credentials have.
        CHANCE: A setting whose name says nothing and whose value looks drawn by chance.
    """

    SETTING = "setting"
    PASSWORD = "password"
    TEXT = "text"
    SHAPE = "shape"
    CHANCE = "chance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """A credential in the clear.

    Attributes:
        place: What kind of place holds it.
        resource: Logical id.
        path: Property path.
        message: What is wrong.
        hidden: Whether it comes from a parameter that CloudFormation does not show.
    """

    place: PlaceKind
    resource: str
    path: str
    message: str
    hidden: bool = False
