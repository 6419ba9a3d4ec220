"""Secrets Manager and ECS in process, with AWS's semantics of stages and of rolling deployments."""

from __future__ import annotations

import json
import secrets
import string
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

LETTERS_AND_DIGITS = string.ascii_letters + string.digits


class Killed(BaseException):  # no error: what a process that is killed cannot catch
    """The function ended here, without a chance to tidy up."""


class Killer:
    """Ends the function before one of the calls that it makes."""

    def __init__(self) -> None:
        self.calls = 0
        self.at: int | None = None

    def aim(self, at: int | None) -> None:
        self.calls, self.at = 0, at

    def around(self, call: Callable[[], object]) -> object:
        self.calls += 1
        if self.calls == self.at:
            raise Killed
        return call()


class NotFoundError(Exception):
    """There is no such secret or version."""


class Secret:
    """Versions of a secret and their stages."""

    def __init__(self, value: Mapping[str, str]) -> None:
        first = str(uuid.uuid4())
        self.values: dict[str, str | None] = {first: json.dumps(value)}
        self.stages: dict[str, set[str]] = {first: {"AWSCURRENT"}}

    def holder(self, stage: str) -> str | None:
        return next((v for v, stages in self.stages.items() if stage in stages), None)

    def move(self, stage: str, version: str) -> None:
        """A stage is on one version; the one that loses AWSCURRENT becomes AWSPREVIOUS."""
        old = self.holder(stage)
        if old == version:
            return
        if old is not None:
            self.stages[old].discard(stage)
        self.stages.setdefault(version, set()).add(stage)
        if stage == "AWSCURRENT" and old is not None:
            self.stages[version].discard("AWSPREVIOUS")
            self.move("AWSPREVIOUS", old)


class FakeSecretsManager:
    """Secrets Manager, as far as the function uses it."""

    class exceptions:  # noqa: N801  # boto3's name
        ResourceNotFoundException = NotFoundError

    def __init__(self, killer: Killer | None = None) -> None:
        self.secrets: dict[str, Secret] = {}
        self.enabled: bool | None = True
        self._killer = killer or Killer()
        self._lock = threading.RLock()

    @property
    def client(self) -> SecretsManagerClient:
        return cast("SecretsManagerClient", self)

    def add(self, arn: str, value: Mapping[str, str]) -> None:
        self.secrets[arn] = Secret(value)

    def read(self, arn: str, stage: str = "AWSCURRENT") -> dict[str, str]:
        """What anybody but the function reads."""
        with self._lock:
            secret = self.secrets[arn]
            holder = secret.holder(stage)
            text = secret.values.get(holder or "")
        if text is None:
            raise NotFoundError(f"no {stage} in {arn}")
        value: dict[str, str] = json.loads(text)
        return value

    def rotate(self, arn: str) -> str:
        """Begin a rotation: a version that holds nothing yet is up for it."""
        with self._lock:
            token = str(uuid.uuid4())
            self.secrets[arn].stages[token] = set()
            self.secrets[arn].move("AWSPENDING", token)
            return token

    # What the function calls, by boto3's names.

    def get_secret_value(
        self, *, SecretId: str, VersionStage: str = "AWSCURRENT", VersionId: str = ""
    ) -> object:
        return self._killer.around(lambda: self._get(SecretId, VersionStage, VersionId))

    def _get(self, arn: str, stage: str, version: str) -> object:
        with self._lock:
            secret = self.secrets[arn]
            holder = secret.holder(stage)
            if holder is None or (version and version != holder):
                raise NotFoundError(f"no {stage} in {arn}")
            text = secret.values.get(holder)
            if text is None:
                raise NotFoundError(f"{stage} of {arn} holds nothing")
            return {"SecretString": text}

    def put_secret_value(
        self,
        *,
        SecretId: str,
        SecretString: str,
        ClientRequestToken: str = "",
        VersionStages: Sequence[str] = ("AWSCURRENT",),
    ) -> object:
        def put() -> None:
            with self._lock:
                token = ClientRequestToken or str(uuid.uuid4())
                secret = self.secrets[SecretId]
                held = secret.values.get(token)
                assert held in (None, SecretString), "a version's value cannot be changed"
                secret.values[token] = SecretString
                secret.stages.setdefault(token, set())
                for stage in VersionStages:
                    secret.move(stage, token)

        return self._killer.around(put)

    def describe_secret(self, *, SecretId: str) -> object:
        def describe() -> object:
            with self._lock:
                stages = self.secrets[SecretId].stages
                answer: dict[str, object] = {
                    "VersionIdsToStages": {v: sorted(s) for v, s in stages.items() if s}
                }
            return answer if self.enabled is None else answer | {"RotationEnabled": self.enabled}

        return self._killer.around(describe)

    def update_secret_version_stage(
        self, *, SecretId: str, VersionStage: str, MoveToVersionId: str, RemoveFromVersionId: str
    ) -> object:
        def update() -> None:
            with self._lock:
                secret = self.secrets[SecretId]
                assert secret.holder(VersionStage) == RemoveFromVersionId
                secret.move(VersionStage, MoveToVersionId)

        return self._killer.around(update)

    def get_random_password(
        self, *, PasswordLength: int, ExcludePunctuation: bool, RequireEachIncludedType: bool
    ) -> object:
        assert ExcludePunctuation
        assert RequireEachIncludedType
        password = "".join(secrets.choice(LETTERS_AND_DIGITS) for _ in range(PasswordLength))
        return {"RandomPassword": password}


class FakeEcs:
    """ECS: a forced deployment restarts the tasks of a service that is there."""

    class exceptions:  # noqa: N801  # boto3's name
        class ServiceNotFoundException(Exception):  # noqa: N818
            pass

        class ServiceNotActiveException(Exception):  # noqa: N818
            pass

        class ClusterNotFoundException(Exception):  # noqa: N818
            pass

    def __init__(self, killer: Killer | None = None) -> None:
        self.services: dict[tuple[str, str], Callable[[], None]] = {}
        self.restarted: list[str] = []
        self._killer = killer or Killer()

    @property
    def client(self) -> ECSClient:
        return cast("ECSClient", self)

    def update_service(self, *, cluster: str, service: str, forceNewDeployment: bool) -> object:
        assert forceNewDeployment

        def update() -> None:
            if (cluster, service) not in self.services:
                raise self.exceptions.ServiceNotFoundException(service)
            self.restarted.append(service)
            self.services[cluster, service]()

        return self._killer.around(update)
