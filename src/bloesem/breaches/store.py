"""The register of breaches in a database: read whole, and an entry added. Each is a function of the keeper, which the
officer's own login may call; nobody else reads or writes the table."""

from __future__ import annotations

import datetime as dt
from typing import Any

from psycopg import Error, sql
from psycopg.types.json import Jsonb

from bloesem.breaches.entries import BreachError, Contents, Entry, as_json, from_json, kind_of
from bloesem.breaches.rules import BRUSSELS, Breach, breach, check
from bloesem.law.model import Law
from bloesem.plan.sql.breach import OVERTAKEN
from bloesem.stores.postgres import Connection


def breaches(connection: Connection, law: Law, *, schema: str = "bloesem") -> list[Breach]:
    """Every breach, by number. in: a connection of the keeper, an administrator, or the officer's login."""
    rows = _ask(connection, "SELECT * FROM {s}.breach_register()", schema)
    found: dict[int, list[Entry]] = {}
    for number, position, at, kind, contents, actor in rows:
        found.setdefault(number, []).append(Entry(position, at, from_json(kind, contents), actor))
    return [breach(number, entries, law) for number, entries in found.items()]


def one(connection: Connection, law: Law, number: int, *, schema: str = "bloesem") -> Breach:
    """raises: BreachError where there is none of that number."""
    for found in breaches(connection, law, schema=schema):
        if found.number == number:
            return found
    raise BreachError(
        f"there is no breach {number}",
        "the register has every breach, by number",
        "bloesem breach lists them",
    )


def note(
    connection: Connection,
    law: Law,
    number: int | None,
    said: Contents,
    *,
    actor: str,
    now: dt.datetime,
    schema: str = "bloesem",
) -> Breach:
    """Write an entry, in the transaction that is open or in its own. in: `number` none, a new breach; `now`, the database's
    moment; `actor`, who of the staff. out: the breach with it.

    raises: BreachError where it may not be written, or somebody wrote another meanwhile; nothing is written then."""
    at = one(connection, law, number, schema=schema) if number is not None else None
    check(at, said, now)
    seen = len(at.entries) if at is not None else 0
    with connection.transaction():
        query = "SELECT {s}.breach_note(%s, %s, %s, %s, %s)"
        row = _ask(connection, query, schema, number, seen, kind_of(said), Jsonb(as_json(said)), actor)
    return one(connection, law, int(row[0][0]), schema=schema)


def moment(connection: Connection, *, schema: str = "bloesem") -> dt.datetime:
    """The database's own moment, in Brussels: the real one, or that of a demonstration."""
    found: dt.datetime = _ask(connection, "SELECT {s}.moment()", schema)[0][0]
    return found.astimezone(BRUSSELS)


def _ask(connection: Connection, text: str, schema: str, *values: object) -> list[tuple[Any, ...]]:
    try:
        query = sql.SQL(text).format(s=sql.Identifier(schema))
        return connection.execute(query, values or None).fetchall()
    except Error as error:
        if error.sqlstate == OVERTAKEN:
            raise BreachError(
                "somebody wrote about this breach meanwhile",
                "an entry is decided on what is known when it is written",
                "look at it again, then write",
            ) from error
        raise


__all__ = ["breaches", "moment", "note", "one"]
