"""Generated people, rows and facts, and the slow interpreter that says what must become of them."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from hypothesis import strategies as st
from tests.bloesem.plan.small import DATES, MOMENTS

from bloesem.plan.calculus import row_masks
from bloesem.plan.dates import ZONE, civil, midnight
from bloesem.plan.model import Fact, Plan, TablePlan
from bloesem.plan.predicates import meets

PEOPLE = (1, 2)
SPAN = (dt.date(2019, 12, 30), dt.date(2028, 3, 2))

days = st.one_of(
    st.dates(*SPAN),
    st.sampled_from(
        [
            dt.date(2024, 2, 29),
            dt.date(2020, 2, 29),
            dt.date(2022, 12, 31),
            dt.date(2023, 1, 1),
            dt.date(2026, 10, 24),
        ]
    ),
)
moments = st.builds(
    # by way of UTC: there is an hour each spring that does not exist
    lambda day, hour, minute: dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).astimezone(
        dt.UTC
    ),
    days,
    st.sampled_from([0, 0, 2, 12, 23]),
    st.sampled_from([0, 30, 59]),
)


@dataclass
class History:
    """What a database is filled with: rows per table, and facts beside those that event columns give."""

    rows: dict[str, list[dict[str, Any]]]
    facts: list[Fact]


@st.composite
def histories(draw: st.DrawFn, plan: Plan) -> History:
    rows: dict[str, list[dict[str, Any]]] = {}
    number = 100
    for table in plan.tables:
        rows[table.name] = []
        if table.anchor:
            for person in PEOPLE:
                values = {c.name: _value(draw, c.name) for c in table.columns}
                rows[table.name].append({**values, table.key[0]: person})
            continue
        for _ in range(draw(st.integers(0, 2))):
            number += 1
            values = {c.name: _value(draw, c.name) for c in table.columns}
            owners = draw(st.permutations([*PEOPLE, None]).filter(lambda p: p[0] is not None))
            values.update(dict(zip(table.owners, owners, strict=False)))
            rows[table.name].append({**values, table.key[0]: number})
    return History(rows, draw(st.lists(_facts(plan, rows), max_size=7)))


def _value(draw: st.DrawFn, name: str) -> Any:
    if name in DATES:
        return draw(st.one_of(st.none(), days))
    if name == "recorded_at":
        return draw(moments)
    if name in MOMENTS:
        return draw(st.one_of(st.none(), moments))
    if name == "source":
        return draw(
            st.sampled_from([None, "subject:contract", "employer:Acme", "subject:request", "seen:there"])
        )
    return draw(st.sampled_from([None, "x", "y"]))


@st.composite
def _facts(draw: st.DrawFn, plan: Plan, rows: dict[str, list[dict[str, Any]]]) -> Fact:
    kind = draw(
        st.sampled_from(
            ["event", "event", "consent", "objection", "assessing", "restriction", "hold", "erasure"]
        )
    )
    keys = {
        "event": [e for e in plan.events if e != "consent.given"],
        "consent": [p.key for p in plan.purposes if p.by_consent] or ["nothing"],
        "objection": [p.key for p in plan.purposes],
        "assessing": [p.key for p in plan.purposes],
        "restriction": ["accuracy"],
        "hold": [p.key for p in plan.purposes if p.hold] or ["nothing"],
        "erasure": ["17(1)(a)", "17(1)(d)", "17(1)(e) law of 2026, art. 3"],
    }
    starts = draw(moments)
    ends = draw(st.one_of(st.none(), st.none(), moments.filter(lambda m: m > starts)))
    person: int = draw(st.sampled_from(PEOPLE))
    of_row: tuple[str | None, int | None] = (None, None)
    if kind in ("restriction", "hold", "erasure") and draw(st.booleans()):
        mine = [
            (t.name, row[t.key[0]])
            for t in plan.tables
            for row in rows[t.name]
            if person in [row.get(o) for o in t.owners] and not t.anchor
        ]
        if mine:
            of_row = draw(st.sampled_from(mine))
    return Fact(person, kind, draw(st.sampled_from(keys[kind])), starts, ends, *of_row)  # type: ignore[arg-type]


# ---- stories that must not be left to chance --------------------------------------------------------------------

#: What happens to somebody, in order: kind, key, and the number of a moment; `-` lifts what began under that name.
STORIES: dict[str, list[tuple[str, str]]] = {
    "a restriction and an objection, the restriction lifted first": [
        ("restriction", "accuracy"), ("assessing", "quality"), ("-restriction", ""), ("-assessing", ""),
    ],
    "a restriction and an objection, the objection lifted first": [
        ("restriction", "accuracy"), ("assessing", "quality"), ("-assessing", ""), ("-restriction", ""),
    ],
    "an objection, then a restriction, lifted in that order": [
        ("assessing", "identify"), ("restriction", "accuracy"), ("-assessing", ""), ("-restriction", ""),
    ],
    "two holds that overlap": [
        ("hold", "disputes"), ("hold", "law:claims"), ("-hold", "disputes"), ("-hold", "law:claims"),
    ],
    "the same hold twice, the first released first": [
        ("hold", "disputes"), ("hold", "disputes"), ("-hold", "disputes"), ("-hold", "disputes"),
    ],
    "somebody leaves and comes back": [
        ("event", "account.opened"), ("event", "account.terminated"), ("event", "account.opened"),
        ("event", "account.terminated"),
    ],
    "one row is erased by itself while holds run": [
        ("hold", "disputes"), ("hold", "law:claims"), ("erasure", "17(1)(d)"), ("-hold", "disputes"), ("-hold", "law:claims"),
    ],
    "a statute orders one row to go while holds run": [
        ("hold", "disputes"), ("hold", "law:claims"), ("erasure", "17(1)(e) law of 2026, art. 3"), ("-hold", "disputes"),
        ("-hold", "law:claims"),
    ],
    "a request to erase while a hold runs": [
        ("hold", "disputes"), ("erasure", "17(1)(a)"), ("-hold", "disputes"), ("event", "account.opened"),
    ],
}  # fmt: skip


@st.composite
def told(draw: st.DrawFn, plan: Plan, story: str) -> tuple[History, list[dt.datetime]]:
    """A generated history in which this story happens too, to one of the two people (of a row that both own, to either),
    or, for holds, restrictions and strict erasures, to one of their rows; and moments before, between and after its steps."""
    history = draw(histories(plan))
    steps = STORIES[story]
    when = sorted(draw(st.lists(moments, min_size=len(steps), max_size=len(steps), unique=True)))
    person = draw(st.sampled_from(PEOPLE))
    mine = [
        (t.name, row[t.key[0]])
        for t in plan.tables
        for row in history.rows[t.name]
        if person in [row.get(o) for o in t.owners] and not t.anchor
    ]
    about = draw(st.sampled_from([(None, None), *mine]))
    running: list[Fact] = []
    for (kind, key), at in zip(steps, when, strict=True):
        if kind.startswith("-"):
            ended = next(f for f in running if f.kind == kind[1:] and key in ("", f.key))
            running.remove(ended)
            history.facts.append(replace(ended, ends_at=at))
            continue
        strict = kind == "erasure" and key != "17(1)(a)"
        of_row = about if kind in ("hold", "restriction") or strict else (None, None)
        fact = Fact(person, kind, key, at, None, *of_row)  # type: ignore[arg-type]
        if any(step == f"-{kind}" for step, _ in steps):
            running.append(fact)
        else:
            history.facts.append(fact)
    assert not running
    looks = [(a + (b - a) / 2).replace(microsecond=0) for a, b in itertools.pairwise(when)]
    return history, [*looks, when[-1] + dt.timedelta(days=1)]


# ---- the interpreter -------------------------------------------------------------------------------------------


def column_facts(plan: Plan, history: History) -> list[Fact]:
    """The facts that event and consent columns are."""
    found = []
    for table in plan.tables:
        for row in history.rows[table.name]:
            for event in table.facts:
                at, person = row[event.at], row[event.owner]
                if at is None or person is None or (event.when and not meets(event.when, row)):
                    continue
                at = at if isinstance(at, dt.datetime) else midnight(at)
                ends = row[event.until] if event.until else None
                found.append(Fact(person, event.kind, event.key, at, ends))
    return found


def by_person(facts: list[Fact]) -> dict[int, list[Fact]]:
    return {person: [f for f in facts if f.person == person] for person in PEOPLE}


def age(
    plan: Plan, table: TablePlan, row: dict[str, Any], facts: dict[int, list[Fact]], now: dt.datetime
) -> bool:
    """Do to one row what the clock does at `now`; False when the row goes."""
    masks = row_masks(plan, table, row, facts, now)
    if not masks.kept:
        return False
    before = {c.name: masks.kept_by[c.owner] & c.purposes for c in table.columns}
    for column in table.columns:
        if not column.key and not before[column.name]:
            row[column.name] = column.erased
    if len(table.owners) > 1:
        for owner, kept in zip(table.owners, masks.kept_by, strict=True):
            if not kept:
                row[owner] = None
    row["used_for"], row["kept_for"] = masks.used, masks.kept
    return True


# ---- the database -------------------------------------------------------------------------------------------------


def load(connection: psycopg.Connection[Any], plan: Plan, history: History) -> None:
    """Rows and facts into the database, past the triggers; facts of columns are read by the compiled SQL."""
    connection.execute("SET LOCAL session_replication_role = replica")
    for table in plan.tables:
        for row in history.rows[table.name]:
            columns = ", ".join(f'"{c}"' for c in row)
            values = ", ".join(["%s"] * len(row))
            connection.execute(
                f"INSERT INTO data.{table.name} ({columns}) VALUES ({values})", list(row.values())
            )
    for fact in history.facts:
        connection.execute(
            "INSERT INTO bloesem.fact (person_id, kind, key, starts_at, ends_at, table_name, row_id) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [fact.person, fact.kind, fact.key, fact.starts_at, fact.ends_at, fact.table, fact.row],
        )
    connection.execute("SELECT bloesem.read_facts()")
    connection.execute("SET LOCAL session_replication_role = origin")


def stored(connection: psycopg.Connection[Any], table: TablePlan) -> dict[int, dict[str, Any]]:
    names = [c.name for c in table.columns] + ["used_for", "kept_for", "good_until"]
    listed = ", ".join(
        "CASE WHEN isfinite(good_until) THEN bloesem.civil(good_until) END" if n == "good_until" else f'"{n}"'
        for n in names
    )
    rows = connection.execute(f"SELECT {listed} FROM data.{table.name}").fetchall()
    return {
        dict(zip(names, row, strict=True))[table.key[0]]: dict(zip(names, row, strict=True)) for row in rows
    }


__all__ = [
    "PEOPLE",
    "STORIES",
    "History",
    "age",
    "by_person",
    "civil",
    "column_facts",
    "histories",
    "load",
    "moments",
    "stored",
    "told",
]
