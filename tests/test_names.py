"""Names: two suffixes never collide, none is too long, and none is given outside the table."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from pci_constructs.names import (
    KEY_PURPOSES,
    LIMITS,
    MAX_READERS,
    Names,
    longest_project,
    longest_suffix,
)
from pci_constructs.settings.workload import NAME
from stacks.environment import ConfigurationError, check_suffix, load_environment
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


WORKLOAD = st.from_regex(NAME, fullmatch=True).filter(lambda name: name != "service")
PROJECT = st.just("pcidss") | st.builds(
    str.__add__,
    st.sampled_from(string.ascii_lowercase),
    st.text(string.ascii_lowercase + string.digits, max_size=longest_project() - 1),
)


def explicit(names: Names) -> set[tuple[str, str]]:
    """Every name and export that an environment can have, each in its namespace."""
    return {
        ("stack", names.stack),
        ("ecs cluster", names.ecs_cluster),
        ("database cluster", names.database_cluster),
        ("database instance", names.database_writer),
        *(("database instance", names.database_reader(n)) for n in range(1, MAX_READERS + 1)),
        *(("log group", name) for name in names.log_groups),
        *(("alias", names.alias(purpose)) for purpose in KEY_PURPOSES),
        ("web acl", names.web_acl),
        ("dashboard", names.dashboard),
        ("alarm", names.alarm("ServiceCpu")),
        ("export", names.export("VpcId")),
        ("schedules", names.schedules),
        *(("ecs service", f"{names.ecs_cluster}/{names.ecs_service(w)}") for w in names.services),
        *(("alarm", names.alarm(f"TasksMissing-{worker}")) for worker in names.workers),
    }


@given(PROJECT, VALID, PROJECT, VALID, st.lists(WORKLOAD, max_size=3, unique=True))
@example("pcidss", "a", "pcidss", "a-1", [])
@example("pcidss", "dev", "pcidss", "dev-dev", ["dev"])
@example("a", "b-c", "b", "c", [])
@example("pcidss", "ledger-dev", "ledger", "dev", ["vpcid"])
@example("pcidss", "a", "transaction", "a", [])
@example("pcidss", "a-b", "pcidssa", "b", [])
@example("aws", "ecs", "aws", "rds", [])
def test_two_pairs_of_project_and_suffix_share_no_name(
    project: str, one: str, other_project: str, other: str, workloads: list[str]
) -> None:
    assume((project, one) != (other_project, other))
    mine, yours = (
        Names(
            project=name,
            suffix=check_suffix(suffix),
            workers=tuple(workloads),
            jobs=("job",),
            database_session=True,
        )
        for name, suffix in ((project, one), (other_project, other))
    )
    assert not explicit(mine) & explicit(yours)


def test_the_default_project_has_the_names_that_it_always_had() -> None:
    names = Names(project="pcidss", suffix="dev")
    assert names.stack == "PciDss-dev"
    assert names.database_cluster == "transaction-db-cluster-dev"
    assert names.export("VpcId") == "dev-VpcId"


@given(PROJECT, VALID)
@example("p" * longest_project(), "s" * longest_suffix())
def test_every_name_of_a_valid_suffix_is_within_the_limit_of_aws(project: str, suffix: str) -> None:
    names = Names(project=project, suffix=suffix, jobs=("j",))
    for name, limit in LIMITS.items():
        assert len(str(getattr(names, name))) <= limit


def test_the_longest_project_is_the_longest_that_fits() -> None:
    names = Names(project="p" * (longest_project() + 1), suffix="s" * longest_suffix())
    assert [n for n, limit in LIMITS.items() if len(getattr(names, n)) > limit] == ["last_reader"]


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
    names = load_environment(suffix).names
    table = {name for _, name in explicit(names)}
    alarms = synthesized.ids("AWS::CloudWatch::Alarm")
    table |= {names.alarm(synthesized.path(alarm).split("/")[-1]) for alarm in alarms}
    seen = set()
    for key in synthesized.resources:
        for field, value in synthesized.properties(key).items():
            if field in GIVEN_NAMES and isinstance(value, str) and not value.startswith("com."):
                assert value in table, (key, field)
                assert suffix in value
                seen.add((key, field))
    assert len(seen) >= 12
