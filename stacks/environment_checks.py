"""Checks of an environment's settings: each names what it reads, and is left out without it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TypeAlias

from stacks.mistakes import Mistake
from stacks.settings import Environment, is_in

EnvironmentCheck: TypeAlias = Callable[[Environment], Iterator[Mistake]]


class EnvironmentChecks:
    """Checks of one purpose, in the order in which they are written."""

    def __init__(self) -> None:
        """Hold none yet."""
        self._checks: list[tuple[list[tuple[str, ...]], EnvironmentCheck]] = []

    def reads(self, *fields: str) -> Callable[[EnvironmentCheck], EnvironmentCheck]:
        """Register a check of the settings that it names."""

        def register(check: EnvironmentCheck) -> EnvironmentCheck:
            self._checks.append(([tuple(field.split(".")) for field in fields], check))
            return check

        return register

    def mistakes(
        self, environment: Environment, unusable: Collection[tuple[str, ...]]
    ) -> Iterator[Mistake]:
        """Yield what the checks find, those aside that read what is not usable."""
        for fields, check in self._checks:
            if not any(is_in(names, unusable) for names in fields):
                yield from check(environment)
