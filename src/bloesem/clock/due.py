"""Who and what is due: found by index, so that it costs what is due and not what is stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloesem.plan.dates import civil
from bloesem.plan.model import Plan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.masks import dated
from bloesem.plan.sql.state import FOREVER
from bloesem.stores.postgres import Connection


@dataclass(frozen=True)
class Overdue:
    """What is due at a moment and not yet done. Nothing of it can be read; it is still stored.

    `people`: whose state is due; `rows`: rows due by their own date; `since`: the first day on which
    something was due;
    `swept`: up to which day everything was done (None: never).
    """

    people: int
    rows: int
    since: dt.date | None
    swept: dt.date | None

    @property
    def total(self) -> int:
        return self.people + self.rows


@dataclass(frozen=True)
class Falling:
    """What falls due in a month or on a day. `purpose`, for people; `table`, for rows with a date of their
    own."""

    day: dt.date
    purpose: str | None
    table: str | None
    people: int
    rows: int


def claim_people(plan: Plan) -> str:
    """Locks the next people who are due, leaving out those whom another sweep has. in: today, how many."""
    return (
        f"SELECT person_id FROM {ident(plan.schema)}.state WHERE next_review <= %(today)s "
        "ORDER BY next_review LIMIT %(batch)s FOR UPDATE SKIP LOCKED"
    )


def wait_for_people(plan: Plan) -> str:
    """The same, waiting for those whom another sweep has; in id order, so that two who wait do not wait for
    each other."""
    s = ident(plan.schema)
    return (
        f"SELECT person_id FROM {s}.state WHERE person_id IN (SELECT person_id FROM {s}.state "
        "WHERE next_review <= %(today)s LIMIT %(batch)s) AND next_review <= %(today)s ORDER BY person_id FOR UPDATE"
    )


def due_rows(plan: Plan, table: TablePlan) -> str:
    """A condition on `r`: the row is due by its own date, or came in when nothing kept it any more."""
    over = f"r.good_until <= {ident(plan.schema)}.moment(%(today)s::date)"
    return over if dated(plan, table) else f"r.kept_for = 0 AND {over}"


def owners_of_due_rows(plan: Plan, table: TablePlan) -> str:
    """The people to whom rows belong that are due. in: today, how many rows to look at."""
    # In order of date, so that the index on it is read: a filter would pass by all that is not due.
    some = (
        f"SELECT {', '.join(f'r.{ident(o)}' for o in table.owners)} FROM {qualified(table.schema, table.name)} r "
        f"WHERE {due_rows(plan, table)} ORDER BY r.good_until LIMIT %(batch)s"
    )
    if len(table.owners) == 1:
        owner = ident(table.owners[0])
        return f"SELECT {owner} FROM ({some}) r WHERE {owner} IS NOT NULL GROUP BY {owner}"
    owners = ", ".join(f"(r.{ident(o)})" for o in table.owners)
    return f"SELECT DISTINCT o.id FROM ({some}) r, LATERAL (VALUES {owners}) AS o (id) WHERE o.id IS NOT NULL"


def tables_with_due_rows(connection: Connection, plan: Plan, today: dt.date) -> list[str]:
    """The names of tables that have such rows."""
    values = {"today": today}
    (names,) = _one(connection, f"SELECT {ident(plan.schema)}.due_tables(%(today)s)", values)
    return list(names)


def overdue(connection: Connection, plan: Plan, now: dt.datetime) -> Overdue:
    """Numbers of what is due at `now` (aware) and still stored."""
    s, today = ident(plan.schema), civil(now)
    people, since = _one(
        connection,
        f"SELECT count(*), min(next_review) FROM {s}.state WHERE next_review <= %(today)s",
        {"today": today},
    )
    rows = _rows_due(
        connection, plan, today, [plan.table(t) for t in tables_with_due_rows(connection, plan, today)]
    )
    (swept,) = _one(connection, f"SELECT (SELECT swept FROM {s}.watermark)", {})
    return Overdue(people, rows, since, swept)


def left(connection: Connection, plan: Plan, today: dt.date, tables: Sequence[TablePlan]) -> int:
    """How many people are due, and rows of these tables."""
    (people,) = _one(
        connection,
        f"SELECT count(*) FROM {ident(plan.schema)}.state WHERE next_review <= %(today)s",
        {"today": today},
    )
    return int(people) + _rows_due(connection, plan, today, tables)


def _rows_due(connection: Connection, plan: Plan, today: dt.date, tables: Sequence[TablePlan]) -> int:
    if not tables:
        return 0
    counts = [
        f"(SELECT count(*) FROM {qualified(t.schema, t.name)} r WHERE {due_rows(plan, t)})" for t in tables
    ]
    (rows,) = _one(connection, f"SELECT {' + '.join(counts)}", {"today": today})
    return int(rows)


def upcoming(
    connection: Connection, plan: Plan, start: dt.date, end: dt.date, *, by: str = "month"
) -> list[Falling]:
    """What falls due from `start` through `end`, per day or month (its first day): for a picture, not for
    deciding.

    People: by the ends of their clocks as they stand; who interacts again is kept longer. Rows: of tables
    that age by their own date. in: `by`, `day` or `month`.
    """
    if by not in ("day", "month"):
        raise ValueError("by is `day` or `month`")
    values = {"start": start, "end": end, "by": by}
    found = [Falling(day, key, None, n, 0) for day, key, n in connection.execute(_people(plan), values)]
    for table in plan.tables:
        if dated(plan, table):
            found += [
                Falling(day, None, table.name, 0, n)
                for day, n in connection.execute(_rows(plan, table), values)
            ]
    return sorted(found, key=lambda f: (f.day, f.purpose or "", f.table or ""))


def _people(plan: Plan) -> str:
    """One pass over the people who are reviewed before the end: an end in the span is never before its
    review."""
    keys = " ".join(f"WHEN {p.number + 1} THEN {literal(p.key)}" for p in plan.purposes)
    personal = ", ".join(
        str(p.number + 1) for p in plan.purposes if p.active and p.clocks and not p.by_record and not p.hold
    )
    return (
        f"SELECT date_trunc(%(by)s, e.day)::date, CASE e.bit {keys} END, count(*)\n"
        f"FROM {ident(plan.schema)}.state s, unnest(s.ends) WITH ORDINALITY AS e (day, bit)\n"
        f"WHERE s.next_review <= %(end)s AND e.day BETWEEN %(start)s AND %(end)s AND e.day < {FOREVER}\n"
        f"  AND e.bit IN ({personal or '0'}) AND s.kept & (1::bigint << (e.bit - 1)::int) <> 0\n"
        "GROUP BY 1, 2"
    )


def _rows(plan: Plan, table: TablePlan) -> str:
    s = ident(plan.schema)
    return (
        f"SELECT date_trunc(%(by)s, {s}.civil(r.good_until))::date, count(*) FROM {qualified(table.schema, table.name)} r "
        f"WHERE r.good_until BETWEEN {s}.moment(%(start)s::date) AND {s}.moment(%(end)s::date) GROUP BY 1"
    )


def _one(connection: Connection, query: str, values: Mapping[str, object]) -> tuple[Any, ...]:
    found = connection.execute(query, values).fetchone()
    assert found is not None
    return found
