"""Which rows of somebody were collected before they were of age (P-155): as the database's own function says."""

from __future__ import annotations

from collections.abc import Sequence

from bloesem.plan.model import Plan
from bloesem.plan.quoting import ident
from bloesem.stores.postgres import Connection


def rows(connection: Connection, plan: Plan, people: Sequence[int]) -> set[tuple[str, int]]:
    """out: table (qualified) and number of each; none where the map knows no birth date. raises: psycopg.Error."""
    if not plan.born:
        return set()
    found = connection.execute(
        f"SELECT DISTINCT table_name, row_id FROM {ident(plan.schema)}.collected_from_minors(%s)".encode(),
        [list(people)],
    ).fetchall()
    return {(plan.table(name).qualified, number) for name, number in found}


__all__ = ["rows"]
