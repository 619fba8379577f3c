"""Who writes and who acts on the same person at once: neither is told to begin again (one order of locks)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from tests.bloesem.rights.guarded.world import Blossom, asked

from bloesem.stores.postgres import Connection


def _waiting(admin: Connection, least: int = 1) -> bool:
    """Whether somebody waits for a lock in this database."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    row = admin.execute(query.encode()).fetchone()
    return row is not None and row[0] >= least


def _restricts(blossom: Blossom, person: int) -> None:
    with blossom.connect() as own:
        blossom.desk(own).note(asked(person), "restriction", [("restriction", "accuracy")])


def _erases(blossom: Blossom, person: int) -> None:
    with blossom.connect() as own:
        blossom.desk(own).erase(asked(person), ground="17(1)(a)")


#: What a page writes: its trigger asks for the person's state.
ENDS = ("account", "terminated_at = bloesem.moment()")
MOVES = ("email_address", "source = source || '' , recorded_at = recorded_at - interval '1 day'")


@pytest.mark.parametrize(
    ("act", "page"),
    [(_restricts, ENDS), (_erases, ENDS), (_restricts, MOVES)],
    ids=["restricts-ends", "erases-ends", "restricts-moves"],
)
def test_a_page_that_writes_is_never_told_to_begin_again(
    blossom: Blossom, act: Callable[[Blossom, int], None], page: tuple[str, str]
) -> None:
    """The act has the person, and waits a moment for somebody else; meanwhile the page writes a row that the act needs next,
    and asks for the person."""
    person, (table, change) = blossom.one("customer"), page
    failed: list[BaseException] = []

    def alone(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as fault:
                failed.append(fault)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def writes() -> None:
        with blossom.connect() as own:
            own.execute(f"UPDATE data.{table} SET {change} WHERE person_id = %s".encode(), [person])

    first = next(
        t
        for t in blossom.loaded.plan.tables
        if not t.facts and t.name != table and t.owners == ("person_id",) and _has(blossom, t.name, person)
    )
    with blossom.connect() as admin, blossom.database.connect() as third:
        third.execute(f"SELECT FROM data.{first.name} WHERE person_id = %s FOR UPDATE".encode(), [person])
        acting = alone(lambda: act(blossom, person))
        _until(admin, 1)
        writing = alone(writes)
        _until(admin, 2)
        third.commit()
        for thread in (acting, writing):
            thread.join(timeout=30)
            assert not thread.is_alive()
    assert failed == []
    kinds = "SELECT count(*) FROM bloesem.fact WHERE person_id = %s AND source_row IS NULL AND starts_at > now() - interval '1 h'"
    assert blossom.value(kinds, person) >= 1


def _has(blossom: Blossom, table: str, person: int) -> bool:
    return bool(blossom.value(f"SELECT count(*) FROM data.{table} WHERE person_id = %s", person))


def _until(admin: Connection, waiting: int) -> None:
    until = time.monotonic() + 5
    while not _waiting(admin, waiting) and time.monotonic() < until:
        time.sleep(0.005)
