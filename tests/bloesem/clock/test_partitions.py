"""A year of records goes whole when nothing in it is kept, and only then; years ahead are there in time (P-073)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.bloesem.clock.people import World, at
from tests.bloesem.plan import small
from tests.bloesem.plan.history import History, load
from tests.databases import Database

from bloesem.plan.model import Fact

BILL = small.collection(
    "bill",
    [small.column("total", "total"), small.column("held_on", key=True)],
    record_date="held_on",
    partition={"by": "held_on", "every": "year"},
)


@pytest.fixture
def bills(fresh_database: Database) -> Iterator[World]:
    plan = small.plan(fresh_database.role_prefix, collections=[small.PERSON, BILL])
    with fresh_database.connect() as connection:
        small.create_tables(connection, small.plan(fresh_database.role_prefix, collections=[small.PERSON]))
        connection.execute(
            "CREATE TABLE data.bill (id bigint, recorded_at timestamptz, person_id bigint, total text,"
            " held_on date NOT NULL, PRIMARY KEY (id, held_on)) PARTITION BY RANGE (held_on)"
        )
        for year in (2015, 2016, 2017):
            connection.execute(
                f"CREATE TABLE data.bill_{year} PARTITION OF data.bill"
                f" FOR VALUES FROM ('{year}-01-01') TO ('{year + 1}-01-01')"
            )
        small.install(connection, plan)
        rows = [
            {
                "id": i,
                "recorded_at": at("2015-01-01"),
                "person_id": 1,
                "total": "1",
                "held_on": at(day).date(),
            }
            for i, day in enumerate(["2015-05-01", "2016-05-01", "2017-05-01"], 10)
        ]
        person = [{"id": 1, "recorded_at": at("2015-01-01"), "language": None}]
        load(connection, plan, History({"person": person, "bill": rows}, []))
        connection.execute("SELECT bloesem.refresh(ARRAY[1]::bigint[], %s, true)", [at("2022-06-01")])
        connection.commit()
        yield World(plan, connection)


def years(world: World) -> list[str]:
    found = world.connection.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'data.bill'::regclass ORDER BY 1"
    ).fetchall()
    world.connection.commit()
    return [name for (name,) in found]


def test_a_year_goes_whole_and_the_years_ahead_are_made(bills: World) -> None:
    rehearsed = bills.sweep(at("2024-01-01"), dry_run=True)
    assert years(bills) == ["bill_2015", "bill_2016", "bill_2017"]
    report = bills.sweep(at("2024-01-01"))
    (bill,) = [t for t in report.tables if t.table == "bill"]
    assert bill.dropped == ("bill_2015", "bill_2016")
    assert bill.erased == {"total": 2}
    assert report.made == ("bill_2024", "bill_2025")
    assert years(bills) == ["bill_2017", "bill_2024", "bill_2025"]
    assert rehearsed.tables == report.tables


def test_a_hold_on_one_row_keeps_its_year(bills: World) -> None:
    held = Fact(1, "hold", "law:claims", at("2023-12-01"), None, "bill", 11)
    bills.connection.execute(
        "INSERT INTO bloesem.fact (person_id, kind, key, starts_at, table_name, row_id, held_by, reason, review_on)"
        " VALUES (%s, %s, %s, %s, %s, %s, 'lawyer', 'claim 1', '2024-06-01')",
        [held.person, held.kind, held.key, held.starts_at, held.table, held.row],
    )
    bills.connection.execute("SELECT bloesem.refresh(ARRAY[1]::bigint[], %s, true)", [at("2023-12-02")])
    bills.connection.commit()
    bills.sweep(at("2024-01-01"))
    assert "bill_2016" in years(bills)
    assert bills.count("data.bill") == 2
