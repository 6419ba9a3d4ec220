"""The templates for those who deploy templates: parameters decide what an environment does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pcistack.checks.run import check_template, load
from pcistack.packs import PACKS
from pcistack.template.document import Template
from stacks.portable.parameters import NUMBERS
from stacks.portable.template import PROFILES, STAND_IN, write
from tests.support import leaves, variant

REGION = "eu-central-2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("portable")
    write(folder)
    return folder


@pytest.fixture(params=PROFILES)
def body(request: pytest.FixtureRequest, folder: Path) -> dict[str, Any]:
    text = (folder / f"{request.param}.template.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def test_no_environment_and_no_bootstrap_is_left_in_it(body: dict[str, Any]) -> None:
    text = json.dumps(body)
    for word in (STAND_IN, "hnb659fds", "BootstrapVersion", "aws:cdk:", "aws:asset:", "111111111"):
        assert word not in text
    assert not re.search(r"PciDss-(pr1|prod)\b|pcidss-(pr1|prod)\b", text)
    assert len(text) < 1_000_000, "CloudFormation takes no larger template"


def test_every_pack_lets_it_pass(body: dict[str, Any]) -> None:
    found = check_template(
        Template.parse(json.dumps(body)),
        [load(name) for name in PACKS],
        region=REGION,
        on=date(2026, 11, 24),
    )
    assert found.open == []


def test_the_suffix_has_no_default_and_a_pattern(body: dict[str, Any]) -> None:
    suffix = body["Parameters"]["EnvironmentSuffix"]
    assert "Default" not in suffix
    assert re.fullmatch(suffix["AllowedPattern"], "pr42")
    for wrong in ("Prod", "a--b", "-a", "1a", "a_b", "a" * 3 + "-"):
        assert not re.fullmatch(suffix["AllowedPattern"], wrong)


def test_the_suffix_is_in_every_tag_and_export(body: dict[str, Any]) -> None:
    for output in body["Outputs"].values():
        if "Export" in output:
            assert "EnvironmentSuffix" in json.dumps(output["Export"])
    tagged = [
        resource["Properties"]["Tags"]
        for resource in body["Resources"].values()
        if isinstance(resource.get("Properties", {}).get("Tags"), list)
    ]
    assert len(tagged) > 40
    for tags in tagged:
        assert {"Key": "EnvironmentSuffix", "Value": {"Ref": "EnvironmentSuffix"}} in tags


def test_every_name_that_a_resource_is_given_holds_the_suffix(body: dict[str, Any]) -> None:
    own = (
        *("DBClusterIdentifier", "DBInstanceIdentifier", "ClusterName", "LogGroupName"),
        *("AliasName", "AlarmName", "DashboardName", "ServiceName"),
    )
    found = 0
    for resource in body["Resources"].values():
        for name in own:
            value = resource.get("Properties", {}).get(name)
            is_endpoint = resource["Type"] == "AWS::EC2::VPCEndpoint"
            if value is not None and "Ref" not in value and not is_endpoint:
                found += 1
                assert "EnvironmentSuffix" in json.dumps(value), value
    assert found > 20


def test_every_parameter_is_used_and_none_is_a_secret(body: dict[str, Any]) -> None:
    """Passwords are generated in the account; a parameter for one would need NoEcho."""
    texts = [str(leaf) for leaf in leaves([body["Resources"], body["Outputs"]])]
    for name in body["Parameters"]:
        assert name in texts or any(f"${{{name}}}" in text for text in texts), name
        assert not re.search("password|secret|token|key(?!Deletion)", name, re.IGNORECASE) or (
            name == "KeyDeletionWindowDays"
        )


def test_functions_lie_beside_it_for_packaging(folder: Path, body: dict[str, Any]) -> None:
    functions = [
        resource["Properties"]
        for resource in body["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    ]
    assert len(functions) == 2
    for properties in functions:
        place = folder / properties["Code"]
        module = properties["Handler"].rpartition(".")[0].replace(".", "/")
        assert list(place.glob(f"{module}.*")), properties["Handler"]


def test_production_asks_for_what_the_file_only_shows(folder: Path) -> None:
    body = json.loads((folder / "production.template.json").read_text(encoding="utf-8"))
    required = {name for name, each in body["Parameters"].items() if "Default" not in each}
    assert required == {"EnvironmentSuffix", "CertificateArn", "AlarmEmail", "ServiceImage"}
    assert body["Parameters"]["LogRetentionDays"]["Default"] == 400


SAMPLES: dict[str, tuple[str, str, int]] = {
    "DatabaseMinCapacity": ("database", "min_capacity", 1),
    "DatabaseMaxCapacity": ("database", "max_capacity", 8),
    "BackupRetentionDays": ("database", "backup_retention_days", 9),
    "ServiceMinCount": ("service", "desired_count", 2),
    "ServiceMaxCount": ("service", "max_count", 7),
    "KeyDeletionWindowDays": ("protection", "key_deletion_window_days", 11),
    "LogRetentionDays": ("protection", "log_retention_days", 731),
}
"""The table, the setting, and a value that no other has, so that one template shows them all."""


def changed(old: object, new: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Yield where two values differ, and what stands there in the new one."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {*old, *new}:
            yield from changed(old.get(key), new.get(key), f"{at}.{key}")
    elif old != new:
        yield at.removeprefix("."), new


def test_a_number_is_a_parameter_wherever_the_setting_acts() -> None:
    settings: dict[str, dict[str, object]] = {}
    for table, setting, value in SAMPLES.values():
        settings.setdefault(table, {})[setting] = value
    base, other = variant().resources, variant(**settings).resources
    found = {
        (resource["Type"], place, value)
        for key, resource in base.items()
        for place, value in changed(resource, other[key])
    }
    (threshold,) = [each for each in found if each[0] == "AWS::CloudWatch::Alarm"]
    assert threshold[1] == "Properties.Threshold", "follows the capacity by the mapping"
    assert found - {threshold} == {
        (kind, f"Properties.{path}", SAMPLES[number.name][2])
        for number in NUMBERS
        for kind, path in number.places
    }
