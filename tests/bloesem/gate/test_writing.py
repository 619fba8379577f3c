"""Recording what happens: by column grants and by `kept_for`, with ids drawn before, and never silently nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import DataError, IntegrityError
from tests.bloesem.gate.attack import acting
from tests.bloesem.gate.world import Connection, World, copied, inhabited, make_models
from tests.databases import Database

from bloesem import gate
from bloesem.errors import GateError
from bloesem.gate import NoPurpose, PurposeDenied, new_id, purpose

NOW = dt.datetime.now(dt.UTC)
ANN, BEA, CAS = 71, 72, 73


@pytest.fixture
def store(fresh_database: Database) -> Iterator[World]:
    """Ann as she is, Bea who objected to marketing, Cas whose data is restricted."""

    def make(model: Database, admin: Connection) -> World:
        world = inhabited(
            model, admin, (ANN, BEA, CAS), ("interaction", "account.opened", "customer.started")
        )
        admin.execute("SELECT bloesem.record_fact(%s, 'objection', 'marketing', now())", [BEA])
        admin.execute("SELECT bloesem.record_fact(%s, 'restriction', 'accuracy', now())", [CAS])
        return world

    with copied(fresh_database, "writing", make) as world:
        make_models(world)
        yield world


def model(world: World, name: str) -> Any:
    return world.models[name]


def stored(world: World, table: str) -> list[dict[str, Any]]:
    return world.rows(world.plan.table(table))


def test_a_new_row_needs_no_right_to_read_it_back(store: World) -> None:
    using = store.alias("worker")
    with purpose("marketing", using=using):
        row = model(store, "segment")(id=new_id(), person_id=ANN, recorded_at=NOW, name="keen")
        row.save(using=using)
        model(store, "segment").objects.using(using).bulk_create(
            [
                model(store, "segment")(id=new_id(), person_id=ANN, recorded_at=NOW, name=str(n))
                for n in range(3)
            ]
        )
        assert model(store, "segment").objects.using(using).count() == 4


def test_what_an_objection_ended_cannot_be_recorded(store: World) -> None:
    using = store.alias("worker")
    with (
        purpose("marketing", using=using),
        pytest.raises(PurposeDenied) as refused,
        transaction.atomic(using=using),
    ):
        model(store, "segment")(id=new_id(), person_id=BEA, recorded_at=NOW, name="keen").save(using=using)
    assert refused.value.refusal.why == "row-not-allowed"
    assert stored(store, "segment") == []


def test_what_happens_to_a_restricted_person_is_recorded_and_not_read(store: World) -> None:
    """Storage is what restriction allows (art. 18(2)): a call in mid-restriction has a record nobody uses."""
    using = store.alias("console")
    talk = model(store, "talk")
    with purpose("support", using=using):
        talk(id=new_id(), person_id=CAS, recorded_at=NOW, at=NOW, said="I moved").save(using=using)
        assert not talk.objects.using(using).filter(person_id=CAS).exists()
    assert [row["said"] for row in stored(store, "talk")] == ["I moved"]


def test_a_value_that_the_purpose_may_not_record_is_refused(store: World) -> None:
    using = store.alias("console")
    identity = model(store, "identity")
    with purpose("support", using=using):
        with pytest.raises(PurposeDenied) as refused, transaction.atomic(using=using):
            identity(id=new_id(), person_id=ANN, recorded_at=NOW, name="Ann", birth="1990").save(using=using)
        assert refused.value.column == "birth"
        identity(id=new_id(), person_id=ANN, recorded_at=NOW, name="Ann").save(using=using)
    assert [(row["name"], row["birth"]) for row in stored(store, "identity")] == [("Ann", None)]


def test_a_save_writes_what_was_loaded_and_changed_and_no_more(store: World) -> None:
    using = store.alias("console")
    store.admin.execute(
        "INSERT INTO data.identity (id, person_id, recorded_at, name, birth) VALUES (1, %s, now(), 'An', '1990')",
        [ANN],
    )
    with purpose("support", using=using):
        row = model(store, "identity").objects.using(using).get(pk=1)
        row.save(using=using)
        row.name = "Ann"
        row.save(using=using)
        assert row._changed() == []
        row.person_id = BEA
        with pytest.raises(PurposeDenied) as refused, transaction.atomic(using=using):
            row.save(using=using)
        assert refused.value.column == "person_id"
    assert [(r["name"], r["birth"], r["person_id"]) for r in stored(store, "identity")] == [
        ("Ann", "1990", ANN)
    ]


def test_an_update_that_finds_no_row_is_an_error(store: World) -> None:
    using = store.alias("worker")
    segment = model(store, "segment")
    store.admin.execute(
        "INSERT INTO data.segment (id, person_id, recorded_at, name) VALUES (1, %s, now(), 'x')", [ANN]
    )
    with purpose("marketing", using=using):
        row = segment.objects.using(using).get(pk=1)
        store.admin.execute("SELECT bloesem.record_fact(%s, 'objection', 'marketing', now())", [ANN])
        row.name = "changed"
        with pytest.raises(GateError, match="one was expected"), transaction.atomic(using=using):
            row.save(using=using)
        with pytest.raises(GateError, match="one was expected"):
            segment.objects.using(using).filter(pk=1).update_one(name="changed")


def test_nothing_is_saved_outside_a_purpose(store: World) -> None:
    store.alias("worker")
    with pytest.raises(NoPurpose):
        model(store, "segment")(id=new_id(), person_id=ANN, recorded_at=NOW, name="keen").save()


def test_archives_record_nothing(store: World) -> None:
    using = store.alias("console")
    with purpose("archive", using=using), pytest.raises(PurposeDenied), transaction.atomic(using=using):
        model(store, "session")(id=new_id(), person_id=ANN, recorded_at=NOW, total="1").save(using=using)


def test_a_station_writes_its_session_and_reads_nobody(store: World) -> None:
    """Also of a driver who is restricted in mid-session: it ends whole, and unread."""
    using = store.alias("stations")
    session = model(store, "session")
    number = new_id()
    with purpose("intake", using=using):
        session(id=number, person_id=CAS, recorded_at=NOW, held_on=NOW.date()).save(using=using)
        row = session.objects.using(using).get(pk=number)
        for hidden in ("person_id", "place", "total", "co_name"):
            with pytest.raises(PurposeDenied):
                getattr(row, hidden)
        session.objects.using(using).filter(pk=number).update_one(place="home")
        with pytest.raises(PurposeDenied), transaction.atomic(using=using):
            session.objects.using(using).filter(pk=number).update(total="9")
        with pytest.raises(PurposeDenied), transaction.atomic(using=using):
            list(session.objects.using(using).filter(person_id=CAS))
        with pytest.raises(PurposeDenied), transaction.atomic(using=using):
            list(model(store, "person").objects.using(using).all())
    kept = stored(store, "session")
    assert [(row["place"], row["person_id"]) for row in kept] == [("home", CAS)]
    with purpose("billing", using=store.alias("worker")):
        assert not session.objects.using(store.alias("worker")).exists()


def test_a_row_belongs_to_somebody(store: World) -> None:
    using = store.alias("worker")
    segment = model(store, "segment")
    with purpose("marketing", using=using):
        for nobody in (None, 999):
            with pytest.raises((IntegrityError, DataError)), transaction.atomic(using=using):
                segment(id=new_id(), person_id=nobody, recorded_at=NOW, name="x").save(using=using)


def test_the_keeper_states_how_many_rows_it_changes(store: World) -> None:
    store.admin.execute(
        "INSERT INTO data.segment (id, person_id, recorded_at, name) VALUES (1, %s, now(), 'x')", [ANN]
    )
    prefix = store.plan.prefix
    with (
        store.raw("worker") as worker,
        pytest.raises(GateError, match="may not be keeper"),
        gate.keeper(worker, prefix),
    ):
        pass
    with pytest.raises(GateError, match="expected"), gate.keeper(store.admin, prefix) as cursor:  # noqa: PT012
        cursor.execute("UPDATE data.segment SET name = 'y' WHERE id = 2")
        gate.expect(cursor, 1)
    with gate.keeper(store.admin, prefix) as cursor:
        cursor.execute("UPDATE data.segment SET name = 'y' WHERE id = 1")
        gate.expect(cursor, 1)
    assert [row["name"] for row in stored(store, "segment")] == ["y"]


def test_the_owner_of_the_tables_changes_nothing_by_itself(store: World) -> None:
    """Forced row policies: a migration that forgets to be keeper touches no row, and says so by its count."""
    store.admin.execute(
        "INSERT INTO data.segment (id, person_id, recorded_at, name) VALUES (1, %s, now(), 'x')", [ANN]
    )
    with store.admin.transaction():
        store.admin.execute(f'SET LOCAL ROLE "{store.plan.role("owner")}"')
        assert store.admin.execute("UPDATE data.segment SET name = 'y'").rowcount == 0


def test_a_writer_finds_no_row_whose_day_is_over(store: World) -> None:
    """When the clock is dead, rows go dark for a writer too."""
    store.admin.execute(
        "INSERT INTO data.session (id, person_id, recorded_at, held_on) VALUES (1, %s, now(), %s), (2, %s, now(), %s)",
        [ANN, NOW.date(), ANN, NOW.date()],
    )
    store.admin.execute("UPDATE data.session SET good_until = now() - interval '1 second' WHERE id = 2")
    target = next(t for t in store.targets() if t.key == "intake")
    with store.raw("stations") as connection, acting(store, connection, target):
        assert connection.execute("SELECT id FROM session").fetchall() == [(1,)]
        assert connection.execute("UPDATE session SET place = 'x'").rowcount == 1
