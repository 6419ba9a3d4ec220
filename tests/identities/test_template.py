"""The identities in the template: who may read what, when it rotates, and what waits for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

import pytest

from pci_constructs.database_identities import rotation_cron
from pci_constructs.database_users.grants import GRANTS
from tests.support import (
    ENDPOINTS,
    SHIPPED,
    Synthesized,
    leaves,
    listed,
    references,
    statements,
    target,
    template,
    text,
    variant,
    waits_for,
)

READING = ("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue")
MASTER = "MasterUserSecret.SecretArn"


@pytest.fixture(params=[*SHIPPED, "endpoints"])
def synthesized(request: pytest.FixtureRequest) -> Synthesized:
    return variant(**ENDPOINTS) if request.param == "endpoints" else template(request.param)


def holders_of_master(found: Synthesized) -> set[str]:
    """Every resource, output and policy that names the master user's secret."""
    return {key for key, value in found.resources.items() if MASTER in json.dumps(value)}


def test_nothing_but_the_function_knows_the_master_users_secret(synthesized: Synthesized) -> None:
    paths = {synthesized.path(key).split("/", 1)[1] for key in holders_of_master(synthesized)}
    assert paths == {
        "DatabaseIdentities/RolePolicy",
        "DatabaseIdentities/Function/Resource",
        "DatabaseIdentities/Users/Default",
    }
    assert MASTER not in json.dumps(synthesized.body["Outputs"])


def test_no_other_role_may_read_a_secret_by_a_pattern_or_all_of_them(
    synthesized: Synthesized,
) -> None:
    for role, statement in policies(synthesized):
        actions = {str(action) for action in listed(statement["Action"])}
        if statement["Effect"] != "Allow" or not reads(actions):
            continue
        resources = listed(statement["Resource"])
        assert all("*" not in text(resource) for resource in resources), role
        if MASTER in json.dumps(resources):
            assert role == "DatabaseIdentities/RolePolicy"


def policies(found: Synthesized) -> Iterator[tuple[str, dict[str, object]]]:
    """Every statement of an identity's policy, with the path of the policy."""
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        for key in found.ids(kind):
            document = found.properties(key)["PolicyDocument"]
            for statement in statements(document):
                yield found.path(key).split("/", 1)[1], statement
    for key in found.ids("AWS::IAM::Role"):
        for policy in listed(found.properties(key).get("Policies", [])):
            for statement in statements(policy["PolicyDocument"]):  # type: ignore[index]
                yield found.path(key).split("/", 1)[1], statement


def reads(actions: set[str]) -> bool:
    return bool(actions & {*READING, "*", "secretsmanager:*", "secretsmanager:Get*"})


def test_tasks_hold_the_application_identity_and_nothing_else(synthesized: Synthesized) -> None:
    for task in synthesized.all("AWS::ECS::TaskDefinition"):
        held = {
            synthesized.path(key)
            for container in listed(task["ContainerDefinitions"])
            for secret in listed(container["Secrets"])  # type: ignore[index]
            for key in references(secret)
        }
        assert {path.split("/", 1)[1] for path in held} == {
            "DatabaseIdentities/Application/Resource"
        }


def test_no_password_and_no_reference_to_one_is_in_the_template(synthesized: Synthesized) -> None:
    assert not [leaf for leaf in leaves(synthesized.body) if "{{resolve:" in str(leaf)]
    cluster = synthesized.one("AWS::RDS::DBCluster")
    assert cluster["ManageMasterUserPassword"] is True
    assert "EncryptionSecrets" in target(cluster["MasterUserSecret"]["KmsKeyId"])  # type: ignore[index]


@pytest.mark.parametrize("identity", GRANTS)
def test_identity_has_a_login_of_its_own_that_stands_in_a_url(identity: str) -> None:
    secret = template("prod").named(
        f"DatabaseIdentities/{identity.capitalize()}/", "AWS::SecretsManager::Secret"
    )
    generated = secret["GenerateSecretString"]
    assert isinstance(generated, dict)
    value = json.loads(text(generated["SecretStringTemplate"]))
    assert value == {
        "engine": "mysql",
        "host": "${DatabaseCluster5B53A178}",
        "readerhost": "${DatabaseCluster5B53A178}",
        "port": "6603",
        "dbname": "transactions",
        "username": f"{identity}_a",
    }
    assert (generated["PasswordLength"], generated["ExcludePunctuation"]) == (32, True)
    assert generated["RequireEachIncludedType"] is True
    assert "EncryptionSecrets" in target(secret["KmsKeyId"])


def test_every_identity_rotates_at_night_by_the_function(synthesized: Synthesized) -> None:
    schedules = synthesized.all("AWS::SecretsManager::RotationSchedule")
    assert {target(schedule["SecretId"]) for schedule in schedules} == set(
        synthesized.ids("AWS::SecretsManager::Secret")
    )
    for schedule in schedules:
        assert schedule["RotationRules"] == {
            "ScheduleExpression": "cron(0 1 1 * ? *)",
            "Duration": "3h",
        }
        assert schedule["RotateImmediatelyOnUpdate"] is False
        assert "DatabaseIdentitiesFunction" in target(schedule["RotationLambdaARN"])


@pytest.mark.parametrize(
    ("days", "hour", "expression"),
    [
        (1, 0, "cron(0 0 1/1 * ? *)"),
        (7, 3, "cron(0 3 1/7 * ? *)"),
        (30, 21, "cron(0 21 1/30 * ? *)"),
        (31, 1, "cron(0 1 1 * ? *)"),
        (61, 1, "cron(0 1 1 * ? *)"),
        (90, 1, "cron(0 1 1 1/2 ? *)"),
    ],
)
def test_rotations_are_never_further_apart_than_configured(
    days: int, hour: int, expression: str
) -> None:
    assert rotation_cron(days, hour) == expression


def test_every_schedule_is_the_configured_one() -> None:
    found = variant(database={"rotation_days": 7, "rotation_hour": 3})
    for schedule in found.all("AWS::SecretsManager::RotationSchedule"):
        rules = schedule["RotationRules"]
        assert isinstance(rules, dict)
        assert rules["ScheduleExpression"] == rotation_cron(7, 3)


def test_no_task_starts_before_the_users_are_made(synthesized: Synthesized) -> None:
    (users,) = synthesized.ids("Custom::DatabaseUsers")
    for service in synthesized.ids("AWS::ECS::Service"):
        assert users in waits_for(synthesized, service)
    for schedule in synthesized.ids("AWS::SecretsManager::RotationSchedule"):
        assert users in waits_for(synthesized, schedule)  # it is tested at once


def test_users_are_made_once_the_function_can_reach_everything(synthesized: Synthesized) -> None:
    (users,) = synthesized.ids("Custom::DatabaseUsers")
    first = waits_for(synthesized, users)
    (writer,) = [k for k in synthesized.ids("AWS::RDS::DBInstance") if "Writer" in k]
    assert writer in first
    assert set(synthesized.ids("AWS::EC2::VPCEndpoint")) <= first
    assert set(synthesized.ids("AWS::SecretsManager::Secret")) <= first
    group = next(k for k in synthesized.ids("AWS::EC2::SecurityGroup") if "Identities" in k)
    rules = {
        key
        for side in ("Ingress", "Egress")
        for key in synthesized.ids(f"AWS::EC2::SecurityGroup{side}")
        if group in set(references(synthesized.properties(key)))
    }
    assert rules
    assert rules <= first


def test_failed_users_fail_the_deployment_within_a_quarter_of_an_hour() -> None:
    dev = template("dev")
    assert dev.one("Custom::DatabaseUsers")["ServiceTimeout"] == "900"
    function = dev.named("DatabaseIdentities/Function", "AWS::Lambda::Function")
    assert function["Timeout"] == 600


def test_function_reaches_the_database_and_aws_and_admits_nobody(
    synthesized: Synthesized,
) -> None:
    function = synthesized.named("DatabaseIdentities/Function", "AWS::Lambda::Function")
    place = function["VpcConfig"]
    assert isinstance(place, dict)
    tiers = {synthesized.path(target(s)).split("/")[-2] for s in place["SubnetIds"]}
    assert tiers == {"PrivateSubnet1", "PrivateSubnet2"}
    (group,) = [target(g) for g in place["SecurityGroupIds"]]
    assert "SecurityGroupIngress" not in synthesized.properties(group)
    (https,) = listed(synthesized.properties(group)["SecurityGroupEgress"])
    assert isinstance(https, dict)
    assert (https["FromPort"], https["ToPort"]) == (443, 443)
    reached = {
        target(rule["DestinationSecurityGroupId"])
        for rule in synthesized.all("AWS::EC2::SecurityGroupEgress")
        if target(rule["GroupId"]) == group
    }
    ours = ("DatabaseSecurityGroup", "NetworkEndpointSecurityGroup")
    assert all(name.startswith(ours) for name in reached)
    admitted = [
        rule
        for rule in synthesized.all("AWS::EC2::SecurityGroupIngress")
        if target(rule["GroupId"]) == group
    ]
    assert admitted == []


def test_function_may_do_what_is_listed_and_no_more() -> None:
    dev = template("dev")
    allowed: dict[str, list[str]] = {}
    policy = dev.named("DatabaseIdentities/RolePolicy", "AWS::IAM::ManagedPolicy")
    for statement in statements(policy["PolicyDocument"]):
        if statement["Effect"] == "Allow":
            for action in listed(statement["Action"]):
                resources = allowed.setdefault(str(action), [])
                resources += [text(resource) for resource in listed(statement["Resource"])]
    own = sorted(f"${{{key}}}" for key in dev.ids("AWS::SecretsManager::Secret"))
    for action in ("DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage"):
        assert sorted(allowed.pop(f"secretsmanager:{action}")) == own
    (cluster,) = dev.ids("AWS::RDS::DBCluster")
    assert sorted(allowed.pop("secretsmanager:GetSecretValue")) == sorted([*own, f"${{{cluster}}}"])
    assert allowed.pop("ecs:UpdateService") == [
        "arn:aws:ecs:eu-central-2:${AWS::AccountId}:service/pcidss-dev/pcidss-dev"
    ]
    unnamed = {action for action, resources in allowed.items() if resources == ["*"]}
    assert {a for a in unnamed if not a.startswith("ec2:")} == {"secretsmanager:GetRandomPassword"}
    assert not any(action.startswith(("rds:", "iam:", "*")) for action in allowed)


def test_the_functions_code_may_not_use_what_lambda_needs_for_its_place() -> None:
    policy = template("dev").named("DatabaseIdentities/RolePolicy", "AWS::IAM::ManagedPolicy")
    (allow,) = [
        s
        for s in statements(policy["PolicyDocument"])
        if s.get("Sid", "").startswith("Lambda")  # type: ignore[attr-defined]
    ]
    (deny,) = [s for s in statements(policy["PolicyDocument"]) if s["Effect"] == "Deny"]
    assert deny["Action"] == allow["Action"]
    assert deny["Condition"] == {"Null": {"lambda:SourceFunctionArn": "false"}}


@cache
def code(suffix: str) -> str:
    function = template(suffix).named("DatabaseIdentities/Function", "AWS::Lambda::Function")
    key: str = function["Code"]["S3Key"]  # type: ignore[index]
    assert key.startswith(f"{suffix}/")
    return key.removeprefix(f"{suffix}/")


def test_functions_code_is_the_same_in_every_synthesis_and_environment() -> None:
    assert len({code(suffix) for suffix in SHIPPED}) == 1
