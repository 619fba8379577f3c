"""What applied to one person on one day: which version, on which ground, what was decided, and what they could read (P-183).

Replayed and not remembered: the version's files and the facts say it again, as the calculus judged them then. Facts are
append-only, and go with their person: of somebody who was erased there is nothing to replay.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from bloesem.company import Loaded
from bloesem.errors import RightsError
from bloesem.ledger.acts import record_act
from bloesem.plan import calculus
from bloesem.plan.dates import civil, midnight
from bloesem.plan.quoting import ident
from bloesem.publishing.version import digest_of
from bloesem.rights.guarded.who import Finder
from bloesem.rights.identify import Who
from bloesem.stores import facts as stored
from bloesem.stores.postgres import Connection


def replay(
    connection: Connection, loaded: Loaded, wanted: Sequence[Sequence[Who]], day: dt.date
) -> dict[str, Any]:
    """in: as keeper or administrator; `loaded`: the company as it was on that civil day (Brussels); one person.

    out: plain values; days are civil. Asking is an act. raises: RightsError for a day to come, for nobody, and for several.
    """
    plan, now = loaded.plan, stored.moment(connection, loaded.plan)
    if day > civil(now):
        raise RightsError(
            f"{day} has not come: it is {civil(now)}",
            "P-183: what applied is shown of days that were",
            "name that day, or one before it",
        )
    (found,) = Finder(connection, plan).find(tuple(tuple(who) for who in wanted))
    people = sorted(found.numbers)
    at = min(now, midnight(day + dt.timedelta(days=1)) - dt.timedelta(microseconds=1))
    known = stored.facts_of(connection, plan, people)
    facts = [fact for number in people for fact in known[number]]
    with connection.transaction():
        said = {
            "day": str(day),
            "version": _version(connection, loaded, day),
            "notice": f"/{loaded.policy.language}/notice/{loaded.policy.version}",
            "told": _told(connection, loaded, people, at),
            "purposes": [
                _purpose(loaded, verdict) for verdict in calculus.person(plan, facts, at).verdicts.values()
            ],
            "facts": [
                {"kind": f.kind, "key": f.key, "from": str(civil(f.starts_at)), "row": f.table is not None}
                for f in sorted(facts, key=lambda fact: (fact.starts_at, fact.kind, fact.key))
                if f.holds(at)
            ],
            "decisions": _decisions(connection, loaded, people, at),
            "given": _given(connection, loaded, people, at),
        }
        record_act(connection, "access", now, counts={"evidence": 1}, schema=plan.schema)
    return said


def _version(connection: Connection, loaded: Loaded, day: dt.date) -> dict[str, Any]:
    """The version of that day, a name for its files, and what is known of how it came into force."""
    version, s = loaded.policy.version, ident(loaded.plan.schema)
    made: dict[str, Any] = {"version": str(version), "files": digest_of(loaded.company, version)}
    if _there(connection, loaded, "publication"):
        row = connection.execute(
            f"SELECT digest, activated_at, activated_by, decided_by, reason FROM {s}.publication"
            " WHERE version = %s AND activated_at IS NOT NULL".encode(),
            [version],
        ).fetchone()
        if row is not None:
            made |= {
                "published": row[0],
                "since": str(civil(row[1])),
                "by": row[2],
                "decided_by": row[3],
                "why": row[4],
            }
    return made


def _purpose(loaded: Loaded, verdict: calculus.Verdict) -> dict[str, Any]:
    part = loaded.plan.purpose(verdict.purpose)
    return {
        "purpose": verdict.purpose,
        "basis": part.basis,
        "article": part.article,
        "read": verdict.use,
        "kept": verdict.keep,
        "why": verdict.why,
        "since": str(verdict.since) if verdict.since else None,
        "until": str(verdict.until) if verdict.until else None,
        "promises": list(verdict.promises),
    }


def _told(
    connection: Connection, loaded: Loaded, people: Sequence[int], at: dt.datetime
) -> list[dict[str, Any]]:
    """Of which versions the person was told by then, and how."""
    return _rows(
        connection,
        loaded,
        "outbox",
        "SELECT split_part(once, ':', 2) AS version, channel, {s}.civil(COALESCE(ended_at, decided_at)) AS on, state"
        " FROM {s}.outbox WHERE person_id = ANY (%s) AND decided_at <= %s AND once LIKE 'policy:%%' ORDER BY id",
        people,
        at,
    )


def _decisions(
    connection: Connection, loaded: Loaded, people: Sequence[int], at: dt.datetime
) -> list[dict[str, Any]]:
    """What the person asked by then, and what was decided about it by then."""
    return _rows(
        connection,
        loaded,
        "request_case",
        "SELECT number, asked, {s}.civil(received_at) AS received,"
        " CASE WHEN decided_at <= %(at)s OR answered_at <= %(at)s THEN outcome END AS outcome,"
        " CASE WHEN decided_at <= %(at)s THEN reason END AS reason,"
        " CASE WHEN decided_at <= %(at)s THEN decided_by END AS by,"
        " CASE WHEN answered_at <= %(at)s THEN {s}.civil(answered_at) END AS answered"
        " FROM {s}.request_case WHERE person_id = ANY (%(people)s) AND received_at <= %(at)s ORDER BY id",
        people,
        at,
    )


def _given(
    connection: Connection, loaded: Loaded, people: Sequence[int], at: dt.datetime
) -> list[dict[str, Any]]:
    """Who had got something of the person by then, for what and on which ground."""
    return _rows(
        connection,
        loaded,
        "disclosed",
        "SELECT DISTINCT d.name, d.purpose, d.ground, {s}.civil(d.as_of) AS on, d.policy FROM {s}.disclosed g"
        " JOIN {s}.disclosure d ON d.id = g.disclosure_id WHERE g.person_id = ANY (%s) AND d.as_of <= %s ORDER BY 4, 1",
        people,
        at,
    )


def _rows(
    connection: Connection, loaded: Loaded, table: str, query: str, people: Sequence[int], at: dt.datetime
) -> list[dict[str, Any]]:
    """Rows of one of Bloesem's own tables, as names and plain values; none where that table is not there."""
    if not _there(connection, loaded, table):
        return []
    values: Mapping[str, Any] | list[Any] = (
        {"people": list(people), "at": at} if "%(at)s" in query else [list(people), at]
    )
    cursor = connection.execute(query.format(s=ident(loaded.plan.schema)).encode(), values)
    names = [column.name for column in cursor.description or ()]
    return [
        {
            name: str(value) if isinstance(value, dt.date) else value
            for name, value in zip(names, row, strict=True)
        }
        for row in cursor.fetchall()
    ]


def _there(connection: Connection, loaded: Loaded, table: str) -> bool:
    return connection.execute(
        "SELECT to_regclass(%s) IS NOT NULL", [f"{loaded.plan.schema}.{table}"]
    ).fetchone() == (True,)


__all__ = ["replay"]
