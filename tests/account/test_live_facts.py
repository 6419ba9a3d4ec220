from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from pcistack.account.ask_facts import overlaid, refresh_live, region_facts
from pcistack.account.aws import AwsError, Call, CallRefusedError
from pcistack.regional.catalog import known_types
from pcistack.regional.context import Context
from pcistack.regional.facts import Availability, Facts, load
from pcistack.regional.pack import PACK
from pcistack.regions import DATA
from pcistack.template.document import Template
from pcistack.template.worlds import views
from tests.account.recorded import (
    REGION,
    Parameters,
    Refusal,
    StubbedAws,
    answers,
    engine_version,
    orderable,
)

TODAY = date(2026, 11, 24)


def _versions(parameters: Parameters) -> Parameters:
    if parameters["Engine"] == "aurora-postgresql":
        versions = [
            engine_version(
                Engine="aurora-postgresql",
                EngineVersion="17.7",
                DBParameterGroupFamily="aurora-postgresql17",
            )
        ]
    else:
        versions = [
            engine_version(),
            engine_version(EngineVersion="8.0.mysql_aurora.3.04.4", Status="deprecated"),
        ]
    return {"DBEngineVersions": versions}


def _options(parameters: Parameters) -> Parameters:
    engine = parameters["Engine"]
    classes = ("db.serverless", "db.r8g.large", "db.r8g.xlarge")
    return {
        "OrderableDBInstanceOptions": [
            orderable(
                Engine=engine,
                DBInstanceClass=name,
                SupportsHttpEndpoint=engine == "aurora-postgresql",
            )
            for name in classes
        ]
    }


def _stub(**changes: Parameters | Refusal) -> StubbedAws:
    types = sorted(known_types() - {"AWS::SNS::Topic"})
    table = answers(
        types,
        ENGINE_VERSIONS=_versions,
        ORDERABLE_OPTIONS=_options,
        ENDPOINT_SERVICES={
            "ServiceNames": [
                "com.amazonaws.eu-central-2.s3",
                "com.amazonaws.eu-central-2.kms",
                "com.example.other",
            ]
        },
        REGIONS={"Regions": [{"RegionName": REGION, "OptInStatus": "opt-in-not-required"}]},
    )
    return StubbedAws(table | {Call[name]: answer for name, answer in changes.items()})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    copy = tmp_path / "data"
    shutil.copytree(DATA, copy)
    return copy


@pytest.fixture
def live(data: Path) -> Facts:
    assert refresh_live(_stub().aws(), on=TODAY, data=data)
    return load(REGION, data=data)


def test_answers_override_the_shipped_facts(live: Facts) -> None:
    shipped = load(REGION)
    assert (shipped.opt_in, live.opt_in) == (True, False)
    assert live.zones == ("eu-central-2a", "eu-central-2b", "eu-central-2c")
    assert live.zone_ids == ("euc2-az1", "euc2-az2", "euc2-az3")
    assert live.endpoint_services is not None
    assert set(live.endpoint_services) == {
        "com.amazonaws.eu-central-2.s3",
        "com.amazonaws.eu-central-2.kms",
    }
    mysql = "aurora-mysql"
    assert live.engine_version(mysql, "8.0.mysql_aurora.3.10.4") == "available"
    assert shipped.engine_version(mysql, "8.0.mysql_aurora.3.12.0") == "available"
    assert live.engine_version(mysql, "8.0.mysql_aurora.3.12.0") == "not offered"
    assert live.engine_version(mysql, "8.0.mysql_aurora.3.04.4") == "not offered"
    assert shipped.instance_class(mysql, "db.serverless") is Availability.UNKNOWN
    assert live.instance_class(mysql, "db.serverless") is Availability.AVAILABLE
    assert live.instance_class(mysql, "db.r8g.large") is Availability.AVAILABLE
    assert live.instance_class(mysql, "db.r5.large") is Availability.UNAVAILABLE
    assert live.feature("data-api", mysql).availability is Availability.UNAVAILABLE
    assert shipped.feature("data-api", "aurora-postgresql").availability is (
        Availability.UNAVAILABLE
    )
    assert live.feature("data-api", "aurora-postgresql").availability is Availability.AVAILABLE
    authority = live.certificate_authority("rds-ca-rsa2048-g1").availability
    assert authority is Availability.AVAILABLE
    assert live.resource_type("AWS::SNS::Topic") is Availability.UNAVAILABLE
    assert live.resource_type("AWS::AppRunner::Service") is Availability.AVAILABLE
    assert live.versions["answers of AWS"] == "2026-11-24"


def test_what_was_not_asked_stays(live: Facts) -> None:
    shipped = load(REGION)
    assert live.services == shipped.services
    assert live.long_name == shipped.long_name
    assert live.instance_classes["mysql"] == shipped.instance_classes["mysql"]
    assert live.versions["cfn-lint"] == shipped.versions["cfn-lint"]


def test_other_regions_stay(data: Path) -> None:
    refresh_live(_stub().aws(), on=TODAY, data=data)
    changed = [
        path.name
        for path in (data / "regions").iterdir()
        if path.read_bytes() != (DATA / "regions" / path.name).read_bytes()
    ]
    assert changed == [f"{REGION}.json"]


def test_the_same_answers_change_nothing_the_second_time(data: Path) -> None:
    assert refresh_live(_stub().aws(), on=TODAY, data=data)
    assert not refresh_live(_stub().aws(), on=TODAY, data=data)


def test_the_file_stays_sorted(data: Path) -> None:
    refresh_live(_stub().aws(), on=TODAY, data=data)
    body = json.loads((data / "regions" / f"{REGION}.json").read_text(encoding="utf-8"))
    assert list(body) == sorted(body)


@pytest.mark.parametrize("call", ["ZONES", "ENDPOINT_SERVICES", "ENGINE_VERSIONS"])
def test_a_refusal_names_the_permission_and_nothing_is_written(data: Path, call: str) -> None:
    before = (data / "regions" / f"{REGION}.json").read_bytes()
    stub = _stub(**{call: Refusal("AccessDenied")})
    with pytest.raises(CallRefusedError, match=Call[call].permission):
        refresh_live(stub.aws(), on=TODAY, data=data)
    assert (data / "regions" / f"{REGION}.json").read_bytes() == before


@pytest.mark.parametrize("regions", [[], [{"OptInStatus": "not-opted-in"}]])
def test_a_region_that_is_not_enabled_is_said_and_nothing_more_is_asked(
    regions: list[Parameters],
) -> None:
    stub = _stub(REGIONS={"Regions": regions})
    with pytest.raises(AwsError, match="enable it"):
        region_facts(stub.aws(), on=TODAY)
    assert [call for call, _, _ in stub.log] == [Call.REGIONS]


def test_flags_that_aws_leaves_out_override_nothing() -> None:
    bare = {"Engine": "aurora-mysql", "DBInstanceClass": "db.serverless"}
    stub = _stub(
        ENGINE_VERSIONS={"DBEngineVersions": []},
        ORDERABLE_OPTIONS={"OrderableDBInstanceOptions": [bare]},
    )
    assert region_facts(stub.aws(), on=TODAY)["feature_overrides"] == {}


def test_the_rules_judge_by_the_answers(live: Facts) -> None:
    template = Template.parse(
        json.dumps(
            {
                "Resources": {
                    "Db": {
                        "Type": "AWS::RDS::DBCluster",
                        "Properties": {
                            "Engine": "aurora-mysql",
                            "EngineVersion": "8.0.mysql_aurora.3.12.0",
                        },
                    },
                    "Logs": {
                        "Type": "AWS::EC2::VPCEndpoint",
                        "Properties": {"ServiceName": "com.amazonaws.eu-central-2.logs"},
                    },
                }
            }
        )
    )
    worlds = views(template, REGION)
    shipped, asked = (
        {
            finding.resource
            for finding in PACK.judge(Context(view=view, facts=facts, on=TODAY) for view in worlds)
            if finding.severity.fails
        }
        for facts in (load(REGION), live)
    )
    assert not shipped & {"Db", "Logs"}
    assert asked >= {"Db", "Logs"}


def test_answers_for_one_template_lie_over_the_shipped_facts() -> None:
    shipped = load(REGION)
    over = overlaid(
        shipped,
        zone_names=["eu-central-2b", "eu-central-2a"],
        endpoint_services=None,
        offered={"aurora-mysql": [("8.0.mysql_aurora.3.10.4", "db.serverless")]},
    )
    assert over.zones == ("eu-central-2a", "eu-central-2b")
    assert over.endpoint_services is None
    assert over.instance_class("aurora-mysql", "db.serverless") is Availability.AVAILABLE
    assert over.instance_class("aurora-mysql", "db.r6g.large") is Availability.AVAILABLE
    assert over.engine_version("aurora-mysql", "8.0.mysql_aurora.3.12.0") == "not offered"
    unchanged = overlaid(shipped, zone_names=[], endpoint_services=None, offered={})
    assert unchanged == shipped
