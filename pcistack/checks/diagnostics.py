"""What the schema engine's library hands over, read: a report, or why there is none."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeVar

LEVELS: Final = ("", "debug", "info", "warning", "error", "fatal")
_T = TypeVar("_T")


class EngineError(Exception):
    """The library cannot be used, or could not judge a template."""


class Diagnostic(NamedTuple):
    """What the engine says of one place in a template.

    Attributes:
        rule: Such as ``E3012``.
        level: One of :data:`LEVELS`.
        message: What is wrong.
        name: Logical id of the resource, parameter or output; empty for the whole template.
        kind: Type of the resource; empty for anything else.
        path: Property, such as ``Properties.Tags.0``; empty for none.
        fix: What to do; often empty.
        scenario: The conditions under which it holds; empty if it always does.
    """

    rule: str
    level: str
    message: str
    name: str
    kind: str
    path: str
    fix: str
    scenario: Mapping[str, bool]


class Reader:
    """Reads a report from front to back."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def error(self, code: int) -> str:
        """Return the message of a call that failed."""
        if code == 1:
            self._skip(4)  # its kind, of which there is one
            return self._text()
        return self._content.decode(errors="replace") or "it failed"

    def report(self) -> list[Diagnostic]:
        """Return every diagnostic of a report."""
        self._text()  # path of the file
        self._skip(4)  # status
        self._text()  # version
        self._metadata()
        self._skip(7 * 8)  # how long each part took
        return self._list(self._diagnostic)

    def _metadata(self) -> None:
        self._skip(4)  # rules
        self._skip_texts(2)  # versions of what it judges by
        self._skip(4 + 5 * 4 + 4 + 1 + 4)  # counts, whether it is strict, level
        self._optional(lambda: self._list(self._exhausted))

    def _exhausted(self) -> None:
        self._skip_texts(2)
        self._skip(8 + 1)  # limit, whether something is left open

    def _diagnostic(self) -> Diagnostic:
        rule, level, message = self._text(), LEVELS[self._number()], self._text()
        self._skip(4)  # where the rule comes from
        name, kind = self._optional(self._entity) or ("", "")
        path, fix = self._optional(self._text) or "", self._optional(self._text) or ""
        self._optional(self._text)  # category
        for _ in range(4):
            self._optional(self._number)  # line and column
        self._optional(lambda: self._list(self._related))
        scenario = self._optional(lambda: dict(self._list(self._choice))) or {}
        self._optional(self._text)  # address
        self._optional(self._text)  # description
        self._optional(self._number)  # phase
        if self._optional(self._number) is not None:
            raise EngineError("its report says more than was asked for")
        return Diagnostic(rule, level, message, name, kind, path, fix, scenario)

    def _entity(self) -> tuple[str, str]:
        name = self._text()
        self._skip(4)  # resource, parameter, output ...
        return name, self._optional(self._text) or ""

    def _related(self) -> None:
        self._optional(lambda: (self._optional(self._text), self._optional(self._text)))
        self._optional(lambda: self._skip(4 * 4))
        self._text()

    def _choice(self) -> tuple[str, bool]:
        return self._text(), self._skip(1) == b"\1"

    def _optional(self, read: Callable[[], _T]) -> _T | None:
        return read() if self._skip(1) == b"\1" else None

    def _list(self, read: Callable[[], _T]) -> list[_T]:
        return [read() for _ in range(self._number())]

    def _skip_texts(self, count: int) -> None:
        for _ in range(count):
            self._text()

    def _text(self) -> str:
        return self._skip(self._number()).decode()

    def _number(self) -> int:
        value: int = struct.unpack(">i", self._skip(4))[0]
        return value

    def _skip(self, size: int) -> bytes:
        begin, self._at = self._at, self._at + size
        return self._content[begin : self._at]
