"""``pcistack database-session``: a person looks into the database, in a task of their own."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from pcistack.naming import STACK_PREFIX
from pcistack.usage import BadInputError, region_of, suffix_of

if TYPE_CHECKING:
    from types import FrameType

Client = Any
"""A boto3 client; its answers are typed by their names."""

CONTAINER: Final = "database-session"
COMMAND: Final = "sh /tmp/session"
"""What the task has ready: MySQL's client, logged in; see ``pci_constructs.database_session``."""
PLUGIN: Final = "session-manager-plugin"
_OUTPUTS: Final = {
    "cluster": "EcsClusterName",
    "subnets": "PrivateSubnetIds",
    "task": "DatabaseSessionTaskDefinition",
    "group": "DatabaseSessionSecurityGroupId",
}
_START_SECONDS: Final = 180
_PAUSE_SECONDS: Final = 3
_TRIES: Final = 5

_EPILOG: Final = """\b
Exit codes:
  0  the session has ended, and its task with it
  1  the task did not start, or the session broke off
  2  bad input, no credentials, or a permission is missing

\b
Example:
  pcistack database-session --suffix prod --region eu-central-2
"""


class SessionError(Exception):
    """The session did not come about; the message says why."""


@click.command(epilog=_EPILOG)
@click.option("--suffix", help="Suffix of the environment, such as prod.")
@click.option("--stack", help="Name of its stack, where that is not PciDss-<suffix>.")
@click.option("--region", help="Region of the environment [of the AWS configuration].")
@click.option("--profile", help="Profile of the AWS configuration [the usual order].")
def database_session(
    suffix: str | None, stack: str | None, region: str | None, profile: str | None
) -> None:
    """Look into the database of an environment that allows it.

    Its file says so, with [operations] database_session, and as whom: the reader by default. A
    task of its own starts, MySQL's client in it logs in over TLS, and what is typed and shown is
    recorded in an encrypted log group. The task stops with the session, when you interrupt it, and
    after the time that the file sets. AWS's Session Manager plugin has to be installed.
    """
    if bool(suffix) == bool(stack):
        raise BadInputError(
            "one of --suffix and --stack is needed; example: pcistack database-session --suffix "
            "prod --region eu-central-2"
        )
    name = stack or f"{STACK_PREFIX}{suffix_of(suffix or '')}"
    if shutil.which(PLUGIN) is None:
        raise BadInputError(
            f"{PLUGIN} is not installed; AWS Systems Manager's guide says how, under 'Install the "
            "Session Manager plugin'"
        )
    with _refusals_in_one_line():
        import boto3

        session = boto3.Session(profile_name=profile, region_name=region)
        where = region_of(region or session.region_name)
        try:
            record = run(
                session.client("cloudformation", region_name=where),
                session.client("ecs", region_name=where),
                stack=name,
                region=where,
            )
        except SessionError as error:
            click.echo(f"pcistack: {error}", err=True)
            sys.exit(1)
    click.echo(f"The task is stopped. What was typed and shown is in the log group {record}.")


def run(cloudformation: Client, ecs: Client, *, stack: str, region: str) -> str:
    """Start the task, connect the terminal with it, and stop it.

    Args:
        cloudformation: Client that knows the stack's outputs.
        ecs: Client that runs the task.
        stack: Name of the stack.
        region: Where it is.

    Returns:
        The log group of the record.

    Raises:
        BadInputError: The stack is not there, or allows no session.
        SessionError: The task did not start, or the session broke off.
    """
    found = _outputs(cloudformation, stack)
    record = _record(ecs, found["cluster"])
    cluster = found["cluster"]
    with _ending():
        task = _start(ecs, found)
        try:
            _say("waiting for the task, about half a minute ...")
            _wait(ecs, cluster, task)
            _connect(ecs, cluster, task, region)
        finally:
            _stop(ecs, cluster, task)
    return record


def _outputs(cloudformation: Client, stack: str) -> dict[str, str]:
    from botocore.exceptions import ClientError

    try:
        (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            raise BadInputError(
                f"there is no stack {stack} in this account and region; that of another project is "
                "named by --stack, such as --stack shop-prod"
            ) from None
        raise
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}
    if missing := [key for key in _OUTPUTS.values() if key not in outputs]:
        raise BadInputError(
            f"{stack}: allows no database session (it has no output {missing[0]}); set "
            "[operations] database_session = true and session_image in the environment's file, and "
            "deploy it"
        )
    return {name: outputs[key] for name, key in _OUTPUTS.items()}


def _record(ecs: Client, cluster: str) -> str:
    """Return where sessions are recorded; without a record there is no session (PCI DSS 10.2.1)."""
    answer = ecs.describe_clusters(clusters=[cluster], include=["CONFIGURATIONS"])
    clusters = answer["clusters"] or [{}]
    exec_ = clusters[0].get("configuration", {}).get("executeCommandConfiguration", {})
    logging = exec_.get("logConfiguration", {})
    group = str(logging.get("cloudWatchLogGroupName", ""))
    if exec_.get("logging") != "OVERRIDE" or not group:
        raise BadInputError(f"cluster {cluster}: records no sessions; deploy the environment again")
    return group


def _start(ecs: Client, found: Mapping[str, str]) -> str:
    """Start the task; return its ARN."""
    answer = ecs.run_task(
        cluster=found["cluster"],
        taskDefinition=found["task"],
        count=1,
        launchType="FARGATE",
        enableExecuteCommand=True,
        enableECSManagedTags=True,
        propagateTags="TASK_DEFINITION",
        startedBy="pcistack/database-session",
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": found["subnets"].split(","),
                "securityGroups": [found["group"]],
                "assignPublicIp": "DISABLED",
            }
        },
    )
    for failure in answer.get("failures", []):
        raise SessionError(f"ECS started no task: {failure.get('reason', 'no reason given')}")
    return str(answer["tasks"][0]["taskArn"])


def _wait(ecs: Client, cluster: str, task: str) -> None:
    """Wait until the task can be entered."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        (described,) = ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"]
        if described.get("lastStatus") in ("DEACTIVATING", "STOPPING", "STOPPED"):
            raise SessionError(f"the task has stopped: {_why(described)}")
        agents = {
            agent.get("name"): agent
            for container in described.get("containers", [])
            for agent in container.get("managedAgents", [])
        }
        agent = agents.get("ExecuteCommandAgent", {})
        if agent.get("lastStatus") == "RUNNING":
            return
        if agent.get("lastStatus") == "STOPPED":
            why = agent.get("reason", "no reason given")
            raise SessionError(f"the agent of ECS Exec has stopped in the task: {why}")
        time.sleep(_PAUSE_SECONDS)
    raise SessionError(f"the task could not be entered within {_START_SECONDS} seconds")


def _why(task: Mapping[str, Any]) -> str:
    containers = [str(one["reason"]) for one in task.get("containers", []) if one.get("reason")]
    return "; ".join([str(task.get("stoppedReason", "no reason given")), *containers])


def _connect(ecs: Client, cluster: str, task: str, region: str) -> None:
    """Give the terminal to the plugin until the session ends; Ctrl-C is for what runs in it."""
    answer = _enter(ecs, cluster, task)
    target = {"Target": f"ecs:{cluster}_{task.rpartition('/')[2]}_{CONTAINER}"}
    words = [PLUGIN, json.dumps(answer["session"]), region, "StartSession", "", json.dumps(target)]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        code = subprocess.run(words, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)
    if code:
        raise SessionError(f"the session broke off ({PLUGIN} ended with {code})")


def _enter(ecs: Client, cluster: str, task: str) -> Mapping[str, Any]:
    """Open the session; for some seconds an agent may run and not be connected yet."""
    wanted = {"cluster": cluster, "task": task, "container": CONTAINER, "command": COMMAND}
    for _ in range(_TRIES):
        try:
            answer: Mapping[str, Any] = ecs.execute_command(**wanted, interactive=True)
        except ecs.exceptions.TargetNotConnectedException:
            time.sleep(_PAUSE_SECONDS)
        else:
            return answer
    raise SessionError("the agent of ECS Exec did not connect; can tasks reach ssmmessages?")


def _stop(ecs: Client, cluster: str, task: str) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        ecs.stop_task(cluster=cluster, task=task, reason="the database session has ended")
    except (ClientError, BotoCoreError) as error:
        _say(f"the task {task} could not be stopped ({error}); it ends by itself")


@contextmanager
def _ending() -> Iterator[None]:
    """Let a closed terminal and a kill end the session in order, as Ctrl-C does."""

    def end(number: int, _: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _refusals_in_one_line() -> Iterator[None]:
    from botocore import exceptions

    from pcistack.account.aws import unasked

    try:
        yield
    except exceptions.ClientError as error:
        message = str(error.response.get("Error", {}).get("Message", error)).splitlines()[0]
        raise BadInputError(f"AWS refused {error.operation_name}: {message}") from None
    except exceptions.BotoCoreError as error:
        raise BadInputError(str(unasked("AWS", error))) from None


def _say(text: str) -> None:
    click.echo(f"pcistack: {text}", err=True)
