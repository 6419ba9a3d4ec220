"""Read YAML as CloudFormation does, in one pass over the parser's events and without recursion.

Depth, digits, aliases, merge keys and repeated keys are refused while the events come in, before
anything is built of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import yaml

from pcistack.template.bounds import (
    MAX_DEPTH,
    MAX_DIGITS,
    UnreadableError,
    not_finite,
    too_deep,
    too_long,
    twice,
)

_STANDARD: Final = "tag:yaml.org,2002:"


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not come yet; a mapping waits for the value of a key."""

    value: dict[str, object] | list[object]
    tag: str | None
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    """Builds plain JSON of YAML events: string keys, short forms in their long form."""

    resolve: Callable[[str], object]
    open: list[_Open] = field(default_factory=list)
    documents: list[object] = field(default_factory=list)

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin(event, {})
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin(event, [])
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self.open.pop()
            self._add(_tagged(done.tag, done.value))
        elif isinstance(event, yaml.AliasEvent):
            raise _at(event, f"a YAML alias (*{event.anchor}), which CloudFormation does not take")
        elif isinstance(event, yaml.DocumentStartEvent) and self.documents:
            raise _at(event, "a second YAML document; a template is one")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text: str = event.value
        holder = self.open[-1] if self.open else None
        if holder is not None and isinstance(holder.value, dict) and holder.key is None:
            if text == "<<" and event.implicit[0]:
                raise _at(event, "a YAML merge key (<<), which CloudFormation does not take")
            if text in holder.value:
                raise _position(event, twice(text))
            holder.key = text
            return
        _refuse_tag(event)
        tag = event.tag
        plain = event.implicit[0] if tag is None else tag in _VALUE_TAGS
        try:
            value = self.resolve(text) if plain else text
        except UnreadableError as error:
            raise _position(event, error) from None
        self._add(_tagged(tag, value))

    def _begin(
        self, event: yaml.CollectionStartEvent, value: dict[str, object] | list[object]
    ) -> None:
        if self.open and isinstance(self.open[-1].value, dict) and self.open[-1].key is None:
            raise _at(event, "a key that is no text")
        if len(self.open) >= MAX_DEPTH:
            raise _position(event, too_deep())
        _refuse_tag(event)
        self.open.append(_Open(value, event.tag))

    def _add(self, value: object) -> None:
        if not self.open:
            self.documents.append(value)
            return
        holder = self.open[-1]
        if isinstance(holder.value, list):
            holder.value.append(value)
        elif holder.key is not None:
            holder.value[holder.key] = value
            holder.key = None


_VALUE_TAGS: Final = frozenset(_STANDARD + name for name in ("int", "float", "bool", "null"))
_TAKEN_TAGS: Final = _VALUE_TAGS | {_STANDARD + name for name in ("str", "map", "seq")}


def _refuse_tag(event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
    tag = event.tag
    if tag is not None and not tag.startswith("!") and tag not in _TAKEN_TAGS:
        shown = tag.removeprefix(_STANDARD)
        raise _at(event, f"the YAML tag {shown!r}, which CloudFormation does not take")


def _tagged(tag: str | None, value: object) -> object:
    """Turn ``!Sub x`` into ``{"Fn::Sub": "x"}``, and so on for every intrinsic function."""
    if tag is None or len(tag) < 2 or not tag.startswith("!"):
        return value
    name = tag[1:]
    if name in ("Ref", "Condition"):
        return {name: value}
    if name == "GetAtt" and isinstance(value, str):
        resource, _, attribute = value.partition(".")
        value = [resource, attribute]
    return {f"Fn::{name}": value}


def _at(event: yaml.Event, problem: str) -> UnreadableError:
    return _position(event, UnreadableError(problem))


def _position(event: yaml.Event, error: UnreadableError) -> UnreadableError:
    mark = event.start_mark
    assert mark is not None  # the parser gives each event its place
    return UnreadableError(error.problem, mark.line + 1, mark.column + 1)


def read(text: str) -> object:
    """Return the document of a YAML text.

    Raises:
        UnreadableError: It is no YAML, or CloudFormation takes no such document.
    """
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader = None
    try:
        loader = base(text)
        builder = _Builder(_Scalars(loader))
        while loader.check_event():
            builder.take(loader.get_event())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = f"not valid YAML ({error.problem or error.context or 'syntax error'})"
        if mark is None:
            raise UnreadableError(problem) from None
        raise UnreadableError(problem, mark.line + 1, mark.column + 1) from None
    except yaml.YAMLError as error:
        first = str(error).splitlines()[0] if str(error) else "syntax error"
        raise UnreadableError(f"not valid YAML ({first})") from None
    finally:
        if loader is not None:
            loader.dispose()
    return builder.documents[0] if builder.documents else None


@dataclass(slots=True)
class _Scalars:
    """Gives a plain scalar its value by YAML 1.1; a date stays text."""

    loader: yaml.SafeLoader

    def __call__(self, text: str) -> object:
        """Return the value."""
        if text[:1] not in self.loader.yaml_implicit_resolvers:
            return text
        tag = self.loader.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        kind = tag.removeprefix(_STANDARD)
        if kind not in ("int", "float", "bool", "null"):
            return text
        if len(text) > MAX_DIGITS:
            raise too_long(text)
        try:
            value: object = self.loader.construct_object(yaml.ScalarNode(tag, text))
        except (ValueError, OverflowError):
            return text  # it only looks like a number
        if isinstance(value, float) and not math.isfinite(value):
            not_finite(text)
        return value
