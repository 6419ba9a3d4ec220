"""The configuration: typed, complete in its mistakes, and never half-applied."""

from __future__ import annotations

import itertools
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pci_constructs.names import longest_project
from pci_constructs.settings.image import PRIVATE_IMAGE
from pci_constructs.settings.regions import regions
from pcistack.checks.findings import Severity
from pcistack.pci_dss.pack import PACK as PCI_DSS
from pcistack.regional import facts
from pcistack.regional.pack import PACK as REGIONAL
from pcistack.regions import known_regions
from stacks import consistency
from stacks.configuration_docs import TARGET
from stacks.environment import (
    ENVIRONMENTS,
    ConfigurationError,
    Environment,
    environment_file,
    load_environment,
)
from tests.mistakes import ARN, HOSTED, KEY, MINIMAL, MISTAKES, PRIVATE, QUEUE, SECRET, Row
from tests.tables import cases


def write(folder: Path, changes: Mapping[str, str]) -> None:
    """Write ``x.toml``: a minimal file with some settings changed."""
    every = {**MINIMAL, **changes}
    lines = [f"{name} = {value}" for name, value in every.items() if value]
    (folder / "x.toml").write_text("\n".join(lines), encoding="utf-8")


def loaded(folder: Path, changes: Mapping[str, str]) -> Environment:
    write(folder, changes)
    return load_environment("x", folder)


def told(folder: Path, changes: Mapping[str, str]) -> list[str]:
    """What is said of a file that must be refused, line by line without the file's name."""
    write(folder, changes)
    return refused(folder)


def refused(folder: Path, suffix: str = "x") -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_environment(suffix, folder)
    start = f"{folder}/{suffix}.toml: "
    lines = str(caught.value).splitlines()
    assert all(line.startswith(start) for line in lines)
    return [line.removeprefix(start) for line in lines]


@cases("mistake", MISTAKES, ids=lambda row: f"{row.line:.70}")
def test_a_mistake_gives_exactly_one_line(tmp_path: Path, mistake: Row) -> None:
    assert told(tmp_path, mistake.changes) == [mistake.line]


def together(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Files of some mistakes each, so that every two which mix stand in one of them."""
    numbers = range(len(rows))
    mixing = [{n for n in numbers if n != m and rows[m].mixes_with(rows[n])} for m in numbers]
    missing = [set(others) for others in mixing]
    while any(missing):
        chosen = [max(numbers, key=lambda number: len(missing[number]))]
        fitting = mixing[chosen[0]]
        while len(chosen) < 16 and fitting:
            best = max(fitting, key=lambda number: len(missing[number].intersection(chosen)))
            if not missing[best].intersection(chosen):
                break
            chosen.append(best)
            fitting = fitting & mixing[best]
        for number in chosen:
            missing[number].difference_update(chosen)
        yield [rows[number] for number in chosen]


def test_any_two_mistakes_of_a_file_are_told_together(tmp_path: Path) -> None:
    kinds = list({row.kind: row for row in MISTAKES}.values())
    seen: set[tuple[str, str]] = set()
    for rows in together(kinds):
        found = told(tmp_path, {name: text for row in rows for name, text in row.changes.items()})
        assert sorted(found) == sorted(row.line for row in rows)
        seen.update(itertools.combinations(sorted(row.line for row in rows), 2))
    every = itertools.combinations(sorted(kinds, key=lambda row: row.line), 2)
    assert seen == {(one.line, other.line) for one, other in every if one.mixes_with(other)}


@given(st.lists(st.sampled_from(MISTAKES), min_size=2, max_size=12))
def test_any_number_of_mistakes_of_a_file_is_told_together(rows: list[Row]) -> None:
    chosen: list[Row] = []
    for row in rows:
        if all(row.mixes_with(other) for other in chosen):
            chosen.append(row)
    changes = {name: value for row in chosen for name, value in row.changes.items()}
    with tempfile.TemporaryDirectory() as folder:
        assert sorted(told(Path(folder), changes)) == sorted(row.line for row in chosen)


GOOD = [
    {},
    {"account": '"111111111111"', "ingress.certificate_arn": f'"{ARN}"'},
    {"project": f'"{"p" * longest_project()}"'},
    {"network.cidr": '"192.168.0.0/22"'},
    {"network.cidr": '"172.31.0.0/16"'},
    {"network.nat_gateways": "2"},
    {"network.egress": '"endpoints"', "service.image": f'"{PRIVATE}"'},
    {"database.min_capacity": "0", "database.auto_pause_seconds": "300"},
    {"database.min_capacity": "1", "database.max_capacity": "256.0"},
    {"database.name": '"select_1"', "database.master_username": '"Owner1"'},
    {"service.image": '"x"'},
    {"network.outbound": "[]"},
    {"network.outbound": '["api.processor.example", "*.example.com"]'},
    {
        'acknowledged."PCI-1.3.2-EGRESS-HTTPS-ANYWHERE"': "{reason = 'The partner has no fixed "
        "name.', until = 2027-06-30}"
    },
    {"service.image": '"localhost:5000/team/app_1:Tag@sha256:' + "0" * 64 + '"'},
    {"service.user": '"nginx:0"'},
    {"service.health_check_command": '["/app/healthy"]', "service.start_seconds": "120"},
    {"service.variables.LOG_LEVEL": '"info"', "service.variables.TOKEN_URL": '"https://x"'},
    {"service.secrets.API_KEY": f'"{SECRET}:api_key"'},
    {"service.secrets.API_KEY": f"{{arn = '{SECRET}', json_key = 'a', kms_key = '{KEY}'}}"},
    {"service.permissions": f"[{{actions = ['sqs:SendMessage'], resources = ['{QUEUE}']}}]"},
    {
        "jobs.nightly.permissions": "[{actions = ['s3:PutObject'], resources = "
        "['arn:aws:s3:::reports/*'], reason = 'Every report is an object of its own.'}]"
    },
    {"workers.a-1.command": '["run"]', "workers.a-1.architecture": '"arm64"'},
    {"jobs.migrate.when": '"before-service"', "jobs.nightly.schedule": '"cron(0 2 * * ? *)"'},
    {"jobs.hourly.schedule": '"rate(1 hour)"', "jobs.by-hand": "{}"},
    {"service.user": '"1000660000:1000660000"'},
    {"service.identity": '"none"', "service.variables.DATABASE_HOST": '"db.example.com"'},
    {"jobs.migrate.identity": '"owner"', "workers.a.identity": '"reader"'},
    {"service.scratch_paths": "[]", "service.scratch_mib": "4096"},
    {"service.scratch_paths": '["/var/cache", "/var/cache-2", "/device"]'},
    {"service.cpu": "16384", "service.memory_mib": "122880"},
    {"monitoring.topic_arn": '"arn:aws:sns:eu-central-2:111111111111:on-call"'},
    HOSTED,
    {**HOSTED, "ingress.scheme": '"internal"', "ingress.allowed_sources": '["10.9.0.0/16"]'},
    {**HOSTED, "ingress.certificate_arn": f'"{ARN}"'},
    {
        **HOSTED,
        "ingress.waf_exceptions": "{SizeRestrictions_BODY = 'Invoices are larger than 8 KB.'}",
    },
    {**HOSTED, "ingress.domain_name": '"example.com"'},
    {"monitoring.emails": '["a.b+c@sub.example.co", "o\'neil@example.com"]'},
    {"acknowledged.AURORA-VERSION-SUPPORT-ENDED": '"  It is destroyed after use.  "'},
    {'acknowledged."PCI-10.2.1-DATABASE-AUDIT"': '"It is destroyed after use."'},
]


@cases("changes", GOOD, ids=lambda changes: ", ".join(changes) or "minimal")
def test_what_aws_accepts_is_accepted(tmp_path: Path, changes: Mapping[str, str]) -> None:
    assert loaded(tmp_path, changes).suffix == "x"


IN_OTHER_PARTITIONS = [
    {"region": '"eusc-de-east-1"', "network.zones": '["eusc-de-east-1a", "eusc-de-east-1b"]'},
    {"region": '"us-gov-west-1"', "network.zones": '["us-gov-west-1a", "us-gov-west-1c"]'},
    {
        "region": '"cn-north-1"',
        "network.zones": '["cn-north-1a", "cn-north-1b"]',
        "network.egress": '"endpoints"',
        "service.image": '"111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn/app@sha256:'
        + "0" * 64
        + '"',
    },
]


@pytest.mark.parametrize("changes", IN_OTHER_PARTITIONS, ids=lambda changes: changes["region"])
def test_a_region_is_accepted_once_the_root_of_its_databases_is_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: Mapping[str, str]
) -> None:
    monkeypatch.setattr(consistency, "has_database_root", lambda region: True)
    assert loaded(tmp_path, changes).suffix == "x"


def test_a_minimal_file_is_enough(tmp_path: Path) -> None:
    environment = loaded(tmp_path, {})
    assert environment.ingress is None
    assert environment.database.max_capacity == 1
    assert environment.data_classification == "test-data"


@pytest.mark.parametrize("path", sorted(ENVIRONMENTS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_file_loads(path: Path) -> None:
    assert load_environment(path.stem).region == "eu-central-2"


def test_a_suffix_with_a_file_uses_it_and_every_other_uses_the_ephemeral_one() -> None:
    assert environment_file("prod").name == "prod.toml"
    assert environment_file("pr42").name == "ephemeral.toml"
    assert load_environment("pr42").suffix == "pr42"


@pytest.mark.parametrize(
    ("suffix", "served"),
    [("pr42", True), ("pr-login", True), ("demo", True), ("prod", False), ("pr", True),
     ("preview", False), ("demo2", False), ("live", False), ("a-1", True), ("a-b", True)],
)  # fmt: skip
def test_the_ephemeral_file_serves_what_it_names_and_never_a_missing_production(
    tmp_path: Path, suffix: str, served: bool
) -> None:
    write(tmp_path, {"serves": '["pr*", "demo", "a-*"]'})
    (tmp_path / "x.toml").rename(tmp_path / "ephemeral.toml")
    if served:
        assert load_environment(suffix, tmp_path).suffix == suffix
    else:
        with pytest.raises(ConfigurationError) as caught:
            load_environment(suffix, tmp_path)
        assert str(caught.value) == (
            f"{tmp_path}/ephemeral.toml: does not serve the suffix '{suffix}'; allowed: a file of "
            f"its own, environments/{suffix}.toml, or a pattern of this one's serves that matches "
            "(it serves 'pr*', 'demo' and 'a-*')"
        )


def test_only_production_holds_cardholder_data() -> None:
    suffixes = [path.stem for path in ENVIRONMENTS.glob("*.toml")]
    classified = {suffix: load_environment(suffix).data_classification for suffix in suffixes}
    assert {suffix for suffix, tag in classified.items() if tag != "test-data"} == {"prod"}


def test_environments_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_environment("dev").region = "eu-west-1"  # type: ignore[misc]


# Defaults that follow, and values that are brought into one form


def test_nat_gateways_follow_the_way_out(tmp_path: Path) -> None:
    assert loaded(tmp_path, {}).network.nat_gateways == 1
    endpoints = {"network.egress": '"endpoints"', "service.image": f'"{PRIVATE}"'}
    assert loaded(tmp_path, endpoints).network.nat_gateways == 0


def test_health_check_follows_port_and_path(tmp_path: Path) -> None:
    def command(**changes: str) -> object:
        return loaded(
            tmp_path, {f"service.{name}": value for name, value in changes.items()}
        ).service.health_check_command

    asks = "wget --quiet --output-document=/dev/null"
    assert command() == f"{asks} http://127.0.0.1:8080/ || exit 1"
    assert command(container_port="9000") == f"{asks} http://127.0.0.1:9000/ || exit 1"
    assert (
        command(health_check_path='"/health?deep=1&x=$(id)"')
        == f"{asks} 'http://127.0.0.1:8080/health?deep=1&x=$(id)' || exit 1"
    )
    assert command(health_check_command='"/app/check"', container_port="9000") == "/app/check"


def test_host_names_are_brought_into_one_form(tmp_path: Path) -> None:
    names = {
        "ingress.hosted_zone_name": '"Example.COM."',
        "ingress.domain_name": '"Pay.example.com."',
    }
    ingress = loaded(tmp_path, {**HOSTED, **names}).ingress
    assert ingress is not None
    assert (ingress.hosted_zone_name, ingress.domain_name) == ("example.com", "pay.example.com")


# Facts that other parts of the project have too


def test_regions_and_zones_are_those_of_the_regional_guard() -> None:
    assert sorted(regions()) == sorted(known_regions())
    for name, region in regions().items():
        known = facts.load(name)
        assert (region.zones, region.partition, region.domain) == (
            known.zones,
            known.partition,
            known.domain,
        )


def test_every_region_can_be_used_and_private_images_are_recognised_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root of its databases at hand."""
    monkeypatch.setattr(consistency, "has_database_root", lambda region: True)
    for name, region in regions().items():
        image = f"111111111111.dkr.ecr.{name}.{region.domain}/team/app:1"
        changes = {
            "region": f'"{name}"',
            "network.zones": json.dumps(region.zones[:2]),
            "network.egress": '"endpoints"',
            "service.image": f'"{image}"',
        }
        assert loaded(tmp_path, changes).region == name
        match = PRIVATE_IMAGE.fullmatch(image)
        assert match is not None
        assert (match["region"], match["name"], match["tag"]) == (name, "team/app", ":1")


def test_every_rule_on_the_database_that_is_not_fatal_can_be_accepted(tmp_path: Path) -> None:
    rules = {rule.id: rule.severity for rule in REGIONAL.rules}
    rules |= {
        rule.id: rule.severity for rule in PCI_DSS.rules if "AWS::RDS::DBCluster" in rule.types
    }
    for rule, severity in rules.items():
        if rule.startswith(("AURORA-", "DATABASE-", "PCI-")) and severity is not Severity.FATAL:
            changes = {f'acknowledged."{rule}"': '"A reason that an assessor reads."'}
            assert rule in loaded(tmp_path, changes).acknowledged


def test_the_page_shows_a_message_that_a_user_sees(tmp_path: Path) -> None:
    (line,) = told(tmp_path, {"database.readers": "99"})
    assert f"\n.../dev.toml: {line}\n" in TARGET.read_text(encoding="utf-8")


# Files that are no configuration


def test_a_missing_file_says_which_one_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_environment("pr42", tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/ephemeral.toml: no such file; an environment needs environments/pr42.toml, "
        "or environments/ephemeral.toml, which serves suffixes without a file of their own"
    )
    assert refused(tmp_path, "ephemeral") == [
        "no such file; an environment needs environments/ephemeral.toml, which serves "
        "suffixes without a file of their own"
    ]


def directory(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def dangling_link(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere.toml")


def loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (directory, "is not a regular file"),
        (pipe, "is not a regular file"),
        (dangling_link, "is a link that leads nowhere"),
        (loop, "cannot be read (Too many levels of symbolic links)"),
    ],
)
def test_what_bears_the_name_of_a_file_and_is_none_never_becomes_the_ephemeral_one(
    tmp_path: Path, make: Callable[[Path], None], line: str
) -> None:
    write(tmp_path, {})
    (tmp_path / "x.toml").rename(tmp_path / "ephemeral.toml")
    make(tmp_path / "x.toml")
    assert refused(tmp_path) == [line]


def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {})

    def forbid(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", forbid)  # root may read everything
    assert refused(tmp_path) == ["cannot be read (Permission denied)"]


def test_a_link_to_a_file_is_that_file(tmp_path: Path) -> None:
    write(tmp_path, {})
    (tmp_path / "y.toml").symlink_to(tmp_path / "x.toml")
    assert load_environment("y", tmp_path).suffix == "y"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"region = ", "is not valid TOML: Invalid value (at end of document)"),
        (b"a = 1\na = 2\n", "is not valid TOML: Cannot overwrite a value (at line 2, column 6)"),
        (b"\xff\xfe\x00", "is not UTF-8 text (at byte 0)"),
        (b"a = " + b"1" * 5000, "is not valid TOML: a number is too long"),
        (b"a = " + b"[" * 100_000, "is not valid TOML: it is nested too deeply"),
        (
            b"[" + b"a" * 500 + b"]\n[" + b"a" * 500 + b"]",
            "is not valid TOML: Cannot declare ('" + "a" * 40 + "... (at line 2, column 502)",
        ),
    ],
    ids=["no value", "twice", "not UTF-8", "long number", "deep", "long name"],
)
def test_a_file_that_is_not_toml_gives_one_line(tmp_path: Path, content: bytes, line: str) -> None:
    (tmp_path / "x.toml").write_bytes(content)
    assert refused(tmp_path) == [line]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    write(tmp_path, {})
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_environment("x", tmp_path).region == "eu-central-2"


# Nothing is a traceback


def survives(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.toml"
        path.write_bytes(content)
        try:
            environment = load_environment("x", Path(folder))
        except ConfigurationError as error:
            lines = str(error).splitlines()
            assert all(line.startswith(f"{path}: ") and len(line) < 800 for line in lines)
        else:
            assert environment.suffix == "x"


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8")))
def test_any_file_loads_or_is_refused(content: bytes) -> None:
    survives(content)


SETTINGS = sorted({name for row in MISTAKES for name in row.changes})
SCALARS = (
    st.integers().map(str)
    | st.floats().map(repr)
    | st.booleans().map(lambda flag: str(flag).lower())
    | st.text(max_size=20).map(lambda text: json.dumps(text, ensure_ascii=True))
    | st.sampled_from(["1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "0x" + "f" * 5000])
    | st.sampled_from([value for row in MISTAKES for value in row.changes.values() if value])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{', '.join(items)}]")
        | inner.map(lambda value: f"{{a = {value}}}")
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(SETTINGS), VALUES, max_size=8))
@example({"acknowledged.region": "3"})
@example({'"network.zones"': "3", "network.zones": '["x"]'})
@example({"network": '{zones = ["x"], zones2 = 3}'})
def test_any_values_load_or_are_refused(changes: dict[str, str]) -> None:
    kept = {**MINIMAL, **changes}
    for name in list(kept):
        if any(other.startswith(f"{name}.") for other in kept):
            del kept[name]  # TOML allows a table or its settings
    survives("\n".join(f"{name} = {value}" for name, value in kept.items()).encode("utf-8"))
