"""A broken construct fails the tests that are about it, not the whole run."""

from __future__ import annotations

import pytest

from tests.conftest import MADE_WHILE_COLLECTING


def test_nothing_is_synthesized_while_tests_are_collected(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.stash[MADE_WHILE_COLLECTING] == 0, (
        "a test module builds a stack when it is imported; use a fixture, or tests.support"
    )
