"""Draw a chart as SVG that prints at A4.

Groups stand one above the other. Arrows run in two corridors, left and right of the groups, each
arrow in a lane of its own, so that any number of boxes and arrows stays readable.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pcistack.evidence.chart import Arrow, Box, Chart, Group, Side

WIDTH: Final = 900
_MARGIN: Final = 14
_LANE: Final = 15
_LINE: Final = 16
_STEP: Final = 27
_GAP: Final = 12
_HEADER: Final = 30
_FRAME: Final = 34
_INSET: Final = 18
_LETTER: Final = 6.3
_WIDEST_LABEL: Final = 190
_WIDEST_LANES: Final = 110

STYLE: Final = """
.diagram text { font: 13px system-ui, "Segoe UI", "Open Sans", Roboto, sans-serif;
  fill: var(--ink); }
.diagram .small { font-size: 11.5px; fill: var(--soft); }
.diagram .strong { font-weight: 650; }
.diagram .frame { fill: none; stroke: var(--soft); stroke-dasharray: 5 4; }
.diagram .group { fill: var(--ground); stroke: var(--line); }
.diagram .cell { fill: none; stroke: var(--line); stroke-dasharray: 3 3; }
.diagram .box { fill: var(--paper); stroke: var(--accent); stroke-width: 1.4; }
.diagram .box.outside { stroke: var(--soft); }
.diagram .box.store { fill: var(--accent-soft); }
.diagram .flow { fill: none; stroke: var(--accent); stroke-width: 1.5; }
.diagram .flow.out { stroke: var(--you); }
.diagram .flow.aside { stroke: var(--soft); stroke-dasharray: 4 3; }
.diagram .tip { fill: var(--accent); }
.diagram .tip.out { fill: var(--you); }
.diagram .tip.aside { fill: var(--soft); }
.diagram .halo { stroke: var(--paper); stroke-width: 4px; paint-order: stroke;
  stroke-linejoin: round; }
"""
"""Rules that the page has for both diagrams, and that a diagram of its own carries with it."""

_PALETTE: Final = """
svg { --paper: #fff; --ground: #f5f6f8; --ink: #1a2130; --soft: #586174; --line: #cfd5df;
  --accent: #2450b2; --accent-soft: #e9effc; --you: #8a4a00; background: var(--paper); }
@media (prefers-color-scheme: dark) {
  svg { --paper: #171b23; --ground: #0f1218; --ink: #e6e9f0; --soft: #a2abbd; --line: #2c3340;
    --accent: #8fb0ff; --accent-soft: #1d2740; --you: #f2b866; }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlacedBox:
    box: Box
    top: float
    height: float

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Corridor:
    """The room beside the boxes in which arrows run: labels next to the boxes, then lanes."""

    lanes: tuple[tuple[Arrow, int], ...]
    heights: Mapping[tuple[str, int], float]
    label: float
    step: float
    count: int

    @property
    def width(self) -> float:
        return _MARGIN + self.label + self.step * self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlacedGroup:
    group: Group
    top: float
    bottom: float
    boxes: tuple[_PlacedBox, ...]


def svg(chart: Chart, *, standalone: bool) -> str:
    """Return a chart as SVG.

    Args:
        chart: The chart.
        standalone: Whether it is a file of its own, which carries its colours.
    """
    return _Drawing(chart).text(standalone=standalone)


class _Drawing:
    """One chart being drawn: first everything is placed, then drawn from back to front."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.groups, self.height = self._place()
        self.boxes = {placed.box.name: placed for group in self.groups for placed in group.boxes}
        self.corridors = {side: self._corridor(side) for side in Side}
        self.left = self.corridors[Side.LEFT].width
        self.right = WIDTH - self.corridors[Side.RIGHT].width
        self.root = ET.Element("svg")

    def text(self, *, standalone: bool) -> str:
        self.root.attrib |= {
            "viewBox": f"0 0 {WIDTH} {self.height:g}",
            "class": "diagram",
            "role": "img",
            "aria-label": self.chart.title,
        }
        if standalone:
            self.root.attrib |= {"xmlns": "http://www.w3.org/2000/svg", "width": str(WIDTH)}
            ET.SubElement(self.root, "style").text = _PALETTE + STYLE
        self._draw_frame()
        for group in self.groups:
            self._draw_group(group)
        for placed in self.boxes.values():
            self._draw_box(placed)
        self._draw_arrows()
        return ET.tostring(self.root, encoding="unicode")

    # Placing

    def _corridor(self, side: Side) -> _Corridor:
        arrows = [arrow for arrow in self.chart.arrows if arrow.side is side]
        heights = self._heights(arrows)
        lanes = tuple(_lanes(arrows, heights))
        count = 1 + max((lane for _, lane in lanes), default=-1)
        longest = max((len(arrow.label) * _LETTER for arrow in arrows), default=0.0)
        return _Corridor(
            lanes=lanes,
            heights=heights,
            label=min(longest, _WIDEST_LABEL) + 26 if arrows else _MARGIN,
            # many lanes stand closer together, so that the boxes keep their room
            step=min(float(_LANE), _WIDEST_LANES / max(count, 1)),
            count=count,
        )

    def _place(self) -> tuple[tuple[_PlacedGroup, ...], float]:
        y, placed = float(_MARGIN), []
        framed = [group for group in self.chart.groups if group.framed]
        for group in self.chart.groups:
            if self.chart.frame and framed and group is framed[0]:
                y += _FRAME
            top = y
            y += (_HEADER if group.title else 0) + (_LINE + 6 if group.cells else 0)
            boxes = []
            for box in group.boxes:
                height = max(18 + _LINE * (1 + len(box.lines)), _STEP * self._touching(box) + 8)
                boxes.append(_PlacedBox(box=box, top=y, height=height))
                y += height + _GAP
            bottom = y if group.boxes else y + 8
            placed.append(_PlacedGroup(group=group, top=top, bottom=bottom, boxes=tuple(boxes)))
            y = bottom + _GAP
            if self.chart.frame and framed and group is framed[-1]:
                y += _GAP
        return tuple(placed), y + 2

    def _touching(self, box: Box) -> int:
        """Most arrows that touch a box on one side."""
        return max(
            sum(
                box.name in (arrow.source, arrow.target)
                for arrow in self.chart.arrows
                if arrow.side is side
            )
            for side in Side
        )

    # Drawing

    def _draw_frame(self) -> None:
        framed = [placed for placed in self.groups if placed.group.framed]
        if not framed or not self.chart.frame:
            return
        top, bottom = framed[0].top - _FRAME + 4, framed[-1].bottom + _GAP
        _rect(self.root, 3, top, WIDTH - 6, bottom - top, "frame", radius=14)
        _text(self.root, self.left + 12, top + 20, self.chart.frame, "small")

    def _draw_group(self, placed: _PlacedGroup) -> None:
        group, width = placed.group, self.right - self.left
        if not group.title:
            return
        _rect(
            self.root, self.left, placed.top, width, placed.bottom - placed.top, "group", radius=10
        )
        _text(self.root, self.left + 12, placed.top + 19, group.title, "strong")
        if group.note:
            start = self.left + 22 + len(group.title) * 8.1
            _text(self.root, start, placed.top + 19, group.note, "small")
        count = len(group.cells)
        for index, text in enumerate(group.cells):
            cell = (width - 16 - 6 * (count - 1)) / count
            x, y = self.left + 8 + index * (cell + 6), placed.top + _HEADER
            _rect(self.root, x, y, cell, placed.bottom - y - 6, "cell", radius=6)
            _text(self.root, x + 8, y + 14, _cut(text, cell - 16), "small")

    def _draw_box(self, placed: _PlacedBox) -> None:
        box, x = placed.box, self.left + _INSET
        width = self.right - self.left - 2 * _INSET
        kind = f"box {box.kind}".strip()
        _rect(self.root, x, placed.top, width, placed.height, kind, radius=8)
        y = placed.middle - _LINE * (1 + len(box.lines)) / 2 + 12.5
        _text(self.root, x + 12, y, _cut(box.title, width - 24), "strong")
        for index, line in enumerate(box.lines, start=1):
            _text(self.root, x + 12, y + _LINE * index, _cut(line, width - 24), "small")

    def _draw_arrows(self) -> None:
        for corridor in self.corridors.values():
            for arrow, lane in corridor.lanes:
                self._draw_arrow(arrow, lane, corridor)

    def _heights(self, arrows: Sequence[Arrow]) -> Mapping[tuple[str, int], float]:
        """Where each arrow touches each of its boxes, so that lines to the same box fan out."""
        found: dict[tuple[str, int], float] = {}
        for name, placed in self.boxes.items():
            touching = [
                (self.boxes[other].middle, turn * index, index)
                for index, arrow in enumerate(arrows)
                # arrows between the same two boxes leave in order and arrive nested
                for end, other, turn in (
                    (arrow.source, arrow.target, 1),
                    (arrow.target, arrow.source, -1),
                )
                if end == name
            ]
            first = placed.middle - _STEP * (len(touching) - 1) / 2
            for place, (_, _, index) in enumerate(sorted(touching)):
                found[name, id(arrows[index])] = first + _STEP * place
        return found

    def _draw_arrow(self, arrow: Arrow, lane: int, corridor: _Corridor) -> None:
        start = corridor.heights[arrow.source, id(arrow)]
        end = corridor.heights[arrow.target, id(arrow)]
        away = corridor.label + corridor.step * lane
        if arrow.side is Side.LEFT:
            edge, direction = self.left + _INSET, -1
        else:
            edge, direction = self.right - _INSET, 1
        x = edge + direction * away
        tip = edge + direction * 8
        ET.SubElement(
            self.root,
            "path",
            {"class": f"flow {arrow.tone}", "d": f"M{edge:g} {start:g}H{x:g}V{end:g}H{tip:g}"},
        )
        ET.SubElement(
            self.root,
            "path",
            {
                "class": f"tip {arrow.tone}",
                "d": f"M{edge:g} {end:g}L{tip:g} {end - 4.5:g}V{end + 4.5:g}Z",
            },
        )
        if arrow.label:
            anchor = "end" if arrow.side is Side.LEFT else "start"
            label = _cut(arrow.label, corridor.label - 22)
            _text(self.root, tip + direction * 4, end - 5, label, "small halo", anchor=anchor)


def _lanes(
    arrows: Sequence[Arrow], heights: Mapping[tuple[str, int], float]
) -> Iterator[tuple[Arrow, int]]:
    """Give each arrow the innermost lane that is free along its way, the shortest ones first."""
    spans = [
        sorted((heights[arrow.source, id(arrow)], heights[arrow.target, id(arrow)]))
        for arrow in arrows
    ]
    taken: list[list[tuple[float, float]]] = []
    for index in sorted(range(len(arrows)), key=lambda i: (spans[i][1] - spans[i][0], -i)):
        top, bottom = spans[index]
        lane = next(
            (
                number
                for number, used in enumerate(taken)
                if all(bottom < first or top > last for first, last in used)
            ),
            len(taken),
        )
        if lane == len(taken):
            taken.append([])
        taken[lane].append((top, bottom))
        yield arrows[index], lane


def _rect(
    parent: ET.Element,
    x: float,
    y: float,
    width: float,
    height: float,
    kind: str,
    *,
    radius: int,
) -> None:
    ET.SubElement(
        parent,
        "rect",
        {
            "class": kind,
            "x": f"{x:g}",
            "y": f"{y:g}",
            "width": f"{width:g}",
            "height": f"{height:g}",
            "rx": str(radius),
        },
    )


def _text(
    parent: ET.Element, x: float, y: float, text: str, kind: str, *, anchor: str = ""
) -> None:
    attributes = {"class": kind, "x": f"{x:g}", "y": f"{y:g}"}
    if anchor:
        attributes["text-anchor"] = anchor
    ET.SubElement(parent, "text", attributes).text = text


def _cut(text: str, width: float) -> str:
    """Shorten a text that is too wide for its box; the registers have it in full."""
    most = max(int(width / _LETTER), 4)
    return text if len(text) <= most else f"{text[: most - 1]}…"
