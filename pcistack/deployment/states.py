"""The Amazon States Language: what a state of each type has, and what it must not have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

JSONPATH: Final = "JSONPath"
"""The language of a machine that names none."""

_COMPARED: Final = (*("Equals", "GreaterThan", "GreaterThanEquals", "LessThan", "LessThanEquals"),)
_OPERATORS: Final = frozenset(
    (
        *("And", "Or", "Not", "BooleanEquals", "BooleanEqualsPath", "StringMatches"),
        *(f"Is{kind}" for kind in ("Boolean", "Null", "Numeric", "Present", "String", "Timestamp")),
        *(
            f"{kind}{how}{path}"
            for kind in ("Numeric", "String", "Timestamp")
            for how in _COMPARED
            for path in ("", "Path")
        ),
    )
)
_BESIDE: Final = frozenset({"Variable", "Next", "Comment", "Assign", "Output"})
_TIMES: Final = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
_OF_PATHS: Final = (
    *("InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "SecondsPath"),
    *("TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "ItemsPath"),
)
_WAITING: Final = re.compile(r".+\.(?:waitForTaskToken|sync(?::\d+)?)")


def grammar(
    name: str, state: Mapping[str, object], language: str, *, express: bool
) -> Iterator[str]:
    """Yield what is wrong with one state by itself.

    Args:
        name: Its name.
        state: The state.
        language: The query language of the machine.
        express: Whether the machine is an express workflow.
    """
    kind, own = state.get("Type"), str(state.get("QueryLanguage") or language)
    if kind in ("Choice", "Succeed", "Fail"):
        for key in ("Next", "End"):
            if key in state:
                yield f"the state {name}, of the type {kind}, has no {key}"
    if own != JSONPATH:
        for key in (key for key in _OF_PATHS if key in state):
            yield f"the state {name} is written in {own}, which has no {key}"
    if kind == "Wait" and sum(key in state for key in _TIMES) != 1:
        yield f"the state {name} waits for one of {', '.join(_TIMES)}"
    if kind == "Choice" and own == JSONPATH:
        yield from _choices(name, state.get("Choices"))
    if kind == "Task":
        yield from _task(name, state, express=express)
    yield from _retries(name, state.get("Retry"))


def _task(name: str, state: Mapping[str, object], *, express: bool) -> Iterator[str]:
    if "Resource" not in state:
        yield f"the state {name} names no Resource"
    resource = state.get("Resource")
    if express and type(resource) is str and _WAITING.fullmatch(resource):
        yield f"the state {name} waits for {resource}, which an express workflow cannot"


def _choices(name: str, choices: object) -> Iterator[str]:
    if choices in (None, []):
        yield f"the state {name} has no Choices"
    for choice in choices if isinstance(choices, list) else ():
        if not isinstance(choice, Mapping):
            continue
        unknown = sorted(set(map(str, choice)) - _OPERATORS - _BESIDE)
        if unknown:
            yield f"the state {name} compares by {unknown[0]}, which is no operator"
        variable = choice.get("Variable")
        if type(variable) is str and not variable.startswith("$"):
            yield f"the state {name} compares {variable!r}, which is no path: write $.{variable}"


def _retries(name: str, retries: object) -> Iterator[str]:
    for one in retries[:-1] if isinstance(retries, list) else ():
        errors = one.get("ErrorEquals") if isinstance(one, Mapping) else None
        if isinstance(errors, list) and "States.ALL" in errors:
            yield f"the state {name} retries States.ALL before other errors; it comes last"


def unreachable(
    start: object,
    states: Mapping[str, object],
    goals: Callable[[Mapping[str, object]], Iterable[str]],
) -> list[str]:
    """Return the states that nothing leads to; none where a way is not known.

    Args:
        start: Name of the first state.
        states: The states by name.
        goals: Gives the names that a state goes on to.
    """
    if type(start) is not str or start not in states:
        return []
    reached, waiting = {start}, [start]
    while waiting:
        state = states[waiting.pop()]
        if not isinstance(state, Mapping) or not _is_known(state):
            return []
        for goal in goals(state):
            if goal not in states:
                return []
            if goal not in reached:
                reached.add(goal)
                waiting.append(goal)
    return [name for name in states if name not in reached]


def _is_known(state: Mapping[str, object]) -> bool:
    """Whether every place that a state goes on to is a plain text."""
    found = [state.get("Next"), state.get("Default")]
    for key in ("Choices", "Catch"):
        items = state.get(key)
        if items is None:
            continue
        if not isinstance(items, list):
            return False
        found += [item.get("Next") if isinstance(item, Mapping) else item for item in items]
    return all(goal is None or type(goal) is str for goal in found)
