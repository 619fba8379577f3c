"""Partitions are guarded as their tables are: closed by themselves, also those that the clock makes, and compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from tests.bloesem.plan import small
from tests.bloesem.stores.test_install import PROCESSES
from tests.databases import Database

from bloesem.clock import partitions
from bloesem.plan.model import Plan
from bloesem.stores.check import store_findings
from bloesem.stores.install import install
from bloesem.stores.postgres import Connection

BILL = small.collection(
    "bill",
    [small.column("total", "total"), small.column("held_on", key=True)],
    record_date="held_on",
    partition={"by": "held_on", "every": "year"},
)


@pytest.fixture
def plan(fresh_database: Database) -> Plan:
    return small.plan(fresh_database.role_prefix, record=PROCESSES, collections=[small.PERSON, BILL])


@pytest.fixture
def store(fresh_database: Database, plan: Plan) -> Iterator[Connection]:
    with fresh_database.connect(autocommit=True) as connection:
        small.create_tables(connection, small.plan(fresh_database.role_prefix, collections=[small.PERSON]))
        connection.execute(
            "CREATE TABLE data.bill (id bigint, recorded_at timestamptz, person_id bigint, total text,"
            " held_on date NOT NULL) PARTITION BY RANGE (held_on);"
            "CREATE TABLE data.bill_2026 PARTITION OF data.bill FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"
            " PARTITION BY RANGE (held_on);"
            "CREATE TABLE data.bill_2026_h1 PARTITION OF data.bill_2026 FOR VALUES FROM ('2026-01-01') TO ('2026-07-01')"
        )
        install(connection, plan)
        yield connection


OPENED = [
    ("GRANT SELECT ON data.bill_2026 TO PUBLIC", "grants on partition data.bill_2026: public=SELECT"),
    ("GRANT SELECT (total) ON data.bill_2026_h1 TO PUBLIC", "grants on data.bill_2026_h1.total"),
    (
        "GRANT DELETE ON data.bill_2026_h1 TO {billing}",
        "grants on partition data.bill_2026_h1: {billing}=DELETE",
    ),
    ("CREATE POLICY x ON data.bill_2026 USING (true)", "policy data.bill_2026: x"),
    ("ALTER TABLE data.bill_2026_h1 NO FORCE ROW LEVEL SECURITY", "open partition data.bill_2026_h1"),
    ("ALTER TABLE data.bill_2026_h1 OWNER TO CURRENT_USER", "open partition data.bill_2026_h1"),
    (
        "ALTER TABLE data.bill_2026_h1 DISABLE TRIGGER bloesem_arrives",
        "trigger data.bill_2026_h1: bloesem_arrives",
    ),
]


@pytest.mark.parametrize(("opens", "says"), OPENED)
def test_a_partition_that_was_opened_is_named_and_closed_again(
    store: Connection, plan: Plan, opens: str, says: str
) -> None:
    assert store_findings(store, plan) == []
    store.execute(opens.format(billing=plan.role("billing")).encode())
    said = [f.thing for f in store_findings(store, plan) if f.kind == "drift"]
    assert len(said) == 1
    assert said[0].endswith("is there and not of the plan")
    # The owner's own rights come with a list of rights, and are no line of their own.
    assert says.format(billing=plan.role("billing")).split(": ")[0] in said[0]
    assert says.format(billing=plan.role("billing")).split(": ")[-1] in said[0]
    assert install(store, plan).changed
    assert store_findings(store, plan) == []


def test_a_stranger_on_a_partition_is_named(store: Connection, plan: Plan) -> None:
    store.execute("GRANT SELECT ON data.bill_2026_h1 TO PUBLIC")
    said = [f.thing for f in store_findings(store, plan) if f.kind == "stranger"]
    assert said == ["role public has grants on data.bill_2026_h1, and is no role of the plan"]


@pytest.mark.both_servers
def test_a_partition_that_the_clock_makes_is_closed_and_no_drift(store: Connection, plan: Plan) -> None:
    for maker in ("CURRENT_USER", plan.role("owner")):
        given = f"ALTER DEFAULT PRIVILEGES FOR ROLE {maker} IN SCHEMA data GRANT SELECT ON TABLES TO PUBLIC"
        store.execute(given.encode())
    made = partitions.ensure(store, plan, dt.date(2027, 3, 1))
    assert made == ["bill_2027", "bill_2028"]
    assert store_findings(store, plan) == []
    store.execute("DROP TABLE data.bill_2027")
    assert store_findings(store, plan) == []
    for name in made[1:]:
        found = store.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = %s", [name]
        ).fetchone()
        assert found == (True, True)
