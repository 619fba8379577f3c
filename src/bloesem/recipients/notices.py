"""Each recipient is told what was mended, erased, restricted or withdrawn of what it got (art. 19, R-030).

A notice is queued in the transaction of the change itself, goes forward only (queued, sent, proven), and one that is not
proven by its day is escalated to a person. As keeper.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from psycopg import sql
from psycopg.types.json import Jsonb

from bloesem.errors import RightsError
from bloesem.ledger.acts import SCHEMA
from bloesem.stores.postgres import Connection

Change = Literal["rectification", "erasure", "restriction", "withdrawal"]
State = Literal["queued", "sent", "proven"]


@dataclass(frozen=True)
class Notice:
    """What one recipient is to be told. `given`: what it has of it; `references`: how it knows the person."""

    id: int
    request: uuid.UUID
    person: int
    recipient: str
    change: Change
    given: Mapping[str, tuple[str, ...]]
    references: Mapping[int, int]
    due: dt.date
    asked_at: dt.datetime
    sent_at: dt.datetime | None
    proven_at: dt.datetime | None
    escalated_at: dt.datetime | None
    tries: int = 0
    next_at: dt.datetime | None = None  # not offered to its server before
    refused: bool = False  # its server never takes it: a person writes

    @property
    def state(self) -> State:
        return "proven" if self.proven_at else "sent" if self.sent_at else "queued"


_COLUMNS = (
    "id, request, person_id, recipient, change, given, refs, due, asked_at, sent_at, proven_at, escalated_at,"
    " tries, next_at, refused"
)


def queue(
    connection: Connection,
    person: int,
    change: Change,
    *,
    request: uuid.UUID,
    due: dt.date,
    now: dt.datetime,
    fields: Mapping[str, Collection[str]] | None = None,
    purposes: Collection[str] | None = None,
    schema: str = SCHEMA,
) -> list[Notice]:
    """A notice for every recipient that got one of these columns of the person (none named: anything), for one of these
    purposes (none named: any). In the caller's transaction; again for the same request it adds nobody twice. Only what
    changed is told: a recipient learns of no other column.

    in: `request`, of the change; `due`, the civil day by which each is to be proven; `now`, aware.
    """
    said = None if fields is None else Jsonb({table: list(names) for table, names in fields.items()})
    connection.execute(
        sql.SQL("SELECT {s}.queue_notices(%s, %s, %s, %s, %s, %s, %s)").format(s=sql.Identifier(schema)),
        [request, person, change, said, None if purposes is None else list(purposes), due, now],
    )
    return of_request(connection, request, schema)


def of_request(connection: Connection, request: uuid.UUID, schema: str = SCHEMA) -> list[Notice]:
    """The notices of one change: whom a person may ask about (art. 19, second sentence)."""
    return _fetch(connection, schema, "request = %s ORDER BY recipient", [request])


def open_notices(connection: Connection, limit: int = 1000, schema: str = SCHEMA) -> list[Notice]:
    """Those that are not proven, the most urgent first."""
    return _fetch(connection, schema, "proven_at IS NULL ORDER BY due, id LIMIT %s", [limit])


def listed(connection: Connection, *, proven: bool, limit: int = 1000, schema: str = SCHEMA) -> list[Notice]:
    """Those that are open, and with `proven` the others after them; the most urgent first."""
    where = "true" if proven else "proven_at IS NULL"
    return _fetch(connection, schema, f"{where} ORDER BY proven_at IS NOT NULL, due, id LIMIT %s", [limit])


def held_for_sending(connection: Connection, number: int, schema: str = SCHEMA) -> bool:
    """Whether it is still queued; then it is this transaction's to send, until it ends."""
    return bool(_fetch(connection, schema, "id = %s AND sent_at IS NULL FOR UPDATE SKIP LOCKED", [number]))


def sent(connection: Connection, number: int, to: str, now: dt.datetime, schema: str = SCHEMA) -> None:
    """It went out, to an address. Raises `RightsError` where it did already."""
    _step(connection, schema, "sent_at = %s, sent_to = %s", "sent_at IS NULL", [now, to], number, "sent")


def tried(connection: Connection, number: int, again: dt.datetime | None, schema: str = SCHEMA) -> None:
    """Its server did not take it; `again`: when it is offered next, none: never. Raises `RightsError` where it was sent."""
    _step(
        *(connection, schema, "tries = tries + 1, next_at = %s, refused = %s", "sent_at IS NULL"),
        *([again, again is None], number, "offered"),
    )


def proven(connection: Connection, number: int, proof: str, now: dt.datetime, schema: str = SCHEMA) -> None:
    """The recipient has done it, and this shows it. Raises `RightsError` for one that was not sent, or has its proof."""
    if not proof.strip():
        raise RightsError(
            f"notice {number}: the proof is empty", "art. 5(2), 19: it can be shown", "say what shows it"
        )
    only = "sent_at IS NOT NULL AND proven_at IS NULL"
    _step(connection, schema, "proven_at = %s, proof = %s", only, [now, proof], number, "proven")


def escalate(connection: Connection, today: dt.date, now: dt.datetime, schema: str = SCHEMA) -> list[Notice]:
    """Those whose day is over without proof, once each: for a person to act on."""
    rows = connection.execute(
        sql.SQL(
            "UPDATE {s}.notice SET escalated_at = %s WHERE proven_at IS NULL AND escalated_at IS NULL AND due < %s"
            " RETURNING " + _COLUMNS
        ).format(s=sql.Identifier(schema)),
        [now, today],
    ).fetchall()
    return sorted((_notice(row) for row in rows), key=lambda one: (one.due, one.id))


def _step(
    connection: Connection, schema: str, change: str, only: str, values: list[Any], number: int, word: str
) -> None:
    done = connection.execute(
        sql.SQL("UPDATE {s}.notice SET " + change + " WHERE id = %s AND " + only).format(
            s=sql.Identifier(schema)
        ),
        [*values, number],
    )
    if done.rowcount != 1:
        raise RightsError(
            f"notice {number} cannot be {word} now",
            "art. 19: a notice is queued, sent, proven, each once",
            "see where it stands (open_notices)",
        )


def _fetch(connection: Connection, schema: str, where: str, values: list[Any]) -> list[Notice]:
    rows = connection.execute(
        sql.SQL("SELECT " + _COLUMNS + " FROM {s}.notice WHERE " + where).format(s=sql.Identifier(schema)),
        values,
    ).fetchall()
    return [_notice(row) for row in rows]


def _notice(row: tuple[Any, ...]) -> Notice:
    said = dict(zip(_COLUMNS.split(", "), row, strict=True))
    given = {table: tuple(names) for table, names in said.pop("given").items()}
    references = {int(number): reference for number, reference in said.pop("refs").items()}
    return Notice(person=said.pop("person_id"), given=given, references=references, **said)


__all__ = [
    "Change",
    "Notice",
    "State",
    "escalate",
    "held_for_sending",
    "listed",
    "of_request",
    "open_notices",
    "proven",
    "queue",
    "sent",
    "tried",
]
