"""An objection and a new row, in every order: afterwards nothing is readable for the purpose that was objected to."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from tests.bloesem.gate.world import Connection, World, copied, inhabited
from tests.databases import Database

from bloesem.clock import moment
from bloesem.gate import new_id
from bloesem.stores.rebuild import rebuild

pytestmark = pytest.mark.both_servers

ANN = 71
OBJECT = "SELECT bloesem.record_fact(%s, 'objection', 'marketing', now())"
INSERT = "INSERT INTO marketing.segment (id, person_id, recorded_at, name) VALUES (%s, %s, now(), 'keen')"


@pytest.fixture
def store(fresh_database: Database) -> Iterator[World]:
    people, events = range(ANN, ANN + 6), ("interaction", "account.opened")
    with copied(
        fresh_database, "race", lambda model, admin: inhabited(model, admin, people, events)
    ) as world:
        yield world


@pytest.fixture
def writer(store: World) -> Iterator[Connection]:
    """The marketing job, as its own login."""
    with store.raw("worker") as connection:
        yield connection


@pytest.fixture
def objector(store: World) -> Iterator[Connection]:
    with store.database.connect() as connection:
        yield connection


@pytest.fixture
def meanwhile() -> Iterator[Callable[..., Future[Any]]]:
    with ThreadPoolExecutor(4) as pool:
        yield pool.submit


def act(store: World, connection: Connection) -> None:
    connection.execute(f'SET LOCAL ROLE "{store.plan.role("marketing")}"')


def insert(store: World, connection: Connection, person: int = ANN) -> None:
    act(store, connection)
    connection.execute(INSERT, [new_id(), person])


def waits(store: World, connection: Connection) -> None:
    """Until PostgreSQL itself says that the connection waits for a lock."""
    for _ in range(400):
        row = store.admin.execute(
            "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", [connection.info.backend_pid]
        ).fetchone()
        if row == ("Lock",):
            return
        time.sleep(0.025)
    raise AssertionError("it does not wait: the two pass each other")


def readable(store: World, person: int = ANN) -> int:
    with store.raw("worker") as connection:
        act(store, connection)
        row = connection.execute(
            "SELECT count(*) FROM marketing.segment WHERE person_id = %s", [person]
        ).fetchone()
        return int(row[0]) if row else 0


def test_objection_before_insert(store: World, writer: Connection, objector: Connection) -> None:
    objector.execute(OBJECT, [ANN])
    objector.commit()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        insert(store, writer)
    assert readable(store) == 0


def test_insert_before_objection(store: World, writer: Connection, objector: Connection) -> None:
    insert(store, writer)
    writer.commit()
    assert readable(store) == 1
    objector.execute(OBJECT, [ANN])
    objector.commit()
    assert readable(store) == 0


def test_objection_while_the_insert_is_not_committed(
    store: World, writer: Connection, objector: Connection, meanwhile: Callable[..., Future[Any]]
) -> None:
    insert(store, writer)
    objecting = meanwhile(objector.execute, OBJECT, [ANN])
    waits(store, objector)
    writer.commit()
    objecting.result(20)
    objector.commit()
    assert readable(store) == 0


def test_insert_while_the_objection_is_not_committed(
    store: World, writer: Connection, objector: Connection, meanwhile: Callable[..., Future[Any]]
) -> None:
    objector.execute(OBJECT, [ANN])
    inserting = meanwhile(insert, store, writer)
    waits(store, writer)
    objector.commit()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        inserting.result(20)
    writer.rollback()
    assert readable(store) == 0


def test_an_insert_that_is_undone_leaves_the_objection(
    store: World, writer: Connection, objector: Connection, meanwhile: Callable[..., Future[Any]]
) -> None:
    insert(store, writer)
    objecting = meanwhile(objector.execute, OBJECT, [ANN])
    waits(store, objector)
    writer.rollback()
    objecting.result(20)
    objector.commit()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        insert(store, writer)


def test_an_objection_that_is_undone_leaves_the_insert(
    store: World, writer: Connection, objector: Connection, meanwhile: Callable[..., Future[Any]]
) -> None:
    objector.execute(OBJECT, [ANN])
    inserting = meanwhile(insert, store, writer)
    waits(store, writer)
    objector.rollback()
    inserting.result(20)
    writer.commit()
    assert readable(store) == 1


@pytest.mark.parametrize(
    "level", [psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE]
)
def test_an_older_snapshot_does_not_bring_the_purpose_back(
    store: World, writer: Connection, objector: Connection, level: psycopg.IsolationLevel
) -> None:
    writer.isolation_level = level
    writer.execute("SELECT 1 FROM pg_class LIMIT 1")
    objector.execute(OBJECT, [ANN])
    objector.commit()
    with pytest.raises((psycopg.errors.SerializationFailure, psycopg.errors.InsufficientPrivilege)):
        insert(store, writer)
    writer.rollback()
    assert readable(store) == 0


@pytest.mark.parametrize(
    "level", [psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE]
)
def test_an_objection_with_an_older_snapshot_is_refused_since_it_would_miss_the_row(
    store: World, writer: Connection, objector: Connection, level: psycopg.IsolationLevel
) -> None:
    objector.isolation_level = level
    objector.execute("SELECT 1 FROM pg_class LIMIT 1")
    insert(store, writer)
    writer.commit()
    with pytest.raises(psycopg.errors.InvalidTransactionState):
        objector.execute(OBJECT, [ANN])
    objector.rollback()
    objector.isolation_level = None
    objector.execute(OBJECT, [ANN])
    objector.commit()
    assert readable(store) == 0


# ---- what two people share


BOTH = 9_000
SHARE = (
    "INSERT INTO data.session (id, recorded_at, person_id, co_person_id, place, total, held_on) "
    "VALUES (%s, now(), %s, %s, 'home', '7', current_date)"
)
FACT = "SELECT bloesem.record_fact(%s, %s, %s, now())"


def shared(store: World) -> set[str]:
    """The purposes that may read the row that the two share; what a rebuild would say must be the same."""
    assert rebuild(store.admin, store.plan, moment(store.admin, store.plan)) == 0
    row = store.admin.execute("SELECT used_for FROM data.session WHERE id = %s", [BOTH]).fetchone()
    assert row is not None
    return set(store.plan.keys(row[0]))


@pytest.fixture
def second(store: World) -> Iterator[Connection]:
    with store.database.connect() as connection:
        yield connection


@pytest.mark.parametrize("other", [("objection", "reporting"), ("restriction", "accuracy")])
@pytest.mark.parametrize("turned", [False, True])
def test_two_people_who_share_a_row_object_at_once(
    store: World,
    objector: Connection,
    second: Connection,
    meanwhile: Callable[..., Future[Any]],
    other: tuple[str, str],
    turned: bool,
) -> None:
    """Each holds the one's own state alone; whoever comes last to the row sees what the other did."""
    store.admin.execute(SHARE, [BOTH, ANN, ANN + 1])
    before = shared(store)
    assert {"billing", "marketing", "reporting"} <= before
    facts = [("objection", "marketing"), other]
    first, then = reversed(facts) if turned else facts
    objector.execute(FACT, [ANN, *first])
    also = meanwhile(second.execute, FACT, [ANN + 1, *then])
    waits(store, second)
    objector.commit()
    also.result(20)
    second.commit()
    left = before - {"marketing", "reporting"} if other[0] == "objection" else set()
    assert shared(store) == left


def test_a_sweep_and_an_objection_of_the_one_who_is_not_due(
    store: World, objector: Connection, second: Connection, meanwhile: Callable[..., Future[Any]]
) -> None:
    store.admin.execute(SHARE, [BOTH, ANN, ANN + 1])
    before = shared(store)
    # The row's masks are older than what the clock will make of them: the sweep writes them.
    store.admin.execute("SET bloesem.clock = 'on'")
    store.admin.execute("UPDATE data.session SET used_for = 0 WHERE id = %s", [BOTH])
    objector.execute(FACT, [ANN, "objection", "reporting"])
    second.execute("SELECT 1 FROM bloesem.state WHERE person_id = %s FOR UPDATE", [ANN + 1])
    swept = meanwhile(second.execute, "SELECT bloesem.review(%s, bloesem.moment())", [[ANN + 1]])
    waits(store, second)
    objector.commit()
    swept.result(20)
    second.commit()
    assert shared(store) == before - {"reporting"}


def test_a_row_that_two_share_comes_in_while_either_objects(
    store: World, objector: Connection, second: Connection, meanwhile: Callable[..., Future[Any]]
) -> None:
    objector.execute(FACT, [ANN, "objection", "reporting"])
    coming = meanwhile(second.execute, SHARE, [BOTH, ANN + 1, ANN])  # the higher number first
    waits(store, second)
    objector.commit()
    coming.result(20)
    second.commit()
    assert "billing" in shared(store)
    assert "reporting" not in shared(store)


def test_two_rows_of_one_person_that_are_facts_too_wait_for_each_other_and_both_come_in(
    store: World, objector: Connection, second: Connection, meanwhile: Callable[..., Future[Any]]
) -> None:
    query = "INSERT INTO data.talk (id, recorded_at, person_id, said, at) VALUES (%s, now(), %s, 'x', now()), (%s, now(), %s, 'y', now())"
    objector.execute(query, [1, ANN, 2, ANN + 1])
    coming = meanwhile(second.execute, query, [3, ANN, 4, ANN + 1])
    waits(store, second)
    objector.commit()
    coming.result(20)
    second.commit()
    count = store.admin.execute("SELECT count(*) FROM data.talk").fetchone()
    assert count == (4,)


def test_what_the_keeper_changes_is_judged_like_anybodys(store: World) -> None:
    """A migration that moves a row to somebody else, or says another source, changes what may be read, at once."""
    store.admin.execute("SELECT bloesem.record_fact(%s, 'objection', 'marketing', now())", [ANN + 1])
    with store.raw("worker") as connection:
        insert(store, connection)
        connection.commit()
    assert readable(store) == 1
    with store.database.connect() as keeper:
        keeper.execute(f'SET ROLE "{store.plan.role("keeper")}"')
        keeper.execute("UPDATE data.segment SET person_id = %s", [ANN + 1])
        keeper.commit()
    assert readable(store) == readable(store, ANN + 1) == 0
    assert rebuild(store.admin, store.plan, moment(store.admin, store.plan)) == 0


def test_many_at_once_leave_nothing_readable(store: World) -> None:
    """Six people, writers and objectors at random: deadlocks and refusals are fine, a readable row is not."""
    people = list(range(ANN, ANN + 6))
    met = threading.Barrier(4, timeout=20)

    def write(seed: int) -> None:
        chance = random.Random(seed)
        with store.raw("worker") as connection:
            met.wait()
            for _ in range(40):
                try:
                    for person in chance.sample(people, 2):
                        insert(store, connection, person)
                        time.sleep(chance.random() / 500)
                    connection.commit()
                except (psycopg.errors.InsufficientPrivilege, psycopg.errors.DeadlockDetected):
                    connection.rollback()

    def refuse(seed: int) -> None:
        chance = random.Random(seed)
        with store.database.connect() as connection:
            met.wait()
            for person in chance.sample(people, len(people)):
                time.sleep(chance.random() / 20)
                for _ in range(10):
                    try:
                        connection.execute(OBJECT, [person])
                        connection.commit()
                        break
                    except psycopg.errors.DeadlockDetected:
                        connection.rollback()

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(write, 1), pool.submit(write, 2), pool.submit(refuse, 3), pool.submit(refuse, 4)]
        for one in done:
            one.result(60)
    assert [readable(store, person) for person in people] == [0] * len(people)
