"""What is about a complaint stays while it runs (P-180): a hold from the moment it is known whose it is, until it is over.

A complaint may come from the person, or by letter from the authority (a complaint there, or a mediation): the desk writes
it down as a complaint of that person. What it is about is known when somebody has read it, and not before: until then all
that there is of them is held, so that no clock takes what the authority will ask for. Then the officer says which kinds of
data it is about: the rows that have them are held one by one, with who it is, and all else goes on as if there were no
complaint (art. 5(1)(c)). Whatever is held ends with the case.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from psycopg import IsolationLevel

from bloesem.cases.case import Bench, Case
from bloesem.cases.model import SQL_ENDED
from bloesem.plan.dates import civil
from bloesem.plan.model import Fact, Plan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.policy.model import Policy
from bloesem.stores.facts import close_fact, moment, record_fact
from bloesem.terms import add_period

#: A word that names more categories than this (data, your) tells of none.
MOST_NAMED = 3
_WORD = re.compile(r"[\w-]{5,}")
#: When a hold that is still there is looked at again.
REVIEW = "P3M"


def _reason(number: str) -> str:
    return f"complaint {number}"


def hold(bench: Bench, case: Case) -> bool:
    """Once per case, whoever begins it again. out: whether it is held now; False for what is no complaint of somebody known,
    and where the law has no purpose for claims."""
    plan = bench.loaded.plan
    key = plan.claims
    if case.kind != "complaint" or case.person is None or key is None:
        return False
    with _recording(bench):
        there = bench.connection.execute(
            f"SELECT EXISTS (SELECT FROM {bench.s}.fact WHERE person_id = %s AND kind = 'hold' AND reason = %s)".encode(),
            [case.person, _reason(case.number)],
        ).fetchone()
        if there == (True,):
            return True
        at = moment(bench.connection, plan)
        review = add_period(civil(at), REVIEW)
        said = {"held_by": "privacy officer", "reason": _reason(case.number), "review_on": review}
        record_fact(bench.connection, plan, Fact(case.person, "hold", key, at, **said))  # type: ignore[arg-type]
        bench.event(case, "held")
    return True


@contextmanager
def _recording(bench: Bench) -> Iterator[None]:
    """Facts are recorded in a transaction that is READ COMMITTED."""
    bench.connection.isolation_level = IsolationLevel.READ_COMMITTED
    with bench.connection.transaction():
        yield


def ended(bench: Bench) -> int:
    """Holds of complaints that are over are released. out: how many."""
    rows = bench.connection.execute(_over(bench.s).encode()).fetchall()
    for (number,) in rows:
        with _recording(bench):
            close_fact(
                bench.connection, bench.loaded.plan, number, moment(bench.connection, bench.loaded.plan)
            )
    return len(rows)


def _over(s: str) -> str:
    """The query of holds to release: of cases that ended, however they did."""
    return (
        f"SELECT f.id FROM {s}.fact f JOIN {s}.request_case c ON f.reason = 'complaint ' || c.number"
        f" AND f.person_id = c.person_id WHERE f.kind = 'hold' AND (f.ends_at IS NULL OR f.ends_at > {s}.moment())"
        f" AND (c.state IN ({SQL_ENDED}) OR c.kind <> 'complaint')"
    )


def waits(s: str) -> str:
    """A test, in SQL: whether a hold waits to be released, or to be narrowed."""
    return f"EXISTS ({_over(s)}) OR EXISTS ({_to_narrow(s)})"


# ---- what it is about ----------------------------------------------------------------------------------------------------

ABOUT = "case_holds(text, text, text[])"
#: `case_holds(actor, number, categories)`: what a complaint is about, said by the officer who read it, as often as they
#: like. out: recorded, what (nothing was chosen), or not-now.
SQL = """
CREATE OR REPLACE FUNCTION {s}.case_holds(actor text, which text, categories text[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found {s}.request_case;
BEGIN
    SELECT * INTO found FROM {s}.request_case c WHERE c.number = which FOR UPDATE;
    IF found.id IS NULL OR found.kind <> 'complaint' OR found.state IN ({ended}) OR actor IS NULL
        OR actor !~ '[^[:space:]]' OR cardinality(categories) > 200 THEN
        RETURN 'not-now';
    END IF;
    IF COALESCE(cardinality(categories), 0) = 0 THEN
        RETURN 'what';
    END IF;
    UPDATE {s}.request_case SET params = params || jsonb_build_object('holds', to_jsonb(categories)) WHERE id = found.id;
    INSERT INTO {s}.request_event (case_id, at, what, by, said)
    VALUES (found.id, {s}.moment(), 'holds', actor, left(array_to_string(categories, ', '), 2000));
    PERFORM pg_notify({channel}, '');
    RETURN 'recorded';
END $$"""


def _to_narrow(s: str) -> str:
    """The query of complaints of which it is said what they are about, and where more or other is held."""
    return (
        f"SELECT c.id FROM {s}.request_case c WHERE c.kind = 'complaint' AND c.params ? 'holds' AND c.person_id IS NOT NULL"
        f" AND c.state NOT IN ({SQL_ENDED}) AND c.params->'holds' IS DISTINCT FROM c.params->'held'"
        f" AND EXISTS (SELECT FROM {s}.fact f WHERE f.person_id = c.person_id AND f.kind = 'hold'"
        "              AND f.reason = 'complaint ' || c.number)"
    )


def narrowed(bench: Bench) -> int:
    """Where it was said what a complaint is about, that alone is held. out: of how many."""
    rows = bench.connection.execute(f"{_to_narrow(bench.s)} ORDER BY c.id".encode()).fetchall()
    for (number,) in rows:
        _narrow(bench, bench.one(number))
    return len(rows)


def _narrow(bench: Bench, case: Case) -> None:
    """In one transaction: the rows are held before all else is let go."""
    plan, s = bench.loaded.plan, bench.s
    chosen = [str(one) for one in case.params["holds"]]
    with _recording(bench):
        at = moment(bench.connection, plan)
        bench.connection.execute(f"SELECT {s}.lock_people(%s::bigint[])".encode(), [[case.person]])
        rows = " UNION ALL ".join(
            f"SELECT {literal(table.name)} AS name, r.{ident(table.id)} AS id"
            f" FROM {qualified(table.schema, table.name)} r WHERE {_theirs(table)}"
            for table in tables_about(plan, chosen)
        )
        values = {
            "person": case.person,
            "key": plan.claims,
            "reason": _reason(case.number),
            "review": add_period(civil(at), REVIEW),
        }
        held = "f.kind = 'hold' AND f.person_id = %(person)s AND f.reason = %(reason)s"
        open_ = f"(f.ends_at IS NULL OR f.ends_at > {s}.moment())"
        bench.connection.execute(
            f"INSERT INTO {s}.fact (person_id, kind, key, starts_at, table_name, row_id, held_by, reason, review_on)"
            f" SELECT %(person)s, 'hold', %(key)s, {s}.moment(), j.name, j.id, 'privacy officer', %(reason)s, %(review)s"
            f" FROM ({rows}) AS j WHERE NOT EXISTS (SELECT FROM {s}.fact f WHERE {held} AND {open_}"
            "        AND f.table_name = j.name AND f.row_id = j.id)".encode(),
            values,
        )
        bench.connection.execute(
            f"UPDATE {s}.fact f SET ends_at = {s}.moment() WHERE {held} AND {open_} AND (f.table_name IS NULL"
            f" OR NOT EXISTS (SELECT FROM ({rows}) AS j WHERE j.name = f.table_name AND j.id = f.row_id))".encode(),
            values,
        )
        bench.connection.execute(
            f"SELECT {s}.refresh(%s::bigint[], {s}.moment(), true)".encode(), [[case.person]]
        )
        bench.connection.execute(
            f"UPDATE {s}.request_case SET params = params || jsonb_build_object('held', params->'holds') WHERE id = %s"
            " AND params->'holds' = %s::jsonb".encode(),
            [case.id, json.dumps(chosen)],
        )
        bench.event(case, "held-about")


def tables_about(plan: Plan, categories: Sequence[str]) -> list[TablePlan]:
    """Tables in which data of these categories lies, and that of who somebody is: without it nobody is behind the rest."""
    chosen = set(categories)
    return [t for t in plan.tables if t.anchor or any(chosen & set(c.categories) for c in t.columns)]


def _theirs(table: TablePlan) -> str:
    owners = [table.id] if table.anchor else list(table.owners)
    return "(" + " OR ".join(f"r.{ident(one)} = %(person)s" for one in owners) + ")"


def suggested(policy: Policy, words: str | None) -> list[str]:
    """Categories that the words of a complaint name, by the policy's own names of them in any language: what the officer
    finds ticked, and decides about. in: the words, opened. out: keys, in the policy's order."""
    said = set(_WORD.findall((words or "").casefold()))
    named = {
        key: {
            word
            for label in (category.label, *category.examples, *category.holds)
            for text in label.values()
            for word in _WORD.findall(text.casefold())
        }
        for key, category in policy.categories.items()
    }
    often = Counter(word for words_ in named.values() for word in words_)
    return [
        key
        for key, words_ in named.items()
        if any(_alike(one, other) for one in said for other in words_ if often[other] <= MOST_NAMED)
    ]


def _alike(one: str, other: str) -> bool:
    """The same word but for its ending: `facturen` and `factuur` are not, `sessie` and `sessies` are."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and len(long) - len(short) <= 3


__all__ = ["ABOUT", "REVIEW", "SQL", "ended", "hold", "narrowed", "suggested", "tables_about", "waits"]
