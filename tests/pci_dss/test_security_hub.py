"""What is said of Security Hub's standard is generated, and held against the rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, cast

import pytest

from pcistack.evidence.security_hub import red_controls
from pcistack.pci_dss.context import Context
from pcistack.pci_dss.pack import PACK
from pcistack.pci_dss.security_hub import OF_THE_ACCOUNT, STANDARD, covered, in_order, uncovered
from pcistack.template.document import Json, Template
from pcistack.template.worlds import views
from stacks.security_hub_docs import TARGET, render
from tests import support
from tests.pci_dss.cases import Resources, group, res, tcp
from tests.pci_dss.test_rules import DAY, findings
from tests.tables import cases


def _red(resources: dict[str, object]) -> dict[str, tuple[str, ...]]:
    template = Template(cast("dict[str, Json]", {"Resources": resources}))
    context = Context(view=views(template, "eu-central-2")[0], on=DAY)
    return {red.control: red.resources for red in red_controls(context)}


def test_every_control_is_covered_or_the_account_s_or_said_to_be_covered_by_none() -> None:
    by_control, without = covered(PACK.rules), uncovered(PACK.rules)
    assert by_control.keys() | OF_THE_ACCOUNT.keys() | {*without} == STANDARD
    assert not {*without} & (by_control.keys() | OF_THE_ACCOUNT.keys())


@pytest.mark.parametrize("control", ["RDS.22", "RDS.35"])
def test_a_claim_that_no_rule_keeps_is_withdrawn(control: str) -> None:
    assert control in uncovered(PACK.rules)


def _off(kind: str, **properties: object) -> Resources:
    return {"Thing": res(kind, **properties)}


def _quiet(component: str) -> Resources:
    log = [{"Id": component, "Severity": "LOGGER_SEVERITY_ERROR"}]
    settings = {"Logging": {"EnableLogging": True, "LogComponents": log}}
    return _off("DMS::ReplicationTask", ReplicationTaskSettings=json.dumps(settings))


_ENDPOINT: Final = "DMS::Endpoint"
_FAILS: Final[Mapping[str, Resources]] = {
    "EKS.1": _off("EKS::Cluster", ResourcesVpcConfig={"EndpointPublicAccess": True}),
    "EKS.3": _off("EKS::Cluster", RoleArn="r"),
    "EKS.8": _off("EKS::Cluster", Logging={"ClusterLogging": {"EnabledTypes": [{"Type": "api"}]}}),
    "MQ.2": _off("AmazonMQ::Broker", EngineType="ACTIVEMQ", Logs={"General": True}),
    "MQ.3": _off("AmazonMQ::Broker", AutoMinorVersionUpgrade=False),
    "MSK.3": _off(
        "KafkaConnect::Connector", KafkaClusterEncryptionInTransit={"EncryptionType": "PLAINTEXT"}
    ),
    "DMS.6": _off("DMS::ReplicationInstance", AutoMinorVersionUpgrade=False),
    "DMS.7": _quiet("TARGET_APPLY"),
    "DMS.8": _quiet("SOURCE_CAPTURE"),
    "DMS.10": _off(_ENDPOINT, EngineName="neptune", NeptuneSettings={"S3BucketName": "b"}),
    "DMS.11": _off(_ENDPOINT, EngineName="mongodb", SslMode="verify-full"),
    "DMS.12": _off(_ENDPOINT, RedisSettings={"SslSecurityProtocol": "plaintext"}),
    "GuardDuty.1": _off("GuardDuty::Detector", Enable=False),
    "ElastiCache.2": _off("ElastiCache::ReplicationGroup", AutoMinorVersionUpgrade=False),
    "DocumentDB.2": _off("DocDB::DBCluster", BackupRetentionPeriod=1),
    "EFS.4": _off("EFS::AccessPoint", FileSystemId="fs-1"),
    "ElasticBeanstalk.2": _off("ElasticBeanstalk::Environment", ApplicationName="a"),
    "ElasticBeanstalk.3": _off("ElasticBeanstalk::Environment", ApplicationName="a"),
    "Route53.2": _off("Route53::HostedZone", Name="example.com"),
    "SageMaker.1": _off("SageMaker::NotebookInstance", DirectInternetAccess="Enabled"),
    "DynamoDB.7": _off("DAX::Cluster", ClusterEndpointEncryptionType="NONE"),
    "S3.24": _off(
        "S3::MultiRegionAccessPoint", PublicAccessBlockConfiguration={"BlockPublicPolicy": False}
    ),
    "CodeBuild.1": _off(
        "CodeBuild::Project",
        Source={"Location": "https://user:" + "a1B2c3D4" + "@bitbucket.org/a/b.git"},
    ),
    "CodeBuild.3": _off("CodeBuild::Project", LogsConfig={"S3Logs": {"EncryptionDisabled": True}}),
    "EC2.171": _off(
        "EC2::VPNConnection",
        VpnTunnelOptionsSpecifications=[
            {"LogOptions": {"CloudwatchLogOptions": {"LogEnabled": False}}}
        ],
    ),
    "AppSync.2": _off("AppSync::GraphQLApi", LogConfig={"FieldLogLevel": "NONE"}),
    "CloudTrail.6": _off("S3::Bucket", AccessControl="PublicRead"),
    "Redshift.15": {
        "Thing": group([tcp(5439, CidrIp="0.0.0.0/0")]),
        "Vpc": res("EC2::VPC", CidrBlock="10.0.0.0/16"),
    },
}
"""What AWS says that each control fails on (Security Hub user guide, controls by service)."""


_CLAIMED: Final = sorted(_FAILS, key=in_order)


@cases("control", _CLAIMED)
def test_a_control_that_is_claimed_is_found_where_aws_says_that_it_fails(control: str) -> None:
    found = {finding.rule for finding in findings(_FAILS[control])}
    assert found & set(covered(PACK.rules)[control])


def test_production_shows_these_red_and_nothing_else_of_the_list() -> None:
    red = _red(support.template("prod").resources)  # type: ignore[arg-type]
    assert set(red) == {"RDS.13", "RDS.22", "S3.9", "S3.15", "S3.17"}
    assert all(red.values())
    assert "S3.9" not in _red(support.template("dev").resources)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("control", "kind", "properties"),
    [
        ("RDS.13", "AWS::RDS::DBInstance", {"AutoMinorVersionUpgrade": True}),
        ("S3.9", "AWS::S3::Bucket", {"LoggingConfiguration": {"DestinationBucketName": "b"}}),
        ("S3.15", "AWS::S3::Bucket", {"ObjectLockEnabled": True}),
        (
            "S3.17",
            "AWS::S3::Bucket",
            {
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
                    ]
                }
            },
        ),
        ("RDS.22", "AWS::RDS::EventSubscription", {"SourceType": "db-security-group"}),
    ],
)
def test_a_control_is_green_once_the_template_has_it(
    control: str, kind: str, properties: dict[str, object]
) -> None:
    bad: dict[str, object] = {
        "Old": {"Type": "AWS::RDS::DBInstance", "Properties": {"AutoMinorVersionUpgrade": False}},
        "Cluster": {"Type": "AWS::RDS::DBCluster", "Properties": {}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
    }
    assert control in _red(bad)
    good = {name: one for name, one in bad.items() if one != {"Type": kind} and name != "Old"}
    if kind == "AWS::S3::Bucket":
        del good["Bucket"]
    good["New"] = {"Type": kind, "Properties": properties}
    assert control not in _red(good)


def test_the_page_is_up_to_date() -> None:
    assert TARGET.read_text(encoding="utf-8") == render(), "run make docs"
