"""Rows that nothing but their own date kept go without being judged anew: exactly those that the plain calculus lets go,
in batches of any size, whoever else is writing."""

from __future__ import annotations

import datetime as dt
import random
import sys
import threading
from collections.abc import Iterator, Sequence

import pytest
from tests.bloesem.clock.people import Fact, Row, World, at, customer, event, joined
from tests.bloesem.plan import small
from tests.databases import Database

from bloesem.clock import SweepReport, overdue, sweep
from bloesem.plan.dates import midnight
from bloesem.plan.sql.clock import ages

VOUCHER = small.collection(
    "voucher", [small.column("total", "total"), small.column("held_on", key=True)], record_date="held_on"
)


@pytest.fixture
def books(fresh_database: Database) -> Iterator[World]:
    """The small company, which also keeps vouchers: seven years (ten since 2023) from the end of their own year."""
    plan = small.plan(fresh_database.role_prefix, collections=[*small.COLLECTIONS, VOUCHER])
    assert [t.name for t in plan.tables if ages(plan, t)] == ["voucher"]
    with fresh_database.connect() as connection:
        small.create_tables(connection, plan)
        small.install(connection, plan)
        connection.commit()
        yield World(plan, connection)


def vouchers(person: int, *days: str) -> dict[str, list[Row]]:
    rows: list[Row] = [
        {"id": person * 1000 + i, "person_id": person, "total": "12", "held_on": dt.date.fromisoformat(day)}
        for i, day in enumerate(days)
    ]
    return {"voucher": rows}


def hold(person: int, row: int, since: str, until: str | None = None) -> Fact:
    return Fact(person, "hold", "disputes", at(since), at(until) if until else None, table="voucher", row=row)


def agree(books: World, now: dt.datetime) -> None:
    """Every voucher is stored if and only if the calculus says so; nothing is left due."""
    for row in books.rows["voucher"]:
        said, there = books.stored("voucher", row["id"], now)
        assert said == there, (row, now)
    assert overdue(books.connection, books.plan, now).total == 0
    books.connection.commit()


@pytest.mark.parametrize("rows_per_person", [1, 3, 100])
@pytest.mark.parametrize("seed", range(3))
def test_what_goes_and_stays_is_what_the_calculus_says(
    books: World, monkeypatch: pytest.MonkeyPatch, rows_per_person: int, seed: int
) -> None:
    monkeypatch.setattr(sys.modules["bloesem.clock.sweep"], "ROWS_PER_PERSON", rows_per_person)
    draw = random.Random(seed)
    people, facts = [], []
    for p in range(1, 9):
        ended = draw.choice([None, f"{draw.randint(2017, 2024)}-0{draw.randint(1, 9)}-15"])
        people.append(customer(p, opened="2015-01-01", ended=ended))
        days = [
            f"{draw.randint(2015, 2024)}-{draw.choice(['01-01', '06-30', '12-31'])}"
            for _ in range(draw.randint(0, 7))
        ]
        people.append(vouchers(p, *days))
        for i in range(len(days)):
            if draw.random() < 0.2:
                since = f"{draw.randint(2018, 2030)}-03-01"
                until = draw.choice([None, f"{int(since[:4]) + draw.randint(1, 6)}-02-01"])
                facts.append(hold(p, p * 1000 + i, since, until))
        if ended:
            facts.append(event(p, "account.closed", ended))
    books.fill(at("2015-02-01"), joined(*people), facts)
    for year in range(2019, 2041):
        for day in (f"{year}-01-01", f"{year}-08-01"):
            now = midnight(dt.date.fromisoformat(day)) + dt.timedelta(hours=9)
            assert books.sweep(now, batch=1).complete
            agree(books, now)
    kept = {f.person for f in facts if f.kind == "hold" and f.ends_at is None}
    assert books.count("bloesem.state") >= len(kept)


def swept_behind(books: World, database: Database, happening: Sequence[str]) -> SweepReport:
    """A sweep counts two rows and waits for their owner's state; then this happens, and it goes on."""
    rows = joined(
        customer(1, opened="2015-01-01", ended="2018-07-01"), vouchers(1, "2018-05-01", "2018-06-01")
    )
    books.fill(at("2018-12-01"), rows, [event(1, "account.closed", "2018-07-01")])
    books.sweep(at("2025-12-31"))
    done: list[SweepReport] = []

    def other() -> None:
        with database.connect() as connection:
            done.append(sweep(connection, books.plan, at("2026-01-01")))

    books.connection.execute("SELECT 1 FROM bloesem.state WHERE person_id = 1 FOR UPDATE")
    thread = threading.Thread(target=other)
    thread.start()
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with database.connect(autocommit=True) as watch:
        while not watch.execute(waits).fetchone():
            assert thread.is_alive(), "the sweep did not wait for the owner's state"
    for statement in happening:
        books.connection.execute(statement.encode())
    books.connection.commit()
    thread.join(timeout=30)
    assert not thread.is_alive()
    return done[0]


def test_a_hold_that_comes_while_the_sweep_waits_keeps_its_row(
    books: World, fresh_database: Database
) -> None:
    report = swept_behind(
        books,
        fresh_database,
        [
            (
                "INSERT INTO bloesem.fact (person_id, kind, key, starts_at, table_name, row_id, held_by, reason,"
                " review_on) VALUES (1, 'hold', 'disputes', '2025-12-31', 'voucher', 1000, 'x', 'y', '2026-06-01')"
            ),
            "SELECT bloesem.refresh('{1}', '2025-12-31 12:00+01', true)",
        ],
    )
    assert books.connection.execute("SELECT id FROM data.voucher").fetchall() == [(1000,)]
    assert report.rows_deleted == 1


def test_a_row_that_went_while_the_sweep_waits_is_not_counted(books: World, fresh_database: Database) -> None:
    report = swept_behind(books, fresh_database, ["DELETE FROM data.voucher WHERE id = 1001"])
    assert books.count("data.voucher") == 0
    assert (report.rows_deleted, report.forgotten) == (1, 1)


def test_people_and_their_facts_go_with_the_last_row(books: World) -> None:
    rows = joined(customer(1, opened="2015-01-01", ended="2018-07-01"), vouchers(1, "2018-05-01"))
    books.fill(at("2018-12-01"), rows, [event(1, "account.closed", "2018-07-01")])
    books.sweep(at("2025-12-31"))
    assert (books.count("data.voucher"), books.count("data.person"), books.count("bloesem.state")) == (
        1,
        0,
        1,
    )
    report = books.sweep(at("2026-01-01"))
    assert (report.rows_deleted, report.forgotten) == (1, 1)
    assert (books.count("data.voucher"), books.count("bloesem.state"), books.count("bloesem.fact")) == (
        0,
        0,
        0,
    )
    gone = next(t for t in report.tables if t.table == "voucher")
    assert gone.erased == {"total": 1}
    assert {x.purpose for x in report.losses if x.table == "voucher"} >= {"archive", "law:tax-archive"}
