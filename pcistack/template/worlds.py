"""The worlds of a template: assignments of its choices that together show all that can differ.

Not the product of all choices: a resource is looked at in every combination of the choices that
it and the resources it refers to depend on, and every two choices meet in every combination.
Choices that have nothing to do with each other vary in the same worlds, so that their number
follows from what depends on what, not from how many there are.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pcistack.template.choices import Choices, default_of
from pcistack.template.document import Json, Template
from pcistack.template.resolver import Shared, resolve
from pcistack.template.view import Choice, Problem, Unknown, View

MAX_WORLDS: Final = 128
"""Most worlds of a template."""
_WORK: Final = 16_000
"""Resources times worlds that are looked at; 500 resources have 32 worlds."""
_MOST_RESOURCES: Final = 500
"""CloudFormation's limit; beyond it every choice is looked at, but not every two."""
_MOST_PAIRS: Final = 5_000

_FEW: Final = 4
"""Choices whose pairs need no more worlds than they are."""

_World: TypeAlias = dict[str, int]


def views(
    template: Template,
    region: str | None,
    *,
    zones: Sequence[str] | None = None,
    parameters: Mapping[str, Json | Unknown] | None = None,
) -> list[View]:
    """Resolve a template in the worlds that its choices make.

    Args:
        template: The template.
        region: Region that ``AWS::Region`` stands for; None leaves it unknown.
        zones: Availability zones that ``Fn::GetAZs`` gives in that region; None if not known.
        parameters: Values given by a caller (a parent stack, a command line); they win over
            defaults. :data:`UNKNOWN` says that a value is given which only the deployment knows.

    Returns:
        At least one view, the first with every default; at most :data:`MAX_WORLDS`. What is not
        looked at is a problem of kind ``worlds-left-out`` of the first.

    Raises:
        TemplateError: The template is too large to resolve.
    """
    given = dict(parameters or {})
    base: dict[str, Json | Unknown] = {
        name: given[name] if name in given else default_of(declaration)
        for name, declaration in template.section("Parameters").items()
    }
    choices = Choices.of(template, base, given)
    if not choices.options:
        return [resolve(template, region, zones, base)]
    plan = _Plan(choices, min(MAX_WORLDS, max(2, _WORK // max(len(template.resources), 1))))
    plan.make(len(template.resources) <= _MOST_RESOURCES)
    shared = Shared(direct=choices.direct, near=choices.near)
    return [
        resolve(
            template,
            region,
            zones,
            base | {name: choice.value for name, choice in world.items()},
            choices=world,
            shared=shared,
            problems=plan.problems() if number == 0 else (),
        )
        for number, world in enumerate(plan.chosen())
    ]


@dataclass(slots=True)
class _Plan:
    """Packs what has to be seen, each a part of a world, into few worlds."""

    choices: Choices
    most: int
    worlds: list[_World] = field(default_factory=list)
    left_out: list[_World] = field(default_factory=list)
    uncombined: list[str] = field(default_factory=list)

    def make(self, with_pairs: bool) -> None:
        """Make the worlds, what matters most first."""
        self.worlds.append(dict.fromkeys(self.choices.options, 0))
        for wanted in (*self._each_value(), *self._combinations()):
            self._see(wanted)
        if with_pairs:
            for wanted in (*self._codes(), *self._pairs()):
                self._see(wanted)

    def _see(self, wanted: _World) -> None:
        """Let one world show what is wanted."""
        for world in self.worlds:
            if all(world.get(name) == value for name, value in wanted.items()):
                return
        for world in self.worlds:
            if all(world.get(name, value) == value for name, value in wanted.items()):
                world.update(wanted)
                return
        if len(self.worlds) < self.most:
            self.worlds.append(dict(wanted))
        else:
            self.left_out.append(wanted)

    def _each_value(self) -> Iterator[_World]:
        """Yield every value by itself; one that tells no condition apart beside the defaults."""
        beside: dict[str, set[str]] = {name: set() for name in self.choices.options}
        for near in set(self.choices.near.values()):
            for name in near:
                beside[name] |= near
        for name, options in self.choices.options.items():
            for value in range(1, len(options.values)):
                others = {} if value < options.telling else dict.fromkeys(sorted(beside[name]), 0)
                yield others | {name: value}

    def _combinations(self) -> Iterator[_World]:
        """Yield every combination of the choices that one resource depends on."""
        order = {name: position for position, name in enumerate(self.choices.options)}
        seen: set[frozenset[str]] = set()
        for resource, near in self.choices.near.items():
            if near in seen:
                continue
            seen.add(near)
            names = sorted(near, key=order.__getitem__)
            counts = [self.choices.options[name].telling for name in names]
            if _product(counts) > self.most:
                self.uncombined.append(resource)
                names = sorted(self.choices.direct[resource], key=order.__getitem__)
                counts = [self.choices.options[name].telling for name in names]
                if _product(counts) > self.most:
                    continue
            for values in itertools.product(*(range(count) for count in counts)):
                yield dict(zip(names, values, strict=True))

    def _codes(self) -> Iterator[_World]:
        """Yield few worlds in which many choices differ from each other, by the bits of a number.

        Two numbers differ in a bit: its world and the opposite one show both orders.
        """
        names = [name for name, options in self.choices.options.items() if options.telling > 1]
        if len(names) <= _FEW:
            return
        for bit in range((len(names) - 1).bit_length()):
            world = {name: number >> bit & 1 for number, name in enumerate(names)}
            yield world
            yield {name: 1 - value for name, value in world.items()}

    def _pairs(self) -> Iterator[_World]:
        telling = [(name, o.telling) for name, o in self.choices.options.items() if o.telling > 1]
        pairs = list(itertools.combinations(telling, 2))
        if sum(first[1] * second[1] for first, second in pairs) > _MOST_PAIRS:
            self.left_out += [{first[0]: 0, second[0]: 0} for first, second in pairs]
            return
        for (first, count), (second, other_count) in pairs:
            for value, other in itertools.product(range(count), range(other_count)):
                yield {first: value, second: other}

    def chosen(self) -> Iterator[dict[str, Choice]]:
        """Yield the worlds; what none of them needs otherwise has its first value."""
        for world in self.worlds:
            yield {
                name: Choice(
                    value=options.values[world.get(name, 0)],
                    is_default=options.has_default and world.get(name, 0) == 0,
                )
                for name, options in self.choices.options.items()
            }

    def problems(self) -> Iterator[Problem]:
        """Yield what is not looked at."""
        if self.left_out:
            names = list(dict.fromkeys(name for wanted in self.left_out for name in wanted))
            yield _left_out(
                "",
                f"{len(self.left_out)} combinations of the parameters {_listed(names)} are not "
                f"looked at: {len(self.worlds)} are",
            )
        for resource in self.uncombined[:1]:
            names = sorted(self.choices.near[resource])
            others = len(self.uncombined) - 1
            also = f" (nor those of {others} other resources)" if others else ""
            yield _left_out(
                resource,
                f"depends on {_listed(names)}: every two of them are combined, but not all "
                f"their combinations{also}",
            )


def _left_out(resource: str, message: str) -> Problem:
    return Problem(kind="worlds-left-out", resource=resource, message=message)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more


def _product(counts: Sequence[int]) -> int:
    total = 1
    for count in counts:
        total *= count
        if total > MAX_WORLDS:
            break
    return total
