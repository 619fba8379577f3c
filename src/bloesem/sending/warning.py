"""The officer is told by mail of what falls due, by itself: a request that has to be answered, what a recipient rests on
and lapses (R-009, P-126, P-137). Each thing once at each step, in one mail; numbers of cases, days and recipients.

That it was told stands in the outbox, as of every message: under its own name, which is there once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg import Connection, Cursor, Rollback, sql

from bloesem.cases.model import LAST_DAY, STANDS, pressing
from bloesem.gate.keeping import keeper
from bloesem.policy.company import Company
from bloesem.recipients.register import standings, warned_until
from bloesem.sending.transports import Letter, Place, Transport

TEMPLATE = "officer-warned"
#: What a step of a request is called, by the officer's two languages of this mail.
STEPS = {
    "late": ("TE LAAT", "LATE"),
    "escalate": ("dringend", "urgent"),
    "warn": ("binnenkort", "soon"),
}


@dataclass(frozen=True)
class Due:
    """Something that falls due. `once`: its own name, of which nothing tells whose it is."""

    once: str
    line: str


def warn(
    connection: Connection[tuple[object, ...]],
    company: Company,
    officer: str,
    transport: Transport,
    place: Place,
    today: dt.date,
    now: dt.datetime,
    *,
    prefix: str,
    schema: str = "bloesem",
) -> tuple[Due, ...]:
    """Tells the officer what was not told yet. in: a connection that may be keeper; a civil day in Brussels and an aware
    moment. out: what went. What no server took is told anew."""
    told: tuple[Due, ...] = ()
    with connection.transaction() as whole, keeper(connection, prefix) as cursor:
        found = [*_requests(cursor, schema, today), *_lapses(company, today)]
        new = _noted(cursor, schema, [one.once for one in found])
        told = tuple(one for one in found if one.once in new)
        if told and transport.send(_letter(told, max(new.values()), officer, place, now)).not_taken:
            told = ()
            raise Rollback(whole)
    return told


def _requests(cursor: Cursor[tuple[object, ...]], schema: str, today: dt.date) -> Iterator[Due]:
    """Open requests whose clock runs, each with the last step that it has come to. It runs on where something was asked
    after the last day (R-006)."""
    there = cursor.execute("SELECT to_regclass(%s)", [f"{schema}.request_case"]).fetchone()
    if there is None or there[0] is None:
        return
    rows = cursor.execute(
        sql.SQL(
            f"SELECT c.id, c.number, {LAST_DAY}, c.escalate_on, c.warn_on FROM {{s}}.request_case c"
            f" WHERE c.ended_at IS NULL AND NOT ({STANDS}) AND c.warn_on <= %s ORDER BY 3, 1"
        ).format(s=sql.Identifier(schema)),
        [today],
    ).fetchall()
    for number, name, last, escalate, warned in rows:
        step = pressing(last, escalate, warned, today)
        nl, en = STEPS[step]
        yield Due(f"officer:case:{number}:{step}:{last}", f"  {last}  {nl} / {en}: {name}")


def _lapses(company: Company, today: dt.date) -> Iterator[Due]:
    """What a recipient rests on, and has a last day within the days that the record says."""
    if company.record.recipient_rules is None:
        return
    soon, policy = warned_until(company, today), company.in_force(today)
    seen = {
        (one.thing, one.last)
        for standing in standings(company, policy, today)
        for one in standing.decision.lapsing(soon)
    }
    for thing, last in sorted(seen, key=lambda it: (str(it[1]), it[0])):
        name = hashlib.sha256(f"{thing} {last}".encode()).hexdigest()[:32]
        yield Due(f"officer:lapse:{name}", f"  {last}  loopt af / lapses: {thing}")


def _noted(cursor: Cursor[tuple[object, ...]], schema: str, names: Sequence[str]) -> dict[str, int]:
    """Those of the names that nobody was told of yet, each written down as sent, with its number in the outbox."""
    rows = cursor.execute(
        sql.SQL(
            "INSERT INTO {s}.outbox (class, purpose, channel, template, version, language, state, decided_at, due_at,"
            " ended_at, once) SELECT 'legal', 'law:accountability', 'email', %s, 1, 'nl', 'sent', {s}.moment(),"
            " {s}.moment(), {s}.moment(), name FROM unnest(%s::text[]) AS t (name)"
            " ON CONFLICT (once) DO NOTHING RETURNING once, id"
        ).format(s=sql.Identifier(schema)),
        [TEMPLATE, list(names)],
    ).fetchall()
    return {str(once): int(str(number)) for once, number in rows}


def _letter(due: Sequence[Due], number: int, officer: str, place: Place, now: dt.datetime) -> Letter:
    text = (
        "Dit komt eraan, of is te laat. Elk staat hier één keer per stap; de bladzijden van de functionaris hebben alles.\n"
        "This falls due, or is late. Each is told once at each step; the officer's pages have all of it.\n\n"
        + "\n".join(one.line for one in due)
        + f"\n\n{place.site}/nl/officer\n"
    )
    return Letter(
        number, "email", officer, f"Bloesem: {len(due)}", text, "nl", now,
        message_id=f"<officer-{number}@{place.domain}>", envelope=place.sender,
    )  # fmt: skip


__all__ = ["TEMPLATE", "Due", "warn"]
