"""The feed of an energy partner: quarter hours of who has its product today, under a number that is this partner's alone.

In the order of the transactions that wrote them, so that nothing that was late is passed over; a session that was corrected
comes again with a higher `revision`, one that no longer counts without quarter hours. Who ended the service, objected or is
restricted is not in the scope any more (P-115), from the next answer on.
"""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import json
from collections.abc import Sequence
from typing import Any

from django.http import Http404
from django.utils.crypto import salted_hmac
from psycopg import sql

from bloesem.errors import BloesemError
from bloesem.recipients.live import Asked, door
from charging.portal.models import User
from charging.portal.register import register

FIELDS = ("usage.session", "usage.meter_values")
STATION = ("usage.station",)
QUARTER = 900
#: Sessions in one answer, when nothing is said, and at most; the longest session of which quarter hours are made.
SOME, MOST = 200, 1000
LONGEST = dt.timedelta(days=7)
_VALUES = ("started_at", "state", "meter_values")


class CursorError(BloesemError):
    """No cursor of ours."""


def sessions(user: User, after: str, most: int) -> dict[str, Any]:
    """in: `after`, the `next` of the answer before; empty: from the beginning. Raises `CursorError`, `DisclosureError`."""
    changed, last = _cursor(after)
    where = sql.SQL(
        # What is being written may still come before what was: it is for the next answer.
        "(changed_in, id) > (%s, %s) AND changed_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        " AND started_at IS NOT NULL AND (revision > 0 OR (state = 'settled' AND meter_values IS NOT NULL))"
    )
    with door("hems", _product(user), Asked(user.recipient, FIELDS, feed=True), company=register()) as opened:
        rows = opened.rows(
            "session",
            _VALUES,
            keys=("id", "revision", "changed_in"),
            where=where,
            values=[changed, last],
            order=sql.SQL("changed_in, id"),
            most=most + 1,
        )
        shown, more = opened.only("session", rows[:most]), len(rows) > most
        numbers = opened.numbers() if shown else {}
    return {
        "sessions": [_said(user.recipient, row, numbers[row["person"]]) for row in shown],
        "next": _pack(shown[-1]["changed_in"], shown[-1]["id"]) if shown else after,
        "more": more,
    }


def customers(user: User) -> dict[str, Any]:
    """Who has the service now, and which charge point. Whoever is not here any more has ended it: their data goes."""
    with door(
        "hems", _product(user), Asked(user.recipient, STATION, feed=True), company=register()
    ) as opened:
        rows = opened.rows(
            "station", ("brand", "model"), where=sql.SQL("retired_on IS NULL"), order=sql.SQL("person_id, id")
        )
        numbers = opened.numbers() if rows else {}
    found = [
        {
            "customer": str(numbers[row["person"]]),
            "charge_point": {k: row[k] for k in ("brand", "model") if row[k]},
        }
        for row in rows
    ]
    return {"customers": sorted(found, key=lambda it: str(it["customer"]))}


def _product(user: User) -> int:
    numbers = user.numbers
    if len(numbers) != 1:
        raise Http404
    return numbers[0]


def _said(recipient: str, row: dict[str, Any], number: int) -> dict[str, Any]:
    steps = quarters(row["started_at"], row["meter_values"]) if row["state"] == "settled" else []
    name = salted_hmac(f"charging.portal.hems.{recipient}", str(row["id"]), algorithm="sha256").hexdigest()
    return {
        "customer": str(number),
        "session": name[:32],
        "revision": row["revision"],
        "withdrawn": not steps,
        "quarters": [{"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "wh": wh} for start, wh in steps],
    }


def quarters(started: dt.datetime, block: bytes | memoryview | None) -> list[tuple[dt.datetime, int]]:
    """Wh per quarter hour of the clock (UTC), between readings in a straight line; together they are what was charged.

    in: `[[seconds, Wh], …]` from the start on. out: nothing for readings that are none, go back, or last too long.
    """
    readings = _readings(block)
    if not readings:
        return []
    begin = started.astimezone(dt.UTC).timestamp()
    marks = [(begin + seconds, wh) for seconds, wh in readings]
    first = int(marks[0][0] // QUARTER) * QUARTER
    edges = list(range(first, int(marks[-1][0]) + QUARTER, QUARTER))
    edges = edges if edges[-1] >= marks[-1][0] else [*edges, edges[-1] + QUARTER]
    heights = [int(_at(marks, edge)) for edge in edges[:-1]] + [int(marks[-1][1])]
    found = [
        (dt.datetime.fromtimestamp(edge, dt.UTC), high - low)
        for edge, (low, high) in zip(edges, itertools.pairwise(heights), strict=False)
    ]
    return found if len(found) == len(edges) - 1 else []


def _readings(block: bytes | memoryview | None) -> list[tuple[float, float]]:
    try:
        read = json.loads(bytes(block or b"[]"))
        found = [(float(seconds), float(wh)) for seconds, wh in read]
    except (ValueError, TypeError):
        return []
    longest = LONGEST.total_seconds()
    rises = all(a[0] < b[0] and a[1] <= b[1] for a, b in itertools.pairwise(found))
    within = len(found) > 1 and found[0][0] >= 0 and found[-1][0] <= longest and found[0][1] >= 0
    return found if rises and within else []


def _at(marks: Sequence[tuple[float, float]], when: float) -> float:
    if when <= marks[0][0]:
        return marks[0][1]
    for (t0, w0), (t1, w1) in itertools.pairwise(marks):
        if when <= t1:
            return w0 + (w1 - w0) * (when - t0) / (t1 - t0)
    return marks[-1][1]


def _pack(changed: int, last: int) -> str:
    return base64.urlsafe_b64encode(f"1:{changed}:{last}".encode()).decode().rstrip("=")


def _cursor(after: str) -> tuple[int, int]:
    if not after:
        return 0, 0
    try:
        version, changed, last = (
            base64.urlsafe_b64decode(after.encode("ascii") + b"=" * (-len(after) % 4))
            .decode("ascii")
            .split(":")
        )
        found = int(changed), int(last)
        if version != "1" or not all(0 <= n < 2**63 for n in found) or len(after) > 80:
            raise ValueError
    except ValueError as fault:
        raise CursorError(
            "`after` is no cursor of this feed",
            "a cursor is the `next` of an answer, as it was given",
            "send that, or leave it out to begin anew",
        ) from fault
    return found


__all__ = ["MOST", "SOME", "CursorError", "customers", "quarters", "sessions"]
