"""A person in the database: a task of its own, recorded, that ends; the service stays closed."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from click.testing import CliRunner, Result

from pcistack.cli import cli
from pcistack.commands import database_session as command
from tests.support import (
    PRIVATE_IMAGE,
    Synthesized,
    app,
    environment,
    statements,
    target,
    template,
    variant,
)
from tests.test_acknowledgements import open_findings, outcome

ON: dict[str, dict[str, object]] = {
    "operations": {"database_session": True, "session_image": PRIVATE_IMAGE}
}
OTHERWISE = {"session_identity": "owner", "session_minutes": 5}
REGION = "eu-central-2"
CLUSTER = "pcidss-dev"
GROUP = "/pcidss/dev/database-sessions"
TASK = f"arn:aws:ecs:{REGION}:111111111111:task/{CLUSTER}/0123456789abcdef"
OUTPUTS = {
    "EcsClusterName": CLUSTER,
    "PrivateSubnetIds": "subnet-1,subnet-2",
    "DatabaseSessionTaskDefinition": "session:1",
    "DatabaseSessionSecurityGroupId": "sg-1",
}


def task(**changes: object) -> Mapping[str, Any]:
    on = {"operations": {**ON["operations"], **changes}}
    return variant(**on).named("DatabaseSession/", "AWS::ECS::TaskDefinition")


def container(**changes: object) -> Mapping[str, Any]:
    only: Mapping[str, Any] = task(**changes)["ContainerDefinitions"][0]
    return only


# The stack


def test_nobody_enters_a_task_unless_the_file_says_so() -> None:
    assert "Configuration" not in template("dev").one("AWS::ECS::Cluster")
    assert not [k for k in template("dev").resources if "DatabaseSession" in k]


def test_the_service_stays_closed_beside_a_session() -> None:
    on = variant(**ON)
    assert on.one("AWS::ECS::Service")["EnableExecuteCommand"] is False
    roles = {key for key in on.ids("AWS::IAM::ManagedPolicy") if "ssmmessages" in text(on, key)}
    assert [on.path(role) for role in roles] == ["PciDss-dev/DatabaseSession/OwnPolicy"]


def text(template: Synthesized, key: str) -> str:
    return json.dumps(template.properties(key))


def test_sessions_are_recorded_in_an_owned_encrypted_group_or_not_at_all() -> None:
    on = variant(**ON)
    configuration: Any = on.one("AWS::ECS::Cluster")["Configuration"]
    exec_ = configuration["ExecuteCommandConfiguration"]
    assert exec_["Logging"] == "OVERRIDE"
    assert exec_["LogConfiguration"]["CloudWatchEncryptionEnabled"] is True
    group = on.properties(target(exec_["LogConfiguration"]["CloudWatchLogGroupName"]))
    assert group["LogGroupName"] == GROUP
    assert group["KmsKeyId"]
    assert group["RetentionInDays"]
    assert "command -v script" in variables()["SESSION"]


def variables(**changes: object) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in container(**changes)["Environment"]}


def test_the_person_is_the_reader_unless_another_identity_is_named() -> None:
    def secret(**changes: object) -> set[str]:
        return {json.dumps(one["ValueFrom"]) for one in container(**changes)["Secrets"]}

    assert all("IdentitiesReader" in value for value in secret())
    assert all("IdentitiesOwner" in value for value in secret(**OTHERWISE))
    assert '"$DATABASE_READER_HOST"' in variables()["SESSION"]
    assert '"$DATABASE_HOST"' in variables(**OTHERWISE)["SESSION"]


def test_the_server_is_verified_and_the_password_is_no_argument() -> None:
    found = variables()
    assert "--ssl-mode=VERIFY_IDENTITY" in found["SESSION"]
    assert found["DATABASE_ROOT"].startswith("-----BEGIN CERTIFICATE-----")
    assert "--password" not in found["SESSION"]


def test_the_task_ends_by_itself() -> None:
    assert "exec sleep 1800" in container()["Command"][0]
    assert "exec sleep 300" in container(**OTHERWISE)["Command"][0]
    assert container()["EntryPoint"] == ["sh", "-c"]


def test_the_agent_can_write_where_it_must_and_the_root_is_read_only() -> None:
    assert container()["ReadonlyRootFilesystem"] is True
    assert container()["User"] != "0"
    paths = {one["ContainerPath"] for one in container()["MountPoints"]}
    assert paths == {"/managed-agents", "/var/lib/amazon/ssm", "/var/log/amazon/ssm"}
    assert all(set(volume) == {"Name"} for volume in task()["Volumes"])


def test_without_a_way_out_the_agent_has_its_endpoint() -> None:
    closed = variant(
        **ON, network={"egress": "endpoints", "nat_gateways": 0}, service={"image": PRIVATE_IMAGE}
    )
    endpoint = closed.named("SsmmessagesEndpoint", "AWS::EC2::VPCEndpoint")
    (statement,) = statements(endpoint["PolicyDocument"])
    assert "ssmmessages:OpenDataChannel" in json.dumps(statement["Action"])
    assert outcome(closed).open == []


def test_nothing_is_open_with_a_session() -> None:
    assert outcome(variant(**ON)).open == []
    assert open_findings(app(environment(**ON))) == set()


# The command


class Plugin:
    """Stands for the Session Manager plugin."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.words: list[str] = []
        self.code = 0
        monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/plugin")
        monkeypatch.setattr("subprocess.run", self._run)
        monkeypatch.setattr(command, "_PAUSE_SECONDS", 0)

    def _run(self, words: list[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        assert not check
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        self.words = words
        return subprocess.CompletedProcess(words, self.code)


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Plugin:
    return Plugin(monkeypatch)


@cache
def clients() -> dict[str, Any]:
    session = boto3.Session("x", "x", region_name=REGION)
    return {name: session.client(name) for name in ("cloudformation", "ecs")}


class Aws:
    """AWS as botocore's own models answer for it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made = clients()
        self.stubs = {name: Stubber(client) for name, client in made.items()}
        monkeypatch.setattr(boto3.Session, "client", lambda _, name, **__: made[name])

    def answers(self, operation: str, answer: Mapping[str, object], **sent: object) -> None:
        service = "cloudformation" if operation == "describe_stacks" else "ecs"
        self.stubs[service].add_response(operation, dict(answer), sent or None)

    def refuses(self, operation: str, code: str, message: str) -> None:
        service = "cloudformation" if operation == "describe_stacks" else "ecs"
        self.stubs[service].add_client_error(operation, code, message)

    def has_the_stack(self, outputs: Mapping[str, str] = OUTPUTS) -> None:
        listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        stack = {"StackName": "PciDss-dev", "CreationTime": 0, "StackStatus": "CREATE_COMPLETE"}
        self.answers("describe_stacks", {"Stacks": [{**stack, "Outputs": listed}]})

    def records(self) -> None:
        logging = {"logging": "OVERRIDE", "logConfiguration": {"cloudWatchLogGroupName": GROUP}}
        configuration = {"executeCommandConfiguration": logging}
        self.answers("describe_clusters", {"clusters": [{"configuration": configuration}]})

    def starts(self) -> None:
        self.has_the_stack()
        self.records()
        self.answers("run_task", {"tasks": [{"taskArn": TASK}], "failures": []})

    def shows(self, status: str, agent: str = "PENDING", **more: str) -> None:
        managed = {"name": "ExecuteCommandAgent", "lastStatus": agent}
        shown = {"lastStatus": status, "containers": [{"managedAgents": [managed]}], **more}
        self.answers("describe_tasks", {"tasks": [shown]})

    def stops(self) -> None:
        reason = "the database session has ended"
        self.answers("stop_task", {}, cluster=CLUSTER, task=TASK, reason=reason)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    aws = Aws(monkeypatch)
    for stub in aws.stubs.values():
        stub.activate()
    yield aws
    for stub in aws.stubs.values():
        stub.assert_no_pending_responses()
        stub.deactivate()


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["database-session", *(words or ("--suffix", "dev")), *AT])


AT = ("--region", REGION)


def test_a_session_starts_a_task_of_its_own_connects_the_terminal_and_stops_it(
    aws: Aws, plugin: Plugin
) -> None:
    aws.starts()
    aws.shows("PENDING")
    aws.shows("RUNNING", "RUNNING")
    opened = {"sessionId": "s", "streamUrl": "wss://x", "tokenValue": "t"}
    aws.answers(
        "execute_command",
        {"session": opened},
        cluster=CLUSTER,
        task=TASK,
        container="database-session",
        command="sh /tmp/session",
        interactive=True,
    )
    aws.stops()
    result = run()
    assert result.exit_code == 0, result.output
    assert GROUP in result.output
    assert plugin.words[0] == "session-manager-plugin"
    assert json.loads(plugin.words[1]) == opened
    assert plugin.words[5] == json.dumps(
        {"Target": f"ecs:{CLUSTER}_0123456789abcdef_database-session"}
    )


def test_the_task_runs_in_private_subnets_with_exec_for_itself_only(
    aws: Aws, plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.has_the_stack()
    aws.records()
    network = {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "DISABLED",
    }
    aws.answers(
        "run_task",
        {"tasks": [], "failures": [{"reason": "Capacity is unavailable"}]},
        cluster=CLUSTER,
        taskDefinition="session:1",
        count=1,
        launchType="FARGATE",
        enableExecuteCommand=True,
        enableECSManagedTags=True,
        propagateTags="TASK_DEFINITION",
        startedBy="pcistack/database-session",
        networkConfiguration={"awsvpcConfiguration": network},
    )
    result = run()
    assert (result.exit_code, plugin.words) == (1, [])
    assert "ECS started no task: Capacity is unavailable" in result.output


@pytest.mark.parametrize("breaks", [KeyboardInterrupt, SystemExit])
def test_the_task_is_stopped_when_the_user_interrupts(
    aws: Aws, plugin: Plugin, monkeypatch: pytest.MonkeyPatch, breaks: type[BaseException]
) -> None:
    def interrupted(*_: object) -> None:
        raise breaks

    aws.starts()
    aws.stops()
    monkeypatch.setattr(command, "_wait", interrupted)
    run()
    assert plugin.words == []


def test_a_closed_terminal_ends_the_session_in_order() -> None:
    before = signal.getsignal(signal.SIGHUP)
    with pytest.raises(SystemExit), command._ending():
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == before


def test_a_task_that_stops_says_why_and_is_not_left(aws: Aws, plugin: Plugin) -> None:
    aws.starts()
    aws.shows("STOPPED", stoppedReason="CannotPullContainerError: no such tag")
    aws.stops()
    result = run()
    assert result.exit_code == 1
    assert "the task has stopped: CannotPullContainerError: no such tag" in result.output


def test_an_agent_that_cannot_start_is_told(aws: Aws, plugin: Plugin) -> None:
    aws.starts()
    aws.shows("RUNNING", "STOPPED")
    aws.stops()
    assert "the agent of ECS Exec has stopped" in run().output


def test_an_agent_that_is_slow_is_asked_again(aws: Aws, plugin: Plugin) -> None:
    aws.starts()
    aws.shows("RUNNING", "RUNNING")
    aws.refuses("execute_command", "TargetNotConnectedException", "not connected")
    aws.answers("execute_command", {"session": {"sessionId": "s"}})
    aws.stops()
    plugin.code = 255
    result = run()
    assert result.exit_code == 1
    assert "the session broke off" in result.output


def test_what_cannot_be_stopped_is_told(aws: Aws, plugin: Plugin) -> None:
    aws.starts()
    aws.shows("RUNNING", "RUNNING")
    aws.answers("execute_command", {"session": {"sessionId": "s"}})
    aws.refuses("stop_task", "AccessDeniedException", "not authorized to perform: ecs:StopTask")
    result = run()
    assert "ecs:StopTask" in result.output
    assert "it ends by itself" in result.output


def test_an_environment_without_sessions_says_which_settings_allow_them(
    aws: Aws, plugin: Plugin
) -> None:
    aws.has_the_stack({"EcsClusterName": CLUSTER, "PrivateSubnetIds": "subnet-1"})
    result = run()
    assert result.exit_code == 2
    assert "[operations] database_session = true" in result.output
    assert result.output.count("\n") == 1


def test_nothing_starts_that_would_not_be_recorded(aws: Aws, plugin: Plugin) -> None:
    aws.has_the_stack()
    aws.answers("describe_clusters", {"clusters": [{"clusterName": CLUSTER}]})
    result = run()
    assert result.exit_code == 2
    assert "records no sessions" in result.output


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("ValidationError", "Stack with id PciDss-dev does not exist", "there is no stack PciDss"),
        ("AccessDenied", "not authorized: cloudformation:DescribeStacks", "AWS refused Describe"),
        ("ExpiredToken", "The security token is expired", "AWS refused DescribeStacks: The secur"),
    ],
)
def test_what_aws_refuses_is_one_line(
    aws: Aws, plugin: Plugin, code: str, message: str, said: str
) -> None:
    aws.refuses("describe_stacks", code, message)
    result = run()
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert said in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "one of --suffix and --stack is needed"),
        (("--suffix", "dev", "--stack", "shop-dev"), "one of --suffix and --stack is needed"),
        (("--suffix", "Dev"), "the suffix 'Dev' cannot be used"),
        (("--suffix", "dev", "--region", "zurich"), "did you mean eu-central-2 (Zurich)"),
        (("--suffix", "dev", "--profile", "nobody"), "nobody"),
        (("--sufix", "dev"), "--suffix"),
    ],
)
def test_bad_use_is_one_line(plugin: Plugin, words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(cli, ["database-session", *words])
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert said in result.output


def test_the_plugin_is_asked_for_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    result = run()
    assert result.exit_code == 2
    assert "session-manager-plugin is not installed" in result.output
