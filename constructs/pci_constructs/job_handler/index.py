"""Runs a job when CloudFormation changes it, and tells how it ended.

CloudFormation calls the handler and waits for its answer. Whatever happens is an answer: one that
never comes would hold the deployment for an hour. A call that comes twice starts one task only.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import TaskTypeDef
    from mypy_boto3_logs import CloudWatchLogsClient

_WAIT_SECONDS = 5
_LINES = 10
_LONGEST = 1500  # CloudFormation takes an answer of 4 KB


class JobError(Exception):
    """The job did not end well; the message is the reason that the deployment shows."""


class Job:
    """One run of a job.

    Attributes:
        settings: Properties of the custom resource.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        ecs: ECSClient,
        logs: CloudWatchLogsClient,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.settings = settings
        self._ecs = ecs
        self._logs = logs
        self._sleep = sleep or time.sleep

    def run(self, token: str) -> str:
        """Start the task, wait for its end, and return its ARN.

        Args:
            token: Starts one task only, however often it is given.

        Raises:
            JobError: The task could not start, failed, or took too long.
        """
        arn = self._start(token)
        for _ in range(int(self.settings["TimeoutMinutes"]) * 60 // _WAIT_SECONDS):
            task = self._ecs.describe_tasks(cluster=self.settings["Cluster"], tasks=[arn])["tasks"][
                0
            ]
            if task.get("lastStatus") == "STOPPED":
                self._judge(task)
                return arn
            self._sleep(_WAIT_SECONDS)
        reason = f"it took longer than {self.settings['TimeoutMinutes']} minutes"
        self._ecs.stop_task(cluster=self.settings["Cluster"], task=arn, reason=reason)
        raise JobError(f"{reason} and was stopped{self._last_lines(arn)}")

    def _start(self, token: str) -> str:
        started = self._ecs.run_task(
            cluster=self.settings["Cluster"],
            taskDefinition=self.settings["TaskDefinition"],
            launchType="FARGATE",
            platformVersion="LATEST",
            count=1,
            clientToken=token,
            propagateTags="TASK_DEFINITION",
            enableECSManagedTags=True,
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": self.settings["Subnets"],
                    "securityGroups": self.settings["SecurityGroups"],
                    "assignPublicIp": "DISABLED",
                }
            },
        )
        if not started["tasks"]:
            failures = [failure.get("reason", "no reason given") for failure in started["failures"]]
            raise JobError(f"it could not be started: {', '.join(failures) or 'no reason given'}")
        return started["tasks"][0].get("taskArn", "")

    def _judge(self, task: TaskTypeDef) -> None:
        (container,) = task.get("containers", [])
        code = container.get("exitCode")
        if code == 0:
            return
        arn = task.get("taskArn", "")
        if code is None:
            reason = container.get("reason") or task.get("stoppedReason") or "no reason given"
            raise JobError(f"its container did not start: {reason}")
        raise JobError(f"it ended with exit code {code}{self._last_lines(arn)}")

    def _last_lines(self, arn: str) -> str:
        name = self.settings["Container"]
        stream = f"{name}/{name}/{arn.rpartition('/')[2]}"
        self._sleep(_WAIT_SECONDS)  # the log driver delivers a moment later
        try:
            events = self._logs.get_log_events(
                logGroupName=self.settings["LogGroup"],
                logStreamName=stream,
                limit=_LINES,
                startFromHead=False,
            )["events"]
        except self._logs.exceptions.ResourceNotFoundException:
            return "; it printed nothing"
        lines = "\n".join(event.get("message", "") for event in events)
        return f"; its last lines:\n{lines[-_LONGEST:]}" if lines else "; it printed nothing"


def is_rolling_back(stack: str, cloudformation: CloudFormationClient) -> bool:
    """Whether CloudFormation brings an old version back; an old job must not run then."""
    status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    return "ROLLBACK" in status


def answer(event: Mapping[str, Any], reason: str | None) -> None:
    """Tell CloudFormation that all is well, or the reason why it is not."""
    body = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason or "done",
        "PhysicalResourceId": event.get("PhysicalResourceId") or event["LogicalResourceId"],
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    request = urllib.request.Request(
        event["ResponseURL"],
        data=json.dumps(body).encode("utf-8"),
        method="PUT",
        headers={"Content-Type": ""},
    )
    urllib.request.urlopen(request, timeout=30)


def handler(event: dict[str, Any], _context: object) -> None:
    """Run the job that a custom resource stands for."""
    settings = event["ResourceProperties"]
    reason = None
    try:
        if event["RequestType"] == "Delete":
            print("nothing to undo")
        elif is_rolling_back(event["StackId"], boto3.client("cloudformation")):
            print("a rollback runs no job")
        else:
            arn = Job(settings, boto3.client("ecs"), boto3.client("logs")).run(event["RequestId"])
            print(f"{arn} ended well")
    except JobError as error:
        reason = f"The job {settings['Container']} failed: {error}"
    except Exception as error:
        reason = f"The job {settings.get('Container')} could not be run: {error!r}"
    if reason:
        print(reason)
    answer(event, reason)
