"""How whoever writes as keeper says for which purpose, in the transaction that is open (P-004)."""

from __future__ import annotations

from psycopg import sql

from bloesem.plan.sql.attributed import SAID


def saying(purpose: str) -> sql.Composed:
    """in: a purpose that the plan declares; PostgreSQL refuses the act of any other."""
    space, _, name = SAID.partition(".")
    return sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(space, name), sql.Literal(purpose))


__all__ = ["saying"]
