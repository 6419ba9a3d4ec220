"""Findings that hold in some worlds of a template only: they say in which, and weigh less.

What the template's defaults do not choose is an error at most: whoever deploys may never choose
it. It stays fatal where every choice fails.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from pcistack.checks.findings import Finding, Severity
from pcistack.template.view import Choice, View

_MOST_NAMED: Final = 4
_MOST_CHOICES: Final = 12
_Found: TypeAlias = Mapping[Finding, Sequence[int]]


@dataclass(frozen=True, slots=True)
class _When:
    """The choices for which a finding holds: for each parameter the values."""

    values: Mapping[str, Sequence[Choice]]
    others: Mapping[str, Sequence[Choice]]

    @property
    def by_default(self) -> bool:
        """Whether the template's defaults are among them."""
        return all(any(choice.is_default for choice in each) for each in self.values.values())

    def __str__(self) -> str:
        parts = (
            f"{name} {_values(each, self.others.get(name, ()))}"
            for name, each in self.values.items()
        )
        return " and ".join(parts)


def told(found: _Found, views: Sequence[View]) -> list[Finding]:
    """Return findings as they are reported.

    Args:
        found: The views, by number, in which each finding holds.
        views: The template in every world.
    """
    if not any(view.choices for view in views):
        return list(found)
    fails: dict[str, set[int]] = {}
    for finding, where in found.items():
        if finding.severity is Severity.FATAL:
            fails.setdefault(finding.resource, set()).update(where)
    single: dict[tuple[object, ...], list[tuple[Finding, _When]]] = {}
    result: list[Finding] = []
    for finding, where in found.items():
        if len(where) == len(views):
            result.append(finding)
            continue
        when = _when(finding, where, views)
        always = len(fails.get(finding.resource, ())) == len(views)
        if finding.severity is Severity.FATAL and not always and not when.by_default:
            finding = replace(finding, severity=Severity.ERROR)
        key = (finding.rule, finding.resource, finding.property, finding.severity, *when.values)
        single.setdefault(key, []).append((finding, when))
    for alike in single.values():
        result += _together(alike)
    return result


def _together(alike: Sequence[tuple[Finding, _When]]) -> Iterator[Finding]:
    """Yield findings that differ in the value of one parameter as one; others by themselves."""
    (first, when), *more = alike
    if len(when.values) != 1 or not more:
        for finding, each in alike:
            yield replace(finding, message=_conditional(finding.message, each))
        return
    (name,) = when.values
    values = list(dict.fromkeys(choice for _, each in more for choice in each.values[name]))
    message = f"{_conditional(first.message, when)}; the same if it {_values(values, ())}"
    yield replace(first, message=message)


def _conditional(message: str, when: _When) -> str:
    return f"{message}, if {when}" if when.values else message


def _when(finding: Finding, where: Sequence[int], views: Sequence[View]) -> _When:
    """Return the choices that tell the worlds with a finding from the others."""
    inside = [views[number].choices for number in where]
    held = set(where)
    outside = [view.choices for number, view in enumerate(views) if number not in held]
    names = _names(finding.resource, views)
    for size in (1, 2):
        for chosen in itertools.combinations(names[:_MOST_CHOICES] if size > 1 else names, size):
            if not _combinations(chosen, inside) & _combinations(chosen, outside):
                return _of(chosen, inside, outside if size == 1 else ())
    first = inside[0]
    differing = [name for name in names if name in first and not first[name].is_default]
    return _of(differing[:_MOST_NAMED], inside[:1], ())


def _names(resource: str, views: Sequence[View]) -> list[str]:
    """Return the choices, those first that the resource depends on."""
    near: frozenset[str] = frozenset()
    names: dict[str, None] = {}
    for view in views:
        near |= view.near.get(resource, frozenset())
        names.update(dict.fromkeys(view.choices))
    return sorted(names, key=lambda name: name not in near)


def _combinations(
    names: Sequence[str], worlds: Iterable[Mapping[str, Choice]]
) -> set[tuple[str, ...]]:
    return {tuple(repr(world.get(name)) for name in names) for world in worlds}


def _of(
    names: Sequence[str],
    inside: Sequence[Mapping[str, Choice]],
    outside: Sequence[Mapping[str, Choice]],
) -> _When:
    return _When(
        {name: _different(name, inside) for name in names},
        {name: _different(name, outside) for name in names},
    )


def _different(name: str, worlds: Sequence[Mapping[str, Choice]]) -> list[Choice]:
    found: dict[str, Choice] = {}
    for world in worlds:
        if name in world:
            found.setdefault(repr(world[name]), world[name])
    return list(found.values())


def _values(inside: Sequence[Choice], outside: Sequence[Choice]) -> str:
    """Return the values as a condition: ``is 13.6``, ``is yes or no``, ``is not empty``."""
    if any(_stands_for_others(choice) for choice in inside):
        if outside:
            return f"is not {_listed(outside)}"
        return "is something else"
    return f"is {_listed(inside)}"


def _stands_for_others(choice: Choice) -> bool:
    value = choice.value
    return isinstance(value, str) and value.startswith("<") and value.endswith(">")


def _listed(choices: Sequence[Choice]) -> str:
    shown = [_shown(choice) for choice in choices]
    if len(shown) > _MOST_NAMED:
        shown = [*shown[:_MOST_NAMED], f"one of {len(shown) - _MOST_NAMED} further values"]
    return " or ".join(shown)


def _shown(choice: Choice) -> str:
    value = choice.value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value not in ("", []) else "empty"
