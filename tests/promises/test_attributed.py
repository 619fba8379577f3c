"""Whatever is done with personal data is of exactly one declared purpose, and stands in the ledger (P-004)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections
from tests.bloesem.consent.conftest import alone  # noqa: F401 - a fixture
from tests.bloesem.consent.stage import Stage
from tests.bloesem.recipients.changed import DAY, blossom
from tests.bloesem.recipients.store import blossom_store, invoiced, unblocked  # noqa: F401 - fixtures
from tests.bloesem.sending.stage import door
from tests.promises.business import Business
from tests.promises.test_gate import has_home_charger

from bloesem.consent.ledger import withdraw
from bloesem.datamap.load import read_map
from bloesem.errors import GateError
from bloesem.gate import purpose
from bloesem.gate.ids import new_id
from bloesem.ledger import record_act
from bloesem.plan.dates import midnight
from bloesem.recipients.disclose import disclose
from bloesem.rights.guarded.desk import GuardedDesk
from bloesem.rights.identify import Who
from bloesem.sending.tables import install

Acts = list[tuple[str, str | None]]


@contextmanager
def acts(business: Business) -> Iterator[Acts]:
    """Kind and purpose of each act that is left meanwhile; each declared by the plan in force."""
    admin, made = business.world.admin, Acts()
    (last,) = admin.execute("SELECT COALESCE(max(id), 0) FROM bloesem.act").fetchone() or (0,)
    yield made
    made += admin.execute(
        "SELECT kind, purpose FROM bloesem.act WHERE id > %s ORDER BY id", [last]
    ).fetchall()
    assert made, "no operation goes without an act"
    keys = set(business.world.plan.by_key)
    assert [one for one in made if one[1] not in keys] == []


def opened(business: Business, key: str, **more: Any) -> Any:
    using = business.world.alias(business.world.login(key))
    return using, purpose(key, using=using, **more)


def run(using: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(sql, list(values))
        return list(cursor.fetchall()) if cursor.description else []


@pytest.mark.promise("P-004")
def test_what_is_erased_is_of_the_purpose_of_what_the_law_asks(blossom_store: Business) -> None:  # noqa: F811
    """First of the module: in a process that serves people nobody is keeper."""
    store = blossom_store
    admin, other = store.world.admin, invoiced(store, "Baert")
    # By the person's wish, and by the clock's hand.
    desk = GuardedDesk(admin, store.world.plan, read_map(blossom().maps).datamap)
    with acts(store) as done:
        desk.erase(((Who("id", str(other), "person"),),))
    assert {kind for kind, _ in done} >= {"masks", "erase"}
    assert {key for _, key in done} == {"law:accountability"}
    with acts(store) as done:
        store.sweep()
    assert done == [("sweep", "law:accountability")] * len(done)


@pytest.mark.promise("P-004")
def test_each_operation_is_of_one_declared_purpose_and_in_the_ledger(
    blossom_store: Business,  # noqa: F811
    tmp_path: Path,
) -> None:
    store = blossom_store
    person = invoiced(store)
    # read and use: by a process, in its own transaction; by staff, with whom they read
    with acts(store) as done:
        using, session = opened(store, "billing")
        with session:
            assert run(using, "SELECT count(*) FROM invoice")
    assert done == [("use", "billing")]
    with acts(store) as done:
        using, session = opened(store, "support", actor="staff:an")
        with session as open_:
            run(using, "SELECT count(*) FROM person_name")
            open_.reads([person])
    assert done == [("read", "support")]
    with acts(store) as done:  # one's own page: the right to see is honoured
        using, session = opened(store, "subject", person=person)
        with session:
            run(using, "SELECT count(*) FROM person_name")
    assert done == [("use", "law:accountability")]
    # collect and change: what a purpose writes, and a station's writer; per statement, whatever many rows
    with acts(store) as done:
        using, session = opened(store, "sales", actor="staff:bo")
        with session as open_:
            run(using, "UPDATE person_name SET family_name = 'Aertsen' WHERE person_id = %s", person)
            open_.reads([person])
    assert done == [("change", "sales"), ("read", "sales")]
    has_home_charger(store.world, person)
    with acts(store) as done:
        using, session = opened(store, "intake")
        with session:
            run(
                using,
                "INSERT INTO data.fault (id, person_id, recorded_at, source, reported_by, reported_at)"
                " SELECT %s + n, %s, now(), 'observed:thuislaadpunt', 'station', now() FROM generate_series(1, 5) n",
                new_id(), person,
            )  # fmt: skip
    assert done[0] == ("collect", "service")
    assert len([one for one in done if one[0] == "collect"]) == 1
    # share
    with acts(store) as done:
        disclose(blossom, "briefwerk", "billing", [person], to=tmp_path,
                 clock=lambda: midnight(DAY) + dt.timedelta(hours=12), using=store.world.alias(store.world.login("billing")))  # fmt: skip
    assert ("disclosure", "billing") in done
    assert {key for _, key in done} == {"billing"}


@pytest.mark.promise("P-004")
def test_consents_and_messages_are_of_the_purpose_that_they_are_for(alone: Stage) -> None:  # noqa: F811
    install(alone.keeper, alone.rules)
    business, person = alone.business, alone.customer("een@post.example")
    made, _ = door(alone)

    def as_keeper(step: Callable[[], object]) -> Acts:
        alone.keeper.execute(f"SET ROLE {alone.world.plan.role('keeper')}".encode())
        try:
            with acts(business) as done:
                step()
        finally:
            alone.keeper.execute("RESET ROLE")
        return done

    given = as_keeper(lambda: alone.agree(person))
    assert ("collect", "consent_marketing") in given
    assert {key for kind, key in given if kind == "collect"} == {"consent_marketing"}
    with acts(business) as done:
        made.submit("spring-news", "email", [person])
        made.run()
    assert ("send", "consent_marketing") in done
    taken = as_keeper(lambda: withdraw(alone.keeper, alone.rules, person, "consent_marketing"))
    assert {kind for kind, key in taken if key == "law:accountability"} >= {"change", "masks"}


@pytest.mark.promise("P-004")
def test_what_is_of_no_declared_purpose_is_not_done(blossom_store: Business) -> None:  # noqa: F811
    store = blossom_store
    admin, person = store.world.admin, invoiced(store)
    portal = store.world.alias("portal")
    for serves in (None, "nothing", "intake"):
        with pytest.raises(GateError, match="P-004"), purpose("forms", using=portal, serves=serves):
            raise AssertionError("nothing is opened")
    with (
        pytest.raises(GateError, match="P-004"),
        purpose("subject", using=portal, person=person, serves="support"),
    ):
        raise AssertionError("nothing is opened")

    def insert() -> str:
        return (
            "INSERT INTO data.contact (id, person_id, recorded_at, source, channel, direction, at)"
            f" VALUES ({new_id()}, {person}, now(), 'subject:contactformulier', 'other', 'inbound', now())"
        )

    with acts(store) as done, purpose("forms", using=portal, serves="support"):
        run(portal, insert())
    assert done[0] == ("collect", "support")
    # A login that says nothing, or what is no purpose, writes nothing: not by the gate alone, by the table itself.
    for said in ("", "made up"):
        with store.world.lent("portal") as connection:
            connection.execute(f"SET LOCAL ROLE {store.world.plan.role('forms')}".encode())
            connection.execute(f"SET LOCAL bloesem.purpose = '{said}'".encode())
            with pytest.raises(psycopg.Error, match="purpose"):
                connection.execute(insert().encode())
    with pytest.raises(psycopg.errors.CheckViolation):
        record_act(admin, "read", store.now(), purpose="made up")


@pytest.mark.promise("P-004")
def test_whoever_is_keeper_leaves_an_act_whatever_they_call_themselves(blossom_store: Business) -> None:  # noqa: F811
    """What counts itself is known by where it was called from, not by its own word."""
    store = blossom_store
    admin, person = store.world.admin, invoiced(store, "Cools")
    for name in ("anything", "bloesem clock"):
        with acts(store) as done, admin.transaction():
            admin.execute(f"SET LOCAL ROLE {store.world.plan.role('keeper')}".encode())
            admin.execute(f"SET LOCAL application_name = '{name}'".encode())
            admin.execute("UPDATE data.person_name SET family_name = 'Claes' WHERE person_id = %s", [person])
        assert done == [("change", "law:accountability")], name
