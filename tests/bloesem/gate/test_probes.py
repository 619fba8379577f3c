"""What is asked sideways as a process: COPY, foreign keys, unique columns, sequences, locks, what is sent to whoever listens.
Every role of both worlds (the small company's and the real one's)."""

from __future__ import annotations

import io
from typing import Any

import psycopg
import pytest
from tests.bloesem.gate.attack import REFUSED, Truth, acting, refusal, seen
from tests.bloesem.gate.test_attack import scopes_of
from tests.bloesem.gate.test_insider import hidden, ids, reading
from tests.bloesem.gate.world import World

from bloesem.gate.ids import new_id
from bloesem.gate.served import grants
from bloesem.plan.sql.logbook import takers


@pytest.fixture(scope="module")
def truth(world: World) -> Truth:
    return Truth.of(world)


def test_copy_gives_the_rows_that_a_query_gives(world: World, truth: Truth) -> None:
    """COPY of a query of one's own is a query. Of the view itself PostgreSQL copies nothing, whosever it is."""
    for target, table, names in reading(world):
        scope = scopes_of(world, truth, target)[0]
        place = f'"{table.name}"' if target.writer else f'"{target.name}"."{table.name}"'
        columns = ", ".join(f'"{name}"' for name in names)
        with world.lent(world.login(target.key)) as connection, acting(world, connection, target, scope):
            shown = seen(connection, table, names)
            with connection.cursor() as cursor:
                out = io.BytesIO()
                with cursor.copy(f"COPY (SELECT {columns} FROM {place}) TO STDOUT".encode()) as copy:
                    for data in copy:
                        out.write(data)
            told = out.getvalue().decode()
            assert told.count("\n") == len(shown), (target.key, table.name)
            away = hidden(truth, table, set(shown))
            said = " ".join(str(v) for row in shown.values() for v in row.values())
            secret = {v for row in away.values() for v in row.values() if isinstance(v, str) and len(v) > 9}
            assert not [it for it in secret if it in told and it not in said], (target.key, table.name)
            assert refusal(connection, f"COPY {place} TO STDOUT") in {*REFUSED, "42809"}
            assert refusal(connection, f"COPY (DELETE FROM {place} RETURNING 1) TO STDOUT") in REFUSED


def test_a_cursor_changes_no_row_that_a_statement_could_not(world: World, truth: Truth) -> None:
    """WHERE CURRENT OF finds a row by where it lies: only one that the role was shown, and only what it may change."""
    for target, table, names in reading(world):
        scope = scopes_of(world, truth, target)[0]
        may = grants(world.plan, target, table.name).update
        name = next((it for it in names if it not in may), None)
        if name is None:
            continue
        with world.lent(world.login(target.key)) as connection, acting(world, connection, target, scope):
            connection.execute(f'DECLARE c CURSOR FOR SELECT 1 FROM "{table.name}"'.encode())
            connection.execute("FETCH 1 FROM c")
            update = f'UPDATE "{table.name}" SET "{name}" = "{name}" WHERE CURRENT OF c'
            assert refusal(connection, update) is not None, (target.key, table.name, name)
            assert refusal(connection, f'DELETE FROM "{table.name}" WHERE CURRENT OF c') is not None


# ---- keys --------------------------------------------------------------------------------------------------------------


def test_a_foreign_key_tells_no_more_than_was_asked(world: World, truth: Truth) -> None:
    """Whoever points to a row that they do not see learns at most whether the number that they gave is one: the error says
    no other value, of that row or any."""
    tried = 0
    for target, table, names in reading(world):
        filled = grants(world.plan, target, table.name)
        links = [it for it in table.owners if it in filled.insert | filled.update]
        if not links:
            continue
        scope = scopes_of(world, truth, target)[0]
        login = world.login(target.key)
        with world.lent(login) as connection, acting(world, connection, target, scope):
            shown = seen(connection, table, names)
        known = {str(v) for row in shown.values() for v in row.values()}
        anchor = next(t for t in world.plan.tables if t.anchor)
        people = [row[anchor.key[0]] for row in truth.rows[anchor.name]]
        secret = {
            str(v)
            for t in world.plan.tables
            for row in truth.rows[t.name]
            for v in row.values()
            if isinstance(v, str) and len(v) > 9
        } - known
        for link in links:
            for person in (*people[:3], new_id()):
                values = f"({new_id()}, {person})"
                for statement in (
                    f'INSERT INTO "{table.name}" ("{table.key[0]}", "{link}") VALUES {values} RETURNING *',
                    f'UPDATE "{table.name}" SET "{link}" = {person} RETURNING 1',
                ):
                    with world.lent(login) as connection, acting(world, connection, target, scope):
                        told = _told(connection, statement)
                    tried += 1
                    assert not [it for it in secret if it in told], (target.key, table.name, statement)
                    others = [str(p) for p in people if p != person and str(p) in told and len(str(p)) > 5]
                    assert not [it for it in others if it not in known], (target.key, table.name, statement)
    assert tried > 10


def _told(connection: Any, statement: str) -> str:
    try:
        with connection.transaction(force_rollback=True):
            cursor = connection.execute(statement.encode())
            return str(cursor.fetchall()) if cursor.description else ""
    except psycopg.Error as error:
        said = error.diag
        parts = (said.message_primary, said.message_detail, said.message_hint, said.context)
        return " ".join(filter(None, parts))


def test_a_unique_column_answers_only_who_may_ask_whether_it_is_taken(world: World) -> None:
    """A unique violation, and the time that it takes, say that a value is somebody's. So no role fills a unique column but
    keys that are drawn at random and carry no meaning, and identifiers, where its process may ask that outright
    (`identifier_taken`): a violation tells it nothing new, however long it takes."""
    rows = world.admin.execute(
        "SELECT n.nspname, c.relname, i.indexrelid::regclass::text, ARRAY(SELECT a.attname::text FROM pg_attribute a"
        " WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey::smallint[])) FROM pg_index i"
        " JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE i.indisunique"
    ).fetchall()
    tables = {(t.schema, t.name): t for t in world.plan.tables}
    may_ask, looked, wrong = takers(world.plan), 0, []
    for target in world.targets():
        for schema, name, index, columns in rows:
            table = tables.get((schema, name))
            if table is None:
                continue
            got = grants(world.plan, target, name)
            for column in [table.column(it) for it in columns if it in got.insert | got.update]:
                looked += 1
                if column.key or (column.identity and world.login(target.key) in may_ask):
                    continue
                wrong.append(f"{target.key} may probe {name}.{column.name} by {index}")
    assert looked
    assert wrong == []


def test_no_sequence_tells_how_much_happened(world: World) -> None:
    """A number that counts up is a count of what everybody else did."""
    found = [
        row[0]
        for row in world.admin.execute(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'S' AND n.nspname !~ '^pg_'"
        ).fetchall()
    ]
    assert found
    for target in world.targets():
        with world.lent(world.login(target.key)) as connection, acting(world, connection, target):
            for name in found:
                for statement in (
                    f"SELECT last_value FROM {name}",
                    f"SELECT nextval('{name}')",
                    f"SELECT setval('{name}', 1)",
                    f"SELECT currval('{name}')",
                ):
                    assert refusal(connection, statement) is not None, (target.key, statement)
            row = connection.execute(
                "SELECT count(*) FROM pg_sequences WHERE last_value IS NOT NULL AND schemaname !~ '^pg_'"
            ).fetchone()
            assert row == (0,), target.key


# ---- other people's sessions -------------------------------------------------------------------------------------------


def test_whoever_listens_hears_no_value(world: World, truth: Truth) -> None:
    """Channels are everybody's. While rows come, change and go, and facts are recorded, nothing is said on any."""
    channels = [
        row[0]
        for row in world.admin.execute(
            "SELECT DISTINCT m[1] FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,"
            " regexp_matches(p.prosrc, '(?i)(?:pg_notify\\s*\\(\\s*''|notify\\s+)(\\w+)', 'g') AS m"
            " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
    ]
    people = [row["id"] for row in truth.rows[next(t for t in world.plan.tables if t.anchor).name][:1]]
    login = next(iter(world.plan.processes))
    with world.raw(login, autocommit=True) as listening:
        for channel in [*channels, "bloesem_console", "procrastinate"]:
            listening.execute(f'LISTEN "{channel}"'.encode())
        world.admin.execute("SELECT bloesem.refresh(%s::bigint[], bloesem.moment())", [people])
        heard = [it.payload for it in listening.notifies(timeout=0.5)]
    values = {
        str(v)
        for table in world.plan.tables
        for row in truth.rows[table.name]
        for v in row.values()
        if v is not None and len(str(v)) > 4
    }
    assert not [payload for payload in heard if any(value in payload for value in values)]


def test_a_locked_row_keeps_its_secret(world: World, truth: Truth) -> None:
    """NOWAIT and SKIP LOCKED tell who is at a row: of rows that the role is shown, and of no other."""
    looked = 0
    for target, table, _names in reading(world):
        scope = scopes_of(world, truth, target)[0]
        with world.lent(world.login(target.key)) as connection, acting(world, connection, target, scope):
            shown = ids(connection, table)
        away = list(hidden(truth, table, set(shown)))
        if not away or looked > 12:
            continue
        looked += 1
        key = table.key[0]
        with world.database.connect() as busy:
            busy.execute(
                f'SELECT 1 FROM "{table.schema}"."{table.name}" WHERE "{key}" = ANY (%s) FOR UPDATE'.encode(),
                [away],
            )
            for way in ("NOWAIT", "SKIP LOCKED"):
                with (
                    world.lent(world.login(target.key)) as connection,
                    acting(world, connection, target, scope),
                ):
                    query = f'SELECT 1 FROM "{table.name}" WHERE "{key}" = {away[0]} FOR SHARE {way}'
                    try:
                        assert connection.execute(query.encode()).fetchall() == []
                    except psycopg.Error as error:
                        assert error.sqlstate in REFUSED, (target.key, table.name, way)  # noqa: PT017
            busy.rollback()
    assert looked
