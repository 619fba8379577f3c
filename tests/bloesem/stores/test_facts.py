"""Facts are recorded with their rules: closed lists, aware moments, the future from a midnight in Brussels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from psycopg.errors import IntegrityConstraintViolation
from tests.bloesem.plan import small
from tests.bloesem.stores.test_install import PROCESSES, one, someone
from tests.databases import Database

from bloesem.errors import BloesemError, GateError, PlanError
from bloesem.plan.dates import ZONE, midnight
from bloesem.plan.model import Fact, FactKind, Plan
from bloesem.stores.facts import close_fact, facts_of, moment, record_fact, row_of
from bloesem.stores.install import install
from bloesem.stores.postgres import Connection
from bloesem.stores.rebuild import rebuild

BEFORE = dt.datetime(2026, 5, 20, 9, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def guarded(module_database: Database) -> Database:
    """A database with the small company's plan in force; what a test does in it is taken back."""
    plan = small.plan(module_database.role_prefix, record=PROCESSES)
    with module_database.connect(autocommit=True) as connection:
        small.create_tables(connection, plan)
        install(connection, plan)
    return module_database


@pytest.fixture
def plan(guarded: Database) -> Plan:
    return small.plan(guarded.role_prefix, record=PROCESSES)


@pytest.fixture
def store(guarded: Database) -> Iterator[Connection]:
    with guarded.connect(autocommit=True) as connection, connection.transaction(force_rollback=True):
        someone(connection)
        yield connection


def test_an_objection_that_is_assessed_takes_the_use_away_at_once_and_lifting_it_gives_it_back(
    store: Connection, plan: Plan
) -> None:
    bit = plan.purpose("identify").mask
    store.execute(
        "INSERT INTO data.identity (id, person_id, recorded_at, name) VALUES (900, 1, '2026-05-01', 'Ann')"
    )
    record_fact(store, plan, Fact(1, "event", "customer.started", BEFORE))
    assert one(store, "SELECT used_for FROM data.identity") & bit
    number = record_fact(store, plan, Fact(1, "assessing", "identify", BEFORE))
    assert not one(store, "SELECT used_for FROM data.identity") & bit
    assert one(store, "SELECT kept_for FROM data.identity") & bit
    close_fact(store, plan, number, moment(store, plan))
    assert one(store, "SELECT used_for FROM data.identity") & bit
    assert rebuild(store, plan, moment(store, plan)) == 0


@pytest.mark.parametrize(
    ("fact", "says"),
    [
        (Fact(1, "wish", "x", BEFORE), "`wish` is no kind of fact"),  # type: ignore[arg-type]
        (Fact(1, "event", "account.lost", BEFORE), "event `account.lost` is not declared"),
        (Fact(1, "objection", "telepathy", BEFORE), "purpose `telepathy` is not in the policy"),
        (Fact(1, "objection", "billing", BEFORE), "`objection` says nothing about `billing`"),
        (Fact(1, "consent", "marketing", BEFORE), "`consent` says nothing about `marketing`"),
        (Fact(1, "hold", "support", BEFORE), "`hold` says nothing about `support`"),
        (Fact(1, "hold", "disputes", BEFORE, table="session"), "a fact about a row names table and row"),
        (
            Fact(1, "hold", "disputes", BEFORE, table="nothing", row=1),
            "table `nothing` is not in the data map",
        ),
        (
            Fact(1, "objection", "marketing", BEFORE, table="session", row=1),
            "is about a person, not about a row",
        ),
        (Fact(1, "event", "contact", BEFORE.replace(tzinfo=None)), "the start has no time zone"),
        (Fact(1, "event", "contact", BEFORE, BEFORE - dt.timedelta(1)), "ends before it starts"),
        (Fact(1, "event", "contact", dt.datetime(2999, 1, 1, 12, tzinfo=ZONE)), "lies ahead, within a day"),
        (Fact(1, "event", "contact", BEFORE, dt.datetime(2999, 1, 1, 12, tzinfo=ZONE)), "the end lies ahead"),
    ],
)
def test_what_a_fact_may_not_say_is_refused(store: Connection, plan: Plan, fact: Fact, says: str) -> None:
    before = one(store, "SELECT count(*) FROM bloesem.fact")
    with pytest.raises(PlanError, match=says):
        record_fact(store, plan, fact)
    assert one(store, "SELECT count(*) FROM bloesem.fact") == before


@pytest.mark.promise("P-109")
def test_what_is_known_ahead_begins_at_midnight_in_brussels(store: Connection, plan: Plan) -> None:
    number = record_fact(store, plan, Fact(1, "event", "account.terminated", midnight(dt.date(2999, 10, 25))))
    assert one(store, "SELECT starts_at FROM bloesem.fact WHERE id = %s", number) == dt.datetime(
        2999, 10, 24, 22, tzinfo=dt.UTC
    )


def test_nobody_and_nothing_are_refused(store: Connection, plan: Plan) -> None:
    with pytest.raises(GateError, match="nobody has this number"):
        record_fact(store, plan, Fact(99, "event", "contact", BEFORE))
    with pytest.raises(GateError, match="fact 999 does not exist"):
        close_fact(store, plan, 999, BEFORE)
    with pytest.raises(GateError, match="has no row 999"):
        row_of(store, plan, plan.table("talk"), 999)


def test_a_fact_is_closed_once(store: Connection, plan: Plan) -> None:
    number = record_fact(store, plan, Fact(1, "restriction", "accuracy", BEFORE))
    close_fact(store, plan, number, moment(store, plan))
    with pytest.raises(PlanError, match="is closed already"):
        close_fact(store, plan, number, moment(store, plan))


def test_a_fact_does_not_end_before_it_starts(store: Connection, plan: Plan) -> None:
    number = record_fact(store, plan, Fact(1, "restriction", "accuracy", BEFORE))
    with pytest.raises(PlanError, match="would end before it starts"):
        close_fact(store, plan, number, BEFORE - dt.timedelta(seconds=1))
    ahead = midnight(dt.date(2999, 1, 1))
    planned = record_fact(store, plan, Fact(1, "event", "account.terminated", ahead))
    with pytest.raises(PlanError) as refused:
        close_fact(store, plan, planned)
    assert "end it at its start" in refused.value.remedy
    close_fact(store, plan, planned, ahead)  # taken back: it never holds
    assert rebuild(store, plan, moment(store, plan)) == 0


def test_an_end_that_is_still_ahead_comes_sooner_and_never_later(store: Connection, plan: Plan) -> None:
    bit = plan.purpose("disputes").mask
    far, near = midnight(dt.date(2999, 6, 1)), midnight(dt.date(2999, 5, 1))
    held = Fact(1, "hold", "disputes", BEFORE, far, None, None, "desk", "case 1", dt.date(2999, 1, 1))
    number = record_fact(store, plan, held)
    assert one(store, "SELECT kept_for FROM data.talk") & bit
    for later in (far, midnight(dt.date(2999, 6, 2))):
        with pytest.raises(PlanError, match="never rewritten"):
            close_fact(store, plan, number, later)
    close_fact(store, plan, number, near)
    assert one(store, "SELECT ends_at FROM bloesem.fact WHERE id = %s", number) == near
    with pytest.raises(PlanError) as refused:
        close_fact(store, plan, number, moment(store, plan) - dt.timedelta(days=1))
    assert "it ends now" in refused.value.remedy
    assert one(store, "SELECT kept_for FROM data.talk") & bit
    close_fact(store, plan, number)
    assert not one(store, "SELECT kept_for FROM data.talk") & bit
    assert rebuild(store, plan, moment(store, plan)) == 0
    with pytest.raises(PlanError, match="is closed already"):
        close_fact(store, plan, number)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM bloesem.fact",
        "DELETE FROM bloesem.state; DELETE FROM bloesem.fact",
        "TRUNCATE bloesem.fact",
        "TRUNCATE bloesem.act",
        "UPDATE bloesem.fact SET ends_at = NULL",
        "SET LOCAL application_name = 'bloesem clock'; DELETE FROM bloesem.fact",
    ],
)
def test_what_happened_is_taken_away_by_nobody(store: Connection, plan: Plan, sql: str) -> None:
    """Facts go with their person (P-104), and acts stay: also from a superuser who tries."""
    with pytest.raises(IntegrityConstraintViolation):
        store.execute(sql.encode())


def test_a_fact_about_a_row_that_is_gone_or_somebody_elses_is_refused(store: Connection, plan: Plan) -> None:
    with pytest.raises(GateError, match="talk has no row 999"):
        record_fact(store, plan, Fact(1, "restriction", "accuracy", BEFORE, table="talk", row=999))
    store.execute("INSERT INTO data.person (id, recorded_at) VALUES (2, now())")
    store.execute("UPDATE data.talk SET person_id = 2 WHERE id = 301")
    with pytest.raises(GateError, match="talk 301 is not this person's"):
        record_fact(store, plan, Fact(1, "restriction", "accuracy", BEFORE, table="talk", row=301))
    assert one(store, "SELECT count(*) FROM bloesem.fact WHERE table_name = 'talk'") == 0


@pytest.mark.parametrize("kind", ["restriction", "hold"])
def test_a_fact_can_be_about_one_row(store: Connection, plan: Plan, kind: FactKind) -> None:
    key = "accuracy" if kind == "restriction" else "disputes"
    held = ("desk", "case 1", dt.date(2027, 3, 1)) if kind == "hold" else (None, None, None)
    fact = Fact(1, kind, key, BEFORE, None, "talk", 301, *held)
    record_fact(store, plan, fact)
    found = facts_of(store, plan, [1])[1]
    assert [f for f in found if f.table == "talk"] == [fact]
    assert rebuild(store, plan, moment(store, plan)) == 0


def test_every_refusal_says_rule_and_remedy(store: Connection, plan: Plan) -> None:
    with pytest.raises(BloesemError) as caught:
        record_fact(store, plan, Fact(1, "event", "account.lost", BEFORE))
    assert caught.value.rule.startswith("P-108")
    assert "account.opened" in caught.value.remedy
