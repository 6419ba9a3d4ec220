"""Patterns of policies against texts that are known in part."""

from __future__ import annotations

import fnmatch

from hypothesis import given
from hypothesis import strategies as st

from pcistack.policies.matching import all_of, any_of, glob, same
from tests.tables import cases

HERE = "arn:aws:logs:eu:<AWS::AccountId>:log-group:"


@cases(
    ("pattern", "text", "answer"),
    [
        ("secretsmanager:Get*", "secretsmanager:GetSecretValue", True),
        ("secretsmanager:Get?", "secretsmanager:GetSecretValue", False),
        ("*", "anything", True),
        (
            f"{HERE}/a:*",
            f"{HERE}/a:x",
            True,
        ),
        (
            f"{HERE}/b:*",
            f"{HERE}/a:x",
            False,
        ),
        (
            "arn:aws:logs:eu:123456789012:log-group:/a:*",
            f"{HERE}/a:x",
            None,
        ),
        (
            "arn:aws:logs:us:123456789012:log-group:/a:*",
            f"{HERE}/a:x",
            False,
        ),
        ("<Parameter>", "anything", None),
        ("<value>", "<value>", None),
        ("<Stack>-role", "<Stack>-role", True),
        ("<Stack>-role", "<Stack>-other", False),
        ("", "", True),
        ("", "x", False),
    ],
)
def test_a_pattern_matches_does_not_or_depends(
    pattern: str, text: str, answer: bool | None
) -> None:
    assert glob(pattern, text) is answer


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_known_texts_match_as_file_names_do(pattern: str, text: str) -> None:
    assert glob(pattern, text) is fnmatch.fnmatchcase(text, pattern)


def test_a_star_is_a_character_where_texts_are_compared() -> None:
    assert same("a*", "ab") is False
    assert same("a*", "a*") is True


def test_what_is_not_known_wins_only_where_it_decides() -> None:
    assert all_of([True, None]) is None
    assert all_of([None, False]) is False
    assert any_of([None, True]) is True
    assert any_of([False, None]) is None
