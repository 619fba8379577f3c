"""Writing what was generated into the database: one COPY per table, then the facts, then the bulk.

Rows go in by way of the same triggers as everybody's: the masks of a row are computed when it is inserted,
from the state of its owner. So what starts and stops clocks is written first, then the facts, then all that
hangs on them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from bloesem.plan.model import Fact
from charging.generate.world import EVENTS, REFERENCE, REST, World

Connection = psycopg.Connection[Any]
#: Writes facts that no column carries (objections, restrictions, holds, erasures) where Bloesem keeps them.
RecordFacts = Callable[[Connection, Sequence[Fact]], None]
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
    record_facts: RecordFacts | None = None,
    *,
    schema: str = "data",
    progress: Progress | None = None,
) -> Loaded:
    """Write all rows and facts in one transaction of the caller's.

    in: a connection that may insert into `schema` (the keeper's, or the owner's before the gate is up);
    `record_facts`, None where nothing of Bloesem's is installed yet. out: what was written.
    """
    begun = time.perf_counter()
    make_years(connection, world, schema)
    for table in (*REFERENCE, *EVENTS):
        copy(connection, world, table, schema, progress)
    if record_facts is not None:
        record_facts(connection, tuple(world.facts))
    for table in REST:
        copy(connection, world, table, schema, progress)
    return Loaded({table: len(rows) for table, rows in world.rows.items()}, time.perf_counter() - begun)


def copy(
    connection: Connection, world: World, table: str, schema: str, progress: Progress | None = None
) -> None:
    """One table's rows, by COPY."""
    rows = world.rows[table]
    if rows:
        names = sql.SQL(", ").join(map(sql.Identifier, world.columns[table]))
        command = sql.SQL("COPY {}.{} ({}) FROM STDIN").format(
            sql.Identifier(schema), sql.Identifier(table), names
        )
        with connection.cursor() as cursor, cursor.copy(command) as out:
            for row in rows:
                out.write_row(row)
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


__all__ = ["Connection", "Loaded", "Progress", "RecordFacts", "load", "years"]
