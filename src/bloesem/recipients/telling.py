"""Whoever an authority asked about hears of it, unless a law forbids that; and then as soon as it no longer does (P-128).

The letter names authority, statute and day, and no value. What is silent is on no page and in no answer of the person
(`disclosure_silence`); the record says by which law, and through which day. As keeper.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from bloesem.plan.dates import civil
from bloesem.plan.sql.disclosure import spoken_of
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection

if TYPE_CHECKING:
    from bloesem.policy.company import Company
    from bloesem.policy.model import Record
    from bloesem.recipients.model import Request
    from bloesem.sending.door import Door

TEMPLATE = "authority-told"
#: By mail first; whoever has no address there gets a letter.
CHANNELS = ("email", "post")


@dataclass(frozen=True)
class Told:
    """How many letters were decided about, of how many disclosures, and how many silences ended."""

    letters: int = 0
    disclosures: int = 0
    spoken: int = 0


def tell(door: Door, company: Company) -> Told:
    """Ends silences whose law no longer forbids, and writes to whom nobody wrote yet; again it writes nobody twice.

    in: a door of the keeper's, in autocommit; the company with its record. raises: SendingError where the company has no
    template `authority-told`, and somebody is to be told.
    """
    plan = door.rules.plan
    now = moment(door.connection, plan)
    today = civil(now)
    kinds = [key for key, kind in company.in_force(today).recipients.items() if kind.assignment == "request"]
    spoken = _end_silences(door.connection, plan.schema, company.record, today, now)
    found = _untold(door.connection, plan.schema, kinds)
    letters = 0
    for number, recipient, assignment, name, on, people in found:
        request = _request(company.record, recipient, assignment)
        values = _values(company.record, request, name, on)
        for channel in CHANNELS:
            done = door.submit(TEMPLATE, channel, people, values, once=f"authority-{number}-{channel}")
            letters += len(done)
            people = [one.person for one in done if one.reason.key != "allowed"]
            if not people:
                break
    return Told(letters, len(found), spoken)


def _values(record: Record, request: Request | None, name: str, on: dt.date) -> Mapping[str, str]:
    """What the letter says. Of a request that is no longer on record its authority and day are still known."""
    statute = record.statutes.get(request.statute) if request else None
    return {
        "authority": request.authority if request else name,
        "law": statute.reference if statute else "art. 6(1)(c)",
        "day": on.isoformat(),
    }


def _request(record: Record, recipient: str, assignment: str | None) -> Request | None:
    known = record.recipients.get(recipient)
    task = known.assignments.get(assignment or "") if known else None
    return task.request if task else None


def _untold(
    connection: Connection, schema: str, kinds: list[str]
) -> list[tuple[int, str, str | None, str, dt.date, list[int]]]:
    """Disclosures to authorities of which somebody is to hear, and whom nobody wrote to by every way."""
    rows = connection.execute(
        sql.SQL(
            "SELECT d.id, d.recipient, d.assignment, d.name, {s}.civil(d.as_of), array_agg(DISTINCT g.person_id)"
            " FROM {s}.disclosure d JOIN {s}.disclosed g ON g.disclosure_id = d.id"
            " WHERE d.kind = ANY (%(kinds)s) AND {spoken}"
            " AND NOT EXISTS (SELECT FROM {s}.outbox o WHERE o.once = 'authority-' || d.id || '-email:' || g.person_id)"
            " GROUP BY d.id ORDER BY d.id"
        ).format(s=sql.Identifier(schema), spoken=sql.SQL(spoken_of(f'"{schema}"', "d"))),
        {"kinds": kinds},
    ).fetchall()
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]


def _end_silences(
    connection: Connection, schema: str, record: Record, today: dt.date, now: dt.datetime
) -> int:
    """Those whose law, by the record, forbids nothing today. One that the record does not know any more stays silent."""
    s = sql.Identifier(schema)
    rows = connection.execute(
        sql.SQL(
            "SELECT d.id, d.recipient, d.assignment FROM {s}.disclosure d"
            " JOIN {s}.disclosure_silence q ON q.disclosure_id = d.id AND q.how = 'begun'"
            " WHERE NOT EXISTS (SELECT FROM {s}.disclosure_silence e WHERE e.disclosure_id = d.id AND e.how = 'ended')"
        ).format(s=s)
    ).fetchall()
    over = [
        number
        for number, recipient, assignment in rows
        if (request := _request(record, recipient, assignment)) is not None
        and request.silence_on(today) is None
    ]
    for number in over:
        connection.execute(
            sql.SQL(
                "INSERT INTO {s}.disclosure_silence (disclosure_id, how, because, at)"
                " VALUES (%s, 'ended', 'the record names no law that forbids it today', %s)"
                " ON CONFLICT (disclosure_id, how) DO NOTHING"
            ).format(s=s),
            [number, now],
        )
    return len(over)


__all__ = ["CHANNELS", "TEMPLATE", "Told", "tell"]
