from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import cast

import pytest

from pcistack.checks.findings import Finding
from pcistack.checks.rule import Extent
from pcistack.evidence.by_design.sentences import SENTENCES
from pcistack.pci_dss.pack import PACK
from pcistack.pci_dss.requirements import REQUIREMENTS, State, supporting
from pcistack.pci_dss.security_hub import STANDARD
from pcistack.regional.catalog import lambda_runtimes
from pcistack.template.document import Json, Template
from pcistack.template.worlds import views
from tests.pci_dss.all_cases import CASES
from tests.pci_dss.cases import (
    REDIRECT,
    WORLD,
    Resources,
    allow,
    att,
    document,
    function,
    listener,
    one,
    parameters,
    ref,
    res,
    secret,
    task,
    tcp,
    web,
)
from tests.tables import cases

DAY = date(2026, 11, 24)


def findings(
    resources: Resources, sections: Mapping[str, Json] | None = None, *, on: date = DAY
) -> list[Finding]:
    template = Template(cast("dict[str, Json]", {"Resources": resources, **(sections or {})}))
    return PACK.check(views(template, "eu-central-2"), region="eu-central-2", on=on)


def rules_of(resources: Resources, *, on: date = DAY) -> set[str]:
    return {finding.rule for finding in findings(resources, on=on)}


@cases("rule", sorted(CASES))
def test_rule_points_at_what_is_bad_in_its_bad_template(rule: str) -> None:
    case = CASES[rule]
    sections = cast("dict[str, Json]", case.sections)
    found = [finding for finding in findings(case.bad, sections) if finding.rule == rule]
    assert sorted((finding.resource, finding.property) for finding in found) == case.at
    assert {finding.severity for finding in found} == {case.severity}


@cases("rule", sorted(CASES))
def test_rule_lets_its_good_template_pass(rule: str) -> None:
    assert rule not in rules_of(CASES[rule].good)


def test_every_rule_has_a_bad_and_a_good_template() -> None:
    assert set(CASES) == {rule.id for rule in PACK.rules}


def test_rule_ids_are_unique_and_start_with_their_requirement() -> None:
    ids = [rule.id for rule in PACK.rules]
    assert len(set(ids)) == len(ids)
    for rule in PACK.rules:
        assert any(rule.id.startswith(f"PCI-{number}-") for number in rule.requirements), rule.id


def test_rules_name_requirements_of_the_table_only() -> None:
    known = {requirement.number for requirement in REQUIREMENTS}
    assert {number for rule in PACK.rules for number in rule.requirements} <= known


def test_security_hub_controls_are_told_apart_by_its_pci_standard() -> None:
    for rule in PACK.rules:
        assert set(rule.security_hub) <= STANDARD, rule.id
        assert not set(rule.related) & STANDARD, rule.id


def test_every_rule_says_what_it_asks_and_how_to_fix_it() -> None:
    for rule in PACK.rules:
        assert rule.asks.endswith("."), rule.id
        assert rule.title, rule.id
        assert rule.fix.endswith("."), rule.id
        assert rule.types, rule.id
        assert rule.extent is not Extent.NONE, rule.id
        assert rule.control, rule.id


def test_what_infrastructure_supports_has_a_rule_or_an_artefact_behind_it() -> None:
    for requirement in REQUIREMENTS:
        if requirement.extent is not Extent.NONE:
            backed = supporting(requirement.number, PACK.rules) or requirement.evidence
            said = any(requirement.number in sentence.numbers for sentence in SENTENCES)
            assert backed or said, requirement.number


def test_what_is_met_in_full_rests_on_a_rule() -> None:
    full = [row for row in REQUIREMENTS if row.state is State.MET]
    assert full
    assert not {row.number for row in full if not supporting(row.number, PACK.rules)}


def test_every_requirement_is_in_one_state_and_says_who_does_what() -> None:
    numbers = [row.number for row in REQUIREMENTS]
    assert len(set(numbers)) == len(numbers)
    assert [row.sort_key for row in REQUIREMENTS] == sorted(row.sort_key for row in REQUIREMENTS)
    for row in REQUIREMENTS:
        assert row.parties, row.number
        if row.state is State.YOU:
            assert row.you, row.number


def test_findings_are_the_same_in_every_run_and_once_over_all_worlds() -> None:
    bad: Resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "Other": {"Type": "AWS::SNS::Topic", "Condition": "Yes", "Properties": {}},
    }
    sections: dict[str, Json] = {
        "Parameters": {"P": {"Type": "String", "AllowedValues": ["yes", "no"], "Default": "no"}},
        "Conditions": {"Yes": {"Fn::Equals": [{"Ref": "P"}, "yes"]}},
    }
    first = findings(bad, sections)
    assert first == findings(bad, sections)
    assert len(first) == len(set(first))
    assert any(finding.resource == "Other" for finding in first)


def test_an_empty_template_has_no_finding() -> None:
    assert findings({}) == []


UNRESOLVED = {"Fn::ImportValue": "elsewhere"}


@pytest.mark.parametrize(
    ("kind", "path", "rule"),
    [
        ("RDS::DBCluster", "StorageEncrypted", "PCI-3.5.1-DATABASE-ENCRYPTED"),
        ("RDS::DBInstance", "PubliclyAccessible", "PCI-1.4.4-DATABASE-PUBLIC"),
        ("KMS::Key", "EnableKeyRotation", "PCI-3.7.4-KEY-ROTATION"),
        ("Logs::LogGroup", "RetentionInDays", "PCI-10.5.1-LOG-RETENTION"),
        ("EC2::Subnet", "MapPublicIpOnLaunch", "PCI-1.4.2-SUBNET-PUBLIC-ADDRESSES"),
        ("ECS::Service", "EnableExecuteCommand", "PCI-2.2.4-EXEC"),
        ("RDS::DBCluster", "MasterUsername", "PCI-2.2.2-MASTER-USERNAME"),
        ("WAFv2::WebACL", "Rules", "PCI-6.4.2-FIREWALL-BLOCKS"),
    ],
)
def test_what_cannot_be_known_is_a_finding_that_says_so(kind: str, path: str, rule: str) -> None:
    found = findings({"It": {"Type": f"AWS::{kind}", "Properties": {path: UNRESOLVED}}})
    messages = [finding.message for finding in found if finding.rule == rule]
    assert messages
    assert "cannot be known before the deployment" in messages[0]


def test_a_database_whose_subnets_are_elsewhere_is_not_taken_for_isolated() -> None:
    found = findings(
        {
            "Db": {
                "Type": "AWS::RDS::DBCluster",
                "Properties": {"DBSubnetGroupName": UNRESOLVED, "Engine": "aurora-mysql"},
            }
        }
    )
    assert "PCI-1.4.4-STORE-TIER" in {finding.rule for finding in found}


def test_security_groups_in_a_circle_are_judged() -> None:
    def group(other: str) -> dict[str, object]:
        return {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "g",
                "SecurityGroupIngress": [
                    {"IpProtocol": "-1", "SourceSecurityGroupId": {"Ref": other}}
                ],
            },
        }

    found = findings({"A": group("B"), "B": group("C"), "C": group("A")})
    assert {f.resource for f in found if f.rule == "PCI-1.3.1-PORTS-WIDE"} == {"A", "B", "C"}


def test_malformed_properties_give_findings_and_no_error() -> None:
    kinds = sorted({kind for rule in PACK.rules for kind in rule.types if kind.startswith("AWS::")})
    values: tuple[Json, ...] = (None, "text", 7, [], ["x", None, 3], {"x": {"y": ["z"]}}, [[{}]])
    for broken in (*values, True):
        resources: Resources = {}
        for index, kind in enumerate(kinds):
            names = {"SecurityGroupIngress", "ContainerDefinitions", "Rules", "KeyPolicy"}
            names |= {"PolicyDocument", "SubnetIds", "Listeners", "Policies", "Parameters"}
            names |= {"GenerateSecretString", "Environment", "DistributionConfig", "Port"}
            names |= {"VpcConfig", "NetworkInterfaces", "Dimensions", "ClusterSettings", "Volumes"}
            properties = dict.fromkeys(sorted(names), broken)
            resources[f"R{index}"] = {"Type": kind, "Properties": properties}
        findings(resources)


def test_a_number_that_is_none_is_no_error() -> None:
    rule = {"IpProtocol": float("inf"), "FromPort": float("inf"), "CidrIp": "0.0.0.0/0"}
    found = findings(
        {
            "It": {
                "Type": "AWS::EC2::SecurityGroup",
                "Properties": {"GroupDescription": "g", "SecurityGroupIngress": [rule]},
            }
        }
    )
    assert "PCI-1.3.1-INGRESS-WORLD" in {finding.rule for finding in found}


@cases(
    ("resources", "rule"),
    [
        (
            one("Lambda::Function", Environment={"Variables": {"DB": "mysql://app:s3cret@db/tx"}}),
            "PCI-8.6.2-ENVIRONMENT",
        ),
        (
            one("Lambda::Function", Environment={"Variables": {"URL": "https://example.com:443/"}}),
            "",
        ),
        (
            one(
                "Redshift::ClusterParameterGroup",
                Parameters=[{"ParameterName": "require_ssl", "ParameterValue": "false"}],
            ),
            "PCI-4.2.1-STORE-TLS",
        ),
        (one("RDS::DBCluster", Engine="aurora"), "PCI-4.2.1-DATABASE-TLS"),
        (one("RDS::DBInstance", Engine="MySQL"), "PCI-4.2.1-DATABASE-TLS"),
        (one("RDS::DBInstance", Engine="postgres"), "PCI-4.2.1-DATABASE-TLS"),
        (
            parameters(general_log="1"),
            "PCI-3.3.1-STATEMENTS-LOGGED",
        ),
        (
            one("RDS::DBCluster", EnableCloudwatchLogsExports=["audit", "general"]),
            "PCI-3.3.1-STATEMENTS-LOGGED",
        ),
        (web(tcp(443, CidrIpv6="::/0")), ""),
        (web(tcp(22, CidrIpv6="::/0")), "PCI-1.3.1-INGRESS-WORLD"),
        (web(tcp(80, **WORLD)), "PCI-1.3.1-INGRESS-WORLD"),
        (
            {**web(tcp(80, **WORLD)), "Listener": listener(80, "HTTP", REDIRECT)},
            "",
        ),
        (secret("rate(120 days)"), "PCI-8.6.3-SECRET-ROTATION"),
        (secret("cron(0 4 1 * ? *)"), ""),
        (secret("cron(0 4 1 */6 ? *)"), "PCI-8.6.3-SECRET-ROTATION"),
    ],
)
def test_the_same_weakness_in_another_guise_is_found(resources: Resources, rule: str) -> None:
    near = {"PCI-8.6.2-ENVIRONMENT", "PCI-1.3.1-INGRESS-WORLD", "PCI-8.6.3-SECRET-ROTATION"}
    found = rules_of(resources)
    assert rule in found if rule else not found & near


@pytest.mark.parametrize(
    "user", ["0", "root", "0:0", "00", "+0", "-0", " 0", "root ", "000:5", "root:staff", ""]
)
def test_root_is_root_however_it_is_written(user: str) -> None:
    assert "PCI-2.2.4-ROOT-USER" in rules_of(task({"User": user}))


@pytest.mark.parametrize("user", ["101", "nginx", "1000:0", "10:10", "0x10", "rooty"])
def test_another_user_is_not_taken_for_root(user: str) -> None:
    assert "PCI-2.2.4-ROOT-USER" not in rules_of(task({"User": user}))


@pytest.mark.parametrize("missing", ["maintenance", "failure", "configuration change", "deletion"])
def test_every_kind_of_change_of_a_cluster_is_asked_for(missing: str) -> None:
    wanted = {"maintenance", "failure", "configuration change", "deletion"}
    everything: Resources = {
        "Db": res("RDS::DBCluster", Engine="aurora-mysql"),
        "All": res("RDS::EventSubscription", SnsTopicArn="t", SourceType="db-instance"),
        "Group": res("RDS::EventSubscription", SnsTopicArn="t", SourceType="db-parameter-group"),
    }

    def told(categories: set[str]) -> bool:
        cluster = res(
            "RDS::EventSubscription",
            SnsTopicArn="t",
            SourceType="db-cluster",
            EventCategories=sorted(categories),
        )
        return "PCI-11.5.2-DATABASE-EVENTS" not in rules_of({**everything, "Cluster": cluster})

    assert told(wanted)
    assert not told(wanted - {missing})


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("AWSLogs/${AWS::AccountId}/*", False),
        ("AWSLogs/111111111111/*", False),
        ("AWSLogs/11111111111/*", True),
        ("AWSLogs/*", True),
        ("*", True),
    ],
)
def test_log_delivery_below_the_prefix_of_one_account_is_held_to_it(
    prefix: str, found: bool
) -> None:
    policy = document(
        allow(
            "s3:PutObject",
            {"Fn::Sub": f"arn:aws:s3:::logs/{prefix}"},
            Principal={"Service": "delivery.logs.amazonaws.com"},
        )
    )
    rules = rules_of(one("S3::BucketPolicy", Bucket="logs", PolicyDocument=policy))
    assert ("PCI-7.2.5-CONFUSED-DEPUTY" in rules) is found


def test_the_policy_of_a_log_group_is_read_like_any_other() -> None:
    policy = document(allow("logs:PutLogEvents", "*", Principal="*"))
    rules = rules_of(one("Logs::LogGroup", ResourcePolicyDocument=policy))
    assert "PCI-7.3.3-POLICY-PUBLIC" in rules


_CREATES = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]


@cases(
    "resources",
    [
        function(allow(_CREATES)),
        function(allow("logs:*", "arn:aws:logs:eu-central-2:111111111111:*")),
        function(allow(_CREATES, att("Group", "Arn"))),
        function(allow(_CREATES, {"Fn::Sub": "${Group.Arn}:*"})),
        function(allow(_CREATES, "arn:aws:logs:*:*:log-group:/pay/*:*")),
        function(managed=("AWSLambdaVPCAccessExecutionRole",)),
        function(managed=("AWSLambdaSQSQueueExecutionRole",)),
        function(managed=("CloudWatchLogsFullAccess",)),
        function(allow(_CREATES), group=ref("Group")),
        function(allow(_CREATES), name="pay", group=None)
        | {"Group": res("Logs::LogGroup", LogGroupName="/aws/lambda/pay")},
        function(allow(_CREATES), group=None)
        | {"Group": res("Logs::LogGroup", LogGroupName={"Fn::Sub": "/aws/lambda/${It}"})},
        function()
        | {
            "More": res(
                "IAM::Policy", Roles=[ref("Role")], PolicyDocument=document(allow(_CREATES))
            )
        },
        function()
        | {
            "Role": res("IAM::Role", ManagedPolicyArns=[ref("More")]),
            "More": res("IAM::ManagedPolicy", PolicyDocument=document(allow(_CREATES))),
        },
    ],
)
def test_a_role_that_can_make_the_functions_log_group_again_is_found(resources: Resources) -> None:
    assert "PCI-10.3.1-LOG-GROUP-RETURNS" in rules_of(resources)


@pytest.mark.parametrize(
    "resources",
    [
        function(),
        function(allow(_CREATES, "arn:aws:logs:*:*:log-group:/other/*:*")),
        function(allow("logs:PutLogEvents")),
        function(managed=("AWSXRayDaemonWriteAccess",)),
        function(
            allow(_CREATES), {"Effect": "Deny", "Action": "logs:CreateLogGroup", "Resource": "*"}
        ),
        {name: body for name, body in function(allow(_CREATES)).items() if name != "Group"},
        {name: body for name, body in function(allow(_CREATES)).items() if name != "Role"},
    ],
)
def test_a_role_that_cannot_make_the_functions_log_group_again_passes(
    resources: Resources,
) -> None:
    assert "PCI-10.3.1-LOG-GROUP-RETURNS" not in rules_of(resources)


@cases("name", [n for n, runtime in lambda_runtimes().items() if runtime.deprecated])
def test_a_runtime_is_old_from_the_day_on_which_its_fixes_end(name: str) -> None:
    runtime = lambda_runtimes()[name]
    assert runtime.deprecated is not None
    resources = one("Lambda::Function", Runtime=name)
    assert "PCI-6.3.3-RUNTIME" not in rules_of(resources, on=runtime.deprecated - timedelta(days=1))
    (found,) = (
        finding
        for finding in findings(resources, on=runtime.deprecated)
        if finding.rule == "PCI-6.3.3-RUNTIME"
    )
    assert found.message == f"{name} is without fixes since {runtime.deprecated}"
    assert runtime.successor in found.fix


def test_a_runtime_that_nobody_knows_and_one_that_the_deployment_chooses_are_not_old() -> None:
    for runtime in ("cobol85", ref("Runtime")):
        resources = one("Lambda::Function", Runtime=runtime)
        assert "PCI-6.3.3-RUNTIME" not in rules_of(resources, on=date.max)


@pytest.mark.parametrize(
    ("metric", "unit", "watches"),
    [
        (("AWS/Lambda", "Errors", "FunctionName"), "Count", True),
        (("AWS/Lambda", "Errors", "FunctionName"), "None", False),
        (("AWS/WAFV2", "BlockedRequests", "WebACL"), "Count", False),
    ],
)
def test_an_alarm_that_asks_for_a_unit_the_metric_lacks_shows_no_failure(
    metric: tuple[str, str, str], unit: str, watches: bool
) -> None:
    namespace, name, dimension = metric
    dimensions = {dimension: ref("Watched"), "Region": "eu-central-2", "Rule": "ALL"}
    watched: Resources = {"Watched": res("WAFv2::WebACL")}
    if dimension == "FunctionName":
        schedule = res("SecretsManager::RotationSchedule", RotationLambdaARN=att("Watched", "Arn"))
        watched = {"Watched": res("Lambda::Function"), "Schedule": schedule}

    def rules(**more: str) -> set[str]:
        alarm = res(
            "CloudWatch::Alarm",
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[ref("Topic")],
            **more,
        )
        return rules_of({**watched, "Alarm": alarm})

    assert "PCI-10.7.2-CONTROL-FAILURE" not in rules()
    assert ("PCI-10.7.2-CONTROL-FAILURE" not in rules(Unit=unit)) is watches


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        (
            "PCI-1.4.2-PUBLIC-ADDRESS",
            one(
                "ECS::TaskSet",
                NetworkConfiguration={"AwsVpcConfiguration": {"AssignPublicIp": "ENABLED"}},
            ),
            one(
                "ECS::TaskSet",
                NetworkConfiguration={"AwsVpcConfiguration": {"AssignPublicIp": "DISABLED"}},
            ),
        ),
        (
            "PCI-10.2.1-SERVICE-LOGS",
            one(
                "StepFunctions::StateMachine",
                LoggingConfiguration={"Destinations": [{}], "Level": "OFF"},
            ),
            one(
                "StepFunctions::StateMachine",
                LoggingConfiguration={"Destinations": [{}], "Level": "ALL"},
            ),
        ),
        (
            "PCI-4.2.1-STORE-TLS",
            one("Redshift::Cluster"),
            {
                "Group": res(
                    "Redshift::ClusterParameterGroup",
                    Parameters=[{"ParameterName": "require_ssl", "ParameterValue": "true"}],
                ),
                "Cluster": res("Redshift::Cluster", ClusterParameterGroupName=ref("Group")),
            },
        ),
    ],
)
def test_what_a_rule_claims_of_security_hub_it_does(
    rule: str, bad: Resources, good: Resources
) -> None:
    """ECS.16, StepFunctions.1 and Redshift.2."""
    assert rule in rules_of(bad)
    assert rule not in rules_of(good)
