"""Bulk loads: past the triggers, in sets, with the masks computed by the statement that inserts.

The order is: rows that carry events (inside `quietly`), then `states`, then everything else with `insert_select` or
`copy` (whose trigger computes the masks). Rows of the event tables get their masks with the
first sweep. Loading is the keeper's or an administrator's work, never a process's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from bloesem.errors import StoreError
from bloesem.plan.model import Plan
from bloesem.plan.quoting import qualified
from bloesem.plan.sql import bulk

Connection = psycopg.Connection[Any]
#: People per statement: enough to be a set, little enough to show progress.
BATCH = 50_000


@contextmanager
def quietly(connection: Connection) -> Iterator[None]:
    """Triggers are off inside the block (and foreign keys unchecked): for rows that are known to be right.

    Needs a superuser; raises `StoreError` for others, who load without it: slower, and the triggers do the same.
    Ends with the transaction at the latest.
    """
    try:
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
        raise StoreError(
            "triggers cannot be switched off by this login",
            "a bulk load runs as administrator",
            "connect as the administrator of the server, or load without it: the triggers then do their work row by row",
        ) from None
    try:
        yield
    finally:
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            connection.execute("SET LOCAL session_replication_role = origin")


def states(
    connection: Connection, plan: Plan, at: dt.datetime, *, progress: Callable[[int], None] | None = None
) -> int:
    """Facts of all event columns, and everybody's state at `at` from them; no row is touched.

    Everybody is due for review, so that the next sweep looks at every row once. out: how many people.
    """
    s = sql.Identifier(plan.schema)
    connection.execute(sql.SQL("SELECT {}.read_facts()").format(s))
    connection.execute(sql.SQL("ANALYZE {}.fact").format(s))
    update = sql.SQL(
        "WITH n AS (SELECT * FROM {s}.compute_state(%s, %s)) "
        "UPDATE {s}.state o SET used = n.used, kept = n.kept, kept_erased = n.kept_erased, "
        "erased_at = n.erased_at, epoch = n.epoch, items = n.items, ends = n.ends, frozen_since = n.frozen_since, "
        "frozen_ground = n.frozen_ground, contract_begun = n.contract_begun, next_review = {s}.civil(%s) "
        "FROM n WHERE n.person_id = o.person_id"
    ).format(s=s)
    last, people = -(2**63), 0
    while True:
        found = connection.execute(
            sql.SQL("SELECT person_id FROM {}.state WHERE person_id > %s ORDER BY person_id LIMIT %s").format(
                s
            ),
            [last, BATCH],
        ).fetchall()
        if not found:
            return people
        ids = [row[0] for row in found]
        connection.execute(update, [ids, at, at])
        last, people = ids[-1], people + len(ids)
        if progress:
            progress(people)


def copy(
    connection: Connection,
    place: tuple[str, str],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Rows into a table (`place`: schema and name) by COPY, in `columns`' order; triggers do their work.

    PostgreSQL copies into no table whose row security holds for the login: the keeper of a managed server bypasses
    none. There rows go through a temporary table, which only this session sees and this transaction leaves behind.
    """
    target, names = sql.Identifier(*place), sql.SQL(", ").join(map(sql.Identifier, columns))
    with connection.transaction():
        row = connection.execute(
            "SELECT row_security_active(%s::regclass)", [target.as_string(connection)]
        ).fetchone()
        held = row is not None and row[0]
        into = sql.Identifier("pg_temp", _STAGED) if held else target
        if held:
            make = sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA")
            connection.execute(make.format(sql.Identifier(_STAGED), names, target))
        with (
            connection.cursor() as cursor,
            cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(into, names)) as out,
        ):
            for values in rows:
                out.write_row(values)
        if held:
            move = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}")
            connection.execute(move.format(target, names, names, into))
            connection.execute(sql.SQL("DROP TABLE {}").format(into))


_STAGED = "bloesem_staged"


def insert_select(
    connection: Connection,
    plan: Plan,
    table: str,
    columns: Sequence[str],
    query: sql.Composable,
    at: dt.datetime,
    *,
    drop_dead: bool = False,
) -> int:
    """`INSERT … SELECT` with the masks of each row in the same statement; for tables of one owner.

    in: `query` gives `columns` in that order. `drop_dead`: rows that nothing would keep are not even written.
    out: rows written. The states of the owners must be right: see `states`.
    """
    made = plan.table(table)
    if len(made.owners) != 1:
        raise StoreError(
            f"table `{table}` has {len(made.owners)} owners",
            "a set-based load knows one",
            "COPY it: its trigger knows both",
        )
    physical = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [qualified(made.schema, made.name)],
    ).fetchall()
    layout = [(str(name), str(kind)) for name, kind in physical]
    rows, moment = query.as_string(connection), sql.Literal(at).as_string(connection)
    statement = bulk.insert(plan, made, layout, columns, rows, moment, drop_dead=drop_dead)
    return connection.execute(statement.encode()).rowcount


__all__ = ["copy", "insert_select", "quietly", "states"]
