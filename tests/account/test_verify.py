"""A sound stack keeps every promise; each promise has a twin that breaks it and is named."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from pcistack.account.aws import AwsError, Call
from pcistack.account.verify.drift import detectable_types, supports
from pcistack.account.verify.permissions import CALLS, policy, reads_of, shipped_schemas
from pcistack.account.verify.run import PROMISES, Verified, summary, verify
from pcistack.template.document import Template
from pcistack.verified import Drift, content_digest
from tests.account.recorded import NOW, Answer, Parameters, Refusal
from tests.account.sound_stack import (
    ACCOUNT,
    KEY,
    SECRET,
    TEMPLATE,
    cluster,
    detection,
    difference,
    drifts,
    instance,
    key_policy,
    listener,
    secret,
    security_groups,
    service,
    sound_stack,
    stack,
    stack_resources,
    target,
)
from tests.support import template
from tests.tables import cases

_ANYWHERE = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}], "UserIdGroupPairs": []}
_PAST = datetime(2026, 1, 1, tzinfo=NOW.tzinfo)
_OUT = {
    "RouteTables": [
        {
            "Associations": [{"SubnetId": "subnet-a"}],
            "Routes": [{"DestinationCidrBlock": "0.0.0.0/0"}],
        }
    ]
}


def verified(**answers: Answer) -> Verified:
    deployed, _ = sound_stack(**answers)
    return verify(deployed, pause=lambda seconds: None)


def test_sound_stack_keeps_every_promise() -> None:
    result = verified()

    assert result.problems == []
    assert result.holds
    assert {check.promise.id for check in result.checks} == _IDS
    assert summary(result) == f"{len(_IDS)} promises kept"


_IDS = {promise.id for promise in PROMISES} | {"settings"}
_LOGS = {"logGroupName": "/app/pr42", "kmsKeyId": KEY, "retentionInDays": 365}
TWINS: list[tuple[str, dict[str, Answer], str]] = [
    ("template", {"TEMPLATE": {"TemplateBody": '{"Resources": {}}'}}, "was checked"),
    ("present", {"STACK_RESOURCES": stack_resources(Service="")}, "AWS::ECS::Service: the stack"),
    ("complete", {"STACK_RESOURCES": stack_resources(Load="")}, "Load: is in the template and not"),
    ("outputs-exported", {"STACKS": stack("Vpc")}, "Vpc: is not exported under the suffix pr42"),
    ("outputs-exported", {"EXPORTS": {"Exports": []}}, "Vpc: is not exported"),
    (
        "names-carry-suffix",
        {"STACK_RESOURCES": stack_resources(Audit="/app/prod")},
        "Audit: the name /app/prod does not contain the suffix pr42",
    ),
    ("serverless-v2", {"DATABASE_CLUSTERS": cluster(EngineMode="serverless")}, "the engine mode"),
    (
        "serverless-v2",
        {"DATABASE_INSTANCES": instance(DBInstanceClass="db.r6g.large")},
        "Writer: is a db.r6g.large",
    ),
    ("writer-name", {"DATABASE_INSTANCES": instance(DBInstanceIdentifier="x-pr42")}, "is missing"),
    ("database-private", {"DATABASE_INSTANCES": instance(PubliclyAccessible=True)}, "publicly"),
    ("database-private", {"ROUTE_TABLES": _OUT}, "subnet-a has a route to the internet"),
    ("database-private", {"SUBNETS": {"Subnets": [{"AvailabilityZone": "a"}]}}, "in one zone"),
    ("encrypted", {"DATABASE_CLUSTERS": cluster(StorageEncrypted=False)}, "is not encrypted"),
    ("encrypted", {"DATABASE_CLUSTERS": cluster(KmsKeyId="key/aws")}, "a key of this stack"),
    ("encrypted", {"LOG_GROUPS": {"logGroups": [_LOGS | {"kmsKeyId": "key/x"}]}}, "/app/pr42 is"),
    ("encrypted", {"TOPIC": {"Attributes": {}}}, "Alarms: the topic is not encrypted"),
    (
        "logs-expire",
        {"LOG_GROUPS": {"logGroups": [{"logGroupName": "/app/pr42", "kmsKeyId": KEY}]}},
        "Audit: /app/pr42 keeps its events for ever",
    ),
    ("keys-rotate", {"KEY_ROTATION": {"KeyRotationEnabled": False}}, "Key: the key does not"),
    ("secrets-own-key", {"SECRET": secret(KmsKeyId="alias/aws/secretsmanager")}, "Login: is not"),
    ("secrets-rotate", {"SECRET": secret(RotationEnabled=False)}, "Login: its rotation is"),
    ("secrets-rotate", {"SECRET": secret(NextRotationDate=_PAST)}, "was due on 2026-01-01"),
    ("database-audited", {"DATABASE_CLUSTERS": cluster(EnabledCloudwatchLogsExports=[])}, "audit"),
    ("flow-logs", {"FLOW_LOGS": {"FlowLogs": []}}, "Vpc: has no active flow log"),
    ("security-groups", {"SECURITY_GROUPS": security_groups(_ANYWHERE)}, "admits addresses"),
    ("security-groups", {"SECURITY_GROUPS": security_groups({"ToPort": 3307})}, "than its port"),
    (
        "security-groups",
        {"SECURITY_GROUPS": security_groups(IpPermissions=[{"IpProtocol": "-1"}])},
        "the default security group still has rules",
    ),
    ("ingress-https", {"LISTENERS": {"Listeners": []}}, "does not listen for HTTPS"),
    (
        "ingress-https",
        {"LISTENERS": {"Listeners": [listener("HTTP", 80, "forward")]}},
        "answers plain HTTP on port 80",
    ),
    ("ingress-firewall", {"WEB_ACL_OF": {}}, "no web ACL protects it"),
    (
        "ingress-firewall",
        {"WEB_ACL_LOG": Refusal("WAFNonexistentItemException")},
        "its web ACL acl does not log",
    ),
    ("ingress-logs", {"LOAD_BALANCER_ATTRIBUTES": {"Attributes": []}}, "writes no access logs"),
    ("service-private", {"SERVICES": service({"assignPublicIp": "ENABLED"})}, "public addresses"),
    ("service-private", {"SERVICES": service(deploymentConfiguration={})}, "does not roll back"),
    ("service-scales", {"SCALABLE_TARGETS": target(2, 2)}, "no room to scale above 2"),
    ("service-scales", {"SERVICES": service(desiredCount=9)}, "9 tasks desired, outside of 1 to 4"),
    ("service-scales", {"SCALING_POLICIES": {"ScalingPolicies": []}}, "has no scaling policy"),
    ("alarms-reach", {"ALARMS": {"MetricAlarms": []}}, "Load: reaches no topic"),
    ("alarms-reach", {"KEY_POLICY": key_policy("logs.amazonaws.com")}, "does not let cloudwatch"),
    (
        "settings",
        {
            "RESOURCE_DRIFTS": drifts(
                {
                    "LogicalResourceId": "Database",
                    "ResourceType": "AWS::RDS::DBCluster",
                    "PropertyDifferences": [difference("/DeletionProtection", "true", "false")],
                }
            )
        },
        "Database: DeletionProtection",
    ),
]


def test_every_promise_has_a_broken_twin() -> None:
    assert {promise for promise, _, _ in TWINS} == _IDS


@cases(("promise", "answers", "complaint"), TWINS)
def test_broken_promise_names_the_resource(
    promise: str, answers: dict[str, Answer], complaint: str
) -> None:
    result = verified(**answers)

    (broken,) = [check for check in result.checks if check.promise.id == promise]
    assert broken.holds is False
    assert complaint in " ".join(broken.problems)
    assert not result.holds


def test_drift_is_told_with_what_was_expected_and_what_no_requirement_speaks_of_is_left_out() -> (
    None
):
    changed = {"LogicalResourceId": "Audit", "ResourceType": "AWS::Logs::LogGroup"}
    gone = {"LogicalResourceId": "Key", "ResourceType": "AWS::KMS::Key"}
    result = verified(
        RESOURCE_DRIFTS=drifts(
            changed
            | {
                "PropertyDifferences": [
                    difference("/RetentionInDays", "365", "7"),
                    difference("/LogGroupClass", "STANDARD", "INFREQUENT_ACCESS"),
                ]
            },
            gone | {"StackResourceDriftStatus": "DELETED"},
        )
    )

    assert result.drift == (
        Drift(resource="Audit", property="RetentionInDays", expected="365", found="7"),
        Drift(resource="Key", property="", expected="there", found="deleted"),
    )


def test_every_page_of_what_differs_is_read() -> None:
    gone = {"ResourceType": "AWS::KMS::Key", "StackResourceDriftStatus": "DELETED"}

    def page(asked: Parameters) -> Parameters:
        first = "NextToken" not in asked
        found = drifts(gone | {"LogicalResourceId": "Key" if first else "Audit"})
        return found | ({"NextToken": "more"} if first else {})

    result = verified(RESOURCE_DRIFTS=page)

    assert [item.resource for item in result.drift] == ["Key", "Audit"]


@pytest.mark.parametrize(
    ("kind", "path", "supporting"),
    [
        ("AWS::RDS::DBCluster", "StorageEncrypted", True),
        ("AWS::RDS::DBCluster", "Tags.0.Value", True),
        ("AWS::RDS::DBCluster", "PreferredMaintenanceWindow", False),
        ("AWS::S3::Bucket", "PublicAccessBlockConfiguration.BlockPublicAcls", True),
        ("AWS::S3::Bucket", "PublicAccessBlockConfiguration", True),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerAttributes.1.Value", True),
        ("AWS::ECS::TaskDefinition", "ContainerDefinitions.0.ReadonlyRootFilesystem", True),
        ("AWS::ECS::TaskDefinition", "ContainerDefinitions.0.Cpu", False),
    ],
)
def test_a_setting_that_supports_a_requirement_is_told_from_others(
    kind: str, path: str, supporting: bool
) -> None:
    assert supports(kind, path) is supporting


def test_a_detection_that_takes_long_is_waited_for() -> None:
    states = iter([detection("DETECTION_IN_PROGRESS"), detection()])
    waited: list[float] = []
    deployed, _ = sound_stack(DRIFT_STATUS=lambda _: next(states))

    assert verify(deployed, pause=waited.append).holds
    assert waited == [2.0]


def test_a_detection_that_fails_leaves_the_settings_unknown() -> None:
    failed = detection("DETECTION_FAILED", DetectionStatusReason="no read for Key")
    result = verified(DRIFT_STATUS=failed)

    assert not result.holds
    assert result.problems == []
    assert "no read for Key" in result.unanswered[0]
    assert summary(result).endswith("1 not known")


def test_missing_permission_is_named_and_the_rest_is_still_asked() -> None:
    result = verified(FLOW_LOGS=Refusal("UnauthorizedOperation"), ALARMS={"MetricAlarms": []})

    assert result.missing == ["ec2:DescribeFlowLogs"]
    assert result.problems == ["Load: reaches no topic"]


def test_stack_that_is_not_there_is_said() -> None:
    with pytest.raises(AwsError, match="there is no stack PciDss-pr42 in eu-central-2"):
        verified(STACK_RESOURCES=Refusal("ValidationError"))


def test_result_has_the_shape_that_the_evidence_reads() -> None:
    deployed, _ = sound_stack(KEY_ROTATION={"KeyRotationEnabled": False})
    result = verify(deployed).as_verification(deployed, date(2026, 11, 26))
    written = json.loads(result.as_text())

    assert written["account"] == ACCOUNT
    assert written["template_sha256"] == content_digest(TEMPLATE.body)
    (keys,) = [item for item in written["promises"] if item["id"] == "keys-rotate"]
    assert keys == {
        "id": "keys-rotate",
        "requirement": "3.7.4",
        "holds": False,
        "says": "Not so: Customer-managed keys rotate. Key: the key does not rotate",
    }


def test_yaml_that_was_deployed_by_hand_is_compared_by_what_it_says() -> None:
    lines = "".join(
        f"  {name}: {{Type: {raw.type}, Properties: {json.dumps(raw.properties)}}}\n"
        for name, raw in TEMPLATE.resources.items()
    )
    assert verified(TEMPLATE={"TemplateBody": f"Resources:\n{lines}"}).holds


def test_characters_that_cloudformation_does_not_return_are_no_difference() -> None:
    said = {"Description": "Zürich ☺", "Resources": {}}
    returned = {"Resources": {}, "Description": "Z?rich ?"}  # as GetTemplate has it
    assert content_digest(said) == content_digest(returned)
    assert content_digest(said) != content_digest(said | {"Description": "Zürich"})


# Permissions


def test_policy_allows_every_call_that_a_verification_makes() -> None:
    deployed, stub = sound_stack()
    verify(deployed)
    made = {call for call, _, _ in stub.log} - {Call.CALLER_IDENTITY}

    assert made == CALLS
    assert {call.permission for call in made} <= set(_actions(TEMPLATE))


def test_policy_reads_settings_and_neither_writes_nor_reads_data() -> None:
    reading = ("Describe", "Get", "List", "BatchDescribe", "DetectStack")
    actions = _actions(Template(dict(template("prod").body)))  # type: ignore[arg-type]

    assert all(action.partition(":")[2].startswith(reading) for action in actions)
    assert not {"secretsmanager:GetSecretValue", "s3:GetObject", "kms:Decrypt"} & set(actions)
    assert not [action for action in actions if "*" in action]


def test_policy_is_no_larger_than_the_template_asks_for() -> None:
    small = _actions(Template({"Resources": {"Logs": {"Type": "AWS::Logs::LogGroup"}}}))

    assert "logs:DescribeLogGroups" in small
    assert not [action for action in small if action.startswith(("rds:", "s3:", "kms:"))]


def test_read_permissions_are_those_of_the_resource_schemas() -> None:
    shipped = reads_of(shipped_schemas())

    assert set(shipped) == detectable_types()
    for kind, actions in shipped.items():
        assert set(actions) <= set(_actions(Template({"Resources": {"One": {"Type": kind}}})))


def _actions(document: Template) -> list[str]:
    (statement,) = policy(document)["Statement"]  # type: ignore[misc]
    actions: list[str] = statement["Action"]  # type: ignore[has-type]
    return actions


def test_no_secret_is_read() -> None:
    deployed, stub = sound_stack()
    verify(deployed)

    asked = {call.operation for call, parameters, _ in stub.log if SECRET in str(parameters)}
    assert asked == {"DescribeSecret"}
