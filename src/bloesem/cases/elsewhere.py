"""A copy is of all that there is, wherever it lies (art. 15; R-024): what the database does not hold is asked for.

Each processor that has data of the person from us and gave nothing back is asked, and each place of the record that may hold
something on paper, or in a system that is no database of ours. A back-up is searched only where something was lost
otherwise, when the officer says so. The answer waits for them, until the day on which a case is escalated: then it
goes with what is there, and says who has not answered. Whoever is late is told to the officer.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from bloesem.cases.box import opened, seal
from bloesem.cases.case import Bench, Case
from bloesem.cases.elsewhere_sql import MOST, SAID, TABLE, TYPES
from bloesem.cases.model import SQL_ENDED
from bloesem.gate.oversight import Oversight
from bloesem.plan.categories import covers
from bloesem.plan.dates import civil
from bloesem.plan.model import TablePlan
from bloesem.policy.model import Elsewhere
from bloesem.rights.guarded.who import kind_of
from bloesem.rights.keys import Keys
from bloesem.stores.facts import moment
from bloesem.terms import add_period

#: What `params.waits` says.
WAITS = "elsewhere"
#: The letter to whoever is asked.
TEMPLATE = "elsewhere-asked"
_ASKED = "asked-elsewhere"


@dataclass(frozen=True)
class Place:
    """Somebody who is asked. `reference`: by which number they know the person."""

    key: str
    name: str
    kind: str
    reference: str
    contact: str | None = None


@dataclass(frozen=True)
class Found:
    """What came of one. `said`: data, nothing, or none where nobody answered in time; `file`: the name of what they gave."""

    name: str
    kind: str
    said: str | None
    file: str = ""
    content: bytes = field(default=b"", repr=False)


def about(number: str, place: str) -> str:
    return f"elsewhere {place} of case {number}"


# ---- the clerk's ----------------------------------------------------------------------------------------------------------


def waits(bench: Bench, case: Case) -> bool:
    """Asks whoever was not asked yet; whether the answer waits for one of them. in: a copy that is about to be made."""
    if case.asked != "access" or case.kind != "request" or case.person is None:
        return False
    with bench.connection.transaction():
        new = _ask(bench, case)
        if new:
            bench.event(case, _ASKED)
    row = bench.connection.execute(
        f"SELECT EXISTS (SELECT FROM {bench.s}.{TABLE} e JOIN {bench.s}.request_case c ON c.id = e.case_id"
        f" WHERE c.id = %s AND {_open(bench.s)})".encode(),
        [case.id],
    ).fetchone()
    return row == (True,)


def released(bench: Bench) -> int:
    """What waited goes on when all have answered, or its day has come. out: how many steps were made."""
    s = bench.s
    made = bench.connection.execute(
        f"UPDATE {s}.request_case c SET state = 'decided', params = c.params - 'waits' WHERE {_ready(s)}".encode()
    ).rowcount
    made += bench.connection.execute(
        f"UPDATE {s}.request_case c SET state = 'decided', params = c.params - 'waits' WHERE c.state = 'waiting'"
        f" AND c.params->>'waits' = '{WAITS}' AND c.params ? 'ask'".encode()
    ).rowcount
    return (
        made
        + bench.connection.execute(
            f"""
WITH late AS (UPDATE {s}.{TABLE} e SET late_at = {s}.moment() WHERE {_late(s)} RETURNING e.case_id, e.place),
told AS (INSERT INTO {s}.request_event (case_id, at, what, by, said)
    SELECT case_id, {s}.moment(), 'elsewhere-late', 'clerk', place FROM late RETURNING case_id)
UPDATE {s}.request_case c SET params = c.params || '{{"message": true}}' FROM told WHERE c.id = told.case_id""".encode()
        ).rowcount
    )


def forgotten(bench: Bench) -> None:
    """By which number others know somebody is nobody's business any more when the case has ended: an erasure that comes
    after it finds nothing of them here."""
    bench.connection.execute(
        f"UPDATE {bench.s}.{TABLE} e SET reference = '' FROM {bench.s}.request_case c WHERE c.id = e.case_id"
        f" AND c.state IN ({SQL_ENDED}) AND e.reference <> ''".encode()
    )


def has_work(s: str) -> str:
    """A test, in SQL: whether the clerk has something to do here. in: the schema, quoted."""
    return (
        f"EXISTS (SELECT FROM {s}.request_case c WHERE {_ready(s)}"
        f" OR c.state = 'waiting' AND c.params->>'waits' = '{WAITS}' AND c.params ? 'ask')"
        f" OR EXISTS (SELECT FROM {s}.{TABLE} e WHERE {_late(s)})"
    )


def _open(s: str) -> str:
    """Of `e` and its case `c`: whether the answer still waits for it."""
    return f"e.said IS NULL AND (c.escalate_on IS NULL OR {s}.today() < c.escalate_on)"


def _ready(s: str) -> str:
    return (
        f"c.state = 'waiting' AND c.params->>'waits' = '{WAITS}' AND NOT EXISTS"
        f" (SELECT FROM {s}.{TABLE} e WHERE e.case_id = c.id AND {_open(s)})"
    )


def _late(s: str) -> str:
    return f"e.said IS NULL AND e.late_at IS NULL AND e.due < {s}.today()"


def found(bench: Bench, case: Case, keys: Keys) -> list[Found]:
    """What was asked for a copy, and what came of it. raises: GateError for what does not open any more."""
    rows = bench.connection.execute(
        f"SELECT place, name, kind, said, type, sealed FROM {bench.s}.{TABLE} WHERE case_id = %s ORDER BY id".encode(),
        [case.id],
    ).fetchall()
    made = []
    for place, name, kind, said, type_, sealed in rows:
        content = opened(keys, bytes(sealed), about(case.number, place)) if sealed is not None else b""
        file = f"elsewhere/{place}.{TYPES[type_]}" if content else ""
        made.append(Found(name, kind, said, file, content))
    return made


def _ask(bench: Bench, case: Case) -> int:
    """Each once. out: how many are new."""
    s, now = bench.s, moment(bench.connection, bench.loaded.plan)
    due = add_period(civil(now), bench.loaded.plan.told_within)
    wanted = [str(one) for one in case.params.get("ask", ())]
    made = 0
    for place in _places(bench, case, wanted):
        row = bench.connection.execute(
            f"INSERT INTO {s}.{TABLE} (case_id, place, name, kind, reference, contact, asked_at, due)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (case_id, place) DO NOTHING RETURNING id".encode(),
            [case.id, place.key, place.name, place.kind, place.reference, place.contact, now, due],
        ).fetchone()
        if row is None:
            continue
        made += 1
        if place.contact:
            _write(bench, case, place, row[0], due)
    if wanted:
        bench.connection.execute(
            f"UPDATE {s}.request_case SET params = params - 'ask' WHERE id = %s".encode(), [case.id]
        )
    return made


def _write(bench: Bench, case: Case, place: Place, number: int, due: dt.date) -> None:
    """A letter by the door, with no name and no value: they know the person by a number of theirs."""
    bench.connection.execute(
        f"""
INSERT INTO {bench.s}.outbox (class, purpose, channel, template, version, address, language, contents, state,
    decided_at, due_at, once)
VALUES ('legal', 'law:accountability', 'email', %s, 1, %s, 'nl', %s, 'decided', {bench.s}.moment(), {bench.s}.moment(), %s)
ON CONFLICT (once) DO NOTHING""".encode(),
        [
            TEMPLATE,
            place.contact,
            Jsonb({"number": case.number, "reference": place.reference, "due": due.isoformat()}),
            f"{TEMPLATE}:{number}",
        ],
    )


def _places(bench: Bench, case: Case, wanted: Sequence[str]) -> Iterator[Place]:
    """Who may have something of this person that no table of ours holds. `wanted`: places that the officer asks too."""
    record = bench.loaded.company.record
    yield from _processors(bench, case)
    for key, place in record.elsewhere.items():
        if key in wanted or (place.when == "data" and _may_hold(bench, case, place)):
            known = record.recipients.get(place.recipient or "")
            contact = place.contact or (known.contact if known else None)
            name = place.name.get(case.language) or place.name["nl"]
            yield Place(key, name, place.kind, _customer(bench, case), contact)


def _processors(bench: Bench, case: Case) -> Iterator[Place]:
    """Processors that got data of the person, of which nothing shows that it came back or is destroyed."""
    register = bench.loaded.company.record.recipients
    rows = bench.connection.execute(
        f"SELECT d.recipient, (array_agg(d.name ORDER BY d.id DESC))[1],"
        f" string_agg(DISTINCT d.id || ': ' || g.reference, ', ')"
        f" FROM {bench.s}.disclosed g JOIN {bench.s}.disclosure d ON d.id = g.disclosure_id WHERE g.person_id = %s"
        f" AND NOT EXISTS (SELECT FROM {bench.s}.disclosure_end x WHERE x.disclosure_id = d.id AND x.how = 'confirmed'"
        " AND x.said IN ('returned', 'destroyed')) GROUP BY 1 ORDER BY 1".encode(),
        [case.person],
    ).fetchall()
    for key, name, reference in rows:
        known = register.get(key)
        if known is None or known.role == "processor":
            yield Place(key, name, "processor", reference, known.contact if known else None)


def _may_hold(bench: Bench, case: Case, place: Elsewhere) -> bool:
    """Whether the person has rows of the kinds that a place holds, from the time that it is of."""
    tests = [
        _rows(table, place.through)
        for table in bench.loaded.plan.tables
        if table.owners
        and any(
            covers(place.holds, key)
            for column in table.columns
            if not column.key
            for key in column.categories
        )
    ]
    if not tests:
        return False
    row = bench.connection.execute(
        sql.SQL("SELECT {}").format(sql.SQL(" OR ").join(tests)),
        {"person": case.person, "through": place.through},
    ).fetchone()
    return row == (True,)


def _rows(table: TablePlan, through: dt.date | None) -> sql.Composed:
    owners = sql.SQL(" OR ").join(
        sql.SQL("r.{o} = %(person)s").format(o=sql.Identifier(o)) for o in table.owners
    )
    when = table.record_date or table.recorded
    early: sql.Composable = sql.SQL("true")
    if through is not None and when is not None:
        early = sql.SQL("r.{}::date <= %(through)s").format(sql.Identifier(when))
    return sql.SQL("EXISTS (SELECT FROM {t} r WHERE ({owners}) AND {early})").format(
        t=sql.Identifier(table.schema, table.name), owners=owners, early=early
    )


def _customer(bench: Bench, case: Case) -> str:
    """By which number papers are filed: the customer's; our own where they have none."""
    plan = bench.loaded.plan
    anchor = next(table for table in plan.tables if table.anchor)
    column = next(
        (c.name for c in anchor.columns if c.identity and kind_of(c.identity) == "customer"), anchor.id
    )
    row = bench.connection.execute(
        sql.SQL("SELECT COALESCE({c}::text, {i}::text) FROM {t} WHERE {i} = %s").format(
            c=sql.Identifier(column),
            i=sql.Identifier(anchor.id),
            t=sql.Identifier(anchor.schema, anchor.name),
        ),
        [case.person],
    ).fetchone()
    return str(row[0]) if row else str(case.person)


# ---- the officer's --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """in: a connection of the officer's login. What it writes is committed before it comes back."""

    ask: Oversight

    def of(self, actor: str, number: str) -> Mapping[str, Any] | None:
        """Who was asked for a copy, and what they said; whom it is about was read, and is told."""
        found = self._one("{s}.case_elsewhere(%s, %s)", actor, number)
        if isinstance(found, str):
            found = json.loads(found)
        return found if isinstance(found, Mapping) else None

    def say(self, actor: str, number: str, place: str, said: str, type_: str, data: bytes) -> str:
        """What came from a place: nothing, or what it holds, which is sealed for the helper before it is sent anywhere. out:
        recorded, late (the answer went already), what (data without any, or the reverse), already, or not-now."""
        if said not in SAID or len(data) > MOST or (data and type_ not in TYPES):
            return "not-now"
        key = self._one("{s}.case_key()")
        if key is None:
            return "not-now"
        sealed = seal(bytes(key), data, about(number, place)) if data else None
        kind, size = (type_, len(data)) if data else (None, None)
        call = "{s}.case_elsewhere_said(%s, %s, %s, %s, %s, %s, %s)"
        return str(self._one(call, actor, number, place, said, kind, size, sealed))

    def want(self, actor: str, number: str, place: str) -> str:
        """One more place of the record is asked, as something was lost otherwise. out: recorded, already, or not-now."""
        return str(self._one("{s}.case_elsewhere_ask(%s, %s, %s)", actor, number, place))

    def _one(self, call: str, *values: object) -> Any:
        found = self.ask.rows(f"SELECT {call}", *values)[0][0]
        self.ask.connection.commit()
        return found


__all__ = [
    "TEMPLATE",
    "WAITS",
    "Desk",
    "Found",
    "Place",
    "about",
    "found",
    "has_work",
    "released",
    "waits",
]
