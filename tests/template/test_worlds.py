"""Worlds: each resource is seen in every combination of what it depends on, at a bounded cost."""

from __future__ import annotations

import itertools

import pytest

from pcistack.template.document import Template
from pcistack.template.view import View
from pcistack.template.worlds import MAX_WORLDS, views


def _template(count: int, resources: str, *, extra: str = "") -> Template:
    parameters = "\n".join(f"  P{i}: {{Type: String, Default: 'no'}}" for i in range(count))
    conditions = "\n".join(f"  C{i}: !Equals [!Ref P{i}, 'yes']" for i in range(count))
    return Template.parse(
        f"Parameters:\n{parameters}\n{extra}\nConditions:\n{conditions}\nResources:\n{resources}\n"
    )


def _seen(found: list[View], *names: str) -> set[tuple[object, ...]]:
    return {tuple(view.parameters[name] for name in names) for view in found}


def test_conditions_that_nothing_depends_on_make_no_worlds() -> None:
    assert len(views(_template(12, "  T: {Type: A}"), None)) == 1


def test_independent_resources_share_their_worlds() -> None:
    resources = "\n".join(f"  T{i}: {{Type: A, Condition: C{i}}}" for i in range(12))
    found = views(_template(12, resources), None)
    assert len(found) < 16
    for first, second in itertools.combinations(range(12), 2):
        assert len(_seen(found, f"P{first}", f"P{second}")) >= 3


@pytest.mark.parametrize("count", [2, 7, 12, 20])
def test_two_conditions_of_one_resource_meet_however_many_others_there_are(count: int) -> None:
    resources = "\n".join(f"  T{i}: {{Type: A, Condition: C{i}}}" for i in range(count))
    resources += "\n  Both: {Type: A, Properties: {V: !If [C0, !If [C1, both, one], none]}}"
    found = views(_template(count, resources), None)
    assert {str(view.resources["Both"].get("V")) for view in found} == {"both", "one", "none"}


def test_a_resource_meets_every_combination_with_what_it_refers_to() -> None:
    resources = "\n".join(f"  T{i}: {{Type: A, Condition: C{i}}}" for i in range(10))
    resources += (
        "\n  Key: {Type: K, Properties: {A: !If [C0, 1, 0], B: !If [C1, 1, 0]}}"
        "\n  User: {Type: U, Properties: {Key: !Ref Key, C: !If [C2, 1, 0], D: !If [C3, 1, 0]}}"
    )
    found = views(_template(10, resources), None)
    assert len(_seen(found, "P0", "P1", "P2", "P3")) == 16


def test_the_first_world_has_every_default() -> None:
    first = views(_template(3, "  T: {Type: A, Condition: C1}"), None)[0]
    assert all(choice.is_default for choice in first.choices.values())


def test_every_allowed_value_is_tried_where_there_is_no_default() -> None:
    values = [f"v{i}" for i in range(30)]
    extra = f"  V: {{Type: String, AllowedValues: [{', '.join(values)}]}}"
    resources = "\n".join(f"  T{i}: {{Type: A, Condition: C{i}}}" for i in range(8))
    resources += "\n  R: {Type: A, Properties: {V: !Ref V}}"
    found = views(_template(8, resources, extra=extra), None)
    assert {str(view.resources["R"].get("V")) for view in found} == set(values)


def test_every_value_that_a_condition_compares_is_tried() -> None:
    allowed = [f"v{i}" for i in range(12)]
    template = Template.parse(
        f"Parameters: {{V: {{Type: String, Default: v0, AllowedValues: [{', '.join(allowed)}]}}}}\n"
        "Conditions: {Last: !Equals [!Ref V, v11]}\n"
        "Resources: {R: {Type: A, Properties: {V: !If [Last, last, other]}}}\n"
    )
    found = views(template, None)
    assert {str(view.resources["R"].get("V")) for view in found} == {"last", "other"}
    assert len(found) == 2


def test_what_is_given_is_no_choice() -> None:
    template = _template(2, "  T: {Type: A, Condition: C0}\n  U: {Type: A, Condition: C1}")
    found = views(template, None, parameters={"P0": "yes"})
    assert all("T" in view.resources for view in found)
    assert len(found) == 2


def test_the_bound_is_kept_and_what_it_hides_is_told() -> None:
    count = 40
    value = "z"
    for number in range(count):
        value = f"!If [C{number}, x{number}, {value}]"
    found = views(_template(count, f"  R: {{Type: A, Properties: {{V: {value}}}}}"), None)
    assert len(found) <= MAX_WORLDS
    told = [problem for problem in found[0].problems if problem.kind == "worlds-left-out"]
    assert [problem.resource for problem in told] == ["R"]
    assert "not all their combinations" in told[0].message


def test_worlds_share_what_does_not_differ() -> None:
    template = _template(
        1, "  T: {Type: A, Condition: C0}\n  U: {Type: A, Properties: {A: {B: 1}}}"
    )
    first, second = views(template, None)
    assert first.resources["U"] is second.resources["U"]


def test_worlds_are_the_same_in_every_run() -> None:
    resources = "\n".join(f"  T{i}: {{Type: A, Condition: C{i}}}" for i in range(9))
    template = _template(9, resources)
    assert [view.parameters for view in views(template, None)] == [
        view.parameters for view in views(template, None)
    ]


def test_a_circle_and_a_long_chain_of_conditions_end() -> None:
    chain = "\n".join(f"  C{i}: !Not [!Condition C{i + 1}]" for i in range(5_000))
    template = Template.parse(
        f"Parameters: {{P: {{Type: String, Default: a}}}}\nConditions:\n{chain}\n"
        "  C5000: !Equals [!Ref P, a]\n  A: !Not [!Condition B]\n  B: !Not [!Condition A]\n"
        "Resources: {R: {Type: T, Condition: C0}, S: {Type: T, Condition: A}}\n"
    )
    assert {"R" in view.resources for view in views(template, None)} == {True, False}
