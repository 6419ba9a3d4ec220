"""Rotation by alternating users, against a real server over TLS."""

from __future__ import annotations

import json

import pytest

from pci_constructs.database_users.grants import resting
from pci_constructs.database_users.server import DatabaseError, Login, RefusedError
from tests.identities.world import STEPS, World, arn


@pytest.fixture
def deployed(world: World) -> World:
    world.deploy()
    return world


def test_secret_moves_to_the_other_user_and_the_first_keeps_its_password(deployed: World) -> None:
    before = deployed.held("application")
    deployed.rotate("application")
    after = deployed.held("application")
    assert (before.user, after.user) == ("application_a", "application_b")
    assert deployed.server.accepts(before)
    assert deployed.server.accepts(after)


def test_rotation_after_next_ends_what_the_first_version_held(deployed: World) -> None:
    before = deployed.held("application")
    deployed.rotate("application")
    deployed.rotate("application")
    after = deployed.held("application")
    assert after.user == before.user
    assert not deployed.server.accepts(before)
    assert deployed.server.accepts(after)


def test_password_has_32_letters_and_digits_and_stands_in_a_url(deployed: World) -> None:
    deployed.rotate("application")
    password = deployed.held("application").password
    assert len(password) == 32
    assert password.isascii()
    assert password.isalnum()


def test_services_of_the_identity_restart_once_the_secret_says_what_is_new(
    deployed: World,
) -> None:
    seen: list[str] = []
    deployed.ecs.services["pcidss-dev", "pcidss-dev"] = lambda: seen.append(
        deployed.held("application").user
    )
    deployed.rotate("application")
    assert seen == ["application_b"]
    deployed.rotate("reader")
    assert seen == ["application_b"]


def test_every_step_may_be_repeated_at_once_and_from_the_first(deployed: World) -> None:
    token = deployed.manager.rotate(arn("application"))
    for position, name in enumerate(STEPS):
        for repeated in (name, *STEPS[:position], name):
            deployed.step("application", token, repeated)
    assert deployed.held("application").user == "application_b"
    assert deployed.server.accepts(deployed.held("application"))


def test_test_at_the_making_of_a_schedule_passes_without_a_pending_value(deployed: World) -> None:
    deployed.manager.enabled = None  # AWS: the schedule is not there yet
    token = deployed.manager.rotate(arn("application"))
    deployed.step("application", token, "testSecret")


def test_test_fails_while_the_user_is_not_made(world: World) -> None:
    token = world.manager.rotate(arn("application"))
    with pytest.raises(RefusedError, match="refuses application_a"):
        world.step("application", token, "testSecret")


def test_pending_version_left_by_another_rotation_is_taken_over(deployed: World) -> None:
    first = deployed.manager.rotate(arn("application"))
    deployed.step("application", first, "createSecret")
    deployed.step("application", first, "setSecret")
    deployed.rotate("application")
    assert deployed.held("application").user == "application_b"
    with pytest.raises(ValueError, match=r"does not exist|not pending"):
        deployed.step("application", first, "finishSecret")


def test_active_user_is_never_given_a_new_password(deployed: World) -> None:
    token = deployed.manager.rotate(arn("application"))
    active = deployed.held("application")
    deployed.manager.put_secret_value(
        SecretId=arn("application"),
        ClientRequestToken=token,
        SecretString=json.dumps({"username": active.user, "password": "x" * 32}),
        VersionStages=["AWSPENDING"],
    )
    with pytest.raises(ValueError, match="application_a, which running tasks use"):
        deployed.step("application", token, "setSecret")
    assert deployed.server.accepts(active)


def test_second_rotation_waits_until_tasks_of_before_the_first_are_gone(deployed: World) -> None:
    before = deployed.held("application")
    deployed.rotate("application")
    object.__setattr__(deployed.server, "patience", 0.2)
    with deployed.connect(before):
        with pytest.raises(ValueError, match=r"application_a has 1 open connections.*restart it"):
            deployed.rotate("application")
        assert deployed.server.accepts(before)
    assert deployed.held("application").user == "application_b"


def test_secret_of_somebody_else_is_refused(deployed: World) -> None:
    with pytest.raises(ValueError, match="the secret of no identity"):
        deployed.secrets.identity("arn:aws:secretsmanager:eu-central-2:111111111111:secret:other")


@pytest.mark.parametrize(
    ("token", "step", "reason"),
    [("no-such-version", "setSecret", "does not exist"), ("", "rotateSecret", "no step")],
)
def test_unknown_version_and_step_are_refused(
    deployed: World, token: str, step: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        deployed.step("application", token or deployed.manager.rotate(arn("application")), step)


def test_user_that_is_not_the_identitys_is_refused_with_a_way_out(deployed: World) -> None:
    with pytest.raises(ValueError, match="neither application_a nor application_b"):
        resting("application", "txowner")


def test_master_password_that_rds_changes_just_now_is_read_again(deployed: World) -> None:
    answers = iter([Login(user="txowner", password="of before"), deployed.secrets.master_login()])
    object.__setattr__(deployed.server, "master", lambda: next(answers))
    with deployed.server.as_master() as connection:
        assert connection.open


def test_master_password_that_stays_wrong_says_where_to_look(deployed: World) -> None:
    object.__setattr__(deployed.server, "master", lambda: Login(user="txowner", password="no"))
    object.__setattr__(deployed.server, "patience", 0.2)
    with (
        pytest.raises(RefusedError, match="kept and rotated by RDS"),
        deployed.server.as_master(),
    ):
        pass


def test_server_that_does_not_answer_is_waited_for_then_named(deployed: World) -> None:
    object.__setattr__(deployed.server, "port", 1)
    object.__setattr__(deployed.server, "patience", 0.2)
    with pytest.raises(DatabaseError, match=r"does not answer.*security group admits"):
        deployed.server.accepts(deployed.held("application"))


def test_server_that_another_authority_signed_is_refused_at_once(deployed: World) -> None:
    from pci_constructs.database_users.server import trust

    object.__setattr__(deployed.server, "context", trust("eu-central-2"))
    with pytest.raises(DatabaseError, match="cannot be verified"):
        deployed.server.accepts(deployed.held("application"))


def test_server_under_another_name_than_its_certificates_is_refused(deployed: World) -> None:
    object.__setattr__(deployed.server, "host", "127.0.0.1")
    with pytest.raises(DatabaseError, match="cannot be verified"):
        deployed.server.accepts(deployed.held("application"))


def test_password_of_a_login_is_not_printed() -> None:
    assert "s3cret" not in repr(Login(user="application_a", password="s3cret"))
