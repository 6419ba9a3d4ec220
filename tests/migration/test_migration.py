from __future__ import annotations

import difflib
import json
import re
from datetime import date
from pathlib import Path
from typing import cast

import pytest

from pcistack.migration import Migration, TargetVersion, migrate, target_of
from pcistack.regional import mysql_parameters
from pcistack.regional.facts import Availability, Facts, load
from pcistack.regions import known_regions
from pcistack.template.document import Json, Template, TemplateError
from tests.tables import cases

TODAY = date(2026, 11, 24)
TEMPLATES = Path(__file__).parent / "templates"
ZURICH = load("eu-central-2")
FRANKFURT = load("eu-central-1")
MYSQL = target_of("aurora-mysql")
POSTGRESQL = target_of("aurora-postgresql")


def _migrate(text: str, facts: Facts = ZURICH) -> Migration:
    return migrate(text, facts=facts, on=TODAY)


def _cluster(properties: dict[str, Json] | None = None, **resource: Json) -> dict[str, Json]:
    base: dict[str, Json] = {
        "Engine": "aurora-mysql",
        "EngineMode": "serverless",
        "EngineVersion": "5.7.mysql_aurora.2.11.3",
        "MasterUsername": "admin",
        "ManageMasterUserPassword": True,
    }
    merged = {key: value for key, value in {**base, **(properties or {})}.items() if value != ""}
    return {"Type": "AWS::RDS::DBCluster", **resource, "Properties": merged}


def _template(cluster: dict[str, Json], **sections: dict[str, Json]) -> str:
    resources = {"Db": cluster, **sections.pop("Resources", {})}
    return json.dumps({**sections, "Resources": resources}, indent=2)


def _properties(result: Migration, name: str = "Db") -> dict[str, Json]:
    return dict(Template.parse(result.text).resources[name].properties)


def _asked(result: Migration, *, blocks: bool | None = None) -> set[str]:
    return {
        f"{point.resource}.{point.property}".strip(".")
        for point in result.open_points
        if blocks is None or point.blocks is blocks
    }


def _scaling(properties: Json, engine: str = "aurora-mysql", version: str = "") -> dict[str, Json]:
    cluster = _cluster(
        {"Engine": engine, "EngineVersion": version, "ScalingConfiguration": properties}
    )
    result = _migrate(_template(cluster))
    assert "ScalingConfiguration" not in _properties(result)
    return cast("dict[str, Json]", _properties(result)["ServerlessV2ScalingConfiguration"])


# The two real-life templates


@pytest.mark.parametrize("name", ["failed_in_zurich.yaml", "postgresql.json"])
def test_real_templates_change_only_what_v1_was(name: str) -> None:
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    result = _migrate(text)
    assert result.complete
    changed = [
        line[1:].strip()
        for line in difflib.unified_diff(text.splitlines(), result.text.splitlines(), n=0)
        if re.match(r"[+-](?![+-])", line)
    ]
    of_v1 = re.compile(
        r"EngineMode|Engine|Scaling|Capacity|AutoPause|Family|ParameterGroupName|StorageEncrypted"
        r"|EnableHttpEndpoint|Port|ManageMasterUserPassword|DBInstance|DeletionPolicy|UpdateReplace"
        r"|Properties|DBClusterIdentifier|AuroraClusterWriter|OrdersWriter|Ref|PubliclyAcc"
    )
    assert [line for line in changed if not of_v1.search(line) and line.strip("{}, ")] == []
    assert len(changed) <= 30


def test_the_cluster_that_failed_in_zurich_becomes_the_known_correction() -> None:
    result = _migrate((TEMPLATES / "failed_in_zurich.yaml").read_text(encoding="utf-8"))
    cluster = _properties(result, "AuroraCluster")
    assert "EngineMode" not in cluster
    assert cluster["EngineVersion"] == "8.0.mysql_aurora.3.10.6"
    assert cluster["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 1, "MaxCapacity": 4}
    instance = Template.parse(result.text).resources["AuroraClusterWriter"]
    assert instance.body["DeletionPolicy"] == "Delete"
    assert dict(instance.properties) == {
        "DBClusterIdentifier": {"Ref": "AuroraCluster"},
        "DBInstanceClass": "db.serverless",
        "Engine": "aurora-mysql",
        "PubliclyAccessible": False,
    }
    assert _properties(result, "DatabaseParameters")["Family"] == "aurora-mysql8.0"
    assert "# one writer, scaled by Aurora itself" in result.text
    assert "DeletionPolicy: Delete        # every environment can be destroyed" in result.text


@pytest.mark.parametrize("name", ["failed_in_zurich.yaml", "postgresql.json"])
@cases("region", known_regions())
def test_a_second_run_changes_nothing_in_any_region(name: str, region: str) -> None:
    facts = load(region)
    once = _migrate((TEMPLATES / name).read_text(encoding="utf-8"), facts)
    twice = _migrate(once.text, facts)
    assert twice.text == once.text
    assert twice.changes == ()
    assert once.complete


def test_every_change_is_explained_and_every_difference_is_a_change() -> None:
    result = _migrate((TEMPLATES / "postgresql.json").read_text(encoding="utf-8"))
    assert all(len(change.reason) > 10 for change in result.changes)
    assert {change.property for change in result.changes if change.resource == "Orders"} == {
        "EngineMode",
        "EngineVersion",
        "DBClusterParameterGroupName",
        "EnableHttpEndpoint",
        "ScalingConfiguration",
        "ScalingConfiguration.AutoPause",
        "ScalingConfiguration.TimeoutAction",
        "ServerlessV2ScalingConfiguration.MinCapacity",
        "ServerlessV2ScalingConfiguration.MaxCapacity",
        "ServerlessV2ScalingConfiguration.SecondsUntilAutoPause",
        "Port",
        "StorageEncrypted",
    }


# What is v1


@pytest.mark.parametrize(
    "properties",
    [
        {"ScalingConfiguration": {"MinCapacity": 1, "MaxCapacity": 2}},
        {"EngineMode": "", "ScalingConfiguration": {"MinCapacity": 1, "MaxCapacity": 2}},
        {},
    ],
    ids=["both", "scaling alone", "mode alone"],
)
@pytest.mark.parametrize("engine", ["aurora", "aurora-mysql", "aurora-postgresql"])
def test_every_form_of_v1_becomes_v2(properties: dict[str, Json], engine: str) -> None:
    cluster = _cluster({"Engine": engine, "EngineVersion": "", **properties})
    result = _migrate(_template(cluster))
    after = _properties(result)
    target = POSTGRESQL if engine == "aurora-postgresql" else MYSQL
    assert result.complete
    assert not {"EngineMode", "ScalingConfiguration"} & set(after)
    assert "ServerlessV2ScalingConfiguration" in after
    assert (after["Engine"], after["EngineVersion"]) == (target.engine, target.version)
    assert _properties(result, "DbWriter")["Engine"] == target.engine


@pytest.mark.parametrize(
    "properties",
    [
        {"EngineMode": ""},
        {"EngineMode": "provisioned"},
        {"EngineMode": "", "ServerlessV2ScalingConfiguration": {"MinCapacity": 1}},
    ],
)
def test_a_cluster_that_is_not_v1_is_left_alone(properties: dict[str, Json]) -> None:
    text = _template(_cluster(properties))
    result = _migrate(text)
    assert (result.text, result.changes, result.open_points) == (text, (), ())


@pytest.mark.parametrize(
    ("mode", "scaling"),
    [
        ({"Ref": "Mode"}, False),
        ({"Fn::If": ["Cheap", "serverless", "provisioned"]}, False),
        ({"Fn::FindInMap": ["Modes", {"Ref": "AWS::Region"}, "Mode"]}, True),
        ("provisioned", True),
    ],
)
def test_a_mode_that_is_not_literal_is_listed_and_nothing_changes(
    mode: Json, scaling: bool
) -> None:
    properties: dict[str, Json] = {"EngineMode": mode}
    if scaling:
        properties["ScalingConfiguration"] = {"MaxCapacity": 2}
    text = _template(
        _cluster(properties),
        Parameters={"Mode": {"Type": "String", "Default": "serverless"}},
        Conditions={"Cheap": {"Fn::Equals": [{"Ref": "Mode"}, "serverless"]}},
    )
    result = _migrate(text)
    assert result.text == text
    assert not result.complete
    assert _asked(result) & {"Db.EngineMode", "Db.ScalingConfiguration"}


def test_a_cluster_made_by_a_loop_is_listed() -> None:
    text = json.dumps({"Resources": {"Fn::ForEach::Dbs": ["X", ["A"], {"Db${X}": _cluster()}]}})
    result = _migrate(text)
    assert result.text == text
    assert _asked(result, blocks=True) == {"Fn::ForEach::Dbs"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("      EngineMode: serverless\n", "'EngineMode' stands twice"),
        ("      ScalingConfiguration: {A: 1, A: 2}\n", "'A' stands twice"),
        ("    Metadata: &a {A: 1}\n    UpdatePolicy: *a\n", "alias"),
        ("      <<: {A: 1}\n", "merge key"),
    ],
)
def test_what_cloudformation_does_not_read_is_not_migrated(lines: str, message: str) -> None:
    text = (
        "Resources:\n  Db:\n    Type: AWS::RDS::DBCluster\n    Properties:\n"
        f"      Engine: aurora-mysql\n      EngineMode: serverless\n{lines}"
    )
    with pytest.raises(TemplateError, match=message):
        _migrate(text)


def test_the_engine_is_found_in_a_mapping_as_check_finds_it() -> None:
    text = _template(
        _cluster({"Engine": {"Fn::FindInMap": ["Database", {"Ref": "AWS::Region"}, "Engine"]}}),
        Mappings={"Database": {"eu-central-2": {"Engine": "aurora-mysql"}}},
    )
    result = _migrate(text)
    assert result.complete
    properties = json.loads(result.text)["Resources"]["Db"]["Properties"]
    assert "EngineMode" not in properties
    assert properties["EngineVersion"].startswith("8.0.mysql_aurora.")


def test_an_engine_that_nobody_knows_is_listed_and_nothing_changes() -> None:
    text = _template(_cluster({"Engine": {"Ref": "Engine"}}), Parameters={"Engine": {}})
    result = _migrate(text)
    assert result.text == text
    assert _asked(result, blocks=True) == {"Db.Engine"}


# Versions


@pytest.mark.parametrize("target", [MYSQL, POSTGRESQL])
def test_the_versions_raised_to_are_long_term_and_run_on_v2_in_every_region(
    target: TargetVersion,
) -> None:
    support = ZURICH.support(target.engine, target.version)
    assert support is not None
    assert support.long_term
    assert support.ends > date(2028, 1, 1)
    for region in known_regions():
        facts = load(region)
        assert facts.engine_version(target.engine, target.version) == "available"
        if facts.serverless_v2_minimum(target.engine) is not None:
            here = facts.serverless_v2(target.engine, target.version)
            assert here is Availability.AVAILABLE, region
        capacity = facts.capacity(target.engine, target.version)
        assert capacity is not None
        assert (capacity.minimum, capacity.maximum) == (0, 256)


def test_a_region_without_known_v2_is_said() -> None:
    facts = load("eusc-de-east-1")
    assert "Db.EngineVersion" in _asked(_migrate(_template(_cluster()), facts), blocks=False)


@pytest.mark.parametrize(
    ("engine", "version", "raised"),
    [
        ("aurora-mysql", "5.7.mysql_aurora.2.11.3", True),
        ("aurora", "5.6.10a", True),
        ("aurora-mysql", "8.0.mysql_aurora.3.04.4", True),  # standard support ended
        ("aurora-mysql", "8.0.mysql_aurora.3.12.0", False),
        ("aurora-mysql", "8.4.mysql_aurora.8.4.7", False),
        ("aurora-postgresql", "10.21", True),
        ("aurora-postgresql", "13.12", True),
        ("aurora-postgresql", "16.8", False),
        ("aurora-postgresql", "18.3", None),  # v2 is not documented for it here
    ],
)
def test_a_version_stays_if_v2_runs_it_and_it_is_supported(
    engine: str, version: str, raised: bool | None
) -> None:
    result = _migrate(_template(_cluster({"Engine": engine, "EngineVersion": version})))
    after = _properties(result)["EngineVersion"]
    if raised is None:
        raised = ZURICH.serverless_v2(engine, version) is not Availability.AVAILABLE
    assert (after != version) is raised


@pytest.mark.parametrize(
    ("engine", "version", "family"),
    [
        ("aurora-mysql", "8.0.mysql_aurora.3.10.4", "aurora-mysql8.0"),
        ("aurora-mysql", "8.4.mysql_aurora.8.4.7", "aurora-mysql8.4"),
        ("aurora-postgresql", "17.7", "aurora-postgresql17"),
    ],
)
def test_a_family_follows_its_version(engine: str, version: str, family: str) -> None:
    assert TargetVersion(engine=engine, version=version).family == family


def test_a_postgresql_version_is_quoted_in_yaml() -> None:
    text = (
        "Resources:\n  Db:\n    Type: AWS::RDS::DBCluster\n    Properties:\n"
        "      Engine: aurora-postgresql\n      EngineMode: serverless\n"
        "      EngineVersion: 13.12\n"
    )
    assert '      EngineVersion: "17.7"\n' in _migrate(text).text


def test_a_version_from_a_parameter_of_its_own_is_raised_there() -> None:
    text = _template(
        _cluster({"EngineVersion": {"Ref": "Version"}}),
        Parameters={
            "Version": {
                "Type": "String",
                "Default": "5.7.mysql_aurora.2.11.3",
                "AllowedValues": ["5.7.mysql_aurora.2.12.0", "5.7.mysql_aurora.2.11.3"],
            }
        },
    )
    result = _migrate(text)
    parameter = Template.parse(result.text).section("Parameters")["Version"]
    assert parameter == {
        "Type": "String",
        "Default": MYSQL.version,
        "AllowedValues": ["5.7.mysql_aurora.2.12.0", MYSQL.version],
    }
    assert _properties(result)["EngineVersion"] == {"Ref": "Version"}
    assert result.complete
    assert "Version" in _asked(result)


@pytest.mark.parametrize(
    "parameter",
    [
        {"Type": "String"},
        {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/aurora/version"},
        {"Type": "String", "Default": "5.7.mysql_aurora.2.11.3", "AllowedPattern": r"5\.7\..*"},
        {"Type": "String", "Default": "5.7.mysql_aurora.2.11.3", "AllowedPattern": "("},
    ],
)
def test_a_parameter_that_cannot_be_raised_is_listed(parameter: Json) -> None:
    text = _template(
        _cluster({"EngineVersion": {"Ref": "Version"}}), Parameters={"Version": parameter}
    )
    result = _migrate(text)
    assert "Db.EngineVersion" in _asked(result, blocks=True)
    assert Template.parse(result.text).section("Parameters")["Version"] == parameter


def test_a_parameter_that_others_use_is_listed() -> None:
    text = _template(
        _cluster({"EngineVersion": {"Ref": "Version"}}),
        Parameters={"Version": {"Type": "String", "Default": "5.7.mysql_aurora.2.11.3"}},
        Outputs={"Version": {"Value": {"Fn::Sub": "on ${Version}"}}},
    )
    assert "Db.EngineVersion" in _asked(_migrate(text), blocks=True)


# Scaling


@cases(
    ("v1", "v2"),
    [
        ({"AutoPause": False, "MinCapacity": 1, "MaxCapacity": 1}, (1, 1, None)),
        ({"AutoPause": False, "MinCapacity": 2, "MaxCapacity": 64}, (2, 64, None)),
        ({"AutoPause": False, "MinCapacity": 256, "MaxCapacity": 256}, (256, 256, None)),
        ({"AutoPause": "false", "MinCapacity": "4", "MaxCapacity": "8"}, ("4", "8", None)),
        ({"AutoPause": True, "MinCapacity": 1, "MaxCapacity": 1}, (0, 1, None)),
        ({"MinCapacity": 8, "MaxCapacity": 16}, (0, 16, None)),
        ({"AutoPause": True, "SecondsUntilAutoPause": 300}, (0, 16, 300)),
        ({"AutoPause": True, "SecondsUntilAutoPause": 1}, (0, 16, 300)),
        ({"AutoPause": True, "SecondsUntilAutoPause": 100_000}, (0, 16, 86_400)),
        ({"AutoPause": False, "SecondsUntilAutoPause": 600}, (1, 16, None)),
        ({"AutoPause": False, "MinCapacity": 1.3, "MaxCapacity": 1.3}, (1.5, 1.5, None)),
        ({}, (0, 16, None)),
    ],
)
def test_v1_limits_become_v2_limits(v1: dict[str, Json], v2: tuple[Json, Json, Json]) -> None:
    after = _scaling(v1)
    assert (after["MinCapacity"], after["MaxCapacity"], after.get("SecondsUntilAutoPause")) == v2
    assert set(after) <= {"MinCapacity", "MaxCapacity", "SecondsUntilAutoPause"}


def test_postgresql_384_becomes_the_most_that_v2_has() -> None:
    limits: dict[str, Json] = {"AutoPause": False, "MinCapacity": 384, "MaxCapacity": 384}
    assert _scaling(limits, "aurora-postgresql") == {"MinCapacity": 256, "MaxCapacity": 256}


def test_postgresql_had_a_minimum_of_two() -> None:
    assert _scaling({"AutoPause": False}, "aurora-postgresql")["MinCapacity"] == 2


def test_v2_limits_that_are_there_win() -> None:
    limits: dict[str, Json] = {"MinCapacity": 3, "MaxCapacity": 5}
    cluster = _cluster(
        {"ScalingConfiguration": {"MaxCapacity": 2}, "ServerlessV2ScalingConfiguration": limits}
    )
    after = _properties(_migrate(_template(cluster)))
    assert after["ServerlessV2ScalingConfiguration"] == limits
    assert "ScalingConfiguration" not in after


def test_limits_from_parameters_stay_and_are_listed_if_they_do_not_fit() -> None:
    scaling: dict[str, Json] = {
        "AutoPause": False,
        "MinCapacity": {"Ref": "Low"},
        "MaxCapacity": {"Ref": "High"},
    }
    text = _template(
        _cluster({"ScalingConfiguration": scaling}),
        Parameters={
            "Low": {"Type": "Number", "Default": 2},
            "High": {"Type": "Number", "Default": 384},
        },
    )
    result = _migrate(text)
    assert _properties(result)["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": {"Ref": "Low"},
        "MaxCapacity": {"Ref": "High"},
    }
    assert _asked(result, blocks=True) == {"Db.ServerlessV2ScalingConfiguration.MaxCapacity"}


def test_auto_pause_from_a_parameter_is_listed() -> None:
    cluster = _cluster({"ScalingConfiguration": {"AutoPause": {"Ref": "P"}, "MinCapacity": 2}})
    result = _migrate(_template(cluster, Parameters={"P": {"Type": "String"}}))
    scaling = _properties(result)["ServerlessV2ScalingConfiguration"]
    assert scaling == {"MinCapacity": 2, "MaxCapacity": 16}
    assert "Db.ScalingConfiguration.AutoPause" in _asked(result)


@pytest.mark.parametrize("value", [{"Fn::If": ["C", {}, {"Ref": "AWS::NoValue"}]}, "x", [], 3])
def test_limits_that_are_no_object_are_listed(value: Json) -> None:
    result = _migrate(_template(_cluster({"ScalingConfiguration": value})))
    assert _properties(result)["ScalingConfiguration"] == value
    assert "Db.ScalingConfiguration" in _asked(result, blocks=True)


@pytest.mark.parametrize(
    "limits",
    [
        {"MinCapacity": "many"},
        {"MinCapacity": "nan"},
        {"MaxCapacity": "inf"},
        {"MaxCapacity": "1" * 400},
        {"MinCapacity": 8, "MaxCapacity": 2},
    ],
)
def test_limits_that_aws_refused_before_are_listed(limits: dict[str, Json]) -> None:
    cluster = _cluster({"ScalingConfiguration": {"AutoPause": False, **limits}})
    assert not _migrate(_template(cluster)).complete


# What v1 implied


@pytest.mark.parametrize(
    ("engine", "port", "after"),
    [
        ("aurora-mysql", None, None),  # 3306 then and now
        ("aurora-postgresql", None, 5432),
        ("aurora-postgresql", 6432, 6432),
        ("aurora-postgresql", {"Ref": "Port"}, {"Ref": "Port"}),
    ],
)
def test_postgresql_keeps_listening_where_it_did(engine: str, port: Json, after: Json) -> None:
    properties: dict[str, Json] = {"Engine": engine, "EngineVersion": ""}
    if port is not None:
        properties["Port"] = port
    assert _properties(_migrate(_template(_cluster(properties)))).get("Port") == after


def test_storage_stays_encrypted_as_v1_always_was() -> None:
    assert _properties(_migrate(_template(_cluster())))["StorageEncrypted"] is True


@pytest.mark.parametrize("value", [False, "false"])
def test_storage_that_is_told_to_be_plain_is_listed(value: Json) -> None:
    result = _migrate(_template(_cluster({"StorageEncrypted": value})))
    assert _properties(result)["StorageEncrypted"] == value
    assert "Db.StorageEncrypted" in _asked(result)


@pytest.mark.parametrize("key", ["SnapshotIdentifier", "SourceDBClusterIdentifier"])
def test_a_restore_keeps_its_source_and_is_listed(key: str) -> None:
    result = _migrate(_template(_cluster({key: "before"})))
    assert _properties(result)[key] == "before"
    assert "StorageEncrypted" not in _properties(result)
    assert f"Db.{key}" in _asked(result)


def test_the_data_api_goes_where_the_region_lacks_it_and_its_users_are_named() -> None:
    policy: dict[str, Json] = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": {"Statement": [{"Action": "rds-data:ExecuteStatement"}]}},
    }
    text = _template(_cluster({"EnableHttpEndpoint": True}), Resources={"Query": policy})
    result = _migrate(text)
    assert "EnableHttpEndpoint" not in _properties(result)
    asked = [p.question for p in result.open_points if p.property == "EnableHttpEndpoint"]
    assert len(asked) == 1
    assert "Query" in asked[0]
    assert _properties(_migrate(text, FRANKFURT))["EnableHttpEndpoint"] is True


def test_a_data_api_of_unknown_availability_is_listed() -> None:
    text = _template(_cluster({"EnableHttpEndpoint": True}))
    result = _migrate(text, load("eusc-de-east-1"))
    assert _properties(result)["EnableHttpEndpoint"] is True
    assert "Db.EnableHttpEndpoint" in _asked(result)


def test_a_fixed_cluster_name_and_the_data_are_always_listed() -> None:
    asked = _asked(_migrate(_template(_cluster({"DBClusterIdentifier": "orders"}))))
    assert {"Db", "Db.DBClusterIdentifier"} <= asked


def test_a_generated_template_says_to_change_the_app() -> None:
    text = _template(_cluster(Metadata={"aws:cdk:path": "Stack/Db/Resource"}))
    assert any("CDK app" in point.question for point in _migrate(text).open_points)


# The instance


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("Delete", "Delete"),
        ("Snapshot", "Delete"),  # AWS refuses Snapshot on an instance of a cluster
        ("Retain", "Retain"),
        ("RetainExceptOnCreate", "RetainExceptOnCreate"),
        (None, None),
    ],
)
def test_the_instance_is_deleted_or_kept_with_its_cluster(
    policy: str | None, expected: str | None
) -> None:
    cluster = _cluster()
    if policy:
        cluster["DeletionPolicy"] = cluster["UpdateReplacePolicy"] = policy
    body = Template.parse(_migrate(_template(cluster)).text).resources["DbWriter"].body
    assert (body.get("DeletionPolicy"), body.get("UpdateReplacePolicy")) == (expected, expected)


def test_the_instance_exists_when_its_cluster_does() -> None:
    text = _template(
        _cluster(Condition="Wanted"),
        Conditions={"Wanted": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-central-2"]}},
    )
    instance = Template.parse(_migrate(text).text).resources["DbWriter"]
    assert instance.condition == "Wanted"


def test_the_instance_gets_a_free_name() -> None:
    text = _template(
        _cluster(),
        Parameters={"DbWriter": {"Type": "String", "Default": "x"}},
        Outputs={"DbWriter2": {"Value": "x"}},
    )
    assert "DbWriter3" in Template.parse(_migrate(text).text).resources


@pytest.mark.parametrize(
    "identifier", [{"Ref": "Db"}, {"Fn::Sub": "${Db}"}, "orders"], ids=["ref", "sub", "name"]
)
def test_no_instance_is_added_beside_one_that_is_there(identifier: Json) -> None:
    instance: dict[str, Json] = {
        "Type": "AWS::RDS::DBInstance",
        "Properties": {
            "DBClusterIdentifier": identifier,
            "DBInstanceClass": "db.r5.large",
            "Engine": "aurora",
            "EngineVersion": "5.6.10a",
        },
    }
    cluster = _cluster(
        {"Engine": "aurora", "EngineVersion": "5.6.10a", "DBClusterIdentifier": "orders"}
    )
    result = _migrate(_template(cluster, Resources={"Writer": instance}))
    assert set(Template.parse(result.text).resources) == {"Db", "Writer"}
    after = _properties(result, "Writer")
    assert (after["Engine"], after["EngineVersion"]) == (MYSQL.engine, MYSQL.version)
    assert after["DBInstanceClass"] == "db.r5.large"
    assert "Writer.DBInstanceClass" in _asked(result)


def test_what_waits_for_the_cluster_is_listed() -> None:
    waiting: dict[str, Json] = {"Type": "AWS::SNS::Topic", "DependsOn": ["Db"]}
    result = _migrate(_template(_cluster(), Resources={"Seed": waiting}))
    assert any("Seed" in point.question for point in result.open_points)


# Parameter groups


def _group(family: str, kind: str = "DBClusterParameterGroup", **more: Json) -> dict[str, Json]:
    return {"Type": f"AWS::RDS::{kind}", "Properties": {"Family": family, **more}}


@pytest.mark.parametrize("family", ["aurora5.6", "aurora-mysql5.7"])
def test_a_cluster_group_gets_the_family_of_the_version(family: str) -> None:
    text = _template(
        _cluster({"DBClusterParameterGroupName": {"Ref": "Group"}}),
        Resources={"Group": _group(family, Parameters={"time_zone": "UTC"})},
    )
    result = _migrate(text)
    assert _properties(result, "Group")["Family"] == "aurora-mysql8.0"
    assert result.complete


def test_instance_groups_are_raised_too_used_or_not() -> None:
    instance: dict[str, Json] = {
        "Type": "AWS::RDS::DBInstance",
        "Properties": {
            "DBClusterIdentifier": {"Ref": "Db"},
            "DBInstanceClass": "db.serverless",
            "Engine": "aurora-mysql",
            "DBParameterGroupName": {"Ref": "Used"},
        },
    }
    result = _migrate(
        _template(
            _cluster(),
            Resources={
                "Writer": instance,
                "Used": _group("aurora-mysql5.7", "DBParameterGroup"),
                "Unused": _group("aurora-mysql5.7", "DBParameterGroup"),
                "Other": _group("aurora-postgresql13", "DBParameterGroup"),
                "Foreign": _group("postgres13", "DBParameterGroup"),
            },
        )
    )
    families = {name: _properties(result, name)["Family"] for name in ("Used", "Unused", "Other")}
    assert families == {
        "Used": "aurora-mysql8.0",
        "Unused": "aurora-mysql8.0",
        "Other": "aurora-postgresql13",
    }
    assert _properties(result, "Foreign")["Family"] == "postgres13"


def test_a_group_that_another_cluster_needs_is_listed() -> None:
    other = _cluster({"EngineMode": "", "DBClusterParameterGroupName": {"Ref": "Group"}})
    result = _migrate(
        _template(
            _cluster({"DBClusterParameterGroupName": {"Ref": "Group"}}),
            Resources={"Other": other, "Group": _group("aurora-mysql5.7")},
        )
    )
    assert _properties(result, "Group")["Family"] == "aurora-mysql5.7"
    assert "Group.Family" in _asked(result, blocks=True)


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("default.aurora5.6", "default.aurora-mysql8.0"),
        ("default.aurora-mysql5.7", "default.aurora-mysql8.0"),
        ("default.aurora-mysql8.0", "default.aurora-mysql8.0"),
    ],
)
def test_a_default_group_becomes_the_new_default(name: str, after: str) -> None:
    result = _migrate(_template(_cluster({"DBClusterParameterGroupName": name})))
    assert _properties(result)["DBClusterParameterGroupName"] == after
    assert "Db.DBClusterParameterGroupName" not in _asked(result)


def test_a_group_from_elsewhere_is_listed() -> None:
    result = _migrate(_template(_cluster({"DBClusterParameterGroupName": "ours"})))
    assert "Db.DBClusterParameterGroupName" in _asked(result)


@cases("parameter", [*sorted(mysql_parameters.REMOVED), "sql_mode"])
def test_a_parameter_that_mysql_8_lacks_is_listed_never_removed(parameter: str) -> None:
    parameters: dict[str, Json] = {parameter: "NO_AUTO_CREATE_USER", "time_zone": "UTC"}
    text = _template(
        _cluster({"DBClusterParameterGroupName": {"Ref": "Group"}}),
        Resources={"Group": _group("aurora-mysql5.7", Parameters=parameters)},
    )
    result = _migrate(text)
    assert _properties(result, "Group")["Parameters"] == parameters
    assert _asked(result, blocks=True) == {f"Group.Parameters.{parameter}"}


def test_a_group_with_a_fixed_name_is_listed() -> None:
    group = _group("aurora-mysql5.7", DBClusterParameterGroupName="ours")
    text = _template(
        _cluster({"DBClusterParameterGroupName": {"Ref": "Group"}}), Resources={"Group": group}
    )
    assert "Group.DBClusterParameterGroupName" in _asked(_migrate(text))


def test_two_v1_clusters_share_a_group_and_both_move() -> None:
    properties: dict[str, Json] = {"DBClusterParameterGroupName": {"Ref": "Group"}}
    text = _template(
        _cluster(properties),
        Resources={"Second": _cluster(properties), "Group": _group("aurora-mysql5.7")},
    )
    result = _migrate(text)
    assert result.complete
    assert _properties(result, "Group")["Family"] == "aurora-mysql8.0"
    assert {"DbWriter", "SecondWriter"} <= set(Template.parse(result.text).resources)
    families = [change for change in result.changes if change.property == "Family"]
    assert len(families) == 1


@pytest.mark.parametrize("text", ["", "[]", "{", "a", '{"Resources": []}', "Resources: [", "a: 1"])
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        _migrate(text)


# What tokens supply


def _paused(seconds: Json, **sections: dict[str, Json]) -> Migration:
    scaling: dict[str, Json] = {"AutoPause": True, "SecondsUntilAutoPause": seconds}
    return _migrate(_template(_cluster({"ScalingConfiguration": scaling}), **sections))


@pytest.mark.parametrize(("default", "is_asked"), [(600, False), (60, True), (None, True)])
def test_a_pause_from_a_parameter_stays_and_is_listed_if_it_may_not_fit(
    default: int | None, is_asked: bool
) -> None:
    parameter: dict[str, Json] = {"Type": "Number"}
    if default is not None:
        parameter["Default"] = default
    result = _paused({"Ref": "Pause"}, Parameters={"Pause": parameter})
    scaling = _properties(result)["ServerlessV2ScalingConfiguration"]
    assert scaling == {
        "MinCapacity": 0,
        "MaxCapacity": 16,
        "SecondsUntilAutoPause": {"Ref": "Pause"},
    }
    assert ("Db.SecondsUntilAutoPause" in _asked(result)) is is_asked


@pytest.mark.parametrize("seconds", ["soon", "nan", "inf", [300]])
def test_a_pause_that_is_no_number_is_listed(seconds: Json) -> None:
    assert "Db.SecondsUntilAutoPause" in _asked(_paused(seconds), blocks=True)


@pytest.mark.parametrize("family", [{"Fn::If": ["C", "a", "b"]}, "aurora-mysql9.9"])
def test_a_family_that_does_not_fit_and_is_not_v1s_is_listed(family: Json) -> None:
    group: dict[str, Json] = {
        "Type": "AWS::RDS::DBClusterParameterGroup",
        "Properties": {"Family": family},
    }
    text = _template(
        _cluster({"DBClusterParameterGroupName": {"Ref": "Group"}}), Resources={"Group": group}
    )
    assert "Group.Family" in _asked(_migrate(text), blocks=True)


def test_an_engine_from_a_condition_goes_to_the_instance_as_it_is() -> None:
    engine: Json = {"Fn::If": ["C", "aurora-mysql", "aurora-mysql"]}
    conditions: dict[str, Json] = {"C": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-central-2"]}}
    result = _migrate(_template(_cluster({"Engine": engine}), Conditions=conditions))
    assert _properties(result, "DbWriter")["Engine"] == engine
    text = (
        "Conditions:\n  C: !Equals [!Ref AWS::Region, eu-central-2]\n"
        "Resources:\n  Db:\n    Type: AWS::RDS::DBCluster\n    Properties:\n"
        "      Engine: !If [C, aurora-mysql, aurora-mysql]\n      EngineMode: serverless\n"
    )
    assert _properties(_migrate(text), "DbWriter")["Engine"] == engine


def test_a_version_from_a_mapping_is_listed() -> None:
    version: Json = {"Fn::FindInMap": ["Versions", {"Ref": "AWS::Region"}, "Aurora"]}
    mapping: Json = {"eu-central-2": {"Aurora": "5.7.mysql_aurora.2.11.3"}}
    text = _template(_cluster({"EngineVersion": version}), Mappings={"Versions": mapping})
    result = _migrate(text)
    assert _properties(result)["EngineVersion"] == version
    assert "Db.EngineVersion" in _asked(result, blocks=True)


def test_references_in_json_are_written_as_the_template_does() -> None:
    lines = json.dumps(json.loads(_template(_cluster())), indent=2)
    assert '"DBClusterIdentifier": {\n          "Ref": "Db"\n        }' in _migrate(lines).text
    inline = lines.replace('"admin"', '{ "Ref": "AWS::StackName" }')
    assert '"DBClusterIdentifier": { "Ref": "Db" }' in _migrate(inline).text
