"""The users at deployment: made, made again, never taken from a running task."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pci_constructs.database_users.deployment import answer
from pci_constructs.database_users.grants import GRANTS
from tests.identities.world import SERVICE, World, arn


def test_every_identity_can_log_in_after_the_deployment(world: World) -> None:
    world.deploy()
    for identity in GRANTS:
        assert world.server.accepts(world.held(identity))


def test_second_deployment_changes_nothing_and_restarts_nothing(world: World) -> None:
    world.deploy()
    held = {identity: world.held(identity) for identity in GRANTS}
    world.ecs.services[SERVICE] = lambda: None
    world.deploy()
    assert {identity: world.held(identity) for identity in GRANTS} == held
    assert world.ecs.restarted == []


def test_deployment_onto_a_restored_database_makes_the_users_again(world: World) -> None:
    world.deploy()
    world.rotate("application")
    restored = World(running=world.running)  # the users of before, and secrets that are new
    restored.deploy()
    for identity in GRANTS:
        assert restored.server.accepts(restored.held(identity))
        restored.rotate(identity)
        assert restored.server.accepts(restored.held(identity))


def test_rotation_of_a_restored_database_makes_its_user_again(world: World) -> None:
    world.deploy()
    world.clear()  # as a snapshot of before the first deployment
    world.rotate("application")
    assert world.server.accepts(world.held("application"))


@pytest.mark.parametrize("rotations", [0, 1, 2])
def test_secret_that_is_written_anew_takes_no_login_from_a_running_task(
    world: World, rotations: int
) -> None:
    world.deploy()
    for _ in range(rotations):
        world.rotate("application")
    task = world.held("application")
    world.ecs.services[SERVICE] = lambda: None
    world.write("application")
    world.deploy()
    assert world.server.accepts(task)
    assert world.server.accepts(world.held("application"))
    assert world.held("application") != task
    assert world.ecs.restarted == [SERVICE[1]]


def test_service_that_is_not_there_yet_is_no_error(world: World) -> None:
    world.deploy()
    assert world.services.restart("application") == []


# --- What CloudFormation is told ------------------------------------------------------------------


@pytest.fixture
def cloudformation() -> Iterator[tuple[str, list[Mapping[str, str]]]]:
    """A place where answers are put, and the answers."""
    answers: list[Mapping[str, str]] = []

    class Place(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            length = int(self.headers["Content-Length"])
            answers.append(json.loads(self.rfile.read(length)))
            assert not self.headers["Content-Type"]
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Place)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", answers
    server.shutdown()
    server.server_close()


def _event(url: str, kind: str) -> dict[str, str]:
    return {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Users",
    }


def _fail() -> None:
    raise ValueError("the reason that an operator reads")


@pytest.mark.parametrize(
    ("kind", "work", "status", "reason"),
    [
        ("Create", lambda: None, "SUCCESS", "as their secrets name them"),
        ("Update", _fail, "FAILED", "ValueError: the reason that an operator reads"),
        ("Create", lambda: exec("raise KeyError('x' * 9000)"), "FAILED", "KeyError"),
        ("Delete", _fail, "SUCCESS", ""),
    ],
)
def test_cloudformation_is_answered_whatever_happens(
    cloudformation: tuple[str, list[Mapping[str, str]]],
    kind: str,
    work: Callable[[], None],
    status: str,
    reason: str,
) -> None:
    url, answers = cloudformation
    answer(_event(url, kind), work)
    (told,) = answers
    assert told["Status"] == status
    assert reason in told["Reason"]
    assert len(json.dumps(told)) < 4096
    assert told["PhysicalResourceId"] == "database-users"


def test_failed_deployment_names_the_secret_that_is_wrong(
    world: World, cloudformation: tuple[str, list[Mapping[str, str]]]
) -> None:
    url, answers = cloudformation
    world.manager.put_secret_value(
        SecretId=arn("reader"), SecretString='{"username": "eve", "password": "x"}'
    )
    answer(_event(url, "Create"), world.deploy)
    assert answers[0]["Status"] == "FAILED"
    assert "The secret of reader names the user 'eve'" in answers[0]["Reason"]
