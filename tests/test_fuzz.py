"""A sample of ``make fuzz``: no input ends in a traceback, a crash or a hanging command."""

from __future__ import annotations

from tests import fuzz


def test_a_sample_of_hostile_inputs_ends_well() -> None:
    ends = fuzz.run(300, seed=4711)
    assert {"check 0", "check 1", "check 2", "migrate 0", "migrate 2"} <= set(ends)
