"""The database server: how it is reached, always over verified TLS, and who makes its users."""

from __future__ import annotations

import hashlib
import os
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import pymysql
from pymysql.constants import CR, ER

from .grants import GRANTS

_CERTIFICATES: Final = Path(__file__).parent / "certificates"
_TRY_SECONDS: Final = 20  # a paused database takes about 15 s to answer, at times more
_REFUSED: Final = (ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR, 1698, 3118)
_UNREACHABLE: Final = (CR.CR_CONN_HOST_ERROR, CR.CR_SERVER_LOST, CR.CR_SERVER_GONE_ERROR)

Connection: TypeAlias = "pymysql.Connection[Any]"
_T = TypeVar("_T")


class DatabaseError(Exception):
    """The database could not be used; the message says what an operator can do."""


class RefusedError(DatabaseError):
    """The server refused a user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user and its password; the password is not shown when it is printed."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login(user={self.user!r})"


def trust(region: str) -> ssl.SSLContext:
    """Return a client context that trusts the region's RDS root and checks the server's name.

    For a region whose root is not at hand it trusts what Lambda does, as AWS's own rotation
    functions do. Python's strict mode stays off, as in PyMySQL: it asks more of a certificate than
    RDS promises.
    """
    certificates = _CERTIFICATES / f"{region}.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificates.is_file():
        context.load_verify_locations(certificates)
    else:
        context.load_default_certs()
    return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One database on one server.

    Attributes:
        host: The cluster's writer endpoint.
        port: TCP port.
        database: The application's database.
        master: Reads the master user's login; asked again when it was refused, as RDS rotates it.
        context: Says whom to trust.
        patience: Seconds to wait for a database that wakes up, or for RDS to finish a rotation.
    """

    host: str
    port: int
    database: str
    master: Callable[[], Login]
    context: ssl.SSLContext
    patience: float = 150.0

    @classmethod
    def of_environment(cls, master: Callable[[], Login]) -> Server:
        """Return the server that the function is configured for."""
        return cls(
            host=os.environ["HOST"],
            port=int(os.environ["PORT"]),
            database=os.environ["DATABASE"],
            master=master,
            context=trust(os.environ["AWS_REGION"]),
        )

    def accepts(self, login: Login) -> bool:
        """Say whether a user can log in and use the application's database.

        Raises:
            DatabaseError: The server does not answer.
        """
        try:
            with closing(self._patiently(lambda: self._connect(login, self.database))):
                return True
        except RefusedError:
            return False

    @contextmanager
    def as_master(self) -> Iterator[Connection]:
        """Connect as the master user, and wait for RDS if it is changing the password just now.

        Raises:
            DatabaseError: The server does not answer, or goes on refusing the master user.
        """
        deadline = time.monotonic() + self.patience / 2
        while True:
            try:
                connection = self._patiently(lambda: self._connect(self.master(), None))
                break
            except RefusedError as refused:
                if time.monotonic() > deadline:
                    raise RefusedError(
                        f"{refused}. Its secret is kept and rotated by RDS: see under the "
                        "cluster's configuration whether RDS manages it, then try again"
                    ) from None
                time.sleep(min(2.0, self.patience / 10))
        with closing(connection):
            yield connection

    def sessions(self, connection: Connection, user: str) -> int:
        """Count the connections of a user on the writer that do not end within some time.

        Args:
            connection: A connection of the master user.
            user: The user.
        """
        deadline = time.monotonic() + self.patience / 2
        while (count := _sessions(connection, user)) and time.monotonic() < deadline:
            time.sleep(min(2.0, self.patience / 10))
        return count

    def _patiently(self, connect: Callable[[], _T]) -> _T:
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return connect()
            except pymysql.err.OperationalError as error:
                self._judge(error, late=time.monotonic() > deadline)
                time.sleep(min(2.0, self.patience / 10))

    def _judge(self, error: pymysql.err.OperationalError, *, late: bool) -> None:
        """Raise unless it is worth another try."""
        code, text = error.args[0], str(error.args[-1])
        if "CERTIFICATE_VERIFY_FAILED" in text:
            raise DatabaseError(
                f"The certificate of {self.host} cannot be verified ({text}): it must be signed "
                "by rds-ca-rsa2048-g1 of the region. If database_users/certificates has no file of "
                "the region, save AWS's there: https://truststore.pki.rds.amazonaws.com/<region>/"
                "<region>-bundle.pem"
            ) from None
        if code in _REFUSED:
            raise RefusedError(f"{self.host} refuses the login: {text}") from None
        if code not in _UNREACHABLE or late:
            raise DatabaseError(
                f"{self.host}:{self.port} does not answer ({text}): see that the cluster is "
                "available and that its security group admits the function's"
            ) from None

    def _connect(self, login: Login, database: str | None) -> Connection:
        return pymysql.connect(
            host=self.host,
            port=self.port,
            user=login.user,
            password=login.password,
            database=database,
            ssl=self.context,
            autocommit=True,
            connect_timeout=_TRY_SECONDS,
            read_timeout=_TRY_SECONDS,
            write_timeout=_TRY_SECONDS,
            init_command="SET SESSION wait_timeout = 60",  # a killed function leaves no session
        )


def make_user(connection: Connection, login: Login, identity: str, database: str) -> None:
    """Make a user, or bring it into the shape that the table asks for; it may be repeated.

    The server is given the password's hash, so that no statement and no log holds the password.

    Args:
        connection: A connection of the master user.
        login: The user and its password.
        identity: Whose privileges it gets.
        database: The application's database, on which alone it gets them.
    """
    secret = f"IDENTIFIED WITH mysql_native_password AS '{_hash(login.password)}' REQUIRE SSL"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE USER IF NOT EXISTS %s@'%%' {secret}", (login.user,))
        cursor.execute(f"ALTER USER %s@'%%' {secret}", (login.user,))
        cursor.execute(
            "SELECT TABLE_SCHEMA, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES "
            "WHERE GRANTEE = %s",
            (f"'{login.user}'@'%'",),
        )
        held = {(str(schema), str(privilege)) for schema, privilege in cursor.fetchall()}
        wanted = {(_pattern(database), privilege) for privilege in GRANTS[identity]}
        for schema, privilege in sorted(held - wanted):
            cursor.execute(f"REVOKE {privilege} ON {_quoted(schema)}.* FROM %s@'%%'", (login.user,))
        for schema, privilege in sorted(wanted - held):
            cursor.execute(f"GRANT {privilege} ON {_quoted(schema)}.* TO %s@'%%'", (login.user,))


def _sessions(connection: Connection, user: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = %s", (user,)
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _hash(password: str) -> str:
    """Return what ``mysql_native_password`` keeps of a password (MySQL's ``PASSWORD()``)."""
    once = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    return "*" + hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()


def _pattern(database: str) -> str:
    """Return a database's name as grants spell it, where ``_`` stands for any character."""
    return database.replace("_", r"\_")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
