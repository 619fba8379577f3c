"""`ChangeData`: what a migration of Django changes, it changes as keeper, and as many rows as it said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections, migrations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from psycopg import sql
from tests.bloesem.gate.conftest import ROOT
from tests.bloesem.gate.world import World, opened, register
from tests.charging.databases import migrated
from tests.databases import Database

from bloesem.company import load_plan
from bloesem.errors import GateError
from bloesem.gate.ids import new_id
from bloesem.gate.migrations import ChangeData
from bloesem.gate.settings import admin_database

ALIAS = "migrating"


@pytest.fixture(scope="module")
def store(module_database: Database) -> Iterator[World]:
    """Blossom's tables with the plan in force and two named people."""
    database = migrated(module_database)
    with database.connect(autocommit=True) as admin:
        plan = load_plan(
            ROOT / "company" / "blossom", on=dt.datetime.now(dt.UTC).date(), prefix=database.role_prefix
        )
        world = World(plan, database, admin)
        world.put_in_force()
        for name in ("Zoë", "Émile"):
            person = new_id()
            admin.execute(
                "INSERT INTO data.person (id, recorded_at, source, kind, state, language)"
                " VALUES (%s, now(), 'assigned', 'driver', 'customer', 'nl')",
                [person],
            )
            admin.execute("SELECT bloesem.record_fact(%s, 'event', 'account.opened', now())", [person])
            admin.execute(
                "INSERT INTO data.person_name (id, person_id, recorded_at, source, given_name)"
                " VALUES (%s, %s, now(), 'subject:contract', %s)",
                [new_id(), person, name],
            )
        with opened(world):
            yield world


def owns(store: World, what: str) -> None:
    """The owner of the tables made it too, in a database that `bloesem up` migrates."""
    owner = sql.Identifier(store.plan.role("owner"))
    store.admin.execute(sql.SQL("ALTER {} OWNER TO {}").format(sql.SQL(what), owner))


@pytest.fixture
def executor(store: World) -> Iterator[MigrationExecutor]:
    """Django's own, as `bloesem up` sets it: in the shoes of the owner of the tables."""
    register(ALIAS, admin_database(store.database.dsn))
    connection = connections[ALIAS]
    try:
        with connection.cursor() as cursor:
            owns(store, "TABLE data.django_migrations")
            cursor.execute(f'SET ROLE "{store.plan.role("owner")}"')
        yield MigrationExecutor(connection)
    finally:
        connection.close()
        del connections[ALIAS]
        del connections.settings[ALIAS]


def folded(world: World) -> set[str | None]:
    return {row[0] for row in world.admin.execute("SELECT given_norm FROM data.person_name")}


def forget_folded(world: World) -> None:
    with world.admin.transaction():
        world.admin.execute("SET LOCAL session_replication_role = replica")
        world.admin.execute("UPDATE data.person_name SET given_norm = NULL")


def role(executor: MigrationExecutor) -> Any:
    with executor.connection.cursor() as cursor:
        cursor.execute("SELECT current_user::text")
        return cursor.fetchone()[0]


def test_a_migration_that_changes_data_reaches_rows_that_the_owner_does_not_see(
    store: World, executor: MigrationExecutor
) -> None:
    owns(store, "FUNCTION data.suppression_key_again()")
    owns(store, "TABLE data.product")
    executor.migrate([("people", "0005_name_norm")])
    forget_folded(store)
    assert folded(store) == {None}
    MigrationExecutor(executor.connection).migrate([("people", "0006_fold_names")])
    assert folded(store) == {"zoe", "emile"}
    assert role(executor) == store.plan.role("owner")


def apply(executor: MigrationExecutor, *operations: Any) -> None:
    class Now(migrations.Migration):
        pass

    Now.operations = list(operations)
    executor.apply_migration(ProjectState(), Now(f"test_{new_id()}", "people"))


def test_a_count_that_differs_undoes_all_of_the_migration(store: World, executor: MigrationExecutor) -> None:
    change = "UPDATE person_name SET family_name = 'X'"
    recorded = store.admin.execute("SELECT count(*) FROM data.django_migrations").fetchone()
    with pytest.raises(GateError, match="2 rows were changed where 3 were expected"):
        apply(executor, migrations.RunSQL("CREATE TABLE half_done ()"), ChangeData(change, expects=3))
    rows = store.admin.execute("SELECT family_name, to_regclass('data.half_done') FROM data.person_name")
    assert rows.fetchall() == [(None, None), (None, None)]
    assert store.admin.execute("SELECT count(*) FROM data.django_migrations").fetchone() == recorded
    apply(executor, ChangeData(change, expects=2))
    assert store.admin.execute("SELECT DISTINCT family_name FROM data.person_name").fetchall() == [("X",)]


def test_what_comes_after_the_change_is_the_owners_again(store: World, executor: MigrationExecutor) -> None:
    apply(
        executor,
        ChangeData("DELETE FROM person_name WHERE false", expects=0),
        migrations.RunSQL("CREATE TABLE of_whom ()"),
    )
    owner = store.admin.execute(
        "SELECT relowner::regrole::text FROM pg_class WHERE oid = 'data.of_whom'::regclass"
    ).fetchone()
    assert owner == (store.plan.role("owner"),)


def test_a_change_is_one_statement(store: World, executor: MigrationExecutor) -> None:
    two = "UPDATE person_name SET family_name = 'Y'; DELETE FROM person_name WHERE false"
    with pytest.raises(Exception, match="multiple commands"):
        apply(executor, ChangeData(two, expects=0))
    assert store.admin.execute("SELECT DISTINCT family_name FROM data.person_name").fetchall() != [("Y",)]


def test_who_may_not_be_keeper_changes_nothing(store: World) -> None:
    """A login that owns the tables and no more: the owner's own UPDATE would find no row, and say nothing."""
    name = store.plan.prefix + "migrator"
    owner = store.plan.role("owner")
    store.admin.execute(f'CREATE ROLE "{name}" LOGIN PASSWORD \'x\' IN ROLE "{owner}"')
    register(ALIAS, admin_database(store.database.dsn) | {"USER": name, "PASSWORD": "x"})
    try:
        executor = MigrationExecutor(connections[ALIAS])
        with pytest.raises(GateError, match="may not be keeper"):
            apply(executor, ChangeData("UPDATE person_name SET family_name = 'Z'", expects=0))
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.settings[ALIAS]
        store.admin.execute(f'DROP ROLE "{name}"')


def test_numbers_of_invoices_that_are_there_are_given(store: World) -> None:
    """By an administrator too, who stays one afterwards."""
    person = store.admin.execute("SELECT min(id) FROM data.person").fetchone()
    store.admin.execute(
        "INSERT INTO data.invoice (id, person_id, recorded_at, issued_on, number)"
        " SELECT n, %s, now(), current_date, 'F' || n FROM generate_series(1, 3) n",
        person,
    )
    register(ALIAS, admin_database(store.database.dsn))
    try:
        connection = connections[ALIAS]
        MigrationExecutor(connection).migrate([("billing", "0002_years")])
        MigrationExecutor(connection).migrate([("billing", "0005_numbers_given")])
    finally:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.settings[ALIAS]
    given = store.admin.execute("SELECT number FROM data.invoice_number ORDER BY number").fetchall()
    assert given == [("F1",), ("F2",), ("F3",)]


def test_it_cannot_be_taken_back_unless_it_says_how() -> None:
    assert not ChangeData("DELETE FROM person_name", expects=1).reversible
    assert ChangeData("DELETE FROM person_name", expects=1, back="SELECT 1", back_expects=1).reversible
