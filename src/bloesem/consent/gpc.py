"""Global Privacy Control (W3C; S-08): a browser that says `Sec-GPC: 1` objects by technical means (art. 21(5)).

Of somebody who is signed in it is an objection to advertising on legitimate interest, profiling included, from that request
on. What the person agreed to by name stays: a particular consent is more than a general signal, and is taken back by name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from psycopg import sql

from bloesem.consent.rules import Rules
from bloesem.plan.model import Fact
from bloesem.stores.facts import record_fact
from bloesem.stores.postgres import Connection

HEADER = "Sec-GPC"
WELL_KNOWN = "/.well-known/gpc.json"


def signalled(headers: Mapping[str, str]) -> bool:
    """in: a request's headers, by any spelling. Only `1` is a signal; anything else is none, and no refusal of it."""
    return any(name.lower() == HEADER.lower() and value.strip() == "1" for name, value in headers.items())


def published(since: dt.date) -> dict[str, object]:
    """The body of `/.well-known/gpc.json`. `since`: from when this site honours the signal as it does now."""
    return {"gpc": True, "lastUpdate": since.isoformat()}


def purposes(rules: Rules) -> tuple[str, ...]:
    """What the signal ends: advertising that nobody agreed to."""
    return tuple(key for key in rules.advertising if not rules.plan.purpose(key).by_consent)


def honour(connection: Connection, rules: Rules, person: int, now: dt.datetime) -> bool:
    """Record what somebody's browser says. in: as keeper. out: whether it was news. raises: GateError for nobody."""
    made = False
    with connection.transaction():
        connection.execute(
            sql.SQL("SELECT 1 FROM {}.state WHERE person_id = %s FOR UPDATE").format(
                sql.Identifier(rules.plan.schema)
            ),
            [person],
        )
        for key in purposes(rules):
            held = connection.execute(
                sql.SQL(
                    "SELECT 1 FROM {}.fact WHERE person_id = %s AND kind = 'objection' AND key = %s"
                    " AND starts_at <= %s AND (ends_at IS NULL OR ends_at > %s)"
                ).format(sql.Identifier(rules.plan.schema)),
                [person, key, now, now],
            ).fetchone()
            if held is None:
                record_fact(connection, rules.plan, Fact(person, "objection", key, now))
                made = True
    return made
