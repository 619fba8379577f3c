"""`INSERT … SELECT` with the masks of each row in the statement that makes it."""

from __future__ import annotations

from collections.abc import Sequence

from bloesem.plan.model import Plan, TablePlan
from bloesem.plan.quoting import ident, qualified
from bloesem.plan.sql.masks import _kept, _until, _used, once


def insert(
    plan: Plan,
    table: TablePlan,
    layout: Sequence[tuple[str, str]],
    columns: Sequence[str],
    query: str,
    at: str,
    *,
    drop_dead: bool = False,
) -> str:
    """The INSERT of the rows that `query` gives (`columns`, in that order), of people whose states are known.

    in: `layout`, the table's columns with their types; `at`, SQL of the moment; `drop_dead`: rows that nothing keeps
    are not written. For rows of one owner. The expressions stand here whole: see `masks.judged`.
    """
    s, given = ident(plan.schema), set(columns)
    names = ", ".join(map(ident, columns))
    typed = ", ".join(
        f"{f'n.{ident(c)}' if c in given else 'NULL'}::{kind} AS {ident(c)}" for c, kind in layout
    )
    return (
        f"INSERT INTO {qualified(table.schema, table.name)} ({names}, used_for, kept_for, good_until)\n"
        f"SELECT {', '.join(f'r.{ident(c)}' for c in columns)}, m.used, m.kept, {s}.moment(m.until)\n"
        f"FROM (SELECT {typed} FROM (\n{query}\n) AS n ({names}) OFFSET 0) r\n"
        f"JOIN {s}.state o ON o.person_id = r.{ident(table.owners[0])}\n"
        # Names of the inner query win over a column `at` of the row.
        f"CROSS JOIN LATERAL (SELECT k.kept, {_used(plan, table, 'k.kept')} AS used,\n"
        f"    {_until(plan, table, 'k.kept')} AS until\n"
        f"  FROM (SELECT o.*) s CROSS JOIN (SELECT {s}.civil({at}) AS today, {at}::timestamptz AS at) d\n"
        f"  CROSS JOIN LATERAL {once(plan, table)}\n"
        f"  CROSS JOIN LATERAL (SELECT {_kept(plan, table)} AS kept OFFSET 0) k) m"
        f"{chr(10) + 'WHERE m.kept <> 0' if drop_dead else ''}"
    )
