"""The facts: complete, consistent, dated, and answered in three states."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from pci_constructs.settings.database import DatabaseSettings
from pcistack.checks import run as packs
from pcistack.regional import aurora, facts, refresh
from pcistack.regional.curated import curated
from pcistack.regional.facts import Availability
from pcistack.regional.pack import PACK
from pcistack.regional.versions import AURORA_ENGINES, parse
from pcistack.regions import DATA, known_regions, partition_of
from pcistack.template.document import Json, Template
from tests.regional.cases import TODAY, WRITER, ZURICH, cluster
from tests.regional.helpers import findings
from tests.tables import cases

REGIONS = known_regions()
COMMERCIAL = [region for region in REGIONS if facts.load(region).partition == "aws"]
AVAILABLE, UNAVAILABLE, UNKNOWN = Availability


# The curated table


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    source: str


Engine = Literal["aurora-mysql", "aurora-postgresql"]
Region = Annotated[str, Field(pattern=r"^([a-z]{2,4}(-[a-z]+)+-\d|\*)$")]
Url = Annotated[str, Field(pattern=r"^https://docs\.aws\.amazon\.com/\S+$")]


class _Source(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    title: str
    url: Url
    as_of: date
    review_by: date


class _EngineMode(_Row):
    mode: str
    ended: date


class _ServerlessV2(_Row):
    engine: Engine
    regions: list[Region]
    minimum: dict[str, list[str]]


class _Capacity(_Row):
    engine: Engine
    from_: dict[str, str] = Field(alias="from")
    minimum: float
    maximum: float


class _Support(_Row):
    engine: Engine
    majors: dict[str, date]
    long_term: list[str]
    lines: dict[str, date]


class _Feature(_Row):
    feature: str
    engine: Engine
    available: list[Region]
    unavailable: list[Region]
    minimum: dict[str, str] = {}


class _Authority(_Row):
    name: str
    unavailable: list[Region]


class _Majors(_Row):
    engine: str
    majors: list[str]


class _CommunitySupport(_Row):
    engine: str
    majors: dict[str, date]


class _ClassEnds(_Row):
    engine: str
    classes: list[str]
    without: str


class _Compute(_Row):
    feature: str
    available: list[Region]
    unavailable: list[Region]


class _Logs(_Row):
    engine: str
    logs: list[str]


class _Curated(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    sources: dict[str, _Source]
    engine_modes: list[_EngineMode]
    serverless_v2: list[_ServerlessV2]
    capacity: list[_Capacity]
    support: list[_Support]
    features: list[_Feature]
    certificate_authorities: list[_Authority]
    ended_majors: list[_Majors]
    community_support: list[_CommunitySupport]
    class_ends: list[_ClassEnds]
    database_logs: list[_Logs]
    compute: list[_Compute]


def test_the_curated_table_has_the_shape_that_the_facts_read() -> None:
    table = TypeAdapter(_Curated).validate_python(curated())
    rows: list[_Row] = [
        *table.engine_modes,
        *table.serverless_v2,
        *table.capacity,
        *table.support,
        *table.features,
        *table.certificate_authorities,
        *table.ended_majors,
        *table.community_support,
        *table.class_ends,
        *table.database_logs,
        *table.compute,
    ]
    assert {row.source for row in rows} <= set(table.sources)
    for source in table.sources.values():
        assert source.as_of < source.review_by


def test_no_region_is_in_two_rows_of_one_fact() -> None:
    for engine in AURORA_ENGINES:
        rows = [r["regions"] for r in curated()["serverless_v2"] if r["engine"] == engine]
        listed = [region for regions in rows for region in regions]
        assert len(listed) == len(set(listed))
        assert set(COMMERCIAL) - {"eusc-de-east-1"} <= set(listed)
    for row in curated()["features"]:
        assert not set(row["available"]) & set(row["unavailable"])


def test_every_curated_region_is_known() -> None:
    table = curated()
    named = {region for row in table["serverless_v2"] for region in row["regions"]}
    for row in [*table["features"], *table["certificate_authorities"]]:
        named |= set(row.get("available", ())) | set(row["unavailable"])
    assert named - {"*"} <= set(REGIONS)


def test_every_curated_version_is_a_version() -> None:
    for row in curated()["serverless_v2"]:
        for major, versions in row["minimum"].items():
            for version in versions:
                parsed = parse(row["engine"], version)
                assert parsed is not None
                assert parsed.major == major
    for row in curated()["support"]:
        assert set(row["long_term"]) <= set(row["lines"])
        for line, ends in row["lines"].items():
            parsed = parse(row["engine"], line)
            assert parsed is not None
            assert parsed.line == line
            assert ends <= row["majors"][parsed.major]


@pytest.mark.parametrize("engine", AURORA_ENGINES)
def test_the_recommended_version_is_long_term_available_and_lives_longest(engine: str) -> None:
    version = aurora.recommended_version(engine)
    zurich = facts.load(ZURICH)
    support = zurich.support(engine, version)
    assert support is not None
    assert support.long_term
    assert zurich.engine_version(engine, version) == "available"
    long_term = [
        other.ends
        for text in zurich.engine_versions[engine]
        if (other := zurich.support(engine, text)) and other.long_term and other.exact
    ]
    assert support.ends == max(long_term)
    release = parse(engine, version)
    patches = [
        parse(engine, text)
        for text, status in zurich.engine_versions[engine].items()
        if status == "available"
    ]
    assert release is not None
    assert release.numbers == max(p.numbers for p in patches if p and p.line == release.line)


def test_the_default_of_a_new_cluster_is_the_recommended_version() -> None:
    assert DatabaseSettings().engine_version == aurora.recommended_version("aurora-mysql")


@cases("region", COMMERCIAL)
def test_the_recommended_versions_run_on_serverless_v2_in_every_commercial_region(
    region: str,
) -> None:
    for engine in AURORA_ENGINES:
        version = aurora.recommended_version(engine)
        assert facts.load(region).serverless_v2(engine, version) is AVAILABLE


# The generated files


def test_the_generated_files_are_what_the_packages_say(tmp_path: Path) -> None:
    data = shutil.copytree(DATA, tmp_path / "data")
    (data / "regions" / "xx-gone-1.json").write_text("{}")
    (data / "regions" / f"{ZURICH}.json").write_text("{}")
    shipped = {path.name for path in DATA.rglob("*.json")}
    changed = refresh.refresh(data)
    assert changed == [f"regions/{ZURICH}.json", "regions/xx-gone-1.json"], (
        "run 'pcistack facts refresh'"
    )
    assert {path.name for path in data.rglob("*.json")} == shipped
    rewritten = (data / "regions" / f"{ZURICH}.json").read_text()
    assert rewritten == (DATA / "regions" / f"{ZURICH}.json").read_text()


def test_the_generated_files_are_sorted_and_compact() -> None:
    total = 0
    for path in DATA.rglob("*.json"):
        text = path.read_text()
        total += len(text)
        document = json.loads(text)
        assert list(document) == sorted(document)
    assert total < 900_000


def test_a_missing_source_package_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "_PACKAGES", ("no-such-package",))
    with pytest.raises(refresh.RefreshError, match="no-such-package"):
        refresh.refresh()


def test_a_source_of_another_shape_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(refresh, "_infrastructure", lambda: {"eu-central-2": {}})
    with pytest.raises(refresh.RefreshError, match="shape"):
        refresh.refresh(tmp_path)
    assert list(tmp_path.iterdir()) == []


@cases("region", REGIONS)
def test_every_region_has_what_the_rules_ask(region: str) -> None:
    known = facts.load(region)
    assert known.long_name
    assert len(known.zones) >= 2 or region in ("cn-north-1",)
    assert all(zone.startswith(region) for zone in known.zones)
    assert (known.partition, known.domain) == partition_of(region)
    assert known.service("rds") is AVAILABLE
    if known.absent_types is not None:
        assert known.resource_type("AWS::RDS::DBCluster") is AVAILABLE
    if known.partition == "aws":
        assert len(known.instance_classes["aurora-mysql"]) > 10
        assert known.instance_class("aurora-mysql", "db.q1.large") is UNAVAILABLE


def test_zurich_is_known_as_the_documents_describe_it() -> None:
    zurich = facts.load(ZURICH)
    assert zurich.zones == ("eu-central-2a", "eu-central-2b", "eu-central-2c")
    assert zurich.zone_ids == ("euc2-az1", "euc2-az2", "euc2-az3")
    assert zurich.opt_in is True
    assert zurich.load_balancer_account == ""
    assert zurich.service("macie") is UNAVAILABLE
    assert zurich.service("serverlessrepo") is UNAVAILABLE
    assert zurich.resource_type("AWS::Macie::Session") is UNAVAILABLE
    assert zurich.resource_type("AWS::ECS::Service") is AVAILABLE
    assert zurich.resource_type("AWS::New::Thing") is UNKNOWN
    for engine in AURORA_ENGINES:
        assert zurich.feature("data-api", engine).availability is UNAVAILABLE
    assert zurich.feature("backtrack", "aurora-mysql").availability is UNAVAILABLE
    assert zurich.certificate_authorities() == ["rds-ca-rsa2048-g1"]
    assert facts.load("eu-central-1").load_balancer_account == "054676820928"


@cases(
    ("engine", "version", "expected"),
    [
        ("aurora-mysql", "8.0.mysql_aurora.3.02.2", UNAVAILABLE),
        ("aurora-mysql", "8.0.mysql_aurora.3.02.3", AVAILABLE),
        ("aurora-mysql", "8.0.mysql_aurora.3.10.4", AVAILABLE),
        ("aurora-mysql", "8.4.mysql_aurora.8.4.7", AVAILABLE),
        ("aurora-mysql", "5.7.mysql_aurora.2.12.6", UNAVAILABLE),
        ("aurora-mysql", "8.0", AVAILABLE),
        ("aurora-postgresql", "13.8", UNAVAILABLE),
        ("aurora-postgresql", "13.9", AVAILABLE),
        ("aurora-postgresql", "17.4", AVAILABLE),
        ("aurora-postgresql", "18.3", UNKNOWN),
        ("aurora-postgresql", "12.22", UNAVAILABLE),
        ("mysql", "8.0.40", UNKNOWN),
    ],
)
def test_serverless_v2_in_zurich(engine: str, version: str, expected: Availability) -> None:
    assert facts.load(ZURICH).serverless_v2(engine, version) is expected


def test_a_region_that_lists_lines_counts_each_of_them() -> None:
    malaysia = facts.load("ap-southeast-5")
    version = "8.0.mysql_aurora.3.{}".format
    states = {
        number: malaysia.serverless_v2("aurora-mysql", version(number))
        for number in ("04.2", "04.3", "05.1", "05.2", "06.0", "07.1", "08.0", "03.9")
    }
    assert {number for number, state in states.items() if state is AVAILABLE} == {
        "04.3",
        "05.2",
        "07.1",
        "08.0",
    }
    assert facts.load("mx-central-1").serverless_v2("aurora-postgresql", "13.20") is UNAVAILABLE


def test_nothing_is_known_of_an_unknown_region() -> None:
    nowhere = facts.unknown("eu-nowhere-9")
    assert nowhere.resource_type("AWS::RDS::DBCluster") is UNKNOWN
    assert nowhere.zone("eu-nowhere-9a") is UNKNOWN
    assert nowhere.service("rds") is UNKNOWN
    assert nowhere.feature("data-api", "aurora-mysql").availability is UNKNOWN
    assert nowhere.serverless_v2("aurora-mysql", "8.0.mysql_aurora.3.10.4") is UNKNOWN
    with pytest.raises(facts.UnknownRegionError, match="eu-central-2"):
        facts.load("eu-nowhere-9")


def test_a_line_that_the_calendar_does_not_name_ends_with_its_major_at_the_latest() -> None:
    zurich = facts.load(ZURICH)
    named = zurich.support("aurora-postgresql", "17.7")
    unnamed = zurich.support("aurora-postgresql", "17.11")
    assert named is not None
    assert named.exact
    assert unnamed is not None
    assert not unnamed.exact
    assert unnamed.ends == date(2030, 2, 28)


def test_a_bare_major_is_available_while_one_of_its_minors_is() -> None:
    zurich = facts.load(ZURICH)
    assert zurich.engine_version("aurora-mysql", "8.0") == "available"
    assert zurich.engine_version("aurora-postgresql", "16") == "available"
    assert zurich.engine_version("aurora-postgresql", "10") == "deprecated"
    assert zurich.engine_version("aurora-postgresql", "99") == "unknown"


def test_db_serverless_is_never_taken_from_the_lists_of_classes() -> None:
    for region in REGIONS:
        assert facts.load(region).instance_class("aurora-mysql", "db.serverless") is UNKNOWN
    for path in (DATA / "regions").glob("*.json"):
        assert "serverless" not in str(json.loads(path.read_text()).get("instance_classes"))


def test_the_check_path_loads_one_region_and_no_heavy_package() -> None:
    code = (
        "import sys; from pcistack import regions; from pcistack.regional import facts; "
        "from pcistack.regional.pack import PACK; PACK.rules; facts.load('eu-central-2'); "
        "heavy = {'pydantic', 'aws_cdk', 'jsii', 'rich', 'botocore', 'yaml', 'moto', 'cfnlint', "
        "'cloudformation_validate'} & set(sys.modules); assert not heavy, heavy; "
        "read = regions.read.cache_info().currsize; assert read <= 4, read"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Versions and capacity, against a slow oracle

_MYSQL = st.tuples(st.just(3), st.integers(1, 14), st.integers(0, 9))
_POSTGRES = st.tuples(st.sampled_from([13, 14, 15, 16, 17]), st.integers(1, 25))
_ACU = st.integers(-4, 1040).map(lambda quarter: quarter / 4)


def _oracle_mysql(version: tuple[int, ...]) -> tuple[float, float] | None:
    """Capacity as the table of the Aurora user guide has it, written out once more."""
    if version < (3, 2, 0):
        return None
    if version < (3, 6, 0):
        return 0.5, 128
    return (0.5, 256) if version < (3, 8, 0) else (0, 256)


def _oracle_postgresql(version: tuple[int, ...]) -> tuple[float, float] | None:
    major, minor = version
    first, larger, pausing = {
        13: (6, 13, 15),
        14: (3, 10, 12),
        15: (2, 5, 7),
        16: (1, 1, 3),
        17: (4, 4, 4),
    }[major]
    if minor < first:
        return None
    if minor < larger:
        return 0.5, 128
    return (0.5, 256) if minor < pausing else (0, 256)


def _expected(low: float, high: float, limits: tuple[float, float] | None) -> set[tuple[str, str]]:
    """Which finding each capacity must give, judged value by value."""
    expected = set()
    for name, value, lowest in (("MinCapacity", low, 0), ("MaxCapacity", high, 1)):
        if value < lowest or value > 256 or value not in [step / 2 for step in range(513)]:
            expected.add(("AURORA-V2-CAPACITY", name))
    if low > high:
        expected.add(("AURORA-V2-CAPACITY", "MinCapacity"))
    if limits is not None and 0 <= low < limits[0]:
        expected.add(("AURORA-V2-CAPACITY-VERSION", "MinCapacity"))
    if limits is not None and limits[1] < high <= 256:
        expected.add(("AURORA-V2-CAPACITY-VERSION", "MaxCapacity"))
    return expected


def _found(engine: str, version: str, low: float, high: float) -> set[tuple[str, str]]:
    text = cluster(
        f'EngineVersion: "{version}"\n'
        f"ServerlessV2ScalingConfiguration: {{MinCapacity: {low}, MaxCapacity: {high}}}",
        engine=engine,
        more=WRITER.replace("aurora-mysql", engine),
    )
    return {
        (f.rule, f.property.rpartition(".")[2])
        for f in findings(text)
        if f.rule.startswith("AURORA-V2-CAPACITY")
    }


@given(version=_MYSQL, low=_ACU, high=_ACU)
def test_mysql_capacity_agrees_with_the_oracle(
    version: tuple[int, int, int], low: float, high: float
) -> None:
    text = f"8.0.mysql_aurora.{version[0]}.{version[1]:02d}.{version[2]}"
    assert _found("aurora-mysql", text, low, high) == _expected(low, high, _oracle_mysql(version))


@given(version=_POSTGRES, low=_ACU, high=_ACU)
def test_postgresql_capacity_agrees_with_the_oracle(
    version: tuple[int, int], low: float, high: float
) -> None:
    text = f"{version[0]}.{version[1]}"
    limits = _oracle_postgresql(version)
    assert _found("aurora-postgresql", text, low, high) == _expected(low, high, limits)


@given(one=_MYSQL, other=_MYSQL)
def test_mysql_versions_compare_by_their_numbers(
    one: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    parsed = [
        parse("aurora-mysql", f"8.0.mysql_aurora.{a}.{b:02d}.{c}") for a, b, c in (one, other)
    ]
    assert parsed[0] is not None
    assert parsed[1] is not None
    padded = ["".join(f"{part:05d}" for part in version) for version in (one, other)]
    assert (parsed[0].numbers < parsed[1].numbers) == (padded[0] < padded[1])


@given(text=st.text(max_size=30), engine=st.sampled_from([*AURORA_ENGINES, "mysql", ""]))
def test_any_text_is_a_version_or_none(text: str, engine: str) -> None:
    parsed = parse(engine, text)
    assert parsed is None or parsed.engine == engine
    facts.load(ZURICH).engine_version(engine, text)
    facts.load(ZURICH).serverless_v2(engine, text)


@given(version=_MYSQL)
def test_serverless_v2_needs_the_oldest_version_of_the_region(
    version: tuple[int, int, int],
) -> None:
    text = f"8.0.mysql_aurora.{version[0]}.{version[1]:02d}.{version[2]}"
    expected = {"eu-central-2": (3, 2, 3), "eu-central-1": (3, 2, 0), "ca-west-1": (3, 4, 0)}
    for region, oldest in expected.items():
        found = facts.load(region).serverless_v2("aurora-mysql", text)
        assert found is (AVAILABLE if version >= oldest else UNAVAILABLE)


def _refused(engine: str, versions: Sequence[str], region: str) -> set[str]:
    """The versions that a region refuses, asked in one template."""
    resources: dict[str, Json] = {}
    for version in versions:
        (database, writer) = (f"{kind} {version}" for kind in ("Database", "Writer"))
        resources[database] = {
            "Type": "AWS::RDS::DBCluster",
            "Properties": {
                "Engine": engine,
                "EngineVersion": version,
                "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 1},
            },
        }
        resources[writer] = {
            "Type": "AWS::RDS::DBInstance",
            "Properties": {
                "DBClusterIdentifier": {"Ref": database},
                "Engine": engine,
                "DBInstanceClass": "db.serverless",
            },
        }
    views = packs.resolve(Template({"Resources": resources}), region)
    found = PACK.check(views, region=region, on=TODAY)
    return {each.resource.split()[1] for each in found if each.severity.fails}


@pytest.mark.parametrize("engine", AURORA_ENGINES)
@cases("region", COMMERCIAL)
def test_every_version_that_a_region_lets_through_is_known_to_be_there(
    engine: str, region: str
) -> None:
    known = facts.load(region)
    versions = known.engine_versions[engine]
    refused = _refused(engine, tuple(versions), region)
    for version, status in versions.items():
        if version not in refused:
            support = known.support(engine, version)
            assert status == "available" or version in ("8.0", "8.4", "13", "14", "15", "16", "17")
            assert support is not None
            assert support.ends >= TODAY
            assert known.serverless_v2(engine, version) is not UNAVAILABLE
