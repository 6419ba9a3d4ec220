"""A database with its identities, as the function meets it."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pymysql

from pci_constructs.database_users.deployment import Deployment
from pci_constructs.database_users.grants import GRANTS
from pci_constructs.database_users.rotation import Rotation
from pci_constructs.database_users.secrets import Secrets
from pci_constructs.database_users.server import Connection, Login, Server
from pci_constructs.database_users.services import Services
from pcistack.rehearsal.mariadb import RunningServer
from tests.identities.fakes import FakeEcs, FakeSecretsManager, Killer

MASTER_ARN = "arn:aws:secretsmanager:eu-central-2:111111111111:secret:rds!cluster-x"
MASTER = Login(user="txowner", password="the-master-password")
DATABASE = "trans_actions"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
SERVICE = ("pcidss-dev", "pcidss-dev")
REFUSED = 1045
_BREATH_SECONDS = 0.001  # without it the logins keep the interpreter from what they try to meet


def arn(identity: str) -> str:
    return f"arn:aws:secretsmanager:eu-central-2:111111111111:secret:{identity}"


@dataclass(kw_only=True)
class World:
    """The database, its secrets and its services; ``killer`` ends the function where it aims."""

    running: RunningServer
    killer: Killer = field(default_factory=Killer)
    database: str = DATABASE

    def __post_init__(self) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.load_verify_locations(self.running.certificates)
        self.manager = FakeSecretsManager(self.killer)
        self.ecs = FakeEcs(self.killer)
        self.manager.add(MASTER_ARN, {"username": MASTER.user, "password": MASTER.password})
        for identity in GRANTS:
            self.write(identity)
        self.secrets = Secrets(self.manager.client, {i: arn(i) for i in GRANTS}, MASTER_ARN)
        self.services = Services(self.ecs.client, {"application": [SERVICE]})
        self.server = Server(
            host=self.running.host,
            port=self.running.port,
            database=self.database,
            master=self.secrets.master_login,
            context=self.context,
            patience=3,
        )

    def write(self, identity: str) -> None:
        """Write a secret as CloudFormation does: the first user and a password of its own."""
        password = self.manager.get_random_password(
            PasswordLength=32, ExcludePunctuation=True, RequireEachIncludedType=True
        )
        assert isinstance(password, dict)
        value = {"username": f"{identity}_a", "password": password["RandomPassword"]}
        if arn(identity) in self.manager.secrets:
            self.manager.put_secret_value(SecretId=arn(identity), SecretString=json.dumps(value))
        else:
            self.manager.add(arn(identity), value)

    def deploy(self) -> None:
        Deployment(self.secrets, self.server, self.services).run()

    def step(self, identity: str, token: str, name: str) -> None:
        Rotation(arn(identity), token, self.secrets, self.server, self.services).run(name)

    def rotate(self, identity: str, token: str = "") -> str:
        """Run every step; a token repeats a rotation that did not get through."""
        token = token or self.manager.rotate(arn(identity))
        for name in STEPS:
            self.step(identity, token, name)
        return token

    def held(self, identity: str) -> Login:
        value = self.manager.read(arn(identity))
        return Login(user=value["username"], password=value["password"])

    def connect(self, login: Login, database: str | None = None) -> Connection:
        return pymysql.connect(
            host=self.running.host,
            port=self.running.port,
            user=login.user,
            password=login.password,
            database=database,
            ssl=self.context,
            autocommit=True,
        )

    def as_master(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements as the master user; return the rows of the last one."""
        rows: list[tuple[object, ...]] = []
        with closing(self.connect(MASTER)) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
                rows = list(cursor.fetchall())
        return rows

    def clear(self) -> None:
        """Forget every user and every table of former tests."""
        users = [f"'{i}_{letter}'@'%'" for i in GRANTS for letter in "ab"]
        self.as_master(
            *(f"DROP USER IF EXISTS {user}" for user in users),
            f"DROP DATABASE IF EXISTS {DATABASE}",
            f"CREATE DATABASE {DATABASE}",
        )


class Task:
    """Logs in hundreds of times a second, and counts what the server refuses.

    Args:
        world: Whose database.
        login: What it was started with; None reads the secret before every login.
    """

    def __init__(self, world: World, login: Login | None) -> None:
        self._world = world
        self._login = login
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.accepted = 0
        self.refused: list[float] = []

    @property
    def logins(self) -> int:
        return self.accepted + len(self.refused)

    def start(self) -> Task:
        self._thread.start()
        return self

    def stop(self) -> None:
        assert self._stop.is_set() or self._thread.is_alive(), "it ended with another error"
        self._stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.wait(_BREATH_SECONDS):
            login = self._login or self._world.held("application")
            try:
                self._world.connect(login, self._world.database).close()
                self.accepted += 1
            except pymysql.err.OperationalError as error:
                if error.args[0] != REFUSED:
                    raise  # the thread ends, and stop() finds too few logins
                self.refused.append(time.monotonic())


class RollingService:
    """A service whose task is replaced: the new one starts first, the old one ends after."""

    def __init__(self, world: World, overlap: float) -> None:
        self._world = world
        self._overlap = overlap
        self._endings: list[threading.Thread] = []
        self.tasks = [self._started()]

    def _started(self) -> Task:
        return Task(self._world, self._world.held("application")).start()

    def deploy(self) -> None:
        old = self.tasks[-1]
        self.tasks.append(self._started())
        ending = threading.Thread(target=self._end, args=(old,), daemon=True)
        ending.start()
        self._endings.append(ending)

    def settle(self) -> None:
        """Wait until no task but the newest runs."""
        for ending in self._endings:
            ending.join(10)

    def _end(self, task: Task) -> None:
        time.sleep(self._overlap)
        task.stop()


@dataclass(frozen=True, kw_only=True)
class Load:
    """A client that reads the secret before every login, and a service that is restarted."""

    client: Task
    service: RollingService

    def settle(self) -> None:
        """Wait until nobody is on the way with what the secret said before the rotation."""
        self.service.settle()
        logins, deadline = self.client.logins, time.monotonic() + 10
        while self.client.logins < logins + 2:
            assert time.monotonic() < deadline, "the client stands still"
            time.sleep(0.001)

    @property
    def refused(self) -> list[float]:
        tasks = [self.client, *self.service.tasks]
        return sorted(moment for task in tasks for moment in task.refused)

    @property
    def accepted(self) -> int:
        return sum(task.accepted for task in [self.client, *self.service.tasks])


@contextmanager
def under_load(world: World, *, overlap: float = 0.1) -> Iterator[Load]:
    """Let a client and a service log in hundreds of times a second."""
    service = RollingService(world, overlap)
    world.ecs.services[SERVICE] = service.deploy
    load = Load(client=Task(world, None).start(), service=service)
    try:
        yield load
    finally:
        service.settle()
        load.client.stop()
        service.tasks[-1].stop()
        del world.ecs.services[SERVICE]
