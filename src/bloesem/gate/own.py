"""What a person asks and does about themselves, in their own scope (`purpose("subject", person=…)`): by the scope alone.

The database's functions behind it take nobody's number; outside a person's scope each refuses (`GateError`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections
from psycopg import sql

from bloesem.gate.ids import new_id
from bloesem.gate.logbook import as_login
from bloesem.gate.opening import Opened
from bloesem.plan.model import Fact

#: The schema of the door's functions (`bloesem.consent.own`).
_DOOR = "door"


@dataclass(frozen=True)
class Got:
    """One table of one disclosure: which columns of one's own a recipient got, when, for what, and where it went."""

    recipient: str
    name: str
    kind: str
    purpose: str
    ground: str
    transfers: tuple[Mapping[str, Any], ...]
    ends: dt.date | None
    at: dt.datetime
    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """A recipient that is told of a change (art. 19)."""

    recipient: str
    change: str
    asked_at: dt.datetime
    sent_at: dt.datetime | None
    proven_at: dt.datetime | None


def facts(opened: Opened, person: int) -> list[Fact]:
    """All that is recorded of whoever's scope is open, as the calculus reads it; `person` only names them in it."""
    return [
        Fact(person, kind, key, starts, ends, table, row)
        for kind, key, starts, ends, table, row in ask(opened, "own_facts")
    ]


def moment(opened: Opened) -> dt.datetime:
    """The database's own moment."""
    found: dt.datetime = ask(opened, "moment")[0][0]
    return found


def recipients(opened: Opened) -> list[Got]:
    return [
        Got(
            recipient, name, kind, purpose, ground, tuple(_json(transfers) or ()), ends, at, table, tuple(columns)
        )
        for recipient, name, kind, purpose, ground, transfers, ends, at, table, columns in ask(
            opened, "own_recipients"
        )
    ]  # fmt: skip


def told(opened: Opened) -> list[Told]:
    """The newest first."""
    return [Told(*row) for row in ask(opened, "own_notices")]


def readings(opened: Opened) -> list[tuple[dt.date, str, int]]:
    """Day, purpose and how often staff read, the newest first; by whom is the reader's own data (C-579/21)."""
    return [(day, purpose, times) for day, purpose, times in ask(opened, "own_readings")]


def object_to(opened: Opened, purpose: str) -> str:
    """An objection that is assessed (art. 21(1)): nothing is read for it from now on. out: `recorded` or `already`."""
    return _said(opened, "own_objection", [purpose])


def take_objection_back(opened: Opened, purpose: str) -> str:
    """out: `recorded`, or `already` when none is being assessed."""
    return _said(opened, "own_objection_back", [purpose])


def refuse_advertising(opened: Opened) -> str:
    """No advertising from now on, by any channel, profiling and audiences included (P-166). out: `recorded` or `already`."""
    return _said(opened, "object_as_oneself", [], _DOOR)


def refuse_channel(opened: Opened, channel: str) -> str:
    """No advertising from now on by this channel (P-092). out: `recorded` or `already`."""
    return _said(opened, "refuse_channel_as_oneself", [channel], _DOOR)


def correct(opened: Opened, kind: str, row: int, values: Sequence[str], normal: str | None) -> str:
    """One's own address, number or e-mail address as it is now (P-149). in: `row`, one's own; `normal`, the spelling by
    which it is looked up. out: `recorded`, `already`, `taken` (somebody else's e-mail address) or `nobody` (no such row)."""
    return _said(opened, "correct_as_oneself", [kind, row, list(values), normal], _DOOR)


def end_product(opened: Opened, row: int, last: dt.date, proven: str) -> str:
    """One's own subscription ends on its last day (P-066). in: `row`, one's own; `proven`, by what it was proven who asks.
    out: `recorded`, `already` or `nobody` (no such row, or one that has ended)."""
    return _said(opened, "end_product_as_oneself", [row, last, proven], _DOOR)


def agree(opened: Opened, text: str, language: str, channels: Sequence[str]) -> str:
    """A consent to words that are shown today. out: the number of its record, or `too young`."""
    return _said(opened, "agree", [new_id(), text, language, list(channels)], _DOOR)


def withdraw(opened: Opened, purpose: str, text: str | None) -> int:
    """Consent taken back, to one text (its key) or to all for a purpose. out: how many ended."""
    return int(_said(opened, "take_back", [purpose, text], _DOOR))


def _json(value: Any) -> Any:
    """Django leaves jsonb as text on its connections."""
    return json.loads(value) if isinstance(value, str) else value


def _said(opened: Opened, function: str, values: Sequence[object], schema: str | None = None) -> str:
    return str(ask(opened, function, values, schema)[0][0])


def ask(
    opened: Opened, function: str, values: Sequence[object] = (), schema: str | None = None
) -> list[tuple[Any, ...]]:
    """The rows of a function that knows whom it is about by the open scope alone."""
    connection: Any = connections[opened.using]
    query = sql.SQL("SELECT * FROM {}({})").format(
        sql.Identifier(schema or opened.gate.plan.schema, function),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    with as_login(connection) as cursor:
        return list(cursor.execute(query, list(values)).fetchall())


__all__ = [
    "Got",
    "Told",
    "agree",
    "ask",
    "correct",
    "end_product",
    "facts",
    "moment",
    "object_to",
    "readings",
    "recipients",
    "refuse_advertising",
    "refuse_channel",
    "take_objection_back",
    "told",
    "withdraw",
]
