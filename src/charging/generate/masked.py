"""Bulk rows under a plan: the facts that they carry, and their masks in the very INSERT … SELECT that
makes them.

A mask that is written with its row is written once: an UPDATE afterwards would double a big table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from bloesem.plan.model import EventPlan, Plan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.plan.sql.masks import facts_of, worked_out
from charging.generate.load import Connection
from charging.generate.world import civil


def facts(plan: Plan, table: TablePlan, columns: Sequence[str], query: str) -> list[str]:
    """INSERTs of the facts that the rows of `query` carry. `query`: a SELECT of `columns`, in that order."""
    source = f"(\n{query}\n) AS n ({', '.join(map(ident, columns))})"
    return [facts_of(plan, table, fact, source) for fact in table.facts if _needs(fact) <= set(columns)]


def _needs(fact: EventPlan) -> set[str]:
    names = (fact.owner, fact.at, fact.until, fact.when.column if fact.when else None)
    return {name for name in names if name}


def states(plan: Plan, first: int, last: int, at: dt.datetime) -> str:
    """INSERT of the states of people whose ids lie in `first` to `last`, from their facts."""
    s = ident(plan.schema)
    ids = f"SELECT array_agg(DISTINCT person_id) FROM {s}.fact WHERE person_id BETWEEN {first} AND {last}"
    return f"INSERT INTO {s}.state SELECT c.* FROM {s}.compute_state(({ids}), {_moment(at)}) AS c"


def layout(connection: Connection, table: TablePlan) -> tuple[tuple[str, str], ...]:
    """Columns of the table as they lie in it, with their types: what a whole row is made of."""
    found = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [qualified(table.schema, table.name)],
    )
    return tuple((str(name), str(kind)) for name, kind in found)


def insert(
    plan: Plan,
    table: TablePlan,
    row: Sequence[tuple[str, str]],
    columns: Sequence[str],
    query: str,
    at: dt.datetime,
    people: tuple[int, int],
) -> str:
    """The INSERT of the rows of `query`, with masks as they are at `at`.

    in: `row`, the table's `layout`; `people`, the first and last person id in these rows. For rows of one
    owner: a second owner's column must be absent or NULL in all of them. A row that nothing keeps comes in
    as due, and goes with the next sweep.
    """
    names = ", ".join(map(ident, columns))
    given = set(columns)
    whole = ", ".join(f"{f'n.{ident(c)}' if c in given else 'NULL'}::{kind} AS {ident(c)}" for c, kind in row)
    schema, today = ident(plan.schema), f"{literal(civil(at).isoformat())}::date"
    return (
        f"INSERT INTO {qualified(table.schema, table.name)} ({names}, used_for, kept_for, good_until)\n"
        f"SELECT {', '.join(f'r.{ident(c)}' for c in columns)}, m.used, m.kept, {schema}.moment(m.until)\n"
        f"FROM (SELECT {whole} FROM (\n{query}\n) AS n ({names}) OFFSET 0) AS r\n"
        f"LEFT JOIN {schema}.state o ON o.person_id = r.{ident(table.owners[0])}"
        f" AND o.person_id BETWEEN {people[0]} AND {people[1]}\n"
        f"CROSS JOIN LATERAL {worked_out(plan, table, 'o', at=_moment(at), today=today)} m"
    )


def _moment(at: dt.datetime) -> str:
    return f"{literal(at.isoformat())}::timestamptz"
