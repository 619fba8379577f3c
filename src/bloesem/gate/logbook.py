"""Who read whom, and what was refused: written by functions of the keeper, the only writing that a login has here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from psycopg import Connection, Cursor, Error, sql

from bloesem.errors import GateError
from bloesem.plan.model import Plan
from bloesem.plan.sql.logbook import doormen, takers

if TYPE_CHECKING:
    from bloesem.gate.backend.base import DatabaseWrapper

#: Denials of one block that are written one by one; more in one block are counted only.
MOST_DENIALS = 100


def reading(purpose: str, people: Iterable[int], actor: str, *, using: str = "default") -> None:
    """Log that `actor` reads these people for `purpose`: one act without personal data, one row per person.

    Inside `with purpose(…)` it is committed with the block; outside, before this returns. A page is sent after that,
    or not at all. Raises `GateError` when it cannot be written.
    """
    from bloesem.gate.opening import current

    opened = current()
    if opened is not None:
        if opened.key != purpose:
            raise GateError(
                f"a reading for `{purpose}` inside `{opened.key}`",
                "a read has one purpose",
                "log it under its own",
            )
        opened.reads(people, actor)
        return
    from django.db import connections, transaction

    from bloesem.gate.served import gate_of

    gate = gate_of(using)
    gate.resolve(purpose)
    connection: Any = connections[using]
    with transaction.atomic(using=using, durable=True):
        write_reading(connection, gate.plan, purpose, people, actor)


def identifier_taken(kind: str, value: str, *, using: str = "default") -> bool:
    """Whether somebody has this identifier already (`email`, `card` …, as the map's `identity` names it).

    Asked of the keeper's function, never by provoking the constraint: the answer is free or taken, and nothing else.
    Raises `GateError` for a process that fills no such column.
    """
    from django.db import connections

    from bloesem.gate.served import gate_of

    gate = gate_of(using)
    plan = gate.plan
    if gate.login not in takers(plan):
        raise GateError(
            f"the process `{gate.login}` may not ask whether an identifier is taken",
            "P-050: who gives nobody an identifier needs no answer about anybody's",
            f"ask in one of: {', '.join(takers(plan)) or '(no process writes what identifies)'}",
        )
    connection: Any = connections[using]
    with as_login(connection) as cursor:
        query = sql.SQL("SELECT {}.identifier_taken(%s, %s)").format(sql.Identifier(plan.schema))
        row = cursor.execute(query, [kind, value]).fetchone()
    return bool(row and row[0])


def identified(kind: str, value: str, *, using: str = "default") -> int | None:
    """Who signs in with this identifier: the one person who gave it (`known_by` of the record's role), or nobody.

    Proves nothing by itself: who asks for a person's scope has proved first that the address is theirs.
    Raises `GateError` for a process that opens nobody's own scope.
    """
    from django.db import connections

    from bloesem.gate.served import gate_of

    gate = gate_of(using)
    plan = gate.plan
    if gate.login not in doormen(plan):
        raise GateError(
            f"the process `{gate.login}` may not ask whose an identifier is",
            "P-050: only who opens a person's own scope looks for that person",
            f"ask in one of: {', '.join(doormen(plan)) or '(no role of the record has known_by)'}",
        )
    connection: Any = connections[using]
    with as_login(connection) as cursor:
        query = sql.SQL("SELECT {}.identified(%s, %s)").format(sql.Identifier(plan.schema))
        row = cursor.execute(query, [kind, value]).fetchone()
    return int(row[0]) if row and row[0] is not None else None


def write_reading(
    connection: DatabaseWrapper,
    plan: Plan,
    purpose: str,
    people: Iterable[int],
    actor: str,
    case: int | None = None,
    second: str | None = None,
) -> None:
    query = sql.SQL("SELECT {}.record_reading(%s, %s, %s::bigint[], %s::bigint, %s::text)")
    with as_login(connection) as cursor:
        cursor.execute(
            query.format(sql.Identifier(plan.schema)), [actor, purpose, sorted(set(people)), case, second]
        )


def write_denials(connection: DatabaseWrapper, plan: Plan, purpose: str, things: Sequence[str]) -> None:
    query = sql.SQL("SELECT {}.record_denial(%s, %s)").format(sql.Identifier(plan.schema))
    with as_login(connection) as cursor:
        for thing in things[:MOST_DENIALS]:
            cursor.execute(query, [purpose, thing])


@contextmanager
def as_login(connection: DatabaseWrapper) -> Iterator[Cursor[Any]]:
    """A cursor that speaks as the login itself, inside a purpose's transaction or outside any.

    The purpose's role comes back afterwards. Raises `GateError` for what PostgreSQL refuses.
    """
    connection.ensure_connection()
    raw: Connection[Any] = connection.connection
    opened = getattr(connection, "gate_opened", None)
    try:
        with raw.cursor() as cursor:
            if opened is not None:
                cursor.execute("SET LOCAL ROLE NONE")
            elif connection.in_atomic_block:
                cursor.execute(
                    "SET LOCAL ROLE NONE"
                )  # the end of a block: it stays the login until the commit
            yield cursor
            if opened is not None:
                role = sql.Identifier(opened.gate.plan.role(opened.target.name))
                cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(role))
    except Error as error:
        raise GateError(
            f"the gate's own log or question was refused: {error.diag.message_primary or 'no connection'}",
            "no log, no page (design, the gate)",
            "install the plan in force, and see that the database runs",
        ) from error
