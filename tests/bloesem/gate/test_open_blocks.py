"""What another connection records of a person while somebody reads: the next statement, or the next block, knows it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections
from psycopg import IsolationLevel
from tests.bloesem.gate.world import World, inhabited, make_models, opened
from tests.databases import Database

from bloesem.gate import new_id, purpose

pytestmark = pytest.mark.both_servers

ANN, BEN = 71, 72
#: What takes marketing away from a person, recorded elsewhere: kind and key.
FACTS = [("restriction", "accuracy"), ("objection", "marketing"), ("erasure", "request")]


@pytest.fixture
def store(fresh_database: Database) -> Iterator[World]:
    with fresh_database.connect(autocommit=True) as admin:
        world = inhabited(fresh_database, admin, (ANN, BEN), ("interaction", "account.opened"))
        make_models(world)
        for person in (ANN, BEN):
            admin.execute(
                "INSERT INTO data.segment (id, person_id, recorded_at, name) VALUES (%s, %s, now(), 'keen')",
                [new_id(), person],
            )
        with opened(world):
            yield world


def record(store: World, kind: str, key: str) -> None:
    """By another connection, committed when this returns."""
    store.admin.execute("SELECT bloesem.record_fact(%s, %s, %s, now())", [ANN, kind, key])


def shown(store: World, alias: str) -> list[int]:
    segments = store.models["segment"].objects.using(alias)  # type: ignore[attr-defined]
    return sorted(segments.values_list("person_id", flat=True))


def at(alias: str, level: IsolationLevel) -> None:
    connections[alias].ensure_connection()
    connections[alias].connection.isolation_level = level


@pytest.mark.parametrize(("kind", "key"), FACTS)
def test_the_next_statement_of_an_open_block_shows_nothing_of_who_was_restricted(
    store: World, kind: str, key: str
) -> None:
    alias = store.alias("worker")
    with purpose("marketing", using=alias):
        assert shown(store, alias) == [ANN, BEN]
        record(store, kind, key)
        assert shown(store, alias) == [BEN]
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM segment WHERE person_id = %s", [ANN])
            assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("level", [IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE])
@pytest.mark.parametrize(("kind", "key"), FACTS)
def test_a_block_that_keeps_its_snapshot_sees_to_its_end_what_was_allowed_as_it_began_and_no_other_does(
    store: World, level: IsolationLevel, kind: str, key: str
) -> None:
    alias = store.alias("worker")
    at(alias, level)
    with purpose("marketing", using=alias):
        assert shown(store, alias) == [ANN, BEN]
        record(store, kind, key)
        assert shown(store, alias) == [ANN, BEN]
        with store.raw("worker") as other:
            other.execute(f'SET LOCAL ROLE "{store.plan.role("marketing")}"')
            row = other.execute("SELECT count(*) FROM marketing.segment").fetchone()
            assert row == (1,)
    with purpose("marketing", using=alias):
        assert shown(store, alias) == [BEN]


@pytest.mark.parametrize(
    "level", [IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE]
)
def test_no_open_block_writes_what_was_taken_away_meanwhile(store: World, level: IsolationLevel) -> None:
    alias = store.alias("worker")
    at(alias, level)
    before = store.admin.execute("SELECT count(*) FROM data.segment WHERE person_id = %s", [ANN]).fetchone()

    def write() -> None:
        with purpose("marketing", using=alias):
            assert shown(store, alias) == [ANN, BEN]
            record(store, "objection", "marketing")
            store.models["segment"].objects.using(alias).create(  # type: ignore[attr-defined]
                id=new_id(), person_id=ANN, recorded_at=store.now(), name="keener"
            )

    with pytest.raises(Exception, match=r"row-not-allowed|could not serialize"):
        write()
    after = store.admin.execute("SELECT count(*) FROM data.segment WHERE person_id = %s", [ANN]).fetchone()
    assert before is not None
    assert after is not None
    assert after[0] <= before[0]
