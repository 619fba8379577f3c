"""Code that runs as keeper: compiler, clock, rights, loader, data migrations. Never a process that serves people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, Cursor, Error, sql

from bloesem.errors import GateError
from bloesem.gate.served import configured


@contextmanager
def keeper(connection: Connection[Any], prefix: str = "bloesem_") -> Iterator[Cursor[Any]]:
    """One transaction as keeper on this connection (the keeper's own, or an administrator's), names qualified.

    in: the connection; the prefix of the cluster's roles. out: a cursor; committed at the end, rolled back on an error.
    Raises `GateError` in a process that serves purposes, and for a login that may not be keeper.
    """
    if configured():
        raise GateError(
            "a process that serves people asked to be keeper",
            "the keeper passes by every row policy, so it is never a web process",
            "run this as a job of its own (bloesem sweep, bloesem erase …), with the keeper's credentials",
        )
    with connection.transaction(), connection.cursor() as cursor:
        try:
            cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(prefix + "keeper")))
            cursor.execute("SET LOCAL search_path = pg_catalog, pg_temp")
        except Error as error:
            raise GateError(
                f"this login may not be keeper: {error.diag.message_primary or error}",
                "only the keeper's own login and an administrator may",
                f"connect as {prefix}keeper",
            ) from error
        yield cursor


def expect(cursor: Cursor[Any], rows: int) -> None:
    """A data migration says how many rows it expects: under forced row policies a wrong role changes none, silently."""
    if cursor.rowcount != rows:
        raise GateError(
            f"{cursor.rowcount} rows were changed where {rows} were expected",
            "a change of data states its row count",
            "nothing was committed: see as whom it ran, and what it selects",
        )
