"""The capacity of a Serverless v1 cluster, rewritten as that of Serverless v2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pcistack.migration.draft import Draft, at
from pcistack.migration.values import is_token, shown
from pcistack.regional import v2_capacity
from pcistack.regional.facts import Capacity
from pcistack.template.document import Json, RawResource
from pcistack.template.view import number

_V1: Final = "ScalingConfiguration"
_V2: Final = "ServerlessV2ScalingConfiguration"


def rewrite(draft: Draft, cluster: RawResource, within: Capacity) -> None:
    """Replace the scaling of v1 by that of v2.

    Args:
        draft: The template.
        cluster: The cluster.
        within: Range of capacity of the version that the cluster is raised to.
    """
    name, properties = cluster.logical_id, cluster.properties
    if _V2 in properties:
        if _V1 in properties:
            draft.remove(name, _V1, f"{_V2} takes its place")
        return
    scaling = properties.get(_V1, {})
    if not isinstance(scaling, dict) or is_token(scaling):
        draft.ask(
            name,
            _V1,
            f"{shown(scaling)} cannot be converted; write {_V2} "
            "with MinCapacity and MaxCapacity in its place",
            blocks=True,
        )
        return
    pause = _pauses(draft, name, scaling)
    limits = _limits(draft, name, scaling, pause, within)
    if scaling:
        _rewritten(draft, name, scaling, limits, within)
    else:
        _fresh(draft, name, limits, replaces=_V1 in properties)


# The new limits


def _pauses(draft: Draft, name: str, scaling: Mapping[str, Json]) -> bool:
    value = scaling.get("AutoPause", True)
    if not is_token(value):
        return str(value).lower() == "true"
    draft.ask(
        name,
        f"{_V1}.AutoPause",
        f"{shown(value)} decides whether the cluster pauses; MinCapacity keeps its value, so "
        "it does not. Write MinCapacity: 0 if it should",
    )
    return False


def _limits(
    draft: Draft, name: str, scaling: Mapping[str, Json], pause: bool, within: Capacity
) -> Mapping[str, float | None]:
    """Return the new limits; None for one that a token supplies and that stays."""
    v1_default = 2 if draft.literal(name, "Engine") == "aurora-postgresql" else 1
    low = _capacity(draft, name, "MinCapacity", scaling, v1_default)
    high = _capacity(draft, name, "MaxCapacity", scaling, v2_capacity.V1_DEFAULT_MAXIMUM)
    minimum = (
        v2_capacity.minimum_capacity(low or v1_default, pause=pause, within=within)
        if pause or low is not None
        else None
    )
    maximum = None if high is None else v2_capacity.maximum_capacity(high, within)
    if minimum is not None and maximum is not None and minimum > maximum:
        draft.ask(
            name,
            _V1,
            f"MinCapacity {shown(minimum)} is above MaxCapacity {shown(maximum)}; AWS refuses that",
            blocks=True,
        )
    return {"MinCapacity": minimum, "MaxCapacity": maximum}


def _capacity(
    draft: Draft, name: str, limit: str, scaling: Mapping[str, Json], default: float
) -> float | None:
    """Return a literal limit, or None for one that comes from elsewhere."""
    value = scaling.get(limit, default)
    if isinstance(value, bool) or is_token(value):
        known = draft.numbers(name, f"{_V1}.{limit}")
        if not known or any(not 1 <= number <= 256 for number in known):
            draft.ask(
                name,
                f"{_V2}.{limit}",
                f"{shown(value)} was kept; its value must be 0.5 to 256 in steps of 0.5 "
                "(MaxCapacity at least 1)",
                blocks=any(number > 256 for number in known),
            )
        return None
    return _number(draft, name, f"{_V1}.{limit}", value)


def _number(draft: Draft, name: str, key: str, value: Json) -> float | None:
    """Return a literal number, also if it is written as text; ask, and None, if it is none."""
    found = number(value)
    if found is not None:
        return found
    draft.ask(name, key, f"{shown(value)} is no number", blocks=True)
    return None


# The new text


def _rewritten(
    draft: Draft,
    name: str,
    scaling: Mapping[str, Json],
    limits: Mapping[str, float | None],
    within: Capacity,
) -> None:
    path = at(name, _V1)
    draft.text.rename(path, _V2)
    draft.note(name, _V1, _V1, _V2, "v2 counts in the same ACU, in steps of 0.5")
    for limit, value in limits.items():
        if value is not None:
            _set_limit(draft, name, limit, scaling, v2_capacity.written(value))
    pauses = limits["MinCapacity"] == 0
    for key in ("AutoPause", "TimeoutAction", "SecondsBeforeTimeout"):
        if key in scaling:
            _drop(draft, name, key, scaling, _why_dropped(key, within, pauses))
    _set_pause_seconds(draft, name, scaling, pauses)


def _set_limit(
    draft: Draft, name: str, limit: str, scaling: Mapping[str, Json], value: float
) -> None:
    path = at(name, _V1, limit)
    if limit not in scaling:
        draft.text.insert(path, value, after=list(scaling)[-1])
        draft.note(name, f"{_V2}.{limit}", "", str(value), _why_limit(limit, value, None))
    elif shown(scaling[limit]) != str(value):
        draft.text.set(path, value)
        before = shown(scaling[limit])
        draft.note(name, f"{_V2}.{limit}", before, str(value), _why_limit(limit, value, before))


def _drop(draft: Draft, name: str, key: str, scaling: Mapping[str, Json], why: str) -> None:
    draft.text.remove(at(name, _V1, key))
    draft.note(name, f"{_V1}.{key}", shown(scaling[key]), "", why)


def _set_pause_seconds(draft: Draft, name: str, scaling: Mapping[str, Json], pauses: bool) -> None:
    key = "SecondsUntilAutoPause"
    if key not in scaling:
        return
    given = scaling[key]
    if not pauses:
        _drop(draft, name, key, scaling, "only a cluster with MinCapacity 0 pauses")
        return
    if is_token(given):
        known = draft.numbers(name, f"{_V1}.{key}")
        if not known or any(v2_capacity.pause_seconds(number) != number for number in known):
            draft.ask(name, key, f"{shown(given)} was kept; v2 wants 300 to 86400 seconds")
        return
    number = _number(draft, name, key, given)
    if number is None:
        return
    seconds = v2_capacity.pause_seconds(number)
    if shown(given) != str(seconds):
        draft.text.set(at(name, _V1, key), seconds)
        why = "v2 wants 300 to 86400 seconds"
        draft.note(name, f"{_V2}.{key}", shown(given), str(seconds), why)


def _fresh(draft: Draft, name: str, limits: Mapping[str, float | None], *, replaces: bool) -> None:
    value: dict[str, Json] = {
        key: v2_capacity.written(number) for key, number in limits.items() if number is not None
    }
    if replaces:
        draft.text.remove(at(name, _V1))
    draft.insert(
        name,
        _V2,
        value,
        "required before any db.serverless instance; v1 without limits went up to 16 ACU and "
        "paused when idle",
    )


def _why_dropped(key: str, within: Capacity, pauses: bool) -> str:
    if key != "AutoPause":
        return "v2 scales without a scaling point, so there is nothing to time out"
    if pauses:
        return "MinCapacity 0 pauses the cluster"
    return (
        "a MinCapacity above 0 never pauses"
        if within.can_pause
        else "this version cannot pause; 0.5 ACU is its smallest capacity"
    )


def _why_limit(limit: str, value: float, before: str | None) -> str:
    if limit == "MinCapacity" and value == 0:
        return "AutoPause became MinCapacity 0: it pauses when idle, and wakes at 0.5 ACU or more"
    if before is None:
        return "v1 used this when none was given"
    return "v2 takes 0.5 to 256 ACU (MaxCapacity at least 1) in steps of 0.5"
