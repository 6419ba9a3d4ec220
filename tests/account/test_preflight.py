from __future__ import annotations

import json
import re

import pytest

from pcistack.account.aws import Call, CredentialsError
from pcistack.account.preflight import preflight
from pcistack.account.rows import Row, Verdict
from pcistack.commands.preflight import exit_code, render
from pcistack.regional.facts import load
from pcistack.template.document import Json, Template
from tests.account.recorded import (
    FARGATE_METRIC,
    NOW,
    PREFLIGHT,
    REGION,
    Answer,
    Parameters,
    Refusal,
    StubbedAws,
    answers,
    certificate,
    endpoint_service,
    engine_version,
    orderable,
    quota,
    stack_resource,
)
from tests.tables import cases

STACK = "PciDss-dev"
CERTIFICATE = f"arn:aws:acm:{REGION}:111111111111:certificate/12345678-1234-1234-1234-123456789012"

_RESOURCES: dict[str, dict[str, Json]] = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "Gateway": {"Type": "AWS::EC2::InternetGateway"},
    "SubnetA": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"AvailabilityZone": f"{REGION}a", "VpcId": {"Ref": "Vpc"}},
    },
    "SubnetB": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {
            "AvailabilityZone": {"Fn::Select": [1, {"Fn::GetAZs": ""}]},
            "VpcId": {"Ref": "Vpc"},
        },
    },
    "Address": {"Type": "AWS::EC2::EIP"},
    "Nat": {"Type": "AWS::EC2::NatGateway", "Properties": {"SubnetId": {"Ref": "SubnetA"}}},
    "S3": {
        "Type": "AWS::EC2::VPCEndpoint",
        "Properties": {"ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"}},
    },
    "Ecr": {
        "Type": "AWS::EC2::VPCEndpoint",
        "Properties": {
            "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.ecr.api"},
            "VpcEndpointType": "Interface",
            "SubnetIds": [{"Ref": "SubnetA"}, {"Ref": "SubnetB"}],
        },
    },
    "Parameters": {
        "Type": "AWS::RDS::DBClusterParameterGroup",
        "Properties": {"Family": "aurora-mysql8.0"},
    },
    "Cluster": {
        "Type": "AWS::RDS::DBCluster",
        "Properties": {
            "DBClusterIdentifier": "data",
            "Engine": "aurora-mysql",
            "EngineVersion": "8.0.mysql_aurora.3.10.4",
            "DBClusterParameterGroupName": {"Ref": "Parameters"},
            "EnableCloudwatchLogsExports": ["audit", "error"],
            "EnableIAMDatabaseAuthentication": True,
            "StorageEncrypted": True,
            "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 1},
        },
    },
    "Writer": {
        "Type": "AWS::RDS::DBInstance",
        "Properties": {
            "DBClusterIdentifier": {"Ref": "Cluster"},
            "DBInstanceIdentifier": "Writer",
            "DBInstanceClass": "db.serverless",
            "Engine": "aurora-mysql",
            "CACertificateIdentifier": "rds-ca-rsa2048-g1",
            "EnablePerformanceInsights": True,
            "AvailabilityZone": f"{REGION}a",
        },
    },
    "Balancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer"},
    "Record": {
        "Type": "AWS::Route53::RecordSet",
        "Properties": {"HostedZoneId": "Z1", "Name": "pay.example.com", "Type": "A"},
    },
    "Tasks": {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {"Cpu": "512", "RequiresCompatibilities": ["FARGATE"]},
    },
    "Service": {
        "Type": "AWS::ECS::Service",
        "Properties": {
            "TaskDefinition": {"Ref": "Tasks"},
            "LaunchType": "FARGATE",
            "DesiredCount": 2,
        },
    },
    "Scaling": {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "Properties": {
            "MaxCapacity": 4,
            "ResourceId": {"Fn::Sub": "service/main/${Service.Name}"},
        },
    },
    "Listener": {
        "Type": "AWS::ElasticLoadBalancingV2::Listener",
        "Properties": {"Certificates": [{"CertificateArn": CERTIFICATE}]},
    },
    "Containers": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "main"}},
    "Firewall": {
        "Type": "AWS::WAFv2::WebACL",
        "Properties": {"Name": "main", "Scope": "REGIONAL"},
    },
    "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/main/logs"}},
    "Delivery": {"Type": "AWS::Logs::ResourcePolicy", "Properties": {"PolicyName": "delivery"}},
    "Board": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardName": "main"}},
    "Alias": {
        "Type": "AWS::KMS::Alias",
        "DeletionPolicy": "RetainExceptOnCreate",
        "Properties": {"AliasName": "alias/main"},
    },
    "Detector": {"Type": "AWS::GuardDuty::Detector"},
    "Recorder": {"Type": "AWS::Config::ConfigurationRecorder"},
}


def _template(changes: dict[str, dict[str, Json]] | None = None, **sections: Json) -> Template:
    """Return the template; changes are properties by logical id, None leaves a property out."""
    resources = json.loads(json.dumps(_RESOURCES))
    for name, properties in (changes or {}).items():
        target = resources.setdefault(name, {"Type": "AWS::SNS::Topic"}).setdefault(
            "Properties", {}
        )
        for key, value in properties.items():
            if value is None:
                target.pop(key, None)
            else:
                target[key] = value
    return Template.parse(json.dumps({"Resources": resources, **sections}))


def _run(
    template: Template | None = None, stack: str | None = STACK, /, **changes: Answer
) -> tuple[list[Row], StubbedAws]:
    template = template or _template()
    types = sorted({resource.type for resource in template.resources.values()})
    stub = StubbedAws(answers(types, **changes))
    return preflight(template, stub.aws(), load(REGION), now=NOW, stack=stack), stub


TOPIC = Template.parse('{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}')


def _fails(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.state is Verdict.FAILS]


def _only_failure(template: Template | None = None, **changes: Answer) -> Row:
    rows, _ = _run(template, **changes)
    failures = _fails(rows)
    assert len(failures) == 1, failures
    assert exit_code(rows) == 1
    return failures[0]


def test_a_stack_that_has_all_it_needs_is_confirmed() -> None:
    rows, stub = _run()
    assert {row.state for row in rows} == {Verdict.CONFIRMED}
    assert exit_code(rows) == 0
    needs = {row.need for row in rows}
    assert {
        "eu-central-2 is enabled",
        "zone eu-central-2a",
        "zone eu-central-2b",
        "aurora-mysql 8.0.mysql_aurora.3.10.4",
        "aurora-mysql on db.serverless",
        "gateway endpoint com.amazonaws.eu-central-2.s3",
        "interface endpoint com.amazonaws.eu-central-2.ecr.api",
        "VPCs: 1",
        "internet gateways: 1",
        "elastic IP addresses: 1",
        "NAT gateways in eu-central-2a: 1",
        "application load balancers: 1",
        "Aurora clusters: 1",
        "database instances: 1",
        "cluster parameter groups: 1",
        "Fargate vCPU: 1",
        "Fargate vCPU when scaled out: 2",
        "no GuardDuty detector yet",
        "no AWS Config recorder yet",
        "log group names: 1",
        "database cluster names: 1",
        "database instance names: 1",
        "ECS cluster names: 1",
        "web ACL names: 1",
        "dashboard names: 1",
        "key alias names: 1",
        "Logs resource policies: 1",
        "certificate 12345678-1234-1234-1234-123456789012",
        "hosted zone Z1 for pay.example.com",
        "role of ecs.amazonaws.com",
    } <= needs
    used = {call for call, _, _ in stub.log}
    brought = {Call.DETECTOR, Call.RECORDER_STATUS}  # of what the template brings itself
    assert used == PREFLIGHT - {Call.DEFAULT_QUOTA, *brought}


def test_only_what_the_template_needs_is_asked() -> None:
    rows, stub = _run(TOPIC)
    assert exit_code(rows) == 0
    assert {call for call, _, _ in stub.log} == {
        Call.CALLER_IDENTITY,
        Call.REGIONS,
        Call.ZONES,
        Call.RESOURCE_TYPES,
        *(Call.TRAILS, Call.TRAIL_STATUS, Call.RECORDER_STATUS, Call.DETECTORS, Call.DETECTOR),
        *(Call.STANDARDS, Call.SCANNING, Call.DISK_ENCRYPTION, Call.PUBLIC_ACCESS),
    }


# The region and its zones


@pytest.mark.parametrize("regions", [[], [{"RegionName": REGION, "OptInStatus": "not-opted-in"}]])
def test_a_region_that_is_not_enabled_ends_the_questions(regions: list[Parameters]) -> None:
    rows, stub = _run(REGIONS={"Regions": regions})
    assert [row.state for row in rows] == [Verdict.FAILS]
    assert {region for _, _, region in stub.log} == {"us-east-1"}  # where it is always enabled
    assert exit_code(rows) == 1


def test_a_zone_that_is_not_there_fails() -> None:
    row = _only_failure(_template({"SubnetC": {"AvailabilityZone": "eu-central-2d"}}))
    assert row.need == "zone eu-central-2d"
    assert row.answer == "there are eu-central-2a, eu-central-2b, eu-central-2c"
    assert row.resources == ("SubnetC",)


def test_a_local_zone_or_one_out_of_service_is_no_zone() -> None:
    zones = {
        "AvailabilityZones": [
            {"ZoneName": f"{REGION}a", "ZoneType": "availability-zone", "State": "available"},
            {"ZoneName": f"{REGION}b", "ZoneType": "availability-zone", "State": "unavailable"},
            {"ZoneName": f"{REGION}-zrh-1a", "ZoneType": "local-zone", "State": "available"},
        ]
    }
    row = _only_failure(ZONES=zones)
    assert "Fn::Select 1 of a list of 1" in row.answer
    assert row.resources == ("SubnetB",)


def _with_resource(kind: str) -> Template:
    return Template.parse(json.dumps({"Resources": {**_RESOURCES, "Extra": {"Type": kind}}}))


def test_a_resource_type_that_is_not_there_fails() -> None:
    template = _with_resource("AWS::AppRunner::Service")
    listed = {"TypeSummaries": [{"TypeName": str(body["Type"])} for body in _RESOURCES.values()]}
    rows, stub = _run(template, RESOURCE_TYPES=listed)
    assert "not here: AWS::AppRunner::Service" in {row.answer for row in _fails(rows)}
    asked = [p["ProvisioningType"] for call, p, _ in stub.log if call is Call.RESOURCE_TYPES]
    assert asked == ["FULLY_MUTABLE", "IMMUTABLE", "NON_PROVISIONABLE"]


def test_a_resource_type_that_sources_disagree_on_is_unknown() -> None:
    template = _with_resource("AWS::SNS::Topic")
    listed = {"TypeSummaries": [{"TypeName": str(body["Type"])} for body in _RESOURCES.values()]}
    rows, _ = _run(template, RESOURCE_TYPES=listed)
    unknown = [row.need for row in rows if row.state is Verdict.UNKNOWN]
    assert unknown == ["resource type AWS::SNS::Topic"]


@pytest.mark.parametrize("kind", ["AWS::CloudFormation::WaitConditionHandle", "Custom::Thing"])
def test_what_cloudformation_never_lists_is_not_missed(kind: str) -> None:
    listed = {"TypeSummaries": [{"TypeName": str(body["Type"])} for body in _RESOURCES.values()]}
    rows, _ = _run(_with_resource(kind), RESOURCE_TYPES=listed)
    assert exit_code(rows) == 0


def test_what_the_rules_refuse_for_good_fails_too() -> None:
    template = _template({"Cluster": {"ScalingConfiguration": {"MaxCapacity": 2}}})
    row = _only_failure(template)
    assert row.need == "AURORA-SERVERLESS-V1"
    assert row.resources == ("Cluster",)


# Databases


@pytest.mark.parametrize(
    ("version", "answer"),
    [
        (None, "AWS does not offer it here"),
        (engine_version(Status="deprecated"), "deprecated"),
        (engine_version(DBParameterGroupFamily="aurora-mysql8.4"), "family is aurora-mysql8.4"),
        (engine_version(ExportableLogTypes=["error"]), "no log export audit"),
        (
            engine_version(ServerlessV2FeaturesSupport={"MinCapacity": 1.0, "MaxCapacity": 256.0}),
            "MinCapacity 0.5 is below 1",
        ),
        (
            engine_version(ServerlessV2FeaturesSupport={"MinCapacity": 0.0, "MaxCapacity": 0.5}),
            "MaxCapacity 1 is above 0.5",
        ),
        (engine_version(ServerlessV2FeaturesSupport={}), "it has no Serverless v2"),
        (
            engine_version(SupportedCACertificateIdentifiers=["rds-ca-ecc384-g1"]),
            "no certificate authority rds-ca-rsa2048-g1",
        ),
    ],
)
def test_an_engine_version_that_does_not_fit_fails(version: Parameters | None, answer: str) -> None:
    rows, _ = _run(ENGINE_VERSIONS={"DBEngineVersions": [version] if version else []})
    failures = _fails(rows)
    assert failures
    assert all(answer in row.answer for row in failures)
    assert exit_code(rows) == 1


def test_the_engine_mode_that_failed_in_zurich_fails_here() -> None:
    row = _only_failure(_template({"Cluster": {"EngineMode": "serverless"}}))
    assert row.answer == "no engine mode serverless, only provisioned"
    assert row.resources == ("Cluster",)


def test_a_version_left_to_aws_is_told() -> None:
    template = _template({"Cluster": {"EngineVersion": None}})
    rows, stub = _run(template)
    assert exit_code(rows) == 0
    assert any(row.answer == "it is 8.0.mysql_aurora.3.10.4" for row in rows)
    asked = [parameters for call, parameters, _ in stub.log if call is Call.ENGINE_VERSIONS]
    assert asked == [{"Engine": "aurora-mysql", "DefaultOnly": True}]


def test_a_version_that_names_only_its_major_is_the_default_one() -> None:
    def versions(parameters: Parameters) -> Parameters:
        return {"DBEngineVersions": [engine_version()] if "DefaultOnly" in parameters else []}

    rows, stub = _run(_template({"Cluster": {"EngineVersion": "8.0"}}), ENGINE_VERSIONS=versions)
    assert exit_code(rows) == 0
    asked = [parameters for call, parameters, _ in stub.log if call is Call.ENGINE_VERSIONS]
    assert asked == [
        {"Engine": "aurora-mysql", "EngineVersion": "8.0", "IncludeAll": True},
        {"Engine": "aurora-mysql", "EngineVersion": "8.0", "DefaultOnly": True},
    ]
    ordered = [parameters for call, parameters, _ in stub.log if call is Call.ORDERABLE_OPTIONS]
    assert [found["EngineVersion"] for found in ordered] == ["8.0.mysql_aurora.3.10.4"]


def test_the_version_of_a_cluster_outside_the_template_is_unknown() -> None:
    rows, _ = _run(_template({"Writer": {"DBClusterIdentifier": "elsewhere"}}))
    assert [row.resources for row in rows if row.state is Verdict.UNKNOWN] == [("Writer",)]


def test_a_version_that_only_the_deployment_knows_is_unknown() -> None:
    template = _template(
        {"Cluster": {"EngineVersion": {"Ref": "Version"}}}, Parameters={"Version": {}}
    )
    rows, _ = _run(template)
    unknown = [row for row in rows if row.state is Verdict.UNKNOWN]
    assert {row.resources[0] for row in unknown} == {"Cluster", "Writer"}
    assert exit_code(rows) == 1


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ([], "AWS does not sell it here"),
        ([orderable(AvailabilityZones=[{"Name": f"{REGION}b"}])], "not in eu-central-2a"),
        ([orderable(SupportsIAMDatabaseAuthentication=False)], "without IAM database auth"),
        ([orderable(SupportsPerformanceInsights=False)], "without Performance Insights"),
        ([orderable(SupportsStorageEncryption=False)], "without storage encryption"),
    ],
)
def test_an_instance_that_cannot_be_ordered_fails(options: list[Parameters], answer: str) -> None:
    row = _only_failure(ORDERABLE_OPTIONS={"OrderableDBInstanceOptions": options})
    assert answer in row.answer
    assert row.resources == ("Writer",)


def test_the_data_api_is_asked_of_the_instance() -> None:
    row = _only_failure(_template({"Cluster": {"EnableHttpEndpoint": True}}))
    assert row.answer == "without the Data API"


# Endpoints


@pytest.mark.parametrize(
    ("service", "answer"),
    [
        (None, "no such service"),
        (endpoint_service("ecr.api", "Gateway"), "it is gateway only"),
        (endpoint_service("ecr.api", zones=[f"{REGION}a"]), "not in eu-central-2b"),
    ],
)
def test_an_endpoint_service_that_does_not_fit_fails(
    service: Parameters | None, answer: str
) -> None:
    details = [endpoint_service("s3", "Gateway"), *([service] if service else [])]
    row = _only_failure(ENDPOINT_SERVICES={"ServiceDetails": details})
    assert answer in row.answer
    assert row.resources == ("Ecr",)


def test_an_endpoint_service_that_only_the_deployment_knows_is_unknown() -> None:
    template = _template({"Ecr": {"ServiceName": {"Ref": "Name"}}}, Parameters={"Name": {}})
    rows, _ = _run(template)
    assert [row.resources for row in rows if row.state is Verdict.UNKNOWN] == [("Ecr",)]


# Quotas


@pytest.mark.parametrize(
    ("call", "answer", "need"),
    [
        ("VPCS", {"Vpcs": [{}] * 5}, "VPCs: 1"),
        ("INTERNET_GATEWAYS", {"InternetGateways": [{}] * 5}, "internet gateways: 1"),
        ("ADDRESSES", {"Addresses": [{}] * 5}, "elastic IP addresses: 1"),
        (
            "LOAD_BALANCERS",
            {"LoadBalancers": [{"Type": "application"}] * 5},
            "application load balancers: 1",
        ),
        (
            "ENDPOINTS",
            {"VpcEndpoints": [{"VpcEndpointType": "Gateway"}] * 5},
            "gateway endpoints: 1",
        ),
        (
            "DATABASE_QUOTAS",
            {
                "AccountQuotas": [
                    {"AccountQuotaName": "DBClusters", "Used": 40, "Max": 40},
                    {"AccountQuotaName": "DBInstances", "Used": 1, "Max": 40},
                    {"AccountQuotaName": "DBClusterParameterGroups", "Used": 1, "Max": 40},
                ]
            },
            "Aurora clusters: 1",
        ),
        ("DETECTORS", {"DetectorIds": ["abc"]}, "no GuardDuty detector yet"),
        ("RECORDERS", {"ConfigurationRecorders": [{}]}, "no AWS Config recorder yet"),
        ("METRIC", {"Datapoints": [{"Maximum": 5.5}, {"Maximum": 1.0}]}, "Fargate vCPU: 1"),
    ],
)
def test_a_quota_that_is_used_up_fails(call: str, answer: Parameters, need: str) -> None:
    assert _only_failure(None, **{call: answer}).need == need


def test_the_last_one_of_a_quota_still_fits() -> None:
    rows, _ = _run(VPCS={"Vpcs": [{}] * 4}, ADDRESSES={"Addresses": [{}] * 4})
    assert exit_code(rows) == 0


def test_what_has_another_quota_is_not_counted() -> None:
    rows, _ = _run(
        LOAD_BALANCERS={"LoadBalancers": [{"Type": "network"}] * 5},
        ENDPOINTS={"VpcEndpoints": [{"VpcEndpointType": "Interface"}] * 5},
    )
    assert exit_code(rows) == 0


def test_nat_gateways_count_in_their_zone() -> None:
    subnets = {
        "Subnets": [
            {"SubnetId": "subnet-a", "AvailabilityZone": f"{REGION}a"},
            {"SubnetId": "subnet-b", "AvailabilityZone": f"{REGION}b"},
        ]
    }
    gone = [{"SubnetId": "subnet-a", "State": "deleted"}] * 5
    elsewhere = [{"SubnetId": "subnet-b", "State": "available"}] * 5
    rows, _ = _run(SUBNETS=subnets, NAT_GATEWAYS={"NatGateways": gone + elsewhere})
    assert exit_code(rows) == 0
    here = [{"SubnetId": "subnet-a", "State": "available"}] * 5
    row = _only_failure(SUBNETS=subnets, NAT_GATEWAYS={"NatGateways": here})
    assert row.need == "NAT gateways in eu-central-2a: 1"


def test_interface_endpoints_count_in_their_vpc() -> None:
    row = _only_failure(
        QUOTA=lambda p: (
            quota(0)
            if p["QuotaCode"] == "L-29B6F2EB"
            else quota(
                5, **({"UsageMetric": FARGATE_METRIC} if p["ServiceCode"] == "fargate" else {})
            )
        )
    )
    assert row.need == "interface endpoints in a VPC: 1"


def test_a_quota_never_raised_is_the_default_one() -> None:
    def asked(parameters: Parameters) -> Parameters:
        metric = {"UsageMetric": FARGATE_METRIC} if parameters["ServiceCode"] == "fargate" else {}
        return quota(7, **metric)

    rows, stub = _run(
        QUOTA=Refusal("NoSuchResourceException", "no such quota"), DEFAULT_QUOTA=asked
    )
    assert exit_code(rows) == 0
    assert Call.DEFAULT_QUOTA in {call for call, _, _ in stub.log}
    assert any(row.answer == "0 of 7 in use" for row in rows)


def test_a_quota_that_aws_does_not_name_is_unknown() -> None:
    none = Refusal("NoSuchResourceException", "no such quota")
    rows, _ = _run(QUOTA=none, DEFAULT_QUOTA=none)
    assert Verdict.UNKNOWN in {row.state for row in rows}
    assert exit_code(rows) == 1


def test_too_few_vcpu_for_scaling_out_only_warn() -> None:
    rows, _ = _run(METRIC={"Datapoints": [{"Maximum": 4.5}]})
    warnings = [row for row in rows if row.state is Verdict.WARNING]
    assert [row.need for row in warnings] == ["Fargate vCPU when scaled out: 2"]
    assert exit_code(rows) == 0


@pytest.mark.parametrize(
    ("cpu", "vcpu"), [("256", "0.25"), ("1024", "1"), (".5 vCPU", "0.5"), ("4 vcpu", "4")]
)
def test_cpu_is_read_in_units_and_in_vcpu(cpu: str, vcpu: str) -> None:
    rows, _ = _run(_template({"Tasks": {"Cpu": cpu}, "Service": {"DesiredCount": 1}}))
    assert any(row.need == f"Fargate vCPU: {vcpu}" for row in rows)


@pytest.mark.parametrize("cpu", ["many", "nan", "inf", {"Ref": "Cpu"}])
def test_cpu_that_only_the_deployment_knows_is_unknown(cpu: Json) -> None:
    rows, _ = _run(_template({"Tasks": {"Cpu": cpu}}, Parameters={"Cpu": {"Type": "String"}}))
    assert [row.need for row in rows if row.state is Verdict.UNKNOWN] == ["Fargate vCPU of Service"]


@pytest.mark.parametrize("default", ["small", "large"])
def test_the_largest_world_counts(default: str) -> None:
    template = _template(
        {"Service": {"DesiredCount": {"Fn::If": ["Large", 8, 1]}}},
        Parameters={"Size": {"Type": "String", "Default": default}},
        Conditions={"Large": {"Fn::Equals": [{"Ref": "Size"}, "large"]}},
    )
    rows, _ = _run(template)
    assert any(row.need == "Fargate vCPU: 4" for row in rows)


@pytest.mark.parametrize(
    ("limits", "start", "scaled"),
    [
        ({"MinCapacity": 2, "MaxCapacity": 6}, "1", "3"),
        ({"MinCapacity": 1, "MaxCapacity": 1}, "0.5", None),
        ({"MaxCapacity": 4}, "0.5", "2"),
    ],
)
def test_a_service_without_a_count_starts_at_the_lower_limit_of_its_scaling(
    limits: dict[str, Json], start: str, scaled: str | None
) -> None:
    scaling = {"MinCapacity": None, "MaxCapacity": None} | limits
    rows, _ = _run(_template({"Service": {"DesiredCount": None}, "Scaling": scaling}))
    needs = [row.need for row in rows if row.need.startswith("Fargate")]
    expected = [f"Fargate vCPU: {start}"]
    assert needs == expected + ([f"Fargate vCPU when scaled out: {scaled}"] if scaled else [])


def test_limits_of_scaling_that_only_the_deployment_knows_are_unknown() -> None:
    template = _template(
        {"Scaling": {"MaxCapacity": {"Ref": "Most"}}}, Parameters={"Most": {"Type": "Number"}}
    )
    rows, _ = _run(template)
    assert [row.need for row in rows if row.state is Verdict.UNKNOWN] == ["Fargate vCPU of Service"]


# Names

_TAKEN: list[tuple[str, Parameters, str, str, str]] = [
    (
        "LOG_GROUPS",
        {"logGroups": [{"logGroupName": "/main/logs"}, {"logGroupName": "/main/logs-2"}]},
        "log group /main/logs",
        "Logs",
        "aws logs delete-log-group --log-group-name /main/logs",
    ),
    (
        "DATABASE_CLUSTERS",
        {"DBClusters": [{"DBClusterIdentifier": "data"}]},
        "database cluster data",
        "Cluster",
        "aws rds delete-db-cluster --db-cluster-identifier data "
        "--final-db-snapshot-identifier data-final",
    ),
    (
        "DATABASE_INSTANCES",
        {"DBInstances": [{"DBInstanceIdentifier": "writer", "DBClusterIdentifier": "data"}]},
        "database instance writer",
        "Writer",
        "aws rds delete-db-instance --db-instance-identifier writer",
    ),
    (
        "DATABASE_INSTANCES",
        {"DBInstances": [{"DBInstanceIdentifier": "writer"}]},
        "database instance writer",
        "Writer",
        "aws rds delete-db-instance --db-instance-identifier writer "
        "--final-db-snapshot-identifier writer-final",
    ),
    (
        "CONTAINER_CLUSTERS",
        {"clusters": [{"clusterName": "main", "status": "ACTIVE"}]},
        "ECS cluster main",
        "Containers",
        "aws ecs delete-cluster --cluster main",
    ),
    (
        "WEB_ACLS",
        {"WebACLs": [{"Name": "main", "Id": "a1", "LockToken": "b2"}]},
        "web ACL main",
        "Firewall",
        "aws wafv2 delete-web-acl --scope REGIONAL --name main --id a1 --lock-token b2",
    ),
    (
        "DASHBOARDS",
        {"DashboardEntries": [{"DashboardName": "main"}, {"DashboardName": "main-2"}]},
        "dashboard main",
        "Board",
        "aws cloudwatch delete-dashboards --dashboard-names main",
    ),
    (
        "ALIASES",
        {"Aliases": [{"AliasName": "alias/main"}]},
        "key alias alias/main",
        "Alias",
        "aws kms delete-alias --alias-name alias/main",
    ),
]


@pytest.mark.parametrize(("call", "answer", "need", "resource", "command"), _TAKEN)
def test_a_name_that_is_taken_fails_with_the_command_that_frees_it(
    call: str, answer: Parameters, need: str, resource: str, command: str
) -> None:
    row = _only_failure(None, **{call: answer})
    assert row.need == need
    assert row.answer == "already exists, so the deployment would fail"
    assert row.resources == (resource,)
    assert row.fix.splitlines()[0] == f"delete it: {command} --region {REGION}"


@pytest.mark.parametrize(
    ("call", "answer", "kind", "physical_id"),
    [
        (call, answer, _RESOURCES[resource]["Type"], need.rpartition(" ")[2])
        for call, answer, need, resource, _ in _TAKEN
    ],
)
def test_a_name_of_the_stack_itself_is_an_update(
    call: str, answer: Parameters, kind: str, physical_id: str
) -> None:
    if kind == "AWS::WAFv2::WebACL":
        physical_id += "|a1|REGIONAL"
    own = {"StackResourceSummaries": [stack_resource(kind, physical_id)]}
    rows, _ = _run(None, **{call: answer}, STACK_RESOURCES=own)
    assert exit_code(rows) == 0
    assert "1 of PciDss-dev itself, which is updated" in {row.answer for row in rows}


@pytest.mark.parametrize("status", ["DELETE_COMPLETE", "DELETE_SKIPPED"])
def test_what_a_rollback_of_the_stack_left_is_not_its_own_any_more(status: str) -> None:
    own = {"StackResourceSummaries": [stack_resource("AWS::Logs::LogGroup", "/main/logs", status)]}
    groups = {"logGroups": [{"logGroupName": "/main/logs"}]}
    row = _only_failure(LOG_GROUPS=groups, STACK_RESOURCES=own)
    assert row.need == "log group /main/logs"


def test_what_the_template_keeps_can_be_imported_instead() -> None:
    row = _only_failure(ALIASES={"Aliases": [{"AliasName": "alias/main"}]})
    assert row.fix.splitlines()[1] == (
        "or keep it: cdk deploy PciDss-dev --import-existing-resources"
    )
    row = _only_failure(LOG_GROUPS={"logGroups": [{"logGroupName": "/main/logs"}]})
    assert "import" not in row.fix


def test_a_taken_name_is_unknown_while_nobody_says_which_stack_it_is() -> None:
    rows, stub = _run(None, None, LOG_GROUPS={"logGroups": [{"logGroupName": "/main/logs"}]})
    unknown = [row for row in rows if row.state is Verdict.UNKNOWN]
    assert [row.need for row in unknown] == ["log group /main/logs"]
    assert "--stack" in unknown[0].answer
    assert Call.STACK_RESOURCES not in {call for call, _, _ in stub.log}
    assert exit_code(rows) == 1


def test_a_deleted_container_cluster_takes_no_name() -> None:
    deleted = {"clusters": [{"clusterName": "main", "status": "INACTIVE"}]}
    rows, _ = _run(CONTAINER_CLUSTERS=deleted)
    assert exit_code(rows) == 0


def test_a_name_that_only_the_deployment_knows_is_unknown() -> None:
    template = _template(
        {"Logs": {"LogGroupName": {"Ref": "Name"}}}, Parameters={"Name": {"Type": "String"}}
    )
    rows, _ = _run(template)
    assert [row.need for row in rows if row.state is Verdict.UNKNOWN] == ["name of Logs"]


def test_a_name_built_from_a_new_resource_is_new_as_well() -> None:
    rows, stub = _run(_template({"Logs": {"LogGroupName": {"Fn::Sub": "/x/${Cluster}"}}}))
    assert exit_code(rows) == 0
    assert Call.LOG_GROUPS not in {call for call, _, _ in stub.log}


def test_a_web_acl_of_cloudfront_is_not_looked_for_here() -> None:
    _, stub = _run(_template({"Firewall": {"Scope": "CLOUDFRONT"}}))
    assert Call.WEB_ACLS not in {call for call, _, _ in stub.log}


def test_the_account_takes_ten_logs_resource_policies() -> None:
    nine = {"resourcePolicies": [{"policyName": f"other-{number}"} for number in range(9)]}
    rows, _ = _run(RESOURCE_POLICIES=nine)
    assert "9 of 10 in use" in {row.answer for row in rows}
    assert exit_code(rows) == 0
    ten = {"resourcePolicies": [*nine["resourcePolicies"], {"policyName": "delivery"}]}
    row = _only_failure(RESOURCE_POLICIES=ten)
    assert row.need == "Logs resource policies: 1"
    assert "raises this quota for nobody" in row.answer
    own = {"StackResourceSummaries": [stack_resource("AWS::Logs::ResourcePolicy", "delivery")]}
    rows, _ = _run(RESOURCE_POLICIES=ten, STACK_RESOURCES=own)
    assert exit_code(rows) == 0


# Certificates


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Refusal("ResourceNotFoundException", "none"), "there is none in this account and region"),
        (certificate(CERTIFICATE, "PENDING_VALIDATION"), "PENDING_VALIDATION, a listener takes"),
        (certificate(CERTIFICATE, "EXPIRED"), "EXPIRED, a listener takes"),
    ],
)
def test_a_certificate_that_is_not_there_or_not_issued_fails(answer: Answer, said: str) -> None:
    row = _only_failure(CERTIFICATE=answer)
    assert row.answer.startswith(said)
    assert row.resources == ("Listener",)


def test_a_certificate_that_the_stack_makes_itself_is_not_asked_for() -> None:
    made = _template({"Listener": {"Certificates": [{"CertificateArn": {"Ref": "Alias"}}]}})
    rows, stub = _run(made)
    assert exit_code(rows) == 0
    assert Call.CERTIFICATE not in {call for call, _, _ in stub.log}


# Refusals


@cases("call", sorted(PREFLIGHT - {Call.CALLER_IDENTITY}, key=str))
def test_a_missing_permission_is_named_and_the_rest_is_still_asked(call: Call) -> None:
    changes: dict[str, Answer] = {call.name: Refusal("AccessDeniedException")}
    if call is Call.DEFAULT_QUOTA:
        changes["QUOTA"] = Refusal("NoSuchResourceException", "none")
    brought = call in {Call.DETECTOR, Call.RECORDER_STATUS}
    rows, _ = _run(TOPIC if brought else None, **changes)
    refused = [row for row in rows if row.state is Verdict.REFUSED]
    assert refused
    assert {row.asked for row in refused} == {call.permission}
    assert exit_code(rows) == 2
    assert Verdict.CONFIRMED in {row.state for row in rows}


def test_an_answer_that_does_not_come_is_unknown_not_confirmed() -> None:
    rows, _ = _run(VPCS=Refusal("InternalError", "try later"))
    unknown = [row for row in rows if row.state is Verdict.UNKNOWN]
    assert [row.need for row in unknown] == ["VPCs"]
    assert "ec2:DescribeVpcs failed" in unknown[0].answer
    assert exit_code(rows) == 1


def test_credentials_that_aws_does_not_accept_end_it() -> None:
    with pytest.raises(CredentialsError):
        _run(CALLER_IDENTITY=Refusal("InvalidClientTokenId", "x"))
    with pytest.raises(CredentialsError):
        _run(VPCS=Refusal("ExpiredToken", "x"))


# The table


def test_the_table_lines_up_and_names_the_resources_of_a_failure() -> None:
    rows, _ = _run(ENDPOINT_SERVICES={"ServiceDetails": [endpoint_service("s3", "Gateway")]})
    lines = [line.replace("\x1b[0m", "") for line in render(rows, "a template", 200)]
    header = next(line for line in lines if "Needed" in line)
    column = header.index("Answer") - header.index("Needed")
    failure = next(line for line in lines if "no such service" in line)
    assert failure.index("AWS has no") - failure.index("interface endpoint") == column
    assert "for Ecr" in lines[lines.index(failure) + 1]
    assert lines[-1].endswith("1 would fail")


def test_what_does_not_fit_the_columns_is_written_below() -> None:
    rows, _ = _run(ENDPOINT_SERVICES={"ServiceDetails": [endpoint_service("s3", "Gateway")]})
    lines = [re.sub(r"\x1b\[\d*m", "", line) for line in render(rows, "a template", 60)]
    assert all(len(line) <= 60 or " " not in line.strip() for line in lines if " --" not in line)
    need = next(number for number, line in enumerate(lines) if line.startswith("fails"))
    assert "interface endpoint" in lines[need]
    assert "AWS has no" in lines[need + 1]


def test_the_table_shows_the_command_below_the_resource_that_is_in_the_way() -> None:
    rows, _ = _run(LOG_GROUPS={"logGroups": [{"logGroupName": "/main/logs"}]})
    lines = [line.replace("\x1b[0m", "").strip() for line in render(rows, "a template")]
    place = next(number for number, line in enumerate(lines) if "already exists" in line)
    assert lines[place + 1 : place + 3] == [
        "for Logs",
        f"delete it: aws logs delete-log-group --log-group-name /main/logs --region {REGION}",
    ]
