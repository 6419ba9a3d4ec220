"""Rotation of the password: without the Serverless Application Repository, without a driver."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

import boto3
import pytest
from botocore.stub import Stubber
from mypy_boto3_ecs import ECSClient
from mypy_boto3_rds import RDSClient
from mypy_boto3_secretsmanager import SecretsManagerClient

import pci_constructs
from tests.support import listed, statements, target, template, text, variant

DEV = template("dev")
ARN = "arn:aws:secretsmanager:eu-central-2:111111111111:secret:MasterSecret-abcdef"
TOKEN = "00000000-0000-4000-8000-000000000000"
OLD = "11111111-1111-4111-8111-111111111111"
CLUSTER = "transaction-db-cluster-dev"


def test_password_rotates_on_a_schedule_by_the_stacks_own_function() -> None:
    schedule = DEV.one("AWS::SecretsManager::RotationSchedule")
    assert schedule["RotationRules"] == {"ScheduleExpression": "rate(30 days)"}
    assert "RotationFunction" in target(schedule["RotationLambdaARN"])
    assert schedule["RotateImmediatelyOnUpdate"] is False
    assert DEV.ids("AWS::Serverless::Application") == []
    assert DEV.body.get("Transform") is None


def test_secrets_manager_of_this_account_may_invoke_the_function_before_the_schedule_asks() -> None:
    permission = DEV.one("AWS::Lambda::Permission")
    assert permission["Principal"] == "secretsmanager.amazonaws.com"
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    (schedule,) = DEV.ids("AWS::SecretsManager::RotationSchedule")
    depends = listed(DEV.resources[schedule]["DependsOn"])
    assert DEV.ids("AWS::Lambda::Permission")[0] in depends


def test_function_may_change_one_secret_one_cluster_and_one_service() -> None:
    policy = DEV.named("Rotation/RolePolicy", "AWS::IAM::ManagedPolicy")
    allowed = {
        str(action): text(statement["Resource"])
        for statement in statements(policy["PolicyDocument"])
        for action in listed(statement["Action"])
    }
    (secret,) = DEV.ids("AWS::SecretsManager::SecretTargetAttachment")
    key = target(DEV.one("AWS::SecretsManager::Secret")["KmsKeyId"])
    (cluster,) = DEV.ids("AWS::RDS::DBCluster")
    function = DEV.named("Rotation/Function", "AWS::Lambda::Function")
    group = target(function["LoggingConfig"]["LogGroup"])  # type: ignore[index]
    here = "eu-central-2:${AWS::AccountId}"
    assert allowed == {
        "secretsmanager:DescribeSecret": f"${{{secret}}}",
        "secretsmanager:GetSecretValue": f"${{{secret}}}",
        "secretsmanager:PutSecretValue": f"${{{secret}}}",
        "secretsmanager:UpdateSecretVersionStage": f"${{{secret}}}",
        "secretsmanager:GetRandomPassword": "*",  # it has no resource
        "kms:Decrypt": f"${{{key}}}",
        "kms:GenerateDataKey": f"${{{key}}}",
        "rds:DescribeDBClusters": f"arn:aws:rds:{here}:cluster:${{{cluster}}}",
        "rds:ModifyDBCluster": f"arn:aws:rds:{here}:cluster:${{{cluster}}}",
        "ecs:UpdateService": f"arn:aws:ecs:{here}:service/pcidss-dev/pcidss-dev",
        "logs:CreateLogStream": f"${{{group}}}",
        "logs:PutLogEvents": f"${{{group}}}",
    }


def test_function_has_the_time_to_wait_for_the_cluster() -> None:
    function = DEV.named("Rotation/Function", "AWS::Lambda::Function")
    assert function["Timeout"] == 600
    assert function["Handler"] == "index.handler"
    assert (function["Runtime"], function["Architectures"]) == ("python3.14", ["arm64"])
    assert function["MemorySize"] == 256
    role = DEV.properties(target(function["Role"]))
    (trust,) = statements(role["AssumeRolePolicyDocument"])
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


@pytest.mark.parametrize(("days", "rate"), [(1, "rate(1 day)"), (7, "rate(7 days)")])
def test_password_rotates_as_often_as_configured(days: int, rate: str) -> None:
    chosen = variant(database={"rotation_days": days})
    schedule = chosen.one("AWS::SecretsManager::RotationSchedule")
    assert schedule["RotationRules"] == {"ScheduleExpression": rate}


def test_function_logs_to_an_owned_group_and_stays_outside_the_vpc() -> None:
    function = DEV.named("Rotation/Function", "AWS::Lambda::Function")
    assert "VpcConfig" not in function
    group = function["LoggingConfig"]
    assert isinstance(group, dict)
    assert DEV.properties(target(group["LogGroup"]))["LogGroupName"] == "/pcidss/dev/rotation"


# The function itself


class _Rotation(Protocol):
    def create_secret(self) -> None: ...
    def set_secret(self) -> None: ...
    def test_secret(self) -> None: ...
    def finish_secret(self) -> None: ...


class Bench:
    """The function's code, with stubbed AWS clients behind it."""

    def __init__(self, handler: ModuleType) -> None:
        session = boto3.Session(
            aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-central-2"
        )
        secrets: SecretsManagerClient = session.client("secretsmanager")
        rds: RDSClient = session.client("rds")
        ecs: ECSClient = session.client("ecs")
        self.secrets, self.rds, self.ecs = Stubber(secrets), Stubber(rds), Stubber(ecs)
        self.pauses: list[float] = []
        self.clients = {"secretsmanager": secrets, "rds": rds, "ecs": ecs}
        self.handler = handler
        self.rotation = cast(
            "_Rotation",
            handler.Rotation(ARN, TOKEN, secrets, rds, ecs),
        )

    def has(self, stage: str, secret: Mapping[str, object]) -> None:
        expected = {"SecretId": ARN, "VersionStage": stage}
        if stage == "AWSPENDING":
            expected["VersionId"] = TOKEN
        self.secrets.add_response(
            "get_secret_value", {"SecretString": json.dumps(secret)}, expected
        )


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    path = Path(next(iter(pci_constructs.__path__))) / "rotation_handler" / "index.py"
    spec = importlib.util.spec_from_file_location("rotation_handler", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function = DEV.named("Rotation/Function", "AWS::Lambda::Function")
    for name, value in function["Environment"]["Variables"].items():  # type: ignore[index]
        monkeypatch.setenv(name, value)
    bench = Bench(module)
    monkeypatch.setattr(module.boto3, "client", lambda name: bench.clients[name])
    monkeypatch.setattr(module.time, "sleep", bench.pauses.append)
    with bench.secrets, bench.rds, bench.ecs:
        yield bench
        for stubber in (bench.secrets, bench.rds, bench.ecs):
            stubber.assert_no_pending_responses()


def test_a_new_password_is_stored_as_pending(bench: Bench) -> None:
    bench.secrets.add_client_error("get_secret_value", "ResourceNotFoundException")
    bench.has("AWSCURRENT", {"username": "txowner", "password": "old", "host": "h"})
    bench.secrets.add_response(
        "get_random_password",
        {"RandomPassword": "n" * 32},
        {"PasswordLength": 32, "ExcludeCharacters": "\"@/\\'`", "RequireEachIncludedType": True},
    )
    bench.secrets.add_response(
        "put_secret_value",
        {},
        {
            "SecretId": ARN,
            "ClientRequestToken": TOKEN,
            "SecretString": json.dumps({"username": "txowner", "password": "n" * 32, "host": "h"}),
            "VersionStages": ["AWSPENDING"],
        },
    )
    bench.rotation.create_secret()


def test_a_repeated_first_step_keeps_the_password_it_has(bench: Bench) -> None:
    bench.has("AWSPENDING", {"password": "new"})
    bench.rotation.create_secret()


def test_the_cluster_gets_the_pending_password(bench: Bench) -> None:
    bench.has("AWSPENDING", {"password": "new"})
    bench.rds.add_response(
        "modify_db_cluster",
        {},
        {"DBClusterIdentifier": CLUSTER, "MasterUserPassword": "new", "ApplyImmediately": True},
    )
    bench.rotation.set_secret()


def test_rotation_waits_until_the_cluster_has_taken_the_password(bench: Bench) -> None:
    for status, pending in (
        ("resetting-master-credentials", {}),
        ("available", {"MasterUserPassword": "****"}),
        ("available", {}),
    ):
        bench.rds.add_response(
            "describe_db_clusters",
            {"DBClusters": [{"Status": status, "PendingModifiedValues": pending}]},
            {"DBClusterIdentifier": CLUSTER},
        )
    bench.rotation.test_secret()
    assert bench.pauses == [30, 10, 10]  # first, RDS takes its time to begin


def test_a_cluster_that_never_takes_the_password_fails_the_rotation(bench: Bench) -> None:
    for _ in range(50):
        bench.rds.add_response("describe_db_clusters", {"DBClusters": [{"Status": "modifying"}]})
    with pytest.raises(TimeoutError, match="has not taken the new password"):
        bench.rotation.test_secret()
    assert sum(bench.pauses) < 600  # the function's time


def test_the_new_password_becomes_current_and_the_tasks_restart(bench: Bench) -> None:
    bench.secrets.add_response(
        "describe_secret", {"VersionIdsToStages": {OLD: ["AWSCURRENT"], TOKEN: ["AWSPENDING"]}}
    )
    bench.secrets.add_response(
        "update_secret_version_stage",
        {},
        {
            "SecretId": ARN,
            "VersionStage": "AWSCURRENT",
            "MoveToVersionId": TOKEN,
            "RemoveFromVersionId": OLD,
        },
    )
    bench.ecs.add_response(
        "update_service",
        {},
        {"cluster": "pcidss-dev", "service": "pcidss-dev", "forceNewDeployment": True},
    )
    bench.rotation.finish_secret()


def event(step: str) -> dict[str, str]:
    return {"SecretId": ARN, "ClientRequestToken": TOKEN, "Step": step}


def described(bench: Bench, stages: dict[str, list[str]], *, enabled: bool = True) -> None:
    bench.secrets.add_response(
        "describe_secret", {"RotationEnabled": enabled, "VersionIdsToStages": stages}
    )


def test_a_version_that_is_not_up_for_rotation_is_refused(bench: Bench) -> None:
    described(bench, {OLD: ["AWSCURRENT"]})
    with pytest.raises(ValueError, match="is not up for rotation"):
        bench.handler.handler(event("createSecret"), None)


def test_an_unknown_step_is_refused(bench: Bench) -> None:
    described(bench, {TOKEN: ["AWSPENDING"]})
    with pytest.raises(ValueError, match="Unknown rotation step danceSecret"):
        bench.handler.handler(event("danceSecret"), None)


def test_a_version_that_is_current_already_is_left_alone(bench: Bench) -> None:
    described(bench, {TOKEN: ["AWSCURRENT"]})
    bench.handler.handler(event("setSecret"), None)


def test_a_retried_last_step_still_restarts_the_tasks(bench: Bench) -> None:
    described(bench, {TOKEN: ["AWSCURRENT"]})
    bench.secrets.add_response("describe_secret", {"VersionIdsToStages": {TOKEN: ["AWSCURRENT"]}})
    bench.ecs.add_response("update_service", {})
    bench.handler.handler(event("finishSecret"), None)


def test_secrets_managers_four_calls_change_the_password_from_end_to_end(bench: Bench) -> None:
    new = {"username": "txowner", "password": "n" * 32}
    described(bench, {OLD: ["AWSCURRENT"], TOKEN: ["AWSPENDING"]})
    bench.secrets.add_client_error("get_secret_value", "ResourceNotFoundException")
    bench.has("AWSCURRENT", {**new, "password": "old"})
    bench.secrets.add_response("get_random_password", {"RandomPassword": "n" * 32})
    bench.secrets.add_response("put_secret_value", {})
    bench.handler.handler(event("createSecret"), None)

    described(bench, {OLD: ["AWSCURRENT"], TOKEN: ["AWSPENDING"]})
    bench.has("AWSPENDING", new)
    bench.rds.add_response(
        "modify_db_cluster",
        {},
        {
            "DBClusterIdentifier": CLUSTER,
            "MasterUserPassword": "n" * 32,
            "ApplyImmediately": True,
        },
    )
    bench.handler.handler(event("setSecret"), None)

    described(bench, {OLD: ["AWSCURRENT"], TOKEN: ["AWSPENDING"]})
    bench.rds.add_response("describe_db_clusters", {"DBClusters": [{"Status": "available"}]})
    bench.handler.handler(event("testSecret"), None)

    described(bench, {OLD: ["AWSCURRENT"], TOKEN: ["AWSPENDING"]})
    bench.secrets.add_response(
        "describe_secret", {"VersionIdsToStages": {OLD: ["AWSCURRENT"], TOKEN: ["AWSPENDING"]}}
    )
    bench.secrets.add_response("update_secret_version_stage", {})
    bench.ecs.add_response("update_service", {})
    bench.handler.handler(event("finishSecret"), None)
