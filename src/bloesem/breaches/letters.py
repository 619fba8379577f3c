"""People are told of a breach (art. 34), through the one door that sends: in four languages, at most once each, also those
whose data is restricted. Who they are is one query: a list of numbers, a disclosure, a recipient in a time, or a fact.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from psycopg import sql

from bloesem.breaches.entries import BreachError, Letters
from bloesem.breaches.rules import Breach, check
from bloesem.breaches.store import note, one
from bloesem.law.model import Law
from bloesem.source import Strict, read
from bloesem.stores.postgres import Connection
from bloesem.terms import LANGUAGES, Label

if TYPE_CHECKING:
    from bloesem.sending.door import Door, Submitted

TEMPLATE = "breach-notice"


class Said(Strict):
    """What a letter says, in each of the four languages (art. 34(2))."""

    what: Label
    consequences: Label
    measures: Label


@dataclass(frozen=True)
class Whom:
    """Exactly one of: `people`, by number; those of a `disclosure`; those whose data a `recipient` got from `since` on,
    before `until` (moments); those of whom a `fact` (kind, key) runs."""

    people: tuple[int, ...] | None = None
    disclosure: int | None = None
    recipient: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    fact: tuple[str, str] | None = None


def words(path: Path) -> Said:
    """raises: SourceError; BreachError where a language is missing."""
    said = read(path, Said)
    for name in ("what", "consequences", "measures"):
        lacks = [language for language in LANGUAGES if language not in getattr(said, name)]
        if lacks:
            raise BreachError(
                f"{path}: `{name}` is not said in {', '.join(lacks)}",
                "art. 34(2): in clear and plain language, which is the reader's own",
                "write it in all four",
            )
    return said


def chosen(connection: Connection, whom: Whom, now: dt.datetime, *, schema: str = "bloesem") -> list[int]:
    """The people whom it reaches, by number, of those who are still there. in: a connection of the keeper.

    raises: BreachError for none or several ways to choose, and for numbers that are nobody's."""
    ways = [whom.people, whom.disclosure, whom.recipient, whom.fact]
    if sum(way is not None for way in ways) != 1:
        raise BreachError(
            "people are chosen in one way",
            "art. 34(1): those are told whom it may harm",
            "name people, a disclosure, a recipient, or a fact",
        )
    there = sql.SQL("SELECT s.person_id FROM {s}.state s WHERE s.person_id IN ({q}) ORDER BY 1").format(
        s=sql.Identifier(schema), q=_query(whom).format(s=sql.Identifier(schema))
    )
    values = {
        "people": list(whom.people or ()),
        "disclosure": whom.disclosure,
        "recipient": whom.recipient,
        "since": whom.since,
        "until": whom.until,
        "kind": whom.fact[0] if whom.fact else None,
        "key": whom.fact[1] if whom.fact else None,
        "now": now,
    }
    found = [row[0] for row in connection.execute(there, values).fetchall()]
    strange = len(set(whom.people or ()) - set(found))
    if strange:
        raise BreachError(
            f"{strange} of the numbers are nobody's (any more)",
            "a letter goes to somebody",
            "take them out, and choose again",
        )
    return found


def _query(whom: Whom) -> sql.SQL:
    if whom.people is not None:
        return sql.SQL("SELECT unnest(%(people)s::bigint[])")
    if whom.disclosure is not None:
        return sql.SQL("SELECT d.person_id FROM {s}.disclosed d WHERE d.disclosure_id = %(disclosure)s")
    if whom.recipient is not None:
        return sql.SQL(
            "SELECT d.person_id FROM {s}.disclosed d JOIN {s}.disclosure g ON g.id = d.disclosure_id"
            " WHERE g.recipient = %(recipient)s AND (%(since)s::timestamptz IS NULL OR g.as_of >= %(since)s)"
            " AND (%(until)s::timestamptz IS NULL OR g.as_of < %(until)s)"
        )
    return sql.SQL(
        "SELECT f.person_id FROM {s}.fact f WHERE f.kind = %(kind)s AND f.key = %(key)s AND f.starts_at <= %(now)s"
        " AND (f.ends_at IS NULL OR f.ends_at > %(now)s)"
    )


def tell(
    door: Door,
    law: Law,
    number: int,
    people: Sequence[int],
    said: Said,
    *,
    contact: str,
    channel: Literal["email", "post"],
    actor: str,
    now: dt.datetime,
) -> tuple[Breach, list[Submitted]]:
    """Ask the door for a letter to each, and write down that it was asked. in: a door of the keeper's; `contact`, the
    officer's address. Asked again for the same breach and channel, whoever has a letter gets no second.

    raises: BreachError, SendingError; nothing is asked of the door then."""
    connection = door.connection
    check(one(connection, law, number), Letters(TEMPLATE, len(people), 0), now)
    with connection.transaction():
        done = door.submit(
            TEMPLATE, channel, people, _values(said, contact), once=f"breach:{number}:{channel}"
        )
        allowed = sum(each.reason.key == "allowed" for each in done)
        found = note(connection, law, number, Letters(TEMPLATE, len(people), allowed), actor=actor, now=now)
    return found, done


def _values(said: Said, contact: str) -> Mapping[str, str]:
    return {
        "contact": contact,
        **{
            f"{name}_{language}": getattr(said, name)[language]
            for name in ("what", "consequences", "measures")
            for language in LANGUAGES
        },
    }


__all__ = ["TEMPLATE", "Said", "Whom", "chosen", "tell", "words"]
