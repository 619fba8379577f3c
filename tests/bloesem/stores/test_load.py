"""A bulk load gives each row the masks that its trigger would have given it."""

from __future__ import annotations

import datetime as dt

import pytest
from psycopg import sql
from tests.bloesem.plan import small
from tests.databases import Database

from bloesem.errors import StoreError
from bloesem.plan.dates import midnight
from bloesem.stores.load import insert_select, quietly, states

TODAY = midnight(dt.date(2026, 11, 23)) + dt.timedelta(hours=9)


def test_a_set_based_load_equals_the_trigger(fresh_database: Database) -> None:
    plan = small.plan(fresh_database.role_prefix)
    with fresh_database.connect() as connection:
        small.create_tables(connection, plan)
        small.install(connection, plan)
        with quietly(connection):
            connection.execute(
                "INSERT INTO data.person (id, recorded_at) SELECT i, now() - make_interval(days => i) "
                "FROM generate_series(1, 800) i"
            )
            connection.execute(
                "INSERT INTO data.account (id, recorded_at, person_id, opened_at, terminated_at) SELECT i, now(), i, "
                "now() - interval '3 years', CASE WHEN i % 3 = 0 THEN now() - make_interval(days => i) END "
                "FROM generate_series(1, 800) i WHERE i % 2 = 0"
            )
        moment = connection.execute("SELECT bloesem.moment()").fetchone()
        assert moment is not None
        assert states(connection, plan, moment[0]) == 800
        point = sql.SQL(
            "SELECT i + {}, now() - make_interval(days => i), i, 'x', CASE WHEN i % 5 = 0 THEN 'employer:Acme' END "
            "FROM generate_series(1, 800) i"
        )
        columns = ["id", "recorded_at", "person_id", "value", "source"]
        assert insert_select(connection, plan, "point", columns, point.format(10_000), moment[0]) == 800
        listed = sql.SQL(", ").join(map(sql.Identifier, columns))
        connection.execute(sql.SQL("INSERT INTO data.point ({}) {}").format(listed, point.format(20_000)))
        different = connection.execute(
            "SELECT count(*) FROM data.point a JOIN data.point b ON b.id = a.id + 10000 WHERE a.id < 20000 "
            "AND (a.used_for, a.kept_for, a.good_until) IS DISTINCT FROM (b.used_for, b.kept_for, b.good_until)"
        ).fetchone()
        kinds = connection.execute(
            "SELECT count(DISTINCT (used_for, kept_for, good_until)) FROM data.point"
        ).fetchone()
        assert different == (0,)
        assert kinds is not None
        assert kinds[0] > 10


def test_two_owners_are_for_the_trigger(fresh_database: Database) -> None:
    plan = small.plan(fresh_database.role_prefix)
    with fresh_database.connect() as connection, pytest.raises(StoreError, match="2 owners"):
        insert_select(connection, plan, "session", ["id"], sql.SQL("SELECT 1"), TODAY)
