"""Two people on one row: each sees the columns that are theirs, through a view, and the table itself shows neither."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from tests.bloesem.gate.attack import acting, refusal
from tests.bloesem.gate.world import World, inhabited, opened
from tests.databases import Database

NOW = dt.datetime.now(dt.UTC)
ANN, BEA, CAS = 81, 82, 83
OWNED = "place, total, co_name, person_id, co_person_id"


@pytest.fixture
def store(fresh_database: Database) -> Iterator[World]:
    """Ann charges at home with Bea; Cas lives elsewhere."""
    with fresh_database.connect(autocommit=True) as admin:
        events = ("interaction", "account.opened", "customer.started")
        world = inhabited(fresh_database, admin, (ANN, BEA, CAS), events)
        admin.execute(
            "INSERT INTO data.session (id, recorded_at, person_id, co_person_id, place, total, co_name, held_on)"
            " VALUES (1, now(), %s, %s, 'home', '12', 'Bea', %s)",
            [ANN, BEA, NOW.date()],
        )
        with opened(world):
            yield world


def seen(world: World, person: int, where: str = "true") -> list[Any]:
    target = next(t for t in world.targets() if t.key == "subject")
    with world.raw("portal") as connection, acting(world, connection, target, person):
        return connection.execute(f"SELECT {OWNED} FROM session WHERE {where}".encode()).fetchall()


@pytest.mark.both_servers
def test_each_of_two_people_sees_the_columns_that_are_theirs(store: World) -> None:
    assert seen(store, ANN) == [("home", "12", None, ANN, BEA)]
    assert seen(store, BEA) == [(None, None, "Bea", ANN, BEA)]
    assert seen(store, CAS) == []


def test_a_condition_tells_nothing_of_another_persons_value(store: World) -> None:
    assert seen(store, BEA, "co_name = 'Bea'")
    for condition in ("place = 'home'", "total::int = 12", "place IS NOT NULL", "length(total) > 0"):
        assert seen(store, ANN, condition)
        assert seen(store, BEA, condition) == []
    # Nor does an error: what is cast is what they see.
    assert seen(store, BEA, "place::int IS NULL")


def test_the_table_shows_nothing_to_who_sees_it_through_the_view(store: World) -> None:
    """Also where somebody let the role find it: there is no grant on it to use."""
    plan = store.plan
    target = next(t for t in store.targets() if t.key == "subject")
    store.admin.execute(f"GRANT USAGE ON SCHEMA data TO {plan.role('subject')}".encode())
    with store.raw("portal") as connection, acting(store, connection, target, BEA):
        for column in (*OWNED.split(", "), "id", "1"):
            assert refusal(connection, f"SELECT {column} FROM data.session") == "42501"
        for change in (
            "UPDATE session SET co_name = 'x'",
            "UPDATE session SET place = 'x'",
            "DELETE FROM session",
        ):
            assert refusal(connection, change) in ("42501", "0A000")  # 0A000: an expression is no column
        assert refusal(connection, f'SET ROLE "{plan.role("subject_shared")}"') == "42501"


def test_nobody_is_a_member_of_who_reads_shared_rows_whole(store: World) -> None:
    found = store.admin.execute(
        "SELECT r.rolcanlogin, (SELECT count(*) FROM pg_auth_members a WHERE a.roleid = r.oid OR a.member = r.oid)"
        " FROM pg_roles r WHERE rolname = %s",
        [store.plan.role("subject_shared")],
    ).fetchone()
    assert found == (False, 0)
