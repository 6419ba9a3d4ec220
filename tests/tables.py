"""Tables of cases that cost less than a test: all rows are judged in one, and told one by one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TypeAlias, cast

import pytest

Test: TypeAlias = Callable[..., None]


def cases(
    names: str | tuple[str, ...],
    rows: Iterable[object],
    *,
    ids: Callable[..., object] | None = None,
) -> Callable[[Test], Test]:
    """Run a test for each row, as ``pytest.mark.parametrize`` does, within one test.

    Each row that fails is a failed subtest under its id, and the others are judged all the same. A
    row costs no more than its work; a test costs milliseconds more. Fixtures are made once for all
    rows.

    Args:
        names: One parameter, which is given the row, or several, which are given what is in it.
        rows: The cases.
        ids: What a row is called, from what the test is given; else its values, shortened.
    """
    told = (names,) if isinstance(names, str) else names
    given = [
        dict(zip(told, (row,) if told is not names else cast("Iterable[object]", row), strict=True))
        for row in rows
    ]

    def decorate(test: Test) -> Test:
        parameters = inspect.signature(test).parameters
        kept = [each for each in parameters.values() if each.name not in told]
        own = inspect.Parameter("subtests", inspect.Parameter.KEYWORD_ONLY)

        @wraps(test)
        def run(*, subtests: pytest.Subtests, **fixtures: object) -> None:
            assert given, "the table is empty"
            for row in given:
                try:
                    test(**row, **fixtures)
                except (Exception, pytest.fail.Exception):
                    with subtests.test(str((ids or _beginning)(*row.values()))):
                        raise

        run.__signature__ = inspect.Signature([*kept, own])  # type: ignore[attr-defined]
        return run

    return decorate


def _beginning(*values: object) -> str:
    return ", ".join(f"{value!s:.50}" for value in values)
