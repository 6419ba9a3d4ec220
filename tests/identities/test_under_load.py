"""No valid login is ever refused: clients log in without a pause while a password rotates."""

from __future__ import annotations

import time

import pymysql
import pytest

from pci_constructs.database_users.grants import resting
from pci_constructs.database_users.server import Login
from tests.identities.fakes import Killed
from tests.identities.world import MASTER, STEPS, Load, World, arn, under_load

_LONGEST = 100  # calls of one rotation at most: connections, statements, Secrets Manager and ECS


@pytest.fixture
def deployed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose killer also ends the function at a connection or a statement."""
    world.deploy()
    connect = type(world.server)._connect
    execute = pymysql.cursors.Cursor.execute

    def killable_connect(*arguments: object) -> object:
        return world.killer.around(lambda: connect(*arguments))  # type: ignore[arg-type]

    def killable_execute(
        self: pymysql.cursors.Cursor, query: str, args: tuple[object, ...] | None = None
    ) -> object:
        return world.killer.around(lambda: execute(self, query, args))

    monkeypatch.setattr(type(world.server), "_connect", killable_connect)
    monkeypatch.setattr(pymysql.cursors.Cursor, "execute", killable_execute)
    return world


def test_rotation_refuses_no_login(deployed: World) -> None:
    with under_load(deployed) as load:
        for _ in range(4):
            deployed.rotate("application")
            load.settle()
    assert load.refused == []
    assert load.accepted > 100
    assert len(load.service.tasks) == 5


def test_rotation_killed_anywhere_and_repeated_refuses_no_login(deployed: World) -> None:
    with under_load(deployed, overlap=0.02) as load:
        kills = _kill_everywhere(deployed, load)
    assert load.refused == []
    assert kills > 25
    assert load.accepted > kills


def _kill_everywhere(world: World, load: Load) -> int:
    """Kill rotations before one call after the other, until one gets through; count the kills.

    Killed before a call is killed after the one before it: in between nothing is changed.
    """
    for at in range(1, _LONGEST):
        killed = _rotate_killed(world, at)
        load.settle()
        if not killed:
            return at - 1
    raise AssertionError(f"a rotation makes more than {_LONGEST} calls")


def _rotate_killed(world: World, at: int) -> bool:
    """Kill a rotation before one call, then let Secrets Manager try it again from the start."""
    rests = resting("application", world.held("application").user)
    world.as_master(f"DROP USER IF EXISTS '{rests}'@'%'")  # so that everything is to be done
    token = world.manager.rotate(arn("application"))
    world.killer.aim(at)
    killed = False
    try:
        for name in STEPS:
            world.step("application", token, name)
    except Killed:
        killed = True
    world.killer.aim(None)
    world.rotate("application", token)
    assert world.server.accepts(world.held("application"))
    return killed


def test_deployment_killed_anywhere_and_repeated_refuses_no_login(deployed: World) -> None:
    at = 0
    with under_load(deployed, overlap=0.02) as load:
        for at in range(1, _LONGEST):
            deployed.killer.aim(at)
            try:
                deployed.deploy()
            except Killed:
                deployed.killer.aim(None)
                deployed.deploy()
                continue
            break
        deployed.killer.aim(None)
    assert at > 10
    assert load.refused == []


# --- The design of before, under the same load ----------------------------------------------------

SETTLE_SECONDS = 30.0  # what the former function waited for RDS at least
START_SECONDS = 75.0  # a new task takes 60 to 90 s until it has the traffic
SCALE = 1 / 100


@pytest.fixture
def single_user(world: World) -> World:
    """One user, with one password, as the stack had it: here ``application_a``."""
    world.deploy()
    return world


def test_one_user_with_one_password_refuses_logins_for_as_long_as_the_tasks_take(
    single_user: World,
) -> None:
    with under_load(single_user, overlap=START_SECONDS * SCALE) as load:
        time.sleep(0.2)
        _rotate_one_user(single_user)
        load.settle()
    assert load.refused
    seconds = (load.refused[-1] - load.refused[0]) / SCALE
    refused = len(load.refused)
    print(f"{refused} of {refused + load.accepted} logins refused, over {seconds:.0f} s")
    assert seconds == pytest.approx(SETTLE_SECONDS + START_SECONDS, rel=0.3)


def _rotate_one_user(world: World) -> None:
    """Set, wait, move the stage, restart: the password changes before anybody can know it."""
    held = world.held("application")
    new = Login(user=held.user, password="n" * 32)
    world.as_master(f"ALTER USER '{new.user}'@'%' IDENTIFIED BY '{new.password}'")
    time.sleep(SETTLE_SECONDS * SCALE)
    world.manager.put_secret_value(
        SecretId=arn("application"),
        SecretString=f'{{"username": "{new.user}", "password": "{new.password}"}}',
    )
    world.services.restart("application")


def test_master_user_is_no_part_of_it(deployed: World) -> None:
    deployed.rotate("application")
    assert deployed.secrets.master_login() == MASTER
