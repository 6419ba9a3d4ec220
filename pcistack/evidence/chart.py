"""What a chart shows: boxes in groups, with labelled arrows beside them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """The corridor an arrow runs in."""

    LEFT = "left"
    RIGHT = "right"


class Tone(StrEnum):
    """What an arrow stands for.

    Attributes:
        DATA: Traffic of the application.
        OUT: Traffic that leaves the network.
        ASIDE: Something that goes along: events, credentials, keys.
    """

    DATA = "data"
    OUT = "out"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box.

    Attributes:
        name: What arrows refer to it by.
        title: Its first line.
        lines: Further lines, smaller.
        kind: Class of its outline: empty, ``outside`` or ``store``.
    """

    name: str
    title: str
    lines: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Boxes that belong together, such as a tier.

    Attributes:
        title: Its name.
        note: Beside the name.
        cells: Texts of columns behind the boxes, such as the subnets of a tier by zone.
        boxes: The boxes, from top to bottom.
        framed: Whether it lies within the chart's frame.
    """

    title: str
    note: str = ""
    cells: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    framed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """An arrow from one box to another."""

    source: str
    target: str
    label: str
    side: Side = Side.LEFT
    tone: Tone = Tone.DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A diagram.

    Attributes:
        title: Read out in place of the picture.
        frame: Text on the frame around the framed groups; empty for no frame.
        groups: The groups, from top to bottom.
        arrows: The arrows; those that name an absent box are an error of the caller.
    """

    title: str
    frame: str
    groups: tuple[Group, ...]
    arrows: tuple[Arrow, ...]
