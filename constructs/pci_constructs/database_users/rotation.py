"""Rotation by alternating users, in Secrets Manager's four steps.

An identity has two users. A rotation gives the resting one a new password and moves the secret to
it; the other keeps its own until the rotation after. So what a running task holds stays valid while
the tasks are restarted. Every step can be repeated, from the first again as well.
"""

from __future__ import annotations

import json

from .grants import resting
from .secrets import Secrets, login
from .server import RefusedError, Server, make_user
from .services import Services


class Rotation:
    """The rotation of one secret to one version.

    Attributes:
        arn: The secret.
        token: Id of the version that becomes the current one.
        identity: Whose secret it is.
    """

    def __init__(
        self, arn: str, token: str, secrets: Secrets, server: Server, services: Services
    ) -> None:
        self.arn = arn
        self.token = token
        self.identity = secrets.identity(arn)
        self._secrets = secrets
        self._server = server
        self._services = services

    def run(self, step: str) -> None:
        """Run one step; if the version is the current one already, only the restart is left.

        Raises:
            ValueError: The version is not up for rotation, or the step is unknown.
            DatabaseError: The database could not be used.
        """
        steps = {
            "createSecret": self.create_secret,
            "setSecret": self.set_secret,
            "testSecret": self.test_secret,
            "finishSecret": self.finish_secret,
        }
        if step not in steps:
            raise ValueError(f"{step!r} is no step of a rotation")
        stages = self._stages().get(self.token)
        if stages is None:
            raise ValueError(f"Version {self.token} of {self.arn} does not exist: rotate again")
        if "AWSCURRENT" in stages:
            if step == "finishSecret":
                self._services.restart(self.identity)
            return
        if "AWSPENDING" not in stages:
            raise ValueError(
                f"Version {self.token} of {self.arn} is not pending: another rotation took over"
            )
        steps[step]()

    def create_secret(self) -> None:
        """Store the resting user and a new password as the pending version, unless it is there."""
        if self._pending() is not None:
            return
        current = self._secrets.current(self.arn)
        user = resting(self.identity, current["username"])
        value = {**current, "username": user, "password": self._secrets.password()}
        self._secrets.client.put_secret_value(
            SecretId=self.arn,
            ClientRequestToken=self.token,
            SecretString=json.dumps(value),
            VersionStages=["AWSPENDING"],
        )

    def set_secret(self) -> None:
        """Give the resting user its new password and its privileges.

        Raises:
            ValueError: The pending version names the active user, or somebody still uses the
                resting one.
        """
        pending = login(self._required_pending())
        if pending.user != resting(self.identity, self._secrets.current(self.arn)["username"]):
            raise ValueError(
                f"The pending version names {pending.user}, which running tasks use: a new "
                "password would cut them off. Cancel the rotation and rotate again"
            )
        fresh = not self._server.accepts(pending)
        with self._server.as_master() as connection:
            count = self._server.sessions(connection, pending.user) if fresh else 0
            if count:
                raise ValueError(
                    f"{pending.user} has {count} open connections, so tasks that were started "
                    "before the last rotation still run. Wait until every service has finished "
                    "its deployment, or restart it, and rotate again"
                )
            make_user(connection, pending, self.identity, self._server.database)

    def test_secret(self) -> None:
        """Log in as the pending user.

        When a schedule is made, Secrets Manager runs this step alone, with a version that holds
        nothing or what the current one does; then the current user is tested.

        Raises:
            RefusedError: The server refuses the login.
        """
        tested = login(self._pending() or self._secrets.current(self.arn))
        if not self._server.accepts(tested):
            raise RefusedError(
                f"{self._server.host} refuses {tested.user} with the password of its secret. The "
                "current version still works; rotate again, which sets the password once more"
            )

    def finish_secret(self) -> None:
        """Make the pending version current, then restart the tasks so that they read it."""
        current = next(v for v, stages in self._stages().items() if "AWSCURRENT" in stages)
        self._secrets.client.update_secret_version_stage(
            SecretId=self.arn,
            VersionStage="AWSCURRENT",
            MoveToVersionId=self.token,
            RemoveFromVersionId=current,
        )
        self._services.restart(self.identity)

    def _stages(self) -> dict[str, list[str]]:
        return self._secrets.client.describe_secret(SecretId=self.arn)["VersionIdsToStages"]

    def _pending(self) -> dict[str, str] | None:
        return self._secrets.value(self.arn, "AWSPENDING", self.token)

    def _required_pending(self) -> dict[str, str]:
        pending = self._pending()
        if pending is None:
            raise ValueError(f"Version {self.token} of {self.arn} holds nothing: rotate again")
        return pending
