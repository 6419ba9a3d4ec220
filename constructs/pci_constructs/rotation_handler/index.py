"""Rotates the master password of an Aurora cluster through the RDS API.

Secrets Manager calls the handler once per step. Every step can be repeated: Secrets Manager
retries a failed rotation from the first step.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

_EXCLUDED = "\"@/\\'`"
_SETTLE_SECONDS = 30  # RDS takes the change a moment later; until then it looks complete
_WAIT_SECONDS = 10
_TRIES = 50


class Rotation:
    """The four steps of a rotation.

    Attributes:
        arn: The secret.
        token: Version that is becoming current.
    """

    def __init__(
        self,
        arn: str,
        token: str,
        secrets: SecretsManagerClient,
        rds: RDSClient,
        ecs: ECSClient,
    ) -> None:
        self.arn = arn
        self.token = token
        self.secrets = secrets
        self.rds = rds
        self.ecs = ecs

    def create_secret(self) -> None:
        """Store a new password as the pending version, unless it is there already."""
        try:
            self._version("AWSPENDING")
            return
        except self.secrets.exceptions.ResourceNotFoundException:
            pass
        current = self._version("AWSCURRENT")
        current["password"] = self.secrets.get_random_password(
            PasswordLength=32, ExcludeCharacters=_EXCLUDED, RequireEachIncludedType=True
        )["RandomPassword"]
        self.secrets.put_secret_value(
            SecretId=self.arn,
            ClientRequestToken=self.token,
            SecretString=json.dumps(current),
            VersionStages=["AWSPENDING"],
        )

    def set_secret(self) -> None:
        """Give the pending password to the cluster."""
        self.rds.modify_db_cluster(
            DBClusterIdentifier=os.environ["CLUSTER"],
            MasterUserPassword=str(self._version("AWSPENDING")["password"]),
            ApplyImmediately=True,
        )

    def test_secret(self) -> None:
        """Wait until the cluster reports that the change is complete.

        Raises:
            TimeoutError: The cluster still has the change pending; the rotation will be retried.
        """
        time.sleep(_SETTLE_SECONDS)
        for _ in range(_TRIES):
            cluster = self.rds.describe_db_clusters(DBClusterIdentifier=os.environ["CLUSTER"])[
                "DBClusters"
            ][0]
            pending = cluster.get("PendingModifiedValues", {})
            if cluster.get("Status") == "available" and "MasterUserPassword" not in pending:
                return
            time.sleep(_WAIT_SECONDS)
        raise TimeoutError(f"{os.environ['CLUSTER']} has not taken the new password yet")

    def finish_secret(self) -> None:
        """Make the pending version current, and restart the tasks so that they read it."""
        versions = self.secrets.describe_secret(SecretId=self.arn)["VersionIdsToStages"]
        current = next(v for v, stages in versions.items() if "AWSCURRENT" in stages)
        if current != self.token:
            self.secrets.update_secret_version_stage(
                SecretId=self.arn,
                VersionStage="AWSCURRENT",
                MoveToVersionId=self.token,
                RemoveFromVersionId=current,
            )
        self.ecs.update_service(
            cluster=os.environ["ECS_CLUSTER"],
            service=os.environ["ECS_SERVICE"],
            forceNewDeployment=True,
        )

    def _version(self, stage: str) -> dict[str, object]:
        if stage == "AWSPENDING":
            answer = self.secrets.get_secret_value(
                SecretId=self.arn, VersionId=self.token, VersionStage=stage
            )
        else:
            answer = self.secrets.get_secret_value(SecretId=self.arn, VersionStage=stage)
        value: dict[str, object] = json.loads(answer["SecretString"])
        return value


def handler(event: Mapping[str, str], context: object) -> None:
    """Run one step: createSecret, setSecret, testSecret or finishSecret.

    Raises:
        ValueError: The secret version is not up for rotation, or the step is unknown.
    """
    secrets = boto3.client("secretsmanager")
    arn, token = event["SecretId"], event["ClientRequestToken"]
    described = secrets.describe_secret(SecretId=arn)
    stages = described["VersionIdsToStages"].get(token)
    if not described.get("RotationEnabled") or stages is None:
        raise ValueError(f"Version {token} of {arn} is not up for rotation")
    if "AWSCURRENT" in stages and event["Step"] != "finishSecret":
        return
    rotation = Rotation(arn, token, secrets, boto3.client("rds"), boto3.client("ecs"))
    steps: dict[str, Callable[[], None]] = {
        "createSecret": rotation.create_secret,
        "setSecret": rotation.set_secret,
        "testSecret": rotation.test_secret,
        "finishSecret": rotation.finish_secret,
    }
    if event["Step"] not in steps:
        raise ValueError(f"Unknown rotation step {event['Step']}")
    steps[event["Step"]]()
