"""Writing what was generated into the database: one COPY per table, then the facts, then everybody's
masks.

History cannot go in by the triggers that watch the present: the first row of somebody who left years ago
would be due at once, and gone before the second came. So the rows come first, then all facts, and then what
follows from them.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from bloesem.plan.model import Fact
from bloesem.stores import load as bulk
from charging.generate.world import EVENTS, REST, TABLES, World

Connection = psycopg.Connection[Any]
#: Told of each table when it is in: its name and its rows.
Progress = Callable[[str, int], None]

#: Tables that are partitioned by year, with the date that says which.
BY_YEAR = {
    "employer_invoice_line": "issued_on",
    "statement": "issued_on",
    "invoice": "issued_on",
    "payment": "paid_on",
}


@dataclass(frozen=True)
class Loaded:
    """What a load did, and how fast."""

    rows: dict[str, int]
    seconds: float

    @property
    def total(self) -> int:
        return sum(self.rows.values())

    def __str__(self) -> str:
        return (
            f"{self.total} rows in {self.seconds:.1f} s ({self.total / max(self.seconds, 1e-9):,.0f} rows/s)"
        )


def load(
    connection: Connection,
    world: World,
    *,
    at: dt.datetime | None = None,
    schema: str = "data",
    progress: Progress | None = None,
    before_masks: Callable[[], None] | None = None,
) -> Loaded:
    """Write all rows and facts; where a plan is in force, bring everybody's masks to what it says at `at`.

    What is due by then is erased, as the clock would have done; `at` (aware) is the world's own day by
    default, and an earlier moment leaves the clock something to do. `before_masks` is called where a plan is in
    force, when all rows and facts are in and nothing is erased yet. Runs in one transaction (nested in the
    caller's, if any).
    in: a connection as owner of the tables or superuser. out: what was written, before anything was erased.
    """
    begun = time.perf_counter()
    guarded = is_guarded(connection)
    with connection.transaction():
        make_years(connection, world, schema)
        with quiet(connection, schema) if guarded else nullcontext():
            for table in TABLES:
                copy(connection, world, table, schema, progress)
        if guarded:
            read_events(connection)
            record(connection, world.facts)
            if before_masks is not None:
                before_masks()
            refresh(connection, at or world.now)
    return Loaded({table: len(rows) for table, rows in world.rows.items()}, time.perf_counter() - begun)


# ---- a database where a plan is in force ----


def is_guarded(connection: Connection) -> bool:
    """Whether Bloesem's own tables are there."""
    found = connection.execute("SELECT to_regclass('bloesem.state') IS NOT NULL").fetchone()
    return bool(found and found[0])


@contextmanager
def quiet(connection: Connection, schema: str) -> Iterator[None]:
    """The plan's triggers off: facts are read once at the end, not per table; keys, checks and the tables' own triggers
    stay on."""
    tables = (*EVENTS, *REST)
    _switch(connection, schema, tables, "DISABLE")
    try:
        yield
    finally:
        # In a transaction that failed nothing can be said any more, and nothing needs to be: it takes all back.
        if connection.info.transaction_status is not TransactionStatus.INERROR:
            _switch(connection, schema, tables, "ENABLE")


def _switch(connection: Connection, schema: str, tables: Iterable[str], word: LiteralString) -> None:
    statement = sql.SQL("ALTER TABLE {}.{} {} TRIGGER {}")
    found = connection.execute(
        "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE c.relnamespace = %s::regnamespace AND c.relname = ANY (%s) AND starts_with(t.tgname, 'bloesem_')"
        " AND t.tgparentid = 0",
        [schema, list(tables)],
    ).fetchall()
    for table, trigger in found:
        names = (sql.Identifier(schema), sql.Identifier(table), sql.SQL(word), sql.Identifier(trigger))
        connection.execute(statement.format(*names))


def read_events(connection: Connection) -> None:
    """Everybody gets a state, and the facts that columns carry (opened, ended, given …)."""
    connection.execute("SELECT bloesem.read_facts()")


def record(connection: Connection, facts: Sequence[Fact]) -> None:
    """The facts that no column carries, in one go."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY bloesem.fact (person_id, kind, key, starts_at, ends_at, table_name, row_id, held_by, reason,"
            " review_on) FROM STDIN"
        ) as out,
    ):
        for fact in facts:
            out.write_row(
                (
                    *(fact.person, fact.kind, fact.key, fact.starts_at, fact.ends_at, fact.table, fact.row),
                    *(fact.held_by, fact.reason, fact.review_on),
                )
            )


def refresh(connection: Connection, at: dt.datetime) -> None:
    """States from facts and masks from states, some thousands of people at a time."""
    connection.execute(
        "SELECT bloesem.refresh(ids, %s, true) FROM ("
        "  SELECT array_agg(person_id ORDER BY person_id) AS ids FROM ("
        "    SELECT person_id, (row_number() OVER (ORDER BY person_id) - 1) / 2000 AS batch FROM bloesem.state"
        "  ) AS numbered GROUP BY batch ORDER BY batch) AS batches",
        [at],
    )


# ---- rows ----


def copy(
    connection: Connection, world: World, table: str, schema: str, progress: Progress | None = None
) -> None:
    """One table's rows, by COPY."""
    rows = world.rows[table]
    if rows:
        bulk.copy(connection, (schema, table), world.columns[table], rows)
    if progress is not None:
        progress(table, len(rows))


def make_years(connection: Connection, world: World, schema: str) -> None:
    """A partition for every year that the rows need."""
    for table, column in BY_YEAR.items():
        place = world.columns[table].index(column)
        years(connection, table, {row[place].year for row in world.rows[table]}, schema)


def years(connection: Connection, table: str, wanted: Iterable[int], schema: str = "data") -> None:
    """Make the partitions of these years where they are missing."""
    present = {
        str(name)
        for (name,) in connection.execute(
            "SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid"
            " WHERE inhparent = to_regclass(%s)",
            [f"{schema}.{table}"],
        )
    }
    for year in sorted(set(wanted)):
        if f"{table}_{year}" not in present:
            make = sql.SQL("SELECT {}.make_year(%s::regclass, %s)").format(sql.Identifier(schema))
            connection.execute(make, [f"{schema}.{table}", year])


__all__ = ["Connection", "Loaded", "Progress", "load", "years"]
