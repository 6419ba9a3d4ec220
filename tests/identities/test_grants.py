"""Each identity tries everything; what it must not do, the server itself refuses."""

from __future__ import annotations

from contextlib import closing
from typing import Final

import pymysql
import pytest

from pci_constructs.database_users.grants import GRANTS
from pci_constructs.database_users.server import Connection, Login, make_user
from tests.identities.world import DATABASE, World

STATEMENTS: Final = {
    # Rows.
    "SELECT * FROM payment": {"application", "owner", "reader"},
    "SELECT * FROM recent": {"application", "owner", "reader"},
    "INSERT INTO payment VALUES (2, 2)": {"application", "owner"},
    "UPDATE payment SET amount = 3 WHERE id = 1": {"application", "owner"},
    "DELETE FROM payment WHERE id = 9": {"application", "owner"},
    "CALL settle()": {"application", "owner"},
    # Schema.
    "CREATE TABLE made (id INT)": {"owner"},
    "ALTER TABLE payment ADD COLUMN noted INT": {"owner"},
    "CREATE INDEX by_amount ON payment (amount)": {"owner"},
    "CREATE VIEW seen AS SELECT id FROM payment": {"owner"},
    "SHOW CREATE VIEW recent": {"owner"},
    "CREATE PROCEDURE count_all() SELECT 1": {"owner"},
    "DROP PROCEDURE settle": {"owner"},
    "CREATE TRIGGER noted BEFORE INSERT ON payment FOR EACH ROW SET NEW.amount = 1": {"owner"},
    "RENAME TABLE spare TO moved": {"owner"},
    "TRUNCATE TABLE payment": {"owner"},
    "DROP TABLE payment": {"owner"},
    f"DROP DATABASE {DATABASE}": {"owner"},
    # Other databases, one of them with a name that a careless grant would match.
    "SELECT * FROM other.card": set(),
    "INSERT INTO transXactions.card VALUES (1)": set(),
    "SELECT * FROM transXactions.card": set(),
    "SELECT * FROM mysql.global_priv": set(),
    "CREATE DATABASE more": set(),
    "DROP DATABASE other": set(),
    # Users, privileges and the server.
    "CREATE USER 'eve'@'%'": set(),
    "DROP USER 'txowner'@'%'": set(),
    "ALTER USER 'txowner'@'%' IDENTIFIED BY 'x'": set(),
    "GRANT SELECT ON *.* TO 'reader_a'@'%'": set(),
    f"GRANT ALL ON {DATABASE}.* TO 'reader_a'@'%'": set(),
    "SET GLOBAL require_secure_transport = OFF": set(),
    "SET GLOBAL slow_query_log = OFF": set(),
    "FLUSH PRIVILEGES": set(),
    "SELECT LOAD_FILE('/etc/passwd') IS NULL FROM mysql.user": set(),
    "SELECT 1 INTO OUTFILE '/tmp/never-written'": set(),
    "SHUTDOWN": set(),
}
"""Who may do it; everybody else must be refused."""

_PREPARE: Final = (
    f"CREATE TABLE {DATABASE}.payment (id INT, amount INT)",
    f"INSERT INTO {DATABASE}.payment VALUES (1, 1)",
    f"CREATE TABLE {DATABASE}.spare (id INT)",
    f"CREATE VIEW {DATABASE}.recent AS SELECT * FROM {DATABASE}.payment",
    f"CREATE PROCEDURE {DATABASE}.settle() SELECT 1",
    *(
        statement
        for name in ("other", "transXactions")
        for statement in (
            f"DROP DATABASE IF EXISTS {name}",
            f"CREATE DATABASE {name}",
            f"CREATE TABLE {name}.card (id INT)",
        )
    ),
)
# Access denied: to the server, to a database, a table, a column, a routine; privilege needed.
_DENIED: Final = {1044, 1045, 1142, 1143, 1227, 1370, 1410}


@pytest.fixture
def deployed(world: World) -> World:
    world.as_master(*_PREPARE)
    world.deploy()
    return world


@pytest.mark.parametrize("identity", GRANTS)
def test_identity_may_do_what_the_table_says_and_nothing_else(
    deployed: World, identity: str
) -> None:
    with closing(deployed.connect(deployed.held(identity), DATABASE)) as connection:
        done = {statement for statement in STATEMENTS if _does(connection, statement)}
    assert done == {statement for statement, who in STATEMENTS.items() if identity in who}


def _does(connection: Connection, statement: str) -> bool:
    """Say whether the server does it; anything but a denial fails the test."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement)
        except pymysql.err.MySQLError as refused:
            if refused.args[0] in _DENIED:
                return False
            raise AssertionError(f"{statement}: {refused}") from refused
    return True


@pytest.mark.parametrize("identity", GRANTS)
def test_both_users_of_an_identity_may_do_the_same(deployed: World, identity: str) -> None:
    deployed.rotate(identity)
    granted = [_granted(deployed, f"{identity}_{letter}") for letter in "ab"]
    assert granted[0] == granted[1]
    assert {privilege for _, privilege in granted[0]} == GRANTS[identity]
    assert {schema for schema, _ in granted[0]} == {r"trans\_actions"}


@pytest.mark.parametrize("identity", GRANTS)
def test_login_without_tls_is_refused(deployed: World, identity: str) -> None:
    held = deployed.held(identity)
    with pytest.raises(pymysql.err.MySQLError):
        pymysql.connect(
            host=deployed.running.host,
            port=deployed.running.port,
            user=held.user,
            password=held.password,
            ssl_disabled=True,
        )
    rows = deployed.as_master(f"SHOW CREATE USER '{held.user}'@'%'")
    assert "REQUIRE SSL" in str(rows)


def test_privileges_that_the_table_lost_are_taken_away(deployed: World) -> None:
    deployed.as_master(
        f"GRANT DROP ON `{DATABASE}`.* TO 'reader_a'@'%'",
        "GRANT SELECT ON other.* TO 'reader_a'@'%'",
    )
    deployed.deploy()
    assert _granted(deployed, "reader_a") == {(r"trans\_actions", "SELECT")}


def test_no_statement_holds_a_password(deployed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    query = pymysql.connections.Connection.query

    def record(self: object, sql: str, *rest: object) -> object:
        statements.append(str(sql))
        return query(self, sql, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(pymysql.connections.Connection, "query", record)
    login = Login(user="application_b", password="a-password-to-look-for")
    with deployed.server.as_master() as connection:
        make_user(connection, login, "application", DATABASE)
    assert any("CREATE USER" in statement for statement in statements)
    assert not [statement for statement in statements if login.password in statement]
    assert deployed.server.accepts(login)


def _granted(world: World, user: str) -> set[tuple[object, ...]]:
    return set(
        world.as_master(
            "SELECT TABLE_SCHEMA, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES "
            f"WHERE GRANTEE = '''{user}''@''%'''"
        )
    )
