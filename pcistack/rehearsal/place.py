"""Where a stack is deployed: the embedded AWS, or a real account."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pcistack.rehearsal.sdk import Client

if TYPE_CHECKING:
    import boto3


class DeploymentPlace(Protocol):
    """An AWS, as far as a deployment through the CDK CLI needs to know it."""

    @property
    def account(self) -> str:
        """The account that is acted in."""
        ...

    @property
    def folder(self) -> Path:
        """A scratch folder."""
        ...

    def environment(self, region: str) -> dict[str, str]:
        """Return what an AWS client needs in its environment to talk to it."""
        ...

    def client(self, service: str, region: str) -> Client:
        """Return an SDK client."""
        ...

    def ensure_alive(self) -> None:
        """Raise if it cannot be used any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A real account, with the credentials of whoever runs the command.

    Attributes:
        account: The account.
        folder: A scratch folder.
        session: Makes the clients.
        profile: Profile of the AWS configuration; None for the usual order.
    """

    account: str
    folder: Path
    session: boto3.Session
    profile: str | None = None

    def environment(self, region: str) -> dict[str, str]:
        """Return the environment of this process, with the region and the profile."""
        named = {} if self.profile is None else {"AWS_PROFILE": self.profile}
        return os.environ | named | {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}

    def client(self, service: str, region: str) -> Client:
        """Return an SDK client."""
        return _client(self.session, service, region)

    def ensure_alive(self) -> None:
        """Do nothing: an account does not end."""


@cache
def _client(session: boto3.Session, service: str, region: str) -> Client:
    return session.client(service, region_name=region)  # type: ignore[call-overload]
