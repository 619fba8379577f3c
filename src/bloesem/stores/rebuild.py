"""Masks are a cache: what all of them would be if they were made anew from the facts (design, masks).

Nothing is written. A row may be due earlier than the truth, never later; rows that are due already and wait for the
clock cannot be read, and are counted apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from bloesem.plan.model import Plan, TablePlan
from bloesem.plan.quoting import ident
from bloesem.plan.sql.masks import judged
from bloesem.stores.postgres import Connection


@dataclass(frozen=True)
class Rebuilt:
    """`rows`: per table, rows whose masks are not what the facts say; `people`: states that are not;
    `overdue`: rows that are due and wait for the clock (nobody can read them)."""

    rows: Mapping[str, int]
    people: int
    overdue: int

    @property
    def changed(self) -> int:
        return sum(self.rows.values()) + self.people


def rebuild(connection: Connection, plan: Plan, at: dt.datetime) -> int:
    """How many rows and states a rebuild of all masks at `at` (aware) would change: 0, or something is wrong."""
    return compare(connection, plan, at).changed


def compare(connection: Connection, plan: Plan, at: dt.datetime) -> Rebuilt:
    """As `rebuild`, table by table. One snapshot for all tables when the connection is in REPEATABLE READ."""
    rows, overdue = {}, 0
    for table in plan.tables:
        found = connection.execute(_rows(plan, table), {"at": at}).fetchone()
        rows[table.name], late = (int(found[0]), int(found[1])) if found else (0, 0)
        overdue += late
    people = connection.execute(_states(plan), {"at": at}).fetchone()
    return Rebuilt(rows, int(people[0]) if people else 0, overdue)


def _rows(plan: Plan, table: TablePlan) -> str:
    s = ident(plan.schema)
    query = judged(plan, table, "true", at="%(at)s::timestamptz", today=f"{s}.civil(%(at)s)")
    for i, _ in enumerate(table.owners, 1):
        all_ = f"{s}.compute_state((SELECT array_agg(person_id) FROM {s}.state), %(at)s) s{i}"
        query = query.replace(f"LEFT JOIN {s}.state s{i} ON", f"LEFT JOIN {all_} ON")
    differs = "(j.had_used, j.had_kept) IS DISTINCT FROM (j.used, j.kept) OR j.had_until > j.until"
    due = "j.had_until <= %(at)s"
    return f"SELECT count(*) FILTER (WHERE ({differs}) AND NOT {due}), count(*) FILTER (WHERE {due})\nFROM (\n{query}\n) j"


def _states(plan: Plan) -> str:
    s = ident(plan.schema)
    columns = (
        "used",
        "kept",
        "kept_erased",
        "erased_at",
        "epoch",
        "items",
        "frozen_since",
        "frozen_ground",
        "contract_begun",
    )
    fresh, old = (", ".join(f"{side}.{c}" for c in columns) for side in ("n", "o"))
    return (
        f"SELECT count(*) FROM {s}.state o\n"
        f"JOIN {s}.compute_state((SELECT array_agg(person_id) FROM {s}.state), %(at)s) n USING (person_id)\n"
        f"WHERE o.next_review > {s}.civil(%(at)s)\n"
        f"  AND (({fresh}) IS DISTINCT FROM ({old})\n"
        "       OR EXISTS (SELECT FROM unnest(n.ends, o.ends) AS e (new, old) WHERE e.new < e.old))"
    )
