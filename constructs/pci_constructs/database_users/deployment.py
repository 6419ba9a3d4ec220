"""Making the users at deployment, as a custom resource; CloudFormation has no other way."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Final

from .grants import resting
from .secrets import Secrets, login
from .server import Login, Server, make_user
from .services import Services

_LONGEST_REASON: Final = 1000  # CloudFormation takes 4 KiB in all
_ANSWER_SECONDS: Final = 30


class Deployment:
    """The users of every identity, as their secrets name them.

    A user that the previous version of a secret can log in with is left alone, because running
    tasks hold it: if the secret was written anew over it, the secret moves to the resting user.
    """

    def __init__(self, secrets: Secrets, server: Server, services: Services) -> None:
        self._secrets = secrets
        self._server = server
        self._services = services

    def run(self) -> None:
        """Make every user, and restart the services of an identity whose login changed."""
        for identity, arn in self._secrets.by_identity.items():
            if self._ensure(identity, arn):
                self._services.restart(identity)

    def _ensure(self, identity: str, arn: str) -> bool:
        """Make the user of one identity; say whether what its secret holds was not valid yet."""
        current = login(self._secrets.current(arn))
        valid = self._server.accepts(current)
        if not valid and self._is_in_use(arn, current.user):
            current = self._move(arn, identity, current)
        resting(identity, current.user)  # refuses a user that is not the identity's
        with self._server.as_master() as connection:
            make_user(connection, current, identity, self._server.database)
        return not valid

    def _is_in_use(self, arn: str, user: str) -> bool:
        previous = self._secrets.value(arn, "AWSPREVIOUS")
        if previous is None or previous.get("username") != user:
            return False
        return self._server.accepts(login(previous))

    def _move(self, arn: str, identity: str, current: Login) -> Login:
        moved = Login(user=resting(identity, current.user), password=current.password)
        value = {**self._secrets.current(arn), "username": moved.user}
        self._secrets.client.put_secret_value(SecretId=arn, SecretString=json.dumps(value))
        return moved


def answer(event: Mapping[str, Any], work: Callable[[], None]) -> None:
    """Do the work of a custom resource and tell CloudFormation how it went.

    The users go with the database, so there is nothing to do when the resource is deleted.
    """
    reason = ""
    if event["RequestType"] != "Delete":
        try:
            work()
        except Exception as error:  # whatever it is, a silent failure would cost an hour
            reason = f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
            print(reason)
    document = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason or "The users are as their secrets name them",
        "PhysicalResourceId": event.get("PhysicalResourceId") or "database-users",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    request = urllib.request.Request(
        event["ResponseURL"],
        data=json.dumps(document).encode(),
        headers={"Content-Type": ""},  # the address is signed for none
        method="PUT",
    )
    urllib.request.urlopen(request, timeout=_ANSWER_SECONDS).close()
