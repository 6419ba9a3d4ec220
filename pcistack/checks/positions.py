"""Where things stand in the text of a template: looked up only once there is something to show.

The text is walked once for all the paths that are wanted, and only into what they name; everything
else is skipped by the parsers' own C code, so that the time follows the length of the text.
"""

from __future__ import annotations

import gc
import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from pcistack.template.document import KeyPath

if TYPE_CHECKING:
    import yaml

_BLANK: Final = re.compile(r"[ \t\r\n]*")
_IF: Final = "Fn::If"


class Position(NamedTuple):
    """A place in a text; both numbers count from one, the column in characters."""

    line: int
    column: int


@dataclass(slots=True)
class _Wanted:
    """A node that some path leads through, and where its key stands once it is found."""

    offset: int = -1
    below: dict[str, _Wanted] = field(default_factory=dict)


class Found(NamedTuple):
    """Where the deepest part of a path stands that the text has, and how many keys that is."""

    position: Position
    depth: int


def locate(text: str, paths: Sequence[KeyPath]) -> list[Found]:
    """Return where the deepest part of each path stands that the text has.

    Args:
        text: A template, JSON or YAML, that could be read.
        paths: Keys from the top; the items of a list by their number. A branch of ``Fn::If`` is
            entered as if it stood in the place of the function.
    """
    root = _Wanted(offset=_start(text))
    for path in paths:
        node = root
        for step in path:
            node = node.below.setdefault(step, _Wanted())
    if text.lstrip().startswith(("{", "[")):
        try:
            _Json(text).walk(_start(text), root)
        except (ValueError, IndexError, StopIteration):
            _walk_yaml(text, root)  # a YAML flow mapping begins with a brace too
    else:
        _walk_yaml(text, root)
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    found = []
    for path in paths:
        offset, depth = _deepest(root, path)
        line = bisect_right(lines, offset)
        found.append(Found(Position(line, offset - lines[line - 1] + 1), depth))
    return found


def steps(dotted: str) -> KeyPath:
    """Return the keys of a finding's property, such as ``PolicyDocument.Statement.0.Action``."""
    return tuple(part for part in re.sub(r"\[(\d+)\]", r".\1", dotted).split(".") if part)


def _start(text: str) -> int:
    return len(text) - len(text.lstrip())


def _deepest(root: _Wanted, path: KeyPath) -> tuple[int, int]:
    node = root
    for depth, step in enumerate(path):
        if node.below[step].offset < 0:
            return node.offset, depth
        node = node.below[step]
    return node.offset, len(path)


class _Json:
    """Walks a JSON text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._skip = json.JSONDecoder(strict=False).raw_decode

    def walk(self, index: int, wanted: _Wanted) -> int:
        """Walk the value at an index; return the index behind it."""
        index = self._blank(index)
        opening = self._text[index]
        if not wanted.below or opening not in "{[":
            return int(self._skip(self._text, index)[1])
        number = 0
        index = self._blank(index + 1)
        while self._text[index] not in "}]":
            if opening == "{":
                key, behind = self._skip(self._text, index)
                start, index = index, self._blank(self._blank(behind) + 1)
                if key == _IF and self._text[index] == "[":
                    index = self._branches(index, wanted)
                else:
                    index = self._child(str(key), start, index, wanted)
            else:
                index = self._child(str(number), index, index, wanted)
            number += 1
            index = self._blank(index)
            if self._text[index] == ",":
                index = self._blank(index + 1)
        return index + 1

    def _child(self, key: str, start: int, value: int, wanted: _Wanted) -> int:
        child = wanted.below.get(key)
        if child is None:
            return int(self._skip(self._text, value)[1])
        if child.offset < 0:
            child.offset = start
        return self.walk(value, child)

    def _branches(self, index: int, wanted: _Wanted) -> int:
        number = 0
        index = self._blank(index + 1)
        while self._text[index] != "]":
            # the condition's name comes first; it holds nothing that is looked for
            index = self.walk(index, wanted if number else _Wanted())
            number += 1
            index = self._blank(index)
            if self._text[index] == ",":
                index = self._blank(index + 1)
        return index + 1

    def _blank(self, index: int) -> int:
        found = _BLANK.match(self._text, index)
        return found.end() if found else index


def _walk_yaml(text: str, wanted: _Wanted) -> None:
    import yaml

    collecting = gc.isenabled()
    gc.disable()  # nodes are many, and all of them stay until the end
    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if root is not None:
            _walk_node(root, wanted)
    except (yaml.YAMLError, RecursionError, ValueError):
        pass  # everything is then at the top, which is better than nothing
    finally:
        if collecting:
            gc.enable()


def _walk_node(node: yaml.Node, wanted: _Wanted) -> None:
    import yaml

    if not wanted.below:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == _IF and isinstance(value, yaml.SequenceNode):
                for branch in value.value[1:]:
                    _walk_node(branch, wanted)
            else:
                _walk_child(str(key.value), key, value, wanted)
    elif isinstance(node, yaml.SequenceNode):
        if node.tag == "!If":
            for branch in node.value[1:]:
                _walk_node(branch, wanted)
        else:
            for number, item in enumerate(node.value):
                _walk_child(str(number), item, item, wanted)


def _walk_child(key: str, at: yaml.Node, value: yaml.Node, wanted: _Wanted) -> None:
    child = wanted.below.get(key)
    if child is not None:
        if child.offset < 0:
            child.offset = at.start_mark.index
        _walk_node(value, child)
