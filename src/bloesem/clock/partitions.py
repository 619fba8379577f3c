"""Tables partitioned by their records' date: years of which nothing is kept go whole, years ahead are there
in time.

A partition goes only after every row of it was judged, with its owner's state as it is now: one hold keeps
it. Dropping holds the table for a moment, so the lock is asked for briefly and again.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dateutil.relativedelta import relativedelta
from psycopg import errors

from bloesem.clock.report import pruned
from bloesem.errors import ClockError
from bloesem.ledger import record_act
from bloesem.plan.dates import civil, last_day
from bloesem.plan.model import Plan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.clock import counts_of_all
from bloesem.plan.sql.gate import closed
from bloesem.plan.sql.masks import judged
from bloesem.stores.postgres import Connection

LOCK_SECONDS = 2
#: Partitions stand ready this long before their first day.
AHEAD = relativedelta(months=13)


@dataclass(frozen=True)
class Partition:
    """One partition: its days are from `start` until just before `end`."""

    schema: str
    name: str
    start: dt.date
    end: dt.date


@dataclass(frozen=True)
class Dropped:
    table: str
    partition: str
    counts: dict[str, Any]


def partitions_of(connection: Connection, table: TablePlan) -> list[Partition]:
    """The partitions by range of a partitioned table, oldest first; empty for a table that is not
    partitioned."""
    return _all_partitions(connection, [table])[table.name]


def _all_partitions(connection: Connection, tables: Sequence[TablePlan]) -> dict[str, list[Partition]]:
    """The same of several tables, by their names, in one look."""
    names = {qualified(t.schema, t.name): t.name for t in tables}
    found = connection.execute(
        "SELECT t.name, n.nspname, c.relname, pg_get_expr(c.relpartbound, c.oid) FROM unnest(%s::text[]) AS t (name) "
        "JOIN pg_inherits i ON i.inhparent = to_regclass(t.name) "
        "JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relispartition",
        [list(names)],
    ).fetchall()
    result: dict[str, list[Partition]] = {t.name: [] for t in tables}
    for table, schema, name, bound in found:
        days = re.fullmatch(r"FOR VALUES FROM \('([\d-]+)'\) TO \('([\d-]+)'\)", bound)
        if days:
            start, end = (dt.date.fromisoformat(d) for d in days.groups())
            result[names[table]].append(Partition(schema, name, start, end))
    return {table: sorted(parts, key=lambda p: p.start) for table, parts in result.items()}


def drop_expired(
    connection: Connection, plan: Plan, now: dt.datetime, *, tries: int = 6, rehearse: bool = False
) -> list[Dropped]:
    """Drops each partition of which nothing is kept at `now` any more. People of whom nothing else is left
    become due.

    One transaction per partition. A partition that stays locked is left to the rows' own sweep. `rehearse`:
    its rows are deleted instead, which holds nobody up; the caller takes that back.
    """
    result = []
    tables = [t for t in plan.tables if t.partition is not None]
    with connection.transaction():
        there = _all_partitions(connection, tables)
    for table in tables:
        for partition in [p for p in there[table.name] if _may_go(plan, table, p, civil(now))]:
            counts = _drop_patiently(connection, plan, table, partition, now, 0 if rehearse else tries)
            if counts is not None:
                result.append(Dropped(table.name, partition.name, counts))
    return result


def _may_go(plan: Plan, table: TablePlan, partition: Partition, today: dt.date) -> bool:
    """Whether the term of its last day is over for every purpose that runs per record: else no need to
    look."""
    last = partition.end - dt.timedelta(days=1)
    if table.partition != table.record_date:
        return False
    ends = [
        last_day(last, clock.period, end_of_year=clock.end_of_year)
        for p in plan.purposes
        if p.active and p.by_record and p.mask & table.bits
        for clock in p.clocks
        if (clock.records_from is None or last >= clock.records_from)
        and (clock.records_until is None or partition.start <= clock.records_until)
    ]
    return bool(ends) and max(ends) < today


def _drop_patiently(
    connection: Connection, plan: Plan, table: TablePlan, partition: Partition, now: dt.datetime, tries: int
) -> dict[str, Any] | None:
    for left in reversed(range(tries or 1)):
        try:
            with connection.transaction():
                return _drop(connection, plan, table, partition, now, rehearse=not tries)
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            if left:
                time.sleep(0.2)
    return None


def _drop(
    connection: Connection,
    plan: Plan,
    table: TablePlan,
    partition: Partition,
    now: dt.datetime,
    *,
    rehearse: bool,
) -> dict[str, Any] | None:
    """Inside a transaction: counts of what went, or None when something is still kept."""
    s, q = ident(plan.schema), qualified(table.schema, table.name)
    part = qualified(partition.schema, partition.name)
    day = ident(str(table.partition))
    within = f"r.{day} >= {literal(partition.start)} AND r.{day} < {literal(partition.end)}"
    query = judged(plan, table, within, at="%(at)s::timestamptz", today=f"{s}.civil(%(at)s)")
    _run(connection, f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    if not rehearse:
        _lock(connection, plan, f"{q}, {part}")
    if _run(connection, f"SELECT 1 FROM ({query}) j WHERE j.kept <> 0 LIMIT 1", at=now):
        return None
    (counts,) = _run(connection, counts_of_all(plan, table, within))[0]
    owners = " UNION ".join(f"SELECT r.{ident(o)} FROM {q} r WHERE {within}" for o in table.owners)
    _run(
        connection,
        f"UPDATE {s}.state SET next_review = %(today)s WHERE next_review > %(today)s "
        f"AND kept & {plan.stored_bits & ~plan.record_bits} = 0 AND person_id IN ({owners})",
        today=civil(now),
    )
    if rehearse:
        _run(connection, f"DELETE FROM {q} r WHERE {within}")
        return dict(counts)
    with_role = _become_owner(connection, plan)
    _run(connection, f"ALTER TABLE {q} DETACH PARTITION {part}")
    _run(connection, f"DROP TABLE {part}")
    if with_role:
        _run(connection, "RESET ROLE")
    told = {"partitions": 1, "tables": {table.name: pruned(counts)}}
    record_act(connection, "sweep", now, counts=told, schema=plan.schema)
    return dict(counts)


def _lock(connection: Connection, plan: Plan, tables: str) -> None:
    with_role = _become_owner(connection, plan)
    _run(connection, f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
    if with_role:
        _run(connection, "RESET ROLE")


def ensure(connection: Connection, plan: Plan, today: dt.date) -> list[str]:
    """Makes the partitions that are needed from `today` until `AHEAD`. out: names of those that were made."""
    made = []
    tables = [t for t in plan.tables if t.partition is not None]
    with connection.transaction():
        all_ = _all_partitions(connection, tables)
    for table in tables:
        there = all_[table.name]
        for start, end in _periods(today, table.partition_every or "year") if there else ():
            if not any(p.start < end and start < p.end for p in there):
                with connection.transaction():
                    made.append(_make(connection, plan, table, there[-1].schema, start, end))
    return made


def _periods(today: dt.date, every: str) -> list[tuple[dt.date, dt.date]]:
    step = relativedelta(years=1) if every == "year" else relativedelta(months=1)
    start = today.replace(day=1, month=1 if every == "year" else today.month)
    result = []
    while start <= today + AHEAD:
        result.append((start, start + step))
        start += step
    return result


def _make(
    connection: Connection, plan: Plan, table: TablePlan, schema: str, start: dt.date, end: dt.date
) -> str:
    yearly = table.partition_every == "year"
    name = f"{table.name}_{start.year}" if yearly else f"{table.name}_{start.year}_{start.month:02}"
    _run(connection, f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    with_role = _become_owner(connection, plan)
    try:
        _run(
            connection,
            f"CREATE TABLE {qualified(schema, name)} PARTITION OF {qualified(table.schema, table.name)} "
            f"FOR VALUES FROM ({literal(start)}) TO ({literal(end)})",
        )
    except errors.DuplicateTable as fault:
        raise ClockError(
            f"{schema}.{name} is there and is no partition of {table.name} for {start} until {end}",
            rule="records of a day without a partition cannot be written",
            remedy="rename that table, or attach it",
        ) from fault
    for statement in closed(plan, schema, name):
        _run(connection, statement)
    if with_role:
        _run(connection, "RESET ROLE")
    return name


def _become_owner(connection: Connection, plan: Plan) -> bool:
    """Tables belong to the owner's role, which the keeper may take; a superuser need not."""
    if _run(connection, "SELECT 1 FROM pg_roles WHERE rolname = current_user AND rolsuper"):
        return False
    _run(connection, f"SET LOCAL ROLE {ident(plan.role('owner'))}")
    return True


def _run(connection: Connection, query: str, **values: object) -> list[tuple[Any, ...]]:
    done = connection.execute(query, values or None)
    return done.fetchall() if done.description else []
