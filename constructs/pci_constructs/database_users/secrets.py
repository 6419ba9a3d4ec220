"""The secrets of the identities, and how a rotation moves their stages."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from .server import Login

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

PASSWORD_LENGTH: Final = 32  # letters and digits: 190 bits, and it stands in a URL as it is


class Secrets:
    """The secrets of one database.

    Attributes:
        client: Secrets Manager.
        by_identity: ARN of each identity's secret.
        master: ARN of the master user's secret.
    """

    def __init__(
        self, client: SecretsManagerClient, by_identity: Mapping[str, str], master: str
    ) -> None:
        self.client = client
        self.by_identity = by_identity
        self.master = master

    @classmethod
    def of_environment(cls, client: SecretsManagerClient) -> Secrets:
        """Return the secrets that the function is configured for."""
        return cls(client, json.loads(os.environ["SECRETS"]), os.environ["MASTER_SECRET"])

    def identity(self, arn: str) -> str:
        """Return whose secret it is.

        Raises:
            ValueError: It is the secret of none.
        """
        for identity, known in self.by_identity.items():
            if known == arn:
                return identity
        raise ValueError(f"{arn} is the secret of no identity of this database")

    def master_login(self) -> Login:
        """Return the login of the master user, as RDS has it now."""
        return login(self.value(self.master) or {})

    def value(
        self, arn: str, stage: str = "AWSCURRENT", version: str = ""
    ) -> dict[str, str] | None:
        """Return a version of a secret, or None if there is none with that stage.

        Args:
            arn: The secret.
            stage: Its stage.
            version: Its id, if it must be this one.
        """
        try:
            answer = self.client.get_secret_value(
                SecretId=arn, VersionStage=stage, **({"VersionId": version} if version else {})
            )
        except self.client.exceptions.ResourceNotFoundException:
            return None
        value: dict[str, str] = json.loads(answer["SecretString"])
        return value

    def current(self, arn: str) -> dict[str, str]:
        """Return the current version of a secret.

        Raises:
            ValueError: It has none.
        """
        value = self.value(arn)
        if value is None:
            raise ValueError(f"{arn} has no current version; put one there and try again")
        return value

    def password(self) -> str:
        """Return a new password."""
        answer = self.client.get_random_password(
            PasswordLength=PASSWORD_LENGTH, ExcludePunctuation=True, RequireEachIncludedType=True
        )
        return answer["RandomPassword"]


def login(value: Mapping[str, str]) -> Login:
    """Return the login that a secret holds.

    Raises:
        ValueError: It holds none.
    """
    if not {"username", "password"} <= value.keys():
        raise ValueError("The secret has no username or no password; see who wrote it")
    return Login(user=value["username"], password=value["password"])
