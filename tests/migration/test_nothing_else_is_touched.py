"""Whatever a template looks like: only the v1 family changes, and nothing ends in a traceback."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcistack.migration import Migration, migrate
from pcistack.regional.facts import load
from pcistack.template.document import Json, Template, TemplateError

TODAY = date(2026, 11, 24)
ZURICH = load("eu-central-2")
FAILED = (Path(__file__).parent / "templates" / "failed_in_zurich.yaml").read_text("utf-8")
POSTGRESQL = (Path(__file__).parent / "templates" / "postgresql.json").read_text("utf-8")


def _migrate(text: str) -> Migration:
    return migrate(text, facts=ZURICH, on=TODAY)


def _differences(before: Json, after: Json, path: str = "") -> list[str]:
    """Return the paths at which two documents differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = {**before, **after}
        return [
            found
            for key in keys
            for found in _differences(before.get(key), after.get(key), f"{path}.{key}")
        ]
    return [] if before == after else [path]


_OF_V1 = re.compile(
    r"\.Resources\.\w+\.Properties\.(Engine(Mode|Version)?|(ServerlessV2)?ScalingConfiguration"
    r"(\.\w+)?|StorageEncrypted|Port|EnableHttpEndpoint|DBClusterParameterGroupName|Family)"
    r"|\.Resources\.\w+Writer\d*"
    r"|\.Parameters\.\w+\.(Default|AllowedValues)"
)


def _assert_only_v1_changed(text: str, result: Migration) -> None:
    before, after = Template.parse(text), Template.parse(result.text)
    found = _differences(dict(before.body), dict(after.body))
    assert [path for path in found if not _OF_V1.fullmatch(path)] == []


# Layouts: the same document, written in many ways


_COMMENTS = ["", "  # why", " #", "  # EngineMode: serverless"]


@given(
    drawn=st.binary(min_size=len(FAILED.splitlines()), max_size=len(FAILED.splitlines())),
    newline=st.sampled_from(["\n", "\r\n"]),
    ends=st.sampled_from([0, 1, 3]),
)
def test_any_layout_of_yaml_keeps_its_other_lines(drawn: bytes, newline: str, ends: int) -> None:
    lines: list[str] = []
    for line, number in zip(FAILED.splitlines(), drawn, strict=True):
        comment, blank = divmod(number, 10)
        if blank == 0:
            lines.append("")
        if line.strip() and not line.lstrip().startswith("#") and comment % 2:
            line = line.rstrip() + _COMMENTS[comment // 2 % len(_COMMENTS)]
        lines.append(line)
    text = newline.join(lines) + newline * ends
    result = _migrate(text)
    _assert_only_v1_changed(text, result)
    assert result.complete
    assert _migrate(result.text).text == result.text
    kept = [line for line in lines if not re.search(r"Engine|Scaling|AutoPause|Family", line)]
    after = iter(result.text.split(newline))
    assert all(line in after for line in kept)  # every other line, in its order


@pytest.mark.parametrize("step", [1, 2, 3, 4, 8])
def test_any_indentation_of_yaml_is_continued(step: int) -> None:
    item = "- {Key: Environment, Value: !Ref EnvironmentSuffix}"
    text = re.sub(r"- Key: Environment\n +Value: .*", item, FAILED)
    text = re.sub(r"(?m)^( +)", lambda match: " " * (len(match.group(1)) // 2 * step), text)
    result = _migrate(text)
    _assert_only_v1_changed(text, result)
    assert f"\n{' ' * step}AuroraClusterWriter:\n{' ' * 2 * step}Type: AWS" in result.text


@given(
    indent=st.sampled_from([None, 0, 1, 2, 3, 4, 8, "\t"]),
    comma=st.sampled_from([",", ", ", " ,", " , "]),
    colon=st.sampled_from([":", ": ", " : "]),
    ascii_only=st.booleans(),
    is_sorted=st.booleans(),
)
def test_any_layout_of_json_stays(
    indent: int | str | None, comma: str, colon: str, ascii_only: bool, is_sorted: bool
) -> None:
    document = json.loads(POSTGRESQL)
    document["Description"] = 'Zürich "x" \\ \U0001f600 \u2028 \t end / 1.50'
    text = json.dumps(
        document,
        indent=indent,
        separators=(comma, colon),
        ensure_ascii=ascii_only,
        sort_keys=is_sorted,
    )
    result = _migrate(text)
    json.loads(result.text)
    _assert_only_v1_changed(text, result)
    assert result.complete
    assert _migrate(result.text).text == result.text


# Our own stack, turned back into what failed


@pytest.mark.parametrize("indent", [None, 1, 2])
def test_a_large_generated_template_turned_to_v1_comes_back(indent: int | None) -> None:
    resources: dict[str, Json] = {
        f"Topic{number}": {"Type": "AWS::SNS::Topic", "Metadata": {"aws:cdk:path": f"S/T{number}"}}
        for number in range(500)
    }
    resources |= json.loads(POSTGRESQL)["Resources"]
    text = json.dumps({"Resources": resources}, indent=indent)
    result = _migrate(text)
    _assert_only_v1_changed(text, result)
    assert any("CDK app" in point.question for point in result.open_points)


# Damage


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    text=st.sampled_from([FAILED, POSTGRESQL]),
    cuts=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 60), st.text("{}[]:,'\"#&*!|>-\n x", max_size=3)),
        max_size=3,
    ),
    end=st.floats(0.2, 1),
)
def test_damaged_templates_are_migrated_or_refused_never_broken(
    text: str, cuts: list[tuple[float, int, str]], end: float
) -> None:
    for position, length, put in cuts:
        at = int(position * len(text))
        text = text[:at] + put + text[at + length :]
    text = text[: int(end * len(text))]
    try:
        result = _migrate(text)
    except TemplateError:
        return
    again = _migrate(result.text)  # what comes out can be read, and is finished
    assert again.text == result.text


_VALUES = cast(
    "st.SearchStrategy[Json]",
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-5, 500)
        | st.sampled_from(
            ["serverless", "aurora", "aurora-mysql", "", "true", "nan", "inf", "{{resolve:ssm:x}}"]
        )
        | st.sampled_from([{"Ref": "Db"}, {"Ref": "Nothing"}, {"Fn::If": ["C", 1, 2]}]),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["MinCapacity", "MaxCapacity", "AutoPause", "Fn::Sub"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=6,
    ),
)
_KEYS = [
    "Engine",
    "EngineMode",
    "EngineVersion",
    "ScalingConfiguration",
    "StorageEncrypted",
    "ServerlessV2ScalingConfiguration",
    "EnableHttpEndpoint",
    "DBClusterIdentifier",
    "DBClusterParameterGroupName",
    "DBInstanceParameterGroupName",
    "SnapshotIdentifier",
]


@given(
    properties=st.dictionaries(st.sampled_from(_KEYS), _VALUES),
    policy=_VALUES,
    group=st.fixed_dictionaries({}, optional={"Family": _VALUES, "Parameters": _VALUES}),
    parameter=_VALUES,
)
def test_properties_of_any_shape_never_break_it(
    properties: dict[str, Json], policy: Json, group: dict[str, Json], parameter: Json
) -> None:
    cluster = {"EngineMode": "serverless", "Engine": "aurora-mysql", **properties}
    document = {
        "Parameters": {"Db2": parameter},
        "Resources": {
            "Db": {"Type": "AWS::RDS::DBCluster", "DeletionPolicy": policy, "Properties": cluster},
            "Writer": {
                "Type": "AWS::RDS::DBInstance",
                "Properties": {"DBClusterIdentifier": policy, "Engine": parameter},
            },
            "Group": {"Type": "AWS::RDS::DBClusterParameterGroup", "Properties": group},
        },
    }
    result = _migrate(json.dumps(document))
    assert _migrate(result.text).text == result.text
    assert all(isinstance(change.after, str) for change in result.changes)
