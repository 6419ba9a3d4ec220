"""Names: two suffixes never collide, none is too long, and none is given outside the table."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pci_constructs.names import LIMITS, MAX_READERS, Names, longest_suffix
from stacks.environment import ConfigurationError, check_suffix
from tests.support import SHIPPED, template

WORD = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=12)
VALID = (
    st.builds(
        lambda first, words: first + "-".join(words),
        st.sampled_from(string.ascii_lowercase),
        st.lists(WORD, min_size=1, max_size=4),
    )
    .map(lambda text: text[: longest_suffix()].rstrip("-"))
    .filter(bool)
)


def explicit(names: Names) -> set[str]:
    """Every name and export that an environment can have."""
    kinds = ("audit", "error", "slowquery")
    return {
        names.stack,
        names.ecs_cluster,
        names.database_cluster,
        names.database_writer,
        *(names.database_reader(n) for n in range(1, MAX_READERS + 1)),
        *(names.database_logs(kind) for kind in kinds),
        *names.log_groups,
        *(names.alias(purpose) for purpose in ("data", "logs", "secrets", "messages")),
        names.export("VpcId"),
    }


@given(VALID, VALID)
@example("a", "a-1")
@example("dev", "dev-dev")
def test_two_suffixes_never_collide(one: str, other: str) -> None:
    assume(one != other)
    mine = Names(project="pcidss", suffix=check_suffix(one))
    yours = Names(project="pcidss", suffix=check_suffix(other))
    assert not explicit(mine) & explicit(yours)


@given(VALID)
def test_every_name_of_a_valid_suffix_is_within_the_limit_of_aws(suffix: str) -> None:
    names = Names(project="pcidss", suffix=suffix)
    assert names.too_long() == []
    for name, limit in LIMITS.items():
        assert len(str(getattr(names, name))) <= limit


def test_the_longest_suffix_is_the_longest_that_fits() -> None:
    assert check_suffix("a" * longest_suffix())
    with pytest.raises(ConfigurationError, match=f"at most {longest_suffix()} characters"):
        check_suffix("a" * (longest_suffix() + 1))


@given(st.text(max_size=60))
@example("")
@example("Dev")
@example("1dev")
@example("-dev")
@example("dev-")
@example("a--b")
@example("dev\n")
@example("dév")
@example("a" * 64)
def test_any_other_suffix_is_refused_with_what_is_allowed(text: str) -> None:
    parts = text.split("-")
    allowed = set(string.ascii_lowercase + string.digits)
    valid = (
        bool(text)
        and text[0] in string.ascii_lowercase
        and all(part and set(part) <= allowed for part in parts)
        and len(text) <= longest_suffix()
    )
    if valid:
        assert check_suffix(text) == text
    else:
        with pytest.raises(ConfigurationError, match="lower-case letters, digits"):
            check_suffix(text)


GIVEN_NAMES = (
    "AlarmName",
    "BucketName",
    "ClusterName",
    "DBClusterIdentifier",
    "DBInstanceIdentifier",
    "DashboardName",
    "FunctionName",
    "LogGroupName",
    "RoleName",
    "ServiceName",
    "TopicName",
)


@pytest.mark.parametrize("suffix", SHIPPED)
def test_every_given_name_is_in_the_table_and_holds_the_suffix(suffix: str) -> None:
    synthesized = template(suffix)
    names = Names(project="pcidss", suffix=suffix)
    table = explicit(names) | {names.dashboard, names.web_acl}
    seen = set()
    for key in synthesized.resources:
        for field, value in synthesized.properties(key).items():
            if field in GIVEN_NAMES and isinstance(value, str) and not value.startswith("com."):
                assert value in table, (key, field)
                assert suffix in value
                seen.add((key, field))
    assert len(seen) >= 12
