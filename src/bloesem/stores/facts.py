"""Recording what happened to a person: facts, with a start and an end, from which all masks follow.

The database recomputes the masks of the rows concerned in the same transaction. Only the keeper may.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from psycopg import errors, sql
from psycopg.rows import dict_row

from bloesem.errors import GateError, PlanError
from bloesem.plan.dates import civil, midnight
from bloesem.plan.model import FACT_KINDS, ORDER, Fact, Plan, TablePlan
from bloesem.plan.quoting import ident
from bloesem.stores.postgres import Connection

_FROM_UNTIL = "a fact holds from its start until just before its end"
_FUTURE = "P-109: masks change at the start of a civil day in Brussels, so what is known ahead begins at one"


def record_fact(connection: Connection, plan: Plan, fact: Fact) -> int:
    """Write one fact and bring its person's rows to what follows. out: the fact's number.

    Raises `PlanError` for a kind, event, purpose or table that the plan does not have, for a time without zone, for an
    end before the start, for a future moment that is not midnight in Brussels, and for a hold that nobody answers for
    (P-074); `GateError` for nobody, and for a row that is not there or not this person's.
    """
    _accepted(connection, plan, fact, moment(connection, plan))
    values: list[object] = [fact.person, fact.kind, fact.key, fact.starts_at, fact.ends_at, fact.table]
    values += [fact.row, fact.held_by, fact.reason, fact.review_on]
    types = ("bigint", "text", "text", "timestamptz", "timestamptz", "text", "bigint", "text", "text", "date")
    asked = ", ".join(f"%s::{type_}" for type_ in types)
    try:
        with connection.transaction():
            row = connection.execute(f"SELECT {ident(plan.schema)}.record_fact({asked})", values).fetchone()
    except errors.ForeignKeyViolation:
        raise GateError(
            "nobody has this number", "a fact is about a person", "record the person first"
        ) from None
    except errors.CheckViolation as error:
        raise PlanError(
            str(error.diag.message_primary),
            "P-074: a hold has an owner, a reason and a date of review",
            str(error.diag.message_hint),
        ) from None
    assert row is not None
    return int(row[0])


def record_facts(connection: Connection, plan: Plan, facts: Sequence[Fact]) -> None:
    """Write facts about many people at once, and bring all their rows to what follows: as `record_fact`, in one statement
    each for locks, facts and what follows from them. raises: as `record_fact`."""
    now, s = moment(connection, plan), ident(plan.schema)
    for fact in facts:
        _accepted(connection, plan, fact, now)
    people = sorted({fact.person for fact in facts})
    columns = [
        *([f.person for f in facts], [f.kind for f in facts], [f.key for f in facts]),
        *([f.starts_at for f in facts], [f.ends_at for f in facts]),
        *([f.table for f in facts], [f.row for f in facts]),
        *([f.held_by for f in facts], [f.reason for f in facts], [f.review_on for f in facts]),
    ]
    types = ("bigint", "text", "text", "timestamptz", "timestamptz", "text", "bigint", "text", "text", "date")
    given = ", ".join(f"%s::{type_}[]" for type_ in types)
    with connection.transaction():
        known = connection.execute(f"SELECT {s}.lock_people(%s::bigint[])", [people]).fetchone()
        if known != (len(people),):
            raise GateError("nobody has this number", "a fact is about a person", "record the person first")
        connection.execute(
            f"INSERT INTO {s}.fact (person_id, kind, key, starts_at, ends_at, table_name, row_id, held_by, reason,"
            f" review_on) SELECT * FROM unnest({given})",
            columns,
        )
        every = any(fact.table is not None for fact in facts)
        connection.execute(f"SELECT {s}.refresh(%s::bigint[], {s}.moment(), %s)", [people, every])


def end_facts(connection: Connection, plan: Plan, numbers: Sequence[int]) -> None:
    """End facts that hold, now, and bring their people's rows to what follows. raises: `PlanError` as `close_fact`."""
    s = ident(plan.schema)
    mine = f"SELECT person_id FROM {s}.fact WHERE id = ANY (%s)"
    try:
        with connection.transaction():
            connection.execute(f"SELECT {s}.lock_people(ARRAY({mine}))", [list(numbers)])
            ended = connection.execute(
                f"UPDATE {s}.fact SET ends_at = {s}.moment() WHERE id = ANY (%s) RETURNING person_id, table_name",
                [list(numbers)],
            ).fetchall()
            people, every = sorted({row[0] for row in ended}), any(row[1] is not None for row in ended)
            connection.execute(f"SELECT {s}.refresh(%s::bigint[], {s}.moment(), %s)", [people, every])
    except errors.IntegrityConstraintViolation as error:
        raise PlanError(
            f"a fact is closed already: {error.diag.message_primary}",
            "a fact is never rewritten: it is closed once",
            str(error.diag.message_hint),
        ) from None


def close_fact(connection: Connection, plan: Plan, number: int, ends_at: dt.datetime | None = None) -> None:
    """End a fact: an objection is lifted, a hold released; what only it kept goes at once. A hold that a review
    prolongs is recorded anew first, then the old one is closed.

    in: `ends_at`, now when it is left out. Once, save that an end which is still ahead may be brought forward, to now or
    later. Raises `PlanError` as `record_fact`, for an end before the start, and for a fact that has ended;
    `GateError` when there is no such fact.
    """
    if ends_at is not None:
        _in_time(ends_at, moment(connection, plan), "end")
    s = ident(plan.schema)
    try:
        with connection.transaction():
            connection.execute(
                f"SELECT {s}.close_fact(%s::bigint, COALESCE(%s::timestamptz, {s}.moment()))",
                [number, ends_at],
            )
    except errors.NoDataFound:
        raise GateError(
            f"fact {number} does not exist", "a fact is closed by its number", "look it up again"
        ) from None
    except errors.CheckViolation as error:
        raise PlanError(
            f"fact {number} would end before it starts", _FROM_UNTIL, str(error.diag.message_hint)
        ) from None
    except errors.IntegrityConstraintViolation as error:
        raise PlanError(
            f"fact {number} is closed already, or would be said anew: {error.diag.message_primary}",
            "a fact is never rewritten: it is closed once, and an end that is still ahead comes only sooner",
            str(error.diag.message_hint),
        ) from None


def _accepted(connection: Connection, plan: Plan, fact: Fact, now: dt.datetime) -> None:
    """raises: as `record_fact`, for what the fact itself says."""
    _known(plan, fact)
    _in_time(fact.starts_at, now, "start")
    if fact.ends_at is not None:
        _in_time(fact.ends_at, now, "end")
        if fact.ends_at < fact.starts_at:
            raise PlanError(
                "a fact ends before it starts",
                _FROM_UNTIL,
                "mend it",
            )
    if fact.table is not None and fact.row is not None:
        table = plan.table(fact.table)
        found = row_of(connection, plan, table, fact.row)
        if fact.person not in {found[owner] for owner in table.owners}:
            raise GateError(
                f"{table.name} {fact.row} is not this person's",
                "a fact about a row is about a row of the person's own: another's would be kept for it",
                "look the row up again",
            )


def moment(connection: Connection, plan: Plan) -> dt.datetime:
    """The database's own moment: the real one, or that of a demonstration."""
    row = connection.execute(f"SELECT {ident(plan.schema)}.moment()").fetchone()
    assert row is not None
    found: dt.datetime = row[0]
    return found


def facts_of(connection: Connection, plan: Plan, people: Sequence[int]) -> dict[int, list[Fact]]:
    """All facts of these people, for `calculus.permits`."""
    rows = connection.execute(
        f"SELECT person_id, kind, key, starts_at, ends_at, table_name, row_id, held_by, reason, review_on"
        f" FROM {ident(plan.schema)}.fact WHERE person_id = ANY (%s) ORDER BY id",
        [list(people)],
    ).fetchall()
    found: dict[int, list[Fact]] = {person: [] for person in people}
    for row in rows:
        found[row[0]].append(Fact(*row))
    return found


def row_of(connection: Connection, plan: Plan, table: TablePlan, number: int) -> dict[str, Any]:
    """What decides about one row: its keys, owners, dates and what narrowing looks at; not its other values.

    Raises `GateError` when there is no such row.
    """
    columns = dict.fromkeys(
        [
            *table.key,
            *table.owners,
            *filter(None, (table.recorded, table.record_date)),
            *(n.when.column for n in table.narrow if n.when),
        ]
    )
    query = sql.SQL("SELECT {} FROM {} WHERE {} = %s").format(
        sql.SQL(", ").join(sql.Identifier(c) for c in columns),
        sql.Identifier(table.schema, table.name),
        sql.Identifier(table.id),
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query, [number]).fetchone()
    if found is None:
        raise GateError(
            f"{table.name} has no row {number}", "a row is named by its number", "look it up again"
        )
    return found


def _known(plan: Plan, fact: Fact) -> None:
    if fact.kind not in FACT_KINDS:
        raise PlanError(
            f"`{fact.kind}` is no kind of fact",
            "facts are of a closed list of kinds",
            f"use one of: {', '.join(FACT_KINDS)}",
        )
    if fact.kind == "event" and fact.key not in plan.events:
        raise PlanError(
            f"event `{fact.key}` is not declared",
            "P-108: distinct events, none assumed",
            f"use one of: {', '.join(plan.events)}",
        )
    if fact.kind in ("consent", "objection", "assessing", "hold"):
        purpose = plan.purpose(fact.key)
        fits = {
            "consent": purpose.by_consent,
            "objection": purpose.objection != "none",
            "assessing": purpose.objection != "none",
            "hold": purpose.hold,
        }[fact.kind]
        if not fits:
            raise PlanError(
                f"`{fact.kind}` says nothing about `{fact.key}`",
                _FITS[fact.kind],
                "name a purpose for which it holds",
            )
    if fact.kind == "erasure" and fact.key.startswith(ORDER) and not fact.key[len(ORDER) :].strip():
        raise PlanError(
            "an erasure that a statute orders does not say which one",
            "P-154: an erasure that a law orders names that law",
            "write the statute and its article after the ground",
        )
    if (fact.table is None) != (fact.row is None):
        raise PlanError(
            "a fact about a row names table and row", "one without the other says nothing", "give both"
        )
    if fact.table is not None:
        plan.table(fact.table)
        if fact.kind not in ("restriction", "hold", "erasure"):
            raise PlanError(
                f"`{fact.kind}` is about a person, not about a row",
                "restrictions, holds and erasures can be about one row",
                "leave table and row out",
            )


_FITS = {
    "consent": "P-065: consent is the ground of the purposes that run on it, and of no others",
    "objection": "P-164: one objects to what runs on legitimate interest",
    "assessing": "P-164: one objects to what runs on legitimate interest",
    "hold": "a hold keeps for the purposes that run under holds",
}


def _in_time(at: dt.datetime, now: dt.datetime, what: str) -> None:
    if at.tzinfo is None or at.utcoffset() is None:
        raise PlanError(
            f"the {what} has no time zone", "moments are aware, days are Brussels'", "give the zone"
        )
    if at > now and at != midnight(civil(at)):
        raise PlanError(
            f"the {what} lies ahead, within a day", _FUTURE, f"use the midnight before or after {civil(at)}"
        )
