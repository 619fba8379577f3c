"""`INSERT … SELECT` with the masks of each row in the statement that makes it."""

from __future__ import annotations

from collections.abc import Sequence

from bloesem.plan.model import Plan, TablePlan
from bloesem.plan.quoting import ident, qualified
from bloesem.plan.sql.masks import worked_out


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
    are not written. For rows of one owner.
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
        f"CROSS JOIN LATERAL {worked_out(plan, table, 'o', at=at, today=f'{s}.civil({at})')} m"
        f"{chr(10) + 'WHERE m.kept <> 0' if drop_dead else ''}"
    )
