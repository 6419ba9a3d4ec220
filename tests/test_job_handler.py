"""What runs a job in a deployment: it starts one task, waits, and says why it failed."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.request import Request

import pytest

import pci_constructs

SETTINGS = {
    "Cluster": "pcidss-dev",
    "TaskDefinition": "arn:aws:ecs:eu-central-2:111111111111:task-definition/migrate:7",
    "Container": "migrate",
    "LogGroup": "/pcidss/dev/tasks/migrate",
    "Subnets": ["subnet-1", "subnet-2"],
    "SecurityGroups": ["sg-1"],
    "TimeoutMinutes": "1",
}
TASK = "arn:aws:ecs:eu-central-2:111111111111:task/pcidss-dev/abc"


def load() -> ModuleType:
    path = Path(next(iter(pci_constructs.__path__))) / "job_handler" / "index.py"
    spec = importlib.util.spec_from_file_location("job_handler", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HANDLER = load()


class NotFoundError(Exception):
    pass


class Aws:
    """ECS, CloudWatch Logs and CloudFormation, as the handler sees them."""

    exceptions = SimpleNamespace(ResourceNotFoundException=NotFoundError)

    def __init__(self, *ends: dict[str, Any], lines: list[str] | None = None) -> None:
        self.ends = list(ends)
        self.lines = lines
        self.status = "UPDATE_IN_PROGRESS"
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.failures: list[dict[str, str]] = []

    def run_task(self, **request: object) -> dict[str, Any]:
        self.calls.append(("run_task", request))
        tasks = [] if self.failures else [{"taskArn": TASK}]
        return {"tasks": tasks, "failures": self.failures}

    def describe_tasks(self, **request: object) -> dict[str, Any]:
        self.calls.append(("describe_tasks", request))
        end = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        return {"tasks": [{"taskArn": TASK, **end}]}

    def stop_task(self, **request: object) -> None:
        self.calls.append(("stop_task", request))

    def get_log_events(self, **request: object) -> dict[str, Any]:
        self.calls.append(("get_log_events", request))
        if self.lines is None:
            raise NotFoundError
        return {"events": [{"message": line} for line in self.lines]}

    def describe_stacks(self, **_: object) -> dict[str, Any]:
        return {"Stacks": [{"StackStatus": self.status}]}

    def named(self, name: str) -> list[dict[str, Any]]:
        return [request for call, request in self.calls if call == name]


RUNNING = {"lastStatus": "RUNNING", "containers": [{}]}


def ended(code: int | None, **more: object) -> dict[str, Any]:
    return {"lastStatus": "STOPPED", "containers": [{"exitCode": code, **more}]}


def run(aws: Aws) -> str:
    return str(HANDLER.Job(SETTINGS, aws, aws, sleep=lambda _: None).run("token-1"))


def reason(aws: Aws) -> str:
    with pytest.raises(HANDLER.JobError) as caught:
        run(aws)
    return str(caught.value)


def test_the_task_is_started_once_and_waited_for() -> None:
    aws = Aws(RUNNING, RUNNING, ended(0))
    assert run(aws) == TASK
    (request,) = aws.named("run_task")
    assert request["clientToken"] == "token-1"
    assert request["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"
    assert len(aws.named("describe_tasks")) == 3


def test_a_failure_tells_the_last_lines() -> None:
    aws = Aws(ended(3), lines=["table orders", "duplicate column"])
    assert reason(aws) == (
        "it ended with exit code 3; its last lines:\ntable orders\nduplicate column"
    )
    (request,) = aws.named("get_log_events")
    assert request["logStreamName"] == "migrate/migrate/abc"


def test_a_failure_without_a_word_says_so() -> None:
    assert reason(Aws(ended(1))) == "it ended with exit code 1; it printed nothing"


def test_a_container_that_never_started_tells_why() -> None:
    aws = Aws(ended(None, reason="CannotPullContainerError: not found"))
    assert reason(aws) == "its container did not start: CannotPullContainerError: not found"


def test_a_task_that_cannot_be_placed_tells_why() -> None:
    aws = Aws(RUNNING)
    aws.failures = [{"reason": "RESOURCE:FARGATE"}]
    assert reason(aws) == "it could not be started: RESOURCE:FARGATE"


def test_a_job_that_takes_too_long_is_stopped() -> None:
    aws = Aws(RUNNING)
    assert reason(aws).startswith("it took longer than 1 minutes and was stopped")
    assert len(aws.named("stop_task")) == 1


def test_long_output_fits_an_answer_of_cloudformation() -> None:
    assert len(reason(Aws(ended(1), lines=["x" * 5000] * 10))) < 2000


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Call the handler as CloudFormation does; return what it is told."""

    def call(aws: Aws, kind: str) -> dict[str, Any]:
        told: list[dict[str, Any]] = []

        def put(request: Request, timeout: int) -> None:
            assert timeout
            assert request.get_method() == "PUT"
            assert isinstance(request.data, bytes)
            told.append(json.loads(request.data))

        monkeypatch.setattr(HANDLER.boto3, "client", lambda _: aws)
        monkeypatch.setattr(HANDLER.urllib.request, "urlopen", put)
        monkeypatch.setattr(HANDLER.time, "sleep", lambda _: None)
        HANDLER.handler(
            {
                "RequestType": kind,
                "RequestId": "r",
                "StackId": "s",
                "LogicalResourceId": "Run",
                "ResponseURL": "https://example.com",
                "ResourceProperties": SETTINGS,
            },
            None,
        )
        (only,) = told
        return only

    return call


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_deployment_runs_the_job(deploy: Callable[..., dict[str, Any]], kind: str) -> None:
    aws = Aws(ended(0))
    assert deploy(aws, kind)["Status"] == "SUCCESS"
    assert len(aws.named("run_task")) == 1


def test_a_failed_job_fails_the_deployment(deploy: Callable[..., dict[str, Any]]) -> None:
    told = deploy(Aws(ended(1), lines=["no such table"]), "Update")
    assert told["Status"] == "FAILED"
    assert told["Reason"].endswith("no such table")


def test_a_rollback_runs_no_old_job(deploy: Callable[..., dict[str, Any]]) -> None:
    aws = Aws(ended(0))
    aws.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    assert deploy(aws, "Update")["Status"] == "SUCCESS"
    assert aws.calls == []


def test_deleting_runs_nothing(deploy: Callable[..., dict[str, Any]]) -> None:
    aws = Aws(ended(0))
    assert deploy(aws, "Delete")["Status"] == "SUCCESS"
    assert aws.calls == []


def test_whatever_goes_wrong_is_an_answer(deploy: Callable[..., dict[str, Any]]) -> None:
    aws = Aws()
    told = deploy(aws, "Create")
    assert told["Status"] == "FAILED"
    assert "could not be run" in told["Reason"]
