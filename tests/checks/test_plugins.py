"""The checks at synth: what fails it, what does not, and what the report records."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import cast

import aws_cdk as cdk
import cloudformation_validate as native  # type: ignore[import-untyped]
import pytest
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3 as s3

from pci_constructs.acknowledge import acknowledge
from pcistack.checks.plugins import RulePackPlugin, SchemaPlugin
from pcistack.checks.rule import Pack
from pcistack.regional.pack import PACK as REGIONAL
from pcistack.template.view import View
from tests import support

TODAY = date(2026, 11, 24)
ENDED = "AURORA-VERSION-SUPPORT-ENDED"


class Tiny:
    """An app with one Aurora cluster and its writer, and the guard attached."""

    def __init__(
        self, folder: Path, *, region: str | None = "eu-central-2", version: str = "3.10.4"
    ) -> None:
        self.app = cdk.App(builtin_cloud_formation_validation=False, outdir=str(folder))
        env = cdk.Environment(account="111111111111", region=region) if region else None
        self.stack = cdk.Stack(self.app, "Tiny", env=env)
        self.cluster = rds.CfnDBCluster(
            self.stack,
            "Database",
            engine="aurora-mysql",
            engine_version=f"8.0.mysql_aurora.{version}",
            master_username="clusteradmin",
            manage_master_user_password=True,
            serverless_v2_scaling_configuration=rds.CfnDBCluster.ServerlessV2ScalingConfigurationProperty(
                min_capacity=0.5, max_capacity=1
            ),
        )
        self.writer = rds.CfnDBInstance(
            self.stack,
            "Writer",
            engine="aurora-mysql",
            db_instance_class="db.serverless",
            db_cluster_identifier=self.cluster.ref,
        )
        self.folder = folder

    def synth(self, *plugins: object) -> None:
        chosen = plugins or (RulePackPlugin(REGIONAL, on=TODAY),)
        cdk.Validations.of(self.app).add_plugins(
            *(cast("cdk.IPolicyValidationPlugin", plugin) for plugin in chosen)
        )
        self.app.synth()

    def report(self) -> dict[str, list[dict[str, str]]]:
        """Return the first plugin's report."""
        report = json.loads((self.folder / "validation-report.json").read_text())
        return cast("dict[str, list[dict[str, str]]]", report["pluginReports"][0])


def test_a_sound_stack_synthesizes(tmp_path: Path) -> None:
    Tiny(tmp_path).synth(RulePackPlugin(REGIONAL, on=TODAY), SchemaPlugin())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("EngineMode", "serverless"),
        ("ScalingConfiguration", {"MinCapacity": 1, "MaxCapacity": 2}),
    ],
)
def test_serverless_v1_by_an_escape_hatch_fails_synth(
    tmp_path: Path, path: str, value: object
) -> None:
    tiny = Tiny(tmp_path)
    tiny.cluster.add_property_override(path, value)
    with pytest.raises(RuntimeError, match="Regional-guard::AURORA-SERVERLESS-V1"):
        tiny.synth()
    (violation,) = tiny.report()["violations"]
    assert violation["severity"] == "fatal"
    assert "DBInstanceClass: db.serverless" in violation["suggestedFix"]


def test_cdks_own_serverless_cluster_fails_synth(tmp_path: Path) -> None:
    app = cdk.App(builtin_cloud_formation_validation=False, outdir=str(tmp_path))
    stack = cdk.Stack(app, "V1", env=cdk.Environment(account="111111111111", region="eu-central-2"))
    rds.CfnDBCluster(stack, "Old", engine="aurora-postgresql", engine_mode="serverless")
    plugin = RulePackPlugin(REGIONAL, on=TODAY)
    cdk.Validations.of(app).add_plugins(cast("cdk.IPolicyValidationPlugin", plugin))
    with pytest.raises(RuntimeError, match="AURORA-SERVERLESS-V1"):
        app.synth()


def test_a_stack_without_a_region_fails_synth(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="REGION-MISSING"):
        Tiny(tmp_path, region=None).synth()


def test_a_version_past_its_support_fails_synth(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=ENDED):
        Tiny(tmp_path, version="3.04.4").synth()


def test_an_acknowledged_error_passes_and_is_recorded(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path, version="3.04.4")
    acknowledge(tiny.cluster, {ENDED: "Upgraded with the next release."})
    tiny.synth()
    (suppressed,) = tiny.report()["suppressedViolations"]
    assert suppressed["ruleName"] == ENDED


def test_an_acknowledgement_in_the_template_alone_is_shown_as_a_warning(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path, version="3.04.4")
    entry = {"rule": ENDED, "reason": "Upgraded with the next release."}
    tiny.cluster.add_metadata("pcistack:acknowledged", [entry])
    tiny.synth()
    (violation,) = tiny.report()["violations"]
    assert violation["severity"] == "warning"
    assert "Upgraded with the next release." in violation["description"]


def test_an_expired_acknowledgement_fails_synth(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path, version="3.04.4")
    acknowledge(tiny.cluster, {ENDED: "Kept until the audit is over."}, until=date(2026, 11, 23))
    with pytest.raises(RuntimeError, match="ACKNOWLEDGEMENT-EXPIRED"):
        tiny.synth()


def test_a_fatal_finding_cannot_be_acknowledged(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path)
    tiny.cluster.add_property_override("EngineMode", "serverless")
    acknowledge(tiny.cluster, {"AURORA-SERVERLESS-V1": "We like it."})
    with pytest.raises(RuntimeError, match="AURORA-SERVERLESS-V1"):
        tiny.synth()


def test_a_warning_does_not_fail_synth(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path, version="3.99.0")
    tiny.synth()
    (violation,) = tiny.report()["violations"]
    assert violation["ruleName"] == "AURORA-VERSION-UNKNOWN"


def test_a_rule_that_fails_itself_fails_synth(tmp_path: Path) -> None:
    def broken(view: View, region: str | None, on: date) -> None:
        raise ValueError("a rule is broken")

    with pytest.raises(RuntimeError, match="a rule is broken"):
        Tiny(tmp_path).synth(
            RulePackPlugin(Pack("Broken", "pcistack.regional.rules", broken), on=TODAY)
        )


# The native validator


def test_an_error_of_the_schema_fails_synth(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path)
    bucket = s3.CfnBucket(tiny.stack, "Bucket")
    bucket.add_property_override("VersioningConfiguration", "always")
    with pytest.raises(RuntimeError, match="always"):
        tiny.synth(SchemaPlugin())


def test_the_schema_is_judged_for_the_region_of_the_stack(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path)
    machine = {"InstanceType": "t2.micro", "ImageId": "ami-12345678"}  # not sold in Zurich
    cdk.CfnResource(tiny.stack, "Machine", type="AWS::EC2::Instance", properties=machine)
    with pytest.raises(RuntimeError, match=r"t2\.micro"):
        tiny.synth(SchemaPlugin())


def test_a_real_version_that_the_engine_does_not_know_passes(tmp_path: Path) -> None:
    Tiny(tmp_path, version="3.10.6").synth(SchemaPlugin())


def test_a_version_that_nobody_knows_fails_the_schema(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="E9006"):
        Tiny(tmp_path, version="3.99.0").synth(SchemaPlugin())


def test_an_account_in_an_arn_is_no_finding_of_a_stack_that_is_bound_to_one(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path)
    role = "arn:aws:iam::111111111111:role/autoscaling"
    target = {
        "MinCapacity": 1,
        "MaxCapacity": 2,
        "ResourceId": "service/main/pay",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ServiceNamespace": "ecs",
        "RoleARN": role,
    }
    kind = "AWS::ApplicationAutoScaling::ScalableTarget"
    cdk.CfnResource(tiny.stack, "Target", type=kind, properties=target)
    tiny.synth(SchemaPlugin())
    assert "W9013" not in (tmp_path / "validation-report.json").read_text()


def test_both_engines_of_the_validator_say_the_same_of_our_stack(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(support.template("prod").body))
    config = native.ValidateConfig(
        pseudo_parameter_overrides=native.PseudoParameterOverrides(region="eu-central-2")
    )
    found = [
        sorted(
            (d.rule_id, d.message, str(d.entity), d.property_path or "")
            for d in engine().validate_template(str(path), config).diagnostics
        )
        for engine in (native.CelEngine, native.RegoEngine)
    ]
    assert found[0] == found[1]
    assert found[0]
