"""Every rule: what it refuses, and what it lets through."""

from __future__ import annotations

import dataclasses
import re

import pytest
import yaml

from pcistack.checks.findings import Severity
from pcistack.regional import facts
from pcistack.regional.pack import PACK
from pcistack.regions import known_regions
from tests.regional.cases import (
    CASES as FIRST_CASES,
)
from tests.regional.cases import (
    CORRECTED,
    TODAY,
    V2,
    V304,
    V310,
    WRITER,
    ZURICH,
    Case,
    cluster,
    resource,
)
from tests.regional.helpers import findings, rules
from tests.regional.more_cases import MORE_CASES
from tests.tables import cases

CASES = (*FIRST_CASES, *MORE_CASES)

# A rule that only an answer of AWS can break is tested with one below.
LIVE_ONLY = {"AURORA-VERSION-NOT-OFFERED"}


def test_every_rule_has_a_bad_and_a_good_template() -> None:
    assert {case.rule for case in CASES} | LIVE_ONLY == {rule.id for rule in PACK.rules}
    assert len({rule.id for rule in PACK.rules}) == len(PACK.rules)


@cases("case", CASES, ids=lambda case: case.rule)
def test_the_bad_template_is_refused_by_its_rule(case: Case) -> None:
    found = [f for f in findings(case.bad, case.region, case.on) if f.rule == case.rule]
    assert [(f.severity, f.resource, f.property) for f in found] == [
        (case.severity, case.resource, case.property)
    ]


@cases("case", CASES, ids=lambda case: case.rule)
def test_the_good_template_passes_its_rule(case: Case) -> None:
    region, on = case.good_region or case.region, case.good_on or case.on
    assert case.rule not in rules(case.good, region, on)


@cases("case", CASES, ids=lambda case: case.rule)
def test_a_finding_names_region_fix_and_source(case: Case) -> None:
    for finding in findings(case.bad, case.region, case.on):
        assert finding.message
        assert finding.fix
        assert finding.source
        if case.region in known_regions():
            assert case.region in finding.message


@cases("rule", PACK.rules, ids=lambda rule: rule.id)
def test_a_rule_id_is_stable_text(rule: object) -> None:
    assert isinstance(rule, type(PACK.rules[0]))
    assert re.fullmatch(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+", rule.id)
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")


# The case that this project began with

FAILING = cluster(
    """
    EngineMode: serverless
    EngineVersion: 5.7.mysql_aurora.2.11.3
    ScalingConfiguration: {AutoPause: true, MinCapacity: 1, MaxCapacity: 1}
    """
)


def test_the_failing_cluster_is_refused_for_good() -> None:
    (first, *_) = findings(FAILING)
    assert first.rule == "AURORA-SERVERLESS-V1"
    assert first.severity is Severity.FATAL
    assert "currently unavailable" in first.message


def test_the_corrected_cluster_passes() -> None:
    assert findings(CORRECTED) == []


def test_the_first_correction_has_aged() -> None:
    aged = cluster(f"{V304}\n{V2}", more=WRITER)
    assert rules(aged) == ["AURORA-VERSION-SUPPORT-ENDED"]


@pytest.mark.parametrize("engine", ["aurora-mysql", "aurora-postgresql"])
@pytest.mark.parametrize(
    "properties",
    [
        "EngineMode: serverless",
        "EngineMode: Serverless",
        "ScalingConfiguration: {MinCapacity: 2}",
        "ScalingConfiguration: {}",
        "EngineMode: serverless\nScalingConfiguration: {MinCapacity: 2, MaxCapacity: 8}",
    ],
)
@cases("region", known_regions())
def test_serverless_v1_is_refused_in_every_form_and_region(
    engine: str, properties: str, region: str
) -> None:
    found = findings(cluster(properties, engine=engine), region)
    assert (found[0].rule, found[0].severity) == ("AURORA-SERVERLESS-V1", Severity.FATAL)


@pytest.mark.parametrize(
    "hidden",
    [
        "Parameters: {Mode: {Type: String, Default: serverless}}\n"
        + cluster("EngineMode: !Ref Mode"),
        "Mappings: {Modes: {eu-central-2: {Mode: serverless}}}\n"
        + cluster("EngineMode: !FindInMap [Modes, !Ref AWS::Region, Mode]"),
        "Parameters: {Old: {Type: String, Default: 'no'}}\n"
        "Conditions: {IsOld: !Equals [!Ref Old, 'yes']}\n"
        + cluster("EngineMode: !If [IsOld, serverless, provisioned]"),
        cluster("EngineMode: !Sub 'server${Less}'").replace("${Less}", "less"),
        cluster("EngineMode: !Join ['', [server, less]]"),
    ],
)
def test_serverless_v1_is_found_behind_parameters_mappings_and_conditions(hidden: str) -> None:
    assert "AURORA-SERVERLESS-V1" in rules(hidden)


def test_what_cannot_be_known_is_not_guessed() -> None:
    unknown = "Parameters: {Mode: {Type: String}, Version: {Type: String}}\n" + cluster(
        "EngineMode: !Ref Mode\nEngineVersion: !Ref Version\n"
        "ServerlessV2ScalingConfiguration: {MinCapacity: !Ref Low, MaxCapacity: !Ref High}",
        more=WRITER,
    ).replace("!Ref Low", "!ImportValue low").replace("!Ref High", "!ImportValue high")
    assert rules(unknown) == []


@pytest.mark.parametrize("engine", ["aurora-mysql", "aurora-postgresql"])
@pytest.mark.parametrize(
    "scaling",
    [
        "{AutoPause: true, MinCapacity: 2, MaxCapacity: 16, SecondsUntilAutoPause: 900}",
        "{AutoPause: false, MinCapacity: 1, MaxCapacity: 256}",
        "{MaxCapacity: 1}",
        "{MinCapacity: 384, MaxCapacity: 384}",
        "{MinCapacity: !ImportValue low}",
    ],
)
@pytest.mark.parametrize("version", ["", "EngineVersion: 5.7.mysql_aurora.2.11.3\n"])
def test_the_fix_of_serverless_v1_is_a_template_that_passes(
    engine: str, scaling: str, version: str
) -> None:
    bad = cluster(
        f"EngineMode: serverless\n{version}ScalingConfiguration: {scaling}", engine=engine
    )
    (finding,) = [f for f in findings(bad) if f.rule == "AURORA-SERVERLESS-V1"]
    pasted = "Resources:\n" + finding.fix.partition("\n")[2]
    assert rules(pasted) == []
    assert "EngineMode" not in pasted
    properties = yaml.safe_load(pasted.replace("!Ref ", ""))["Resources"]
    assert properties["DatabaseWriter"]["Properties"]["DBInstanceClass"] == "db.serverless"


def test_the_fix_keeps_the_limits_and_the_pause() -> None:
    bad = cluster(
        "EngineMode: serverless\nScalingConfiguration: {AutoPause: true, MinCapacity: 2, "
        "MaxCapacity: 8, SecondsUntilAutoPause: 900}"
    )
    fix = findings(bad)[0].fix
    assert "MinCapacity: 0\n" in fix
    assert "MaxCapacity: 8\n" in fix
    assert "SecondsUntilAutoPause: 900\n" in fix


@pytest.mark.parametrize("number", ["nan", "1e999", "'1e999'", "'.inf'", "1.0e+308", "9" * 90])
@pytest.mark.parametrize("key", ["MinCapacity", "MaxCapacity", "SecondsUntilAutoPause"])
def test_numbers_that_are_none_break_nothing(key: str, number: str) -> None:
    for name in ("ScalingConfiguration", "ServerlessV2ScalingConfiguration"):
        assert findings(cluster(f"{V310}\n{name}: {{{key}: {number}}}"))


# Three states


def test_a_version_newer_than_the_facts_is_unknown_not_refused() -> None:
    (finding,) = findings(cluster("EngineVersion: 8.0.mysql_aurora.3.99.0"))
    assert finding.severity is Severity.WARNING
    assert "newer than the facts" in finding.message


def test_a_type_that_one_source_denies_and_another_affirms_can_be_acknowledged() -> None:
    (finding,) = findings(resource("AWS::WAFRegional::WebACL", ""))
    assert finding.severity is Severity.ERROR
    assert "though AWS lists its service" in finding.message


def test_an_unknown_region_still_gets_the_rules_that_hold_everywhere() -> None:
    assert rules(FAILING, "eu-nowhere-9")[0] == "AURORA-SERVERLESS-V1"
    assert "AURORA-SERVERLESS-V1" in rules(FAILING, None)


def test_an_answer_of_aws_overrides_the_shipped_facts() -> None:
    offered = {"aurora-mysql": frozenset({"8.0.mysql_aurora.3.11.1"})}
    asked = dataclasses.replace(facts.load(ZURICH), offered=offered)
    found = findings(cluster(V310), facts=asked)
    assert [f.rule for f in found] == ["AURORA-VERSION-NOT-OFFERED"]
    assert "3.11.1" in found[0].fix
    allowed = dataclasses.replace(asked, offered={"aurora-mysql": frozenset({V310[16:-1]})})
    assert findings(cluster(V310), facts=allowed) == []


def test_endpoint_services_that_aws_named_are_the_only_ones() -> None:
    endpoint = resource(
        "AWS::EC2::VPCEndpoint", "{VpcId: v, ServiceName: com.amazonaws.eu-central-2.kms}"
    )
    name = "com.amazonaws.eu-central-2.kms"
    asked = dataclasses.replace(facts.load(ZURICH), endpoint_services=frozenset({"other"}))
    (finding,) = findings(endpoint, facts=asked)
    assert (finding.rule, finding.severity) == ("ENDPOINT-SERVICE", Severity.FATAL)
    asked = dataclasses.replace(asked, endpoint_services=frozenset({name}))
    assert findings(endpoint, facts=asked) == []


# Details of single rules


def test_an_instance_version_other_than_the_clusters_is_refused() -> None:
    other = WRITER + '    EngineVersion: "8.0.mysql_aurora.3.10.3"\n'
    (finding,) = findings(cluster(f"{V310}\n{V2}", more=other))
    assert (finding.rule, finding.property) == ("AURORA-INSTANCE-MISMATCH", "EngineVersion")


def test_a_bare_major_agrees_with_its_minors() -> None:
    same = WRITER + '    EngineVersion: "8.0"\n'
    assert rules(cluster(f"{V310}\n{V2}", more=same)) == []


@pytest.mark.parametrize(
    ("scaling", "property_"),
    [
        ("{MinCapacity: 0.5}", "MaxCapacity"),
        ("{MaxCapacity: 1}", "MinCapacity"),
        ("{MinCapacity: 4, MaxCapacity: 2}", "MinCapacity"),
        ("{MinCapacity: 0.25, MaxCapacity: 2}", "MinCapacity"),
        ("{MinCapacity: 0, MaxCapacity: 0.5}", "MaxCapacity"),
        ("{MinCapacity: 1, MaxCapacity: 257}", "MaxCapacity"),
        ("{MinCapacity: -1, MaxCapacity: 2}", "MinCapacity"),
        (
            "{MinCapacity: 0, MaxCapacity: 2, SecondsUntilAutoPause: 60}",
            "SecondsUntilAutoPause",
        ),
    ],
)
def test_a_capacity_that_no_version_takes_is_refused(scaling: str, property_: str) -> None:
    bad = cluster(f"{V310}\nServerlessV2ScalingConfiguration: {scaling}", more=WRITER)
    found = findings(bad)
    assert {f.rule for f in found} == {"AURORA-V2-CAPACITY"}
    assert f"ServerlessV2ScalingConfiguration.{property_}" in {f.property for f in found}


def test_a_zone_of_another_region_is_fatal_and_a_new_letter_is_not() -> None:
    subnet = "{VpcId: v, AvailabilityZone: ZONE}"
    elsewhere = resource("AWS::EC2::Subnet", subnet.replace("ZONE", "eu-central-1a"))
    letter = resource("AWS::EC2::Subnet", subnet.replace("ZONE", "eu-central-2f"))
    assert [f.severity for f in findings(elsewhere)] == [Severity.FATAL]
    assert [f.severity for f in findings(letter)] == [Severity.ERROR]
    local = resource("AWS::EC2::Subnet", subnet.replace("ZONE", "us-west-2-lax-1a"))
    assert findings(local, "us-west-2") == []


def test_zones_in_lists_are_checked_too() -> None:
    group = resource("AWS::AutoScaling::AutoScalingGroup", "AvailabilityZones: [dummy1a, dummy1b]")
    assert [f.property for f in findings(group)] == ["AvailabilityZones.0", "AvailabilityZones.1"]


@pytest.mark.parametrize(
    "service",
    ["application-autoscaling", "ecr.dkr", "elasticfilesystem", "guardduty-data", "kms", "logs",
     "monitoring", "s3", "secretsmanager", "ssmmessages", "states", "sts"],
)  # fmt: skip
@pytest.mark.parametrize("region", ["eu-central-2", "mx-central-1", "ap-southeast-7"])
def test_endpoints_of_services_that_a_region_has_are_let_through(service: str, region: str) -> None:
    name = f"com.amazonaws.{region}.{service}"
    endpoint = resource("AWS::EC2::VPCEndpoint", f"{{VpcId: v, ServiceName: {name}}}")
    assert findings(endpoint, region) == []


def test_a_service_that_one_source_alone_denies_is_a_warning() -> None:
    endpoint = resource(
        "AWS::EC2::VPCEndpoint", "{VpcId: v, ServiceName: com.amazonaws.ca-west-1.bedrock-runtime}"
    )
    (finding,) = findings(endpoint, "ca-west-1")
    assert finding.severity is Severity.WARNING


def test_a_cross_region_endpoint_is_let_through() -> None:
    endpoint = resource(
        "AWS::EC2::VPCEndpoint",
        "{VpcId: v, ServiceName: com.amazonaws.eu-central-1.s3, ServiceRegion: eu-central-1}",
    )
    assert findings(endpoint) == []


def test_the_certificate_of_a_distribution_in_the_same_template_is_in_its_region() -> None:
    template = resource(
        "AWS::CloudFront::Distribution",
        "DistributionConfig: {ViewerCertificate: {AcmCertificateArn: !Ref Certificate}}",
        more="Certificate: {Type: AWS::CertificateManager::Certificate, "
        "Properties: {DomainName: example.com}}",
    )
    assert rules(template) == ["CLOUDFRONT-CERTIFICATE"]
    assert rules(template, "us-east-1") == []


def test_hosted_rotation_needs_the_application_repository() -> None:
    rotation = resource(
        "AWS::SecretsManager::RotationSchedule",
        "{SecretId: s, HostedRotationLambda: {RotationType: MySQLSingleUser}}",
    )
    assert rules(rotation) == ["REGION-APPLICATION-REPOSITORY"]
    assert rules(rotation, "eu-central-1") == []


@pytest.mark.parametrize(
    ("kind", "severity"),
    [("AWS::SNS::Topic", Severity.ERROR), ("AWS::SecretsManager::Secret", Severity.FATAL)],
)
def test_a_key_of_another_region_is_fatal_where_it_is_asked_for_at_once(
    kind: str, severity: Severity
) -> None:
    name = "KmsMasterKeyId" if kind == "AWS::SNS::Topic" else "KmsKeyId"
    (finding,) = findings(resource(kind, f"{name}: 'arn:aws:kms:eu-west-1:111111111111:key/a'"))
    assert (finding.rule, finding.severity) == ("ARN-REGION", severity)


def test_arns_in_lists_are_followed() -> None:
    alarm = resource(
        "AWS::CloudWatch::Alarm",
        "AlarmActions: ['arn:aws:sns:eu-central-2:111111111111:t', "
        "'arn:aws:sns:eu-west-1:111111111111:t']",
    )
    (finding,) = findings(alarm)
    assert (finding.rule, finding.property) == ("ARN-REGION", "AlarmActions.1")


@pytest.mark.parametrize(
    "policy",
    [
        "{Bucket: !Ref Logs, PolicyDocument: {Statement: [{Effect: Allow, Principal: "
        "{Service: logdelivery.elasticloadbalancing.amazonaws.com}}]}}",
        "{Bucket: !Ref Logs, PolicyDocument: {Statement: [{Effect: Allow, Principal: "
        "{AWS: !ImportValue delivery}}]}}",
        "{Bucket: !ImportValue bucket, PolicyDocument: !ImportValue document}",
    ],
)
def test_a_log_bucket_that_lets_the_delivery_in_or_may_do_so_passes(policy: str) -> None:
    balancer = (
        "LoadBalancerAttributes: [{Key: access_logs.s3.enabled, Value: true}, "
        "{Key: access_logs.s3.bucket, Value: !Ref Logs}]"
    )
    more = (
        "Logs: {Type: AWS::S3::Bucket}\n"
        f"Policy: {{Type: AWS::S3::BucketPolicy, Properties: {policy}}}"
    )
    kind = "AWS::ElasticLoadBalancingV2::LoadBalancer"
    assert rules(resource(kind, balancer, more=more)) == []
    gateway = f"{balancer}\nType: gateway"
    assert rules(resource(kind, gateway, more="Logs: {Type: AWS::S3::Bucket}")) == []
    denied = resource(kind, balancer, more="Logs: {Type: AWS::S3::Bucket}")
    assert rules(denied) == ["LOAD-BALANCER-LOG-BUCKET"]


def test_the_first_aurora_engine_is_retired_whatever_its_version() -> None:
    for version in ("EngineVersion: 5.6.10a", "EngineVersion: 5.6.mysql_aurora.1.22.2", "{}"):
        found = findings(cluster("" if version == "{}" else version, engine="aurora"))
        assert [(f.rule, f.property) for f in found] == [("AURORA-VERSION-RETIRED", "Engine")]


def test_insights_are_judged_at_the_cluster() -> None:
    mode = WRITER + "    DatabaseInsightsMode: advanced\n"
    assert rules(cluster(f"{V310}\n{V2}", more=mode)) == []


def test_backtrack_of_postgresql_can_never_be() -> None:
    (finding,) = findings(
        cluster('EngineVersion: "17.7"\nBacktrackWindow: 60', engine="aurora-postgresql"),
        "eu-central-1",
    )
    assert finding.severity is Severity.FATAL


def test_the_same_finding_in_several_worlds_is_reported_once() -> None:
    text = (
        "Parameters: {Size: {Type: String, AllowedValues: [a, b, c]}}\n"
        "Conditions: {IsA: !Equals [!Ref Size, a], IsB: !Equals [!Ref Size, b]}\n"
        + cluster("EngineMode: serverless\nDeletionProtection: !If [IsA, true, false]")
    )
    assert rules(text) == ["AURORA-SERVERLESS-V1"]


def test_a_retired_version_is_not_also_out_of_support() -> None:
    assert rules(cluster("EngineVersion: 8.0.mysql_aurora.3.03.1")) == ["AURORA-VERSION-RETIRED"]


def test_the_day_decides_not_the_clock() -> None:
    assert rules(cluster(V304), on=TODAY.replace(year=2025)) == []
