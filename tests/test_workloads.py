"""Workers and jobs, and what an application is given: variables, secrets, permissions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import cast

import pytest

from pci_constructs.settings.regions import regions
from stacks.consistency import mistakes
from stacks.environment import Environment, load_environment
from tests.support import (
    PRIVATE_IMAGE,
    Synthesized,
    app,
    environment,
    listed,
    statements,
    target,
    template,
    text,
    variant,
    waits_for,
)
from tests.test_acknowledgements import open_findings, outcome

SECRET = "arn:aws:secretsmanager:eu-central-2:111111111111:secret:processor-Ab1Cd2"
KEY = "arn:aws:kms:eu-central-2:111111111111:key/00000000-0000-4000-8000-000000000000"
QUEUE = "arn:aws:sqs:eu-central-2:111111111111:reports"
BUCKET = "arn:aws:s3:::pcidss-reports"
APPLICATION: dict[str, dict[str, object]] = {
    "service": {
        "image": PRIVATE_IMAGE,
        "command": ["gunicorn", "app:app"],
        "architecture": "arm64",
        "start_seconds": 120,
        "health_check_command": ["/app/healthy"],
        "variables": {"LOG_LEVEL": "info"},
        "secrets": {
            "PROCESSOR_API_KEY": {"arn": SECRET, "json_key": "api_key"},
            "SIGNING": {"arn": SECRET.replace("processor", "signing"), "kms_key": KEY},
        },
        "permissions": [
            {"actions": ["sqs:SendMessage"], "resources": [QUEUE], "kms_key": KEY},
            {
                "actions": ["s3:PutObject"],
                "resources": [f"{BUCKET}/*"],
                "reason": "Every report is an object of its own.",
            },
        ],
    },
    "workers": {"settlement": {"command": ["python", "-m", "settlement"], "desired_count": 3}},
    "jobs": {
        "migrate": {"command": ["alembic", "upgrade"], "when": "before-service"},
        "seed": {"image": "public.ecr.aws/x/seed:1", "when": "before-service"},
        "nightly": {
            "command": ["report"],
            "schedule": "cron(0 2 * * ? *)",
            "cpu": 512,
            "memory_mib": 1024,
        },
    },
}


@cache
def application() -> Synthesized:
    return variant(**APPLICATION)


def task(name: str) -> dict[str, object]:
    """The task definition of a workload."""
    for properties in application().all("AWS::ECS::TaskDefinition"):
        if container_of(properties)["Name"] == name:
            return properties
    raise AssertionError(name)


def container_of(properties: Mapping[str, object]) -> dict[str, object]:
    (only,) = listed(properties["ContainerDefinitions"])
    return cast("dict[str, object]", only)


def container(name: str) -> dict[str, object]:
    return container_of(task(name))


def allowed(name: str, role: str) -> dict[str, list[object]]:
    """Resources by action of a role of a workload."""
    properties = application().properties(target(task(name)[role]))
    found: dict[str, list[object]] = {}
    for reference in listed(properties.get("ManagedPolicyArns", [])):
        policy = application().properties(target(reference))
        for statement in statements(policy["PolicyDocument"]):
            for action in listed(statement["Action"]):
                found.setdefault(str(action), []).extend(listed(statement["Resource"]))
    return found


def others() -> Synthesized:
    """Settings that the application does not have, none of which touches another."""
    return variant(
        workers={"settlement": {"identity": "none", "desired_count": 0}},
        jobs={
            "migrate": {"identity": "owner", "when": "before-service", "timeout_minutes": 3},
            "report": {"identity": "reader"},
        },
    )


def test_nothing_is_open_and_nothing_of_ours_is_accepted_for_an_application() -> None:
    assert open_findings(app(environment(**APPLICATION))) == set()
    assert outcome(application()).open == []


def test_the_container_gets_command_processor_and_health_check() -> None:
    service = container("service")
    assert service["Command"] == ["gunicorn", "app:app"]
    check = cast("dict[str, object]", service["HealthCheck"])
    assert check["Command"] == ["CMD", "/app/healthy"]
    assert check["StartPeriod"] == 120
    platform = cast("dict[str, object]", task("service")["RuntimePlatform"])
    assert platform["CpuArchitecture"] == "ARM64"


def test_the_load_balancer_waits_for_a_slow_start() -> None:
    certificate = "arn:aws:acm:eu-central-2:111111111111:certificate/x"
    slow = variant(service={"start_seconds": 120}, ingress={"certificate_arn": certificate}).one(
        "AWS::ECS::Service"
    )
    assert slow["HealthCheckGracePeriodSeconds"] == 150


def test_variables_and_secrets_are_given_to_the_container() -> None:
    service = container("service")
    assert service["Environment"] == [{"Name": "LOG_LEVEL", "Value": "info"}]
    secrets = {
        str(entry["Name"]): text(entry["ValueFrom"])
        for entry in cast("list[dict[str, object]]", service["Secrets"])
    }
    assert secrets["PROCESSOR_API_KEY"] == f"{SECRET}:api_key::"
    assert "DATABASE_PASSWORD" in secrets


def test_what_is_given_is_permitted_to_what_starts_the_task_and_nothing_more() -> None:
    found = allowed("service", "ExecutionRoleArn")
    assert SECRET in found["secretsmanager:GetSecretValue"]
    assert KEY in found["kms:Decrypt"]
    assert "secretsmanager:GetSecretValue" not in allowed("service", "TaskRoleArn")
    assert SECRET not in allowed("settlement", "ExecutionRoleArn")["secretsmanager:GetSecretValue"]


def test_permissions_are_the_tasks_own_by_name() -> None:
    assert allowed("service", "TaskRoleArn") == {
        "sqs:SendMessage": [QUEUE],
        "kms:Decrypt": [KEY],
        "kms:GenerateDataKey": [KEY],
        "s3:PutObject": [f"{BUCKET}/*"],
    }
    assert allowed("settlement", "TaskRoleArn") == {}


def test_the_use_of_a_key_is_bound_to_the_service_that_holds_the_data() -> None:
    conditions = [
        statement["Condition"]
        for policy in application().all("AWS::IAM::ManagedPolicy")
        for statement in statements(policy["PolicyDocument"])
        if statement["Resource"] == KEY and "Condition" in statement
    ]
    assert conditions == [{"StringEquals": {"kms:ViaService": ["sqs.eu-central-2.amazonaws.com"]}}]


@pytest.mark.parametrize("name", ["settlement", "migrate", "nightly"])
def test_workers_and_jobs_run_the_services_image_as_it_does(name: str) -> None:
    assert container(name)["Image"] == container("service")["Image"]
    assert container(name)["User"] == container("service")["User"]
    assert task(name)["RuntimePlatform"] == task("service")["RuntimePlatform"]
    assert "ecr:BatchGetImage" in allowed(name, "ExecutionRoleArn")


def test_a_job_may_have_an_image_and_a_size_of_its_own() -> None:
    assert container("seed")["Image"] == "public.ecr.aws/x/seed:1"
    assert (task("nightly")["Cpu"], task("nightly")["Memory"]) == ("512", "1024")


@pytest.mark.parametrize("name", ["settlement", "migrate", "nightly"])
def test_workers_and_jobs_are_as_hardened_as_the_service(name: str) -> None:
    def hardening(which: str) -> dict[str, object]:
        properties = container(which)
        return {
            key: properties.get(key)
            for key in ("ReadonlyRootFilesystem", "Privileged", "LinuxParameters", "User")
        }

    assert hardening(name) == hardening("service")
    assert "PortMappings" not in container(name)


def test_every_workload_logs_to_a_group_of_its_own_that_the_key_serves() -> None:
    groups = {str(g.get("LogGroupName")) for g in application().all("AWS::Logs::LogGroup")}
    for name in ("settlement", "migrate", "nightly"):
        assert f"/pcidss/dev/tasks/{name}" in groups
    key = json.dumps([k for k in application().all("AWS::KMS::Key") if "logs." in json.dumps(k)])
    assert all(f"log-group:{group}" in key for group in groups if group.startswith("/pcidss"))


def test_workers_run_as_many_tasks_as_are_wanted() -> None:
    (worker,) = [
        service
        for service in application().all("AWS::ECS::Service")
        if service["ServiceName"] == "pcidss-dev-settlement"
    ]
    assert worker["DesiredCount"] == 3


def test_every_workload_reaches_the_database_and_leaves_by_https_only() -> None:
    groups = {
        target(rule["SourceSecurityGroupId"])
        for rule in application().all("AWS::EC2::SecurityGroupIngress")
    }
    tasks = {group for group in groups if not group.startswith("DatabaseIdentities")}
    assert len(tasks) == len(application().ids("AWS::ECS::TaskDefinition"))


def test_services_wait_for_the_jobs_before_them_and_these_for_the_database() -> None:
    synthesized = application()
    runs = synthesized.ids("Custom::JobBeforeService")
    assert len(runs) == 2
    for service in synthesized.ids("AWS::ECS::Service"):
        assert set(runs) <= waits_for(synthesized, service)
    migrate, seed = sorted(runs, key=lambda key: "seed" in synthesized.path(key))
    assert migrate in waits_for(synthesized, seed)
    for run in runs:
        types = {str(synthesized.resources[k]["Type"]) for k in waits_for(synthesized, run)}
        assert {"AWS::RDS::DBInstance", "AWS::EC2::NatGateway"} <= types


def test_a_new_task_definition_runs_the_job_again() -> None:
    for run in application().all("Custom::JobBeforeService"):
        definition = target(run["TaskDefinition"])
        assert application().resources[definition]["Type"] == "AWS::ECS::TaskDefinition"


def test_the_timeout_of_a_job_is_what_cloudformation_waits_for() -> None:
    run = others().one("Custom::JobBeforeService")
    assert (run["TimeoutMinutes"], run["ServiceTimeout"]) == ("3", "240")


def test_a_schedule_starts_the_job_in_private_subnets() -> None:
    schedule = application().one("AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "cron(0 2 * * ? *)"
    place = cast("dict[str, dict[str, object]]", schedule["Target"])["EcsParameters"]
    network = cast("dict[str, dict[str, object]]", place["NetworkConfiguration"])
    configuration = network["AwsvpcConfiguration"]
    assert configuration["AssignPublicIp"] == "DISABLED"
    subnets = [application().path(target(s)) for s in listed(configuration["Subnets"])]
    assert all("Private" in path for path in subnets)


def test_what_starts_a_job_hands_over_its_roles_to_ecs_only() -> None:
    for policy in application().all("AWS::IAM::ManagedPolicy"):
        for statement in statements(policy["PolicyDocument"]):
            if statement["Action"] == "iam:PassRole":
                assert statement["Condition"] == {
                    "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
                }
                assert "*" not in json.dumps(statement["Resource"])


def test_no_action_is_a_wildcard() -> None:
    for policy in application().all("AWS::IAM::ManagedPolicy"):
        for statement in statements(policy["PolicyDocument"]):
            assert not any("*" in str(action) for action in listed(statement["Action"]))


def test_workers_and_jobs_have_alarms() -> None:
    names = {str(alarm["AlarmName"]) for alarm in application().all("AWS::CloudWatch::Alarm")}
    assert {
        "PciDss-dev-TasksMissing-settlement",
        "PciDss-dev-TasksRestarting-settlement",
        "PciDss-dev-JobsNotStarted",
    } <= names


def test_a_worker_that_is_stopped_raises_no_alarm() -> None:
    names = {str(alarm["AlarmName"]) for alarm in others().all("AWS::CloudWatch::Alarm")}
    assert not any("settlement" in name for name in names)


def test_every_run_of_a_job_that_fails_is_told_to_the_topic() -> None:
    rules = application().all("AWS::Events::Rule")
    assert len(rules) == 3
    for rule in rules:
        (receiver,) = cast("list[dict[str, object]]", rule["Targets"])
        assert application().resources[target(receiver["Arn"])]["Type"] == "AWS::SNS::Topic"
    topic_policy = json.dumps(application().one("AWS::SNS::TopicPolicy"))
    assert "events.amazonaws.com" in topic_policy


def test_an_environment_without_workers_and_jobs_has_nothing_of_them() -> None:
    for kind in (
        "AWS::Scheduler::ScheduleGroup",
        "AWS::Events::Rule",
        "Custom::JobBeforeService",
    ):
        assert template("dev").ids(kind) == []
    assert '"events.amazonaws.com"' not in json.dumps(template("dev").body)


def test_pipelines_find_what_they_need_in_the_outputs() -> None:
    outputs = cast("dict[str, dict[str, object]]", application().body["Outputs"])
    for name in ("Service", "Settlement", "Migrate", "Nightly", "Seed"):
        definition = target(outputs[f"{name}TaskDefinition"]["Value"])
        assert application().resources[definition]["Type"] == "AWS::ECS::TaskDefinition"
        group = target(outputs[f"{name}SecurityGroupId"]["Value"])
        assert application().resources[group]["Type"] == "AWS::EC2::SecurityGroup"
        assert "Export" not in outputs[f"{name}TaskDefinition"]
    assert "PrivateSubnetIds" in outputs
    worker = target(outputs["SettlementName"]["Value"])
    assert application().resources[worker]["Type"] == "AWS::ECS::Service"
    for identity in ("Owner", "Reader"):
        secret = target(outputs[f"{identity}SecretArn"]["Value"])
        assert application().path(secret) == f"PciDss-dev/DatabaseIdentities/{identity}/Resource"


def test_each_workload_gets_the_login_of_its_identity_and_no_other() -> None:
    synthesized = others()

    def login(name: str) -> set[str]:
        every = [container_of(task) for task in synthesized.all("AWS::ECS::TaskDefinition")]
        (own,) = [each for each in every if each["Name"] == name]
        secrets = cast("list[dict[str, object]]", own.get("Secrets", []))
        return {synthesized.path(target(s["ValueFrom"]["Fn::Join"][1][0])) for s in secrets}  # type: ignore[index]

    prefix = "PciDss-dev/DatabaseIdentities"
    assert login("service") == {f"{prefix}/Application/Resource"}
    assert login("migrate") == {f"{prefix}/Owner/Resource"}
    assert login("report") == {f"{prefix}/Reader/Resource"}
    assert login("settlement") == set()


def test_rotation_restarts_the_services_of_its_identity() -> None:
    found = variant(
        service={"identity": "reader"}, workers={"a": {"identity": "none"}, "b": {}, "c": {}}
    )
    function = found.named("DatabaseIdentities/Function", "AWS::Lambda::Function")
    variables = cast("dict[str, dict[str, str]]", function["Environment"])["Variables"]
    assert {
        identity: [name for _, name in services]
        for identity, services in json.loads(variables["SERVICES"]).items()
    } == {"application": ["pcidss-dev-b", "pcidss-dev-c"], "reader": ["pcidss-dev"]}


def test_who_has_no_login_has_no_way_to_the_database() -> None:
    synthesized = others()
    admitted = {
        synthesized.path(target(rule["SourceSecurityGroupId"]))
        for rule in synthesized.all("AWS::EC2::SecurityGroupIngress")
    }
    assert not any("settlement" in path for path in admitted)


def processors_refused(region: str) -> list[str]:
    values = load_environment("dev").model_dump()
    values["region"] = region
    values["network"]["zones"] = regions()[region].zones[:2]
    values["service"]["architecture"] = "arm64"
    values["workers"] = {"other": {"architecture": "x86_64"}, "same": {}}
    values["jobs"] = {"report": {"architecture": "arm64"}}
    found = mistakes(Environment.model_validate(values))
    return [str(mistake) for mistake in found if "architecture" in mistake.field]


def test_a_processor_is_refused_where_fargate_is_not_known_to_have_it() -> None:
    assert processors_refused("eu-central-2") == []
    assert processors_refused("eu-central-1") == []
    service, job = processors_refused("mx-central-1")
    assert service == (
        "service.architecture: is no processor that Fargate is known to have in mx-central-1; "
        "allowed: x86_64, with an image that is made for it, or another region; once AWS lists the "
        "region, fargate-arm64 in pcistack/regional/data/curated.toml (it is 'arm64')"
    )
    assert job.startswith("jobs.report.architecture: ")
