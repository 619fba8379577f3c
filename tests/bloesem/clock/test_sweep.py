"""A sweep does what is due, says what and why, and leaves the rest alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.bloesem.clock.people import World, at, customer, event, joined, world
from tests.databases import Database

from bloesem.clock import overdue, preview, sweep, upcoming, watermark
from bloesem.errors import ClockError
from bloesem.ledger import acts


@pytest.fixture
def small_world(fresh_database: Database) -> Iterator[World]:
    made = world(fresh_database)
    try:
        yield made
    finally:
        made.connection.close()


def ex_customer(small_world: World) -> None:
    small_world.fill(
        at("2025-01-01"),
        joined(customer(1, opened="2020-01-01", ended="2024-03-01"), customer(2, opened="2020-01-01")),
        [event(1, "account.closed", "2024-03-01")],
    )


def test_an_ex_customer_goes_a_year_after_the_end_and_a_customer_stays(small_world: World) -> None:
    ex_customer(small_world)
    still = small_world.sweep(at("2025-03-01"))
    assert small_world.count("data.person") == 2
    report = small_world.sweep(at("2025-03-02"))
    assert small_world.count("data.person") == 1
    assert small_world.count("bloesem.state") == 1
    assert still.rows_deleted == 0
    assert report.forgotten == 1
    lost = {(x.table, x.purpose): x for x in report.losses}
    why = lost["identity", "support"].reason
    assert why.terms == ("P1Y after account.terminated, else P1Y after contact",)
    assert {t.table: t.deleted for t in report.tables} == {"person": 1, "identity": 1, "account": 1}
    assert next(t for t in report.tables if t.table == "identity").erased == {"name": 1}


def test_a_second_sweep_finds_nothing_to_do(small_world: World) -> None:
    ex_customer(small_world)
    small_world.sweep(at("2025-03-02"))
    again = small_world.sweep(at("2025-03-02"))
    assert (again.people, again.rows_deleted, again.tables) == (0, 0, ())


def test_each_batch_writes_one_act_with_numbers_only(small_world: World) -> None:
    ex_customer(small_world)
    small_world.sweep(at("2025-03-02"))
    done = acts(small_world.connection, kind="sweep")
    assert [a.counts["forgotten"] for a in done] == [1]
    assert done[0].counts["tables"]["identity"]["erased"] == {"name": 1}
    small_world.connection.commit()


def test_a_dry_run_says_the_same_and_changes_nothing(small_world: World) -> None:
    ex_customer(small_world)
    before = small_world.count("bloesem.act")
    planned = small_world.sweep(at("2025-03-02"), dry_run=True)
    assert small_world.count("data.person") == 2
    assert small_world.count("bloesem.act") == before
    assert watermark(small_world.connection, small_world.plan) is None
    small_world.connection.commit()
    real = small_world.sweep(at("2025-03-02"))
    assert planned.tables == real.tables
    assert planned.forgotten == real.forgotten


def test_a_preview_of_a_later_day_changes_nothing_and_leaves_the_clock(small_world: World) -> None:
    ex_customer(small_world)
    report = preview(small_world.connection, small_world.plan, at("2025-03-02").date())
    assert report.rows_deleted == 3
    small_world.sweep(at("2025-01-02"))
    assert small_world.count("data.person") == 2


def test_a_clock_that_went_back_is_refused(small_world: World) -> None:
    ex_customer(small_world)
    small_world.sweep(at("2025-03-02"))
    with pytest.raises(ClockError, match="2025-03-01, but a sweep was done on 2025-03-02"):
        small_world.sweep(at("2025-03-01"))


def test_overdue_and_upcoming_are_numbers(small_world: World) -> None:
    ex_customer(small_world)
    plan, connection = small_world.plan, small_world.connection
    late = overdue(connection, plan, at("2025-03-05"))
    connection.commit()
    assert (late.people, late.since) == (1, at("2025-03-02").date())
    falling = upcoming(connection, plan, at("2025-01-01").date(), at("2025-12-31").date())
    connection.commit()
    assert {f.purpose: f.people for f in falling if f.day == at("2025-03-01").date()} == {
        "support": 1,
        "billing": 1,
        "quality": 1,
    }
    small_world.sweep(at("2025-03-05"))
    assert overdue(connection, plan, at("2025-03-05")).total == 0


def test_a_sweep_inside_a_transaction_is_refused(small_world: World) -> None:
    small_world.connection.execute("SELECT 1")
    with pytest.raises(ClockError, match="inside a transaction"):
        sweep(small_world.connection, small_world.plan, at("2025-03-02"))


def test_small_batches_do_the_same_as_one(small_world: World) -> None:
    people = [customer(p, opened="2020-01-01", ended="2024-03-01") for p in range(1, 12)]
    closed = [event(p, "account.closed", "2024-03-01") for p in range(1, 12)]
    small_world.fill(at("2025-01-01"), joined(*people), closed)
    report = small_world.sweep(at("2025-03-02"), batch=2)
    assert (report.people, report.forgotten, report.batches) == (11, 11, 6)
    assert small_world.count("bloesem.fact") == 0


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_day_that_nobody_can_mean_is_refused(small_world: World, dry_run: bool) -> None:
    """The calendar's last day stands for `never` in a state: asked for that day, everybody would be due for ever."""
    ex_customer(small_world)
    for far in ("9999-12-31", "2300-01-01"):
        with pytest.raises(ClockError, match="too far ahead") as refused:
            small_world.sweep(at(far), dry_run=dry_run)
        assert "choose a day up to 20" in refused.value.remedy
    assert small_world.sweep(at("2060-01-01"), dry_run=True).people == 1


def test_who_has_rows_in_many_tables_is_one_person(small_world: World) -> None:
    people = [customer(p, opened="2020-01-01", ended="2024-03-01") for p in range(1, 4)]
    closed = [event(p, "account.closed", "2024-03-01") for p in range(1, 4)]
    small_world.fill(at("2025-01-01"), joined(*people), closed)
    report = small_world.sweep(at("2060-01-01"), dry_run=True)
    assert report.people == 3
    first = next(report.lines())
    assert "3 people would be reviewed, 3 would be forgotten" in first
