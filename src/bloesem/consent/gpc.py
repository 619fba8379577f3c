"""Global Privacy Control (W3C; S-08): a browser that says `Sec-GPC: 1` objects by technical means (art. 21(5)).

Of somebody who is signed in it is an objection to advertising on legitimate interest, profiling included, from that request
on. What the person agreed to by name stays: a particular consent is more than a general signal, and is taken back by name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from psycopg import sql

from bloesem.consent.tables import DOOR
from bloesem.stores.postgres import Connection

HEADER = "Sec-GPC"
WELL_KNOWN = "/.well-known/gpc.json"


def signalled(headers: Mapping[str, str]) -> bool:
    """in: a request's headers, by any spelling. Only `1` is a signal; anything else is none, and no refusal of it."""
    return any(name.lower() == HEADER.lower() and value.strip() == "1" for name, value in headers.items())


def published(since: dt.date) -> dict[str, object]:
    """The body of `/.well-known/gpc.json`. `since`: from when this site honours the signal as it does now."""
    return {"gpc": True, "lastUpdate": since.isoformat()}


def honour(connection: Connection, person: int) -> bool:
    """Record what somebody's browser says. in: as keeper, or a login that shows people their pages; nobody's number changes
    nothing. out: whether it was news."""
    with connection.transaction():
        row = connection.execute(
            sql.SQL("SELECT {}.signal(%s)").format(sql.Identifier(DOOR)), [person]
        ).fetchone()
    return bool(row and row[0])
