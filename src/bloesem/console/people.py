"""One person's facts and rows, read as keeper for the timeline; and which people make good examples.

Only in demonstration mode: the people are invented.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql

from bloesem.console import diary
from bloesem.console.clockwork import moment
from bloesem.console.timeline import Line, Row, Timeline, timeline
from bloesem.plan import calculus
from bloesem.plan.calculus import RowMasks, row_masks
from bloesem.plan.dates import civil
from bloesem.plan.model import Plan, TablePlan
from bloesem.stores.facts import facts_of
from bloesem.stores.postgres import Connection

#: How far the timeline looks ahead: longer than the longest term of the text.
YEARS_AHEAD = 12


def horizon(today: dt.date) -> dt.date:
    """How far a timeline looks from a civil day on."""
    return today.replace(month=1, day=1, year=today.year + YEARS_AHEAD)


#: Values of one line that are shown as an example.
SHOWN = 1


@dataclass(frozen=True)
class Case:
    """An example: its key (no personal data), and the part or event that it is about."""

    key: str
    kind: str
    about: str
    person: int


@dataclass(frozen=True)
class Expected:
    """How many rows of the person a part may read now, as the calculus has it."""

    part: str
    rows: int


def rows_of(keeper: Connection, plan: Plan, person: int) -> tuple[list[Row], dict[tuple[str, str], str]]:
    """All rows of a person, and per table and column one value as an example."""
    shown = plan.mask(
        lambda p: p.of != "law" and not p.hold
    )  # what the law alone reads (a secret) is not shown
    rows: list[Row] = []
    examples: dict[tuple[str, str], str] = {}
    for table in plan.tables:
        for values in _rows(keeper, table, person):
            filled = frozenset(name for name, value in values.items() if value is not None)
            rows.append(Row(table.name, values, filled))
            for column in table.columns:
                value = values.get(column.name)
                if not column.key and column.purposes & shown and value is not None:
                    examples.setdefault((table.name, column.name), _shown(value))
    return rows, examples


def _rows(keeper: Connection, table: TablePlan, person: int) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    mine = sql.SQL(" OR ").join(sql.SQL("{} = %s").format(sql.Identifier(o)) for o in table.owners)
    query = sql.SQL("SELECT {} FROM {}.{} WHERE ({}) AND kept_for <> 0 ORDER BY 1").format(
        sql.SQL(", ").join(sql.Identifier(n) for n in names),
        sql.Identifier(table.schema),
        sql.Identifier(table.name),
        mine,
    )
    return [
        dict(zip(names, row, strict=True))
        for row in keeper.execute(query, [person] * len(table.owners)).fetchall()
    ]


def _shown(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return f"{len(bytes(value))} bytes"
    if isinstance(value, dict | list):
        return "…"
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def follow(keeper: Connection, plan: Plan, person: int) -> tuple[Timeline, tuple[Expected, ...], dt.datetime]:
    """The person's timeline at the database's own moment, with what a demonstration's diary knows of erased values, and
    what each part may read now."""
    now = moment(keeper, plan)
    rows, examples = rows_of(keeper, plan, person)
    noted = diary.read(keeper, plan, person)
    every = diary.with_erased(plan, rows, noted)
    owners = {person} | {
        int(r.values[o]) for r in every for o in plan.table(r.table).owners if r.values.get(o)
    }
    facts = facts_of(keeper, plan, sorted(owners))
    facts[person] = facts[person] or list(noted.facts)  # nothing is left of whom the clock forgot
    today = civil(now)
    picture = timeline(plan, person, facts, every, today, horizon(today))
    lines = tuple(_with_example(line, examples) for line in picture.lines)
    states = {owner: calculus.person(plan, facts.get(owner, ()), now) for owner in owners}
    masks = [row_masks(plan, plan.table(row.table), row.values, facts, now, states) for row in rows]
    expected = tuple(
        Expected(p.key, sum(_reads(plan, row, m, p.key) for row, m in zip(rows, masks, strict=True)))
        for p in plan.purposes
        if p.active
    )
    keeper.commit()
    done = Timeline(picture.start, picture.end, picture.today, lines, picture.milestones)
    return done, expected, now


def _with_example(line: Line, examples: dict[tuple[str, str], str]) -> Line:
    shown = [examples[line.table, c] for c in line.columns if (line.table, c) in examples][:SHOWN]
    return replace(line, shown=", ".join(shown))


def _reads(plan: Plan, row: Row, masks: RowMasks, part: str) -> bool:
    """Whether a part may read anything of the row now; the person's own row shows itself to those who serve it."""
    table = plan.table(row.table)
    bit = plan.purpose(part).mask
    columns = [c for c in table.columns if not c.key and c.purposes & bit]
    if not columns and table.anchor:
        columns = [c for c in table.columns if c.purposes & bit][:1]
    if not columns:
        return False
    return bool((masks.kept if table.always_visible else masks.used) & plan.purpose(part).mask)


# ---- examples ------------------------------------------------------------------------------------------------------


def cases(keeper: Connection, plan: Plan, named: dict[str, int] | None = None) -> list[Case]:
    """People worth following, found by their facts: nothing here knows the data. `named`: the company's own first."""
    found = [
        Case(key, "first", key, person)
        for key, person in (named or {}).items()
        if _there(keeper, plan, person) or diary.read(keeper, plan, person).facts
    ]
    taken = {case.person for case in found}
    for kind, about, query in _QUERIES:
        for row in keeper.execute(
            sql.SQL(query).format(s=sql.Identifier(plan.schema)), {"taken": list(taken)}
        ).fetchall():
            person, what = row
            key = "-".join(p for p in (kind, str(what or about)) if p).replace(":", "-").replace(".", "-")
            if person not in taken and key not in {case.key for case in found}:
                found.append(Case(key, kind, str(what or about), person))
                taken.add(person)
    found += _shared(keeper, plan, taken)
    keeper.commit()
    return found


def _there(keeper: Connection, plan: Plan, person: int) -> bool:
    query = sql.SQL("SELECT 1 FROM {}.state WHERE person_id = %s").format(sql.Identifier(plan.schema))
    return keeper.execute(query, [person]).fetchone() is not None


_HAS = "NOT (f.person_id = ANY (%(taken)s)) AND (f.ends_at IS NULL OR f.ends_at > {s}.moment())"

#: kind, what it is about, SQL that gives person and key. Each finds the person with the fewest facts first.
_QUERIES: tuple[tuple[str, str, str], ...] = (
    (
        "customer",
        "",
        (
            "SELECT f.person_id, NULL FROM {s}.fact f WHERE f.key = 'customer.started' AND NOT EXISTS (SELECT FROM {s}.fact"
            " e WHERE e.person_id = f.person_id AND (e.key = 'customer.ended' OR e.kind IN ('objection', 'restriction',"
            f" 'erasure', 'hold', 'assessing'))) AND {_HAS} ORDER BY f.starts_at DESC LIMIT 1"
        ),
    ),
    (
        "ended",
        "",
        (
            "SELECT f.person_id, NULL FROM {s}.fact f WHERE f.key = 'customer.ended' AND f.starts_at <= {s}.moment()"
            f" AND {_HAS} ORDER BY f.starts_at DESC LIMIT 1"
        ),
    ),
    (
        "returned",
        "",
        (
            "SELECT f.person_id, NULL FROM {s}.fact f JOIN {s}.fact e USING (person_id) WHERE f.key = 'account.opened'"
            f" AND e.key = 'account.terminated' AND e.starts_at < f.starts_at AND {_HAS} ORDER BY f.starts_at DESC LIMIT 1"
        ),
    ),
    *(
        (
            kind,
            "",
            (
                f"SELECT DISTINCT ON (f.key) f.person_id, f.key FROM {{s}}.fact f WHERE f.kind = '{kind}' AND {_HAS}"
                " ORDER BY f.key, f.starts_at DESC"
            ),
        )
        for kind in ("objection", "consent", "restriction", "hold", "erasure")
    ),
)


def _shared(keeper: Connection, plan: Plan, taken: set[int]) -> list[Case]:
    """Somebody who shares a row with another."""
    for table in plan.tables:
        if len(table.owners) < 2:
            continue
        one, other = (sql.Identifier(o) for o in table.owners[:2])
        query = sql.SQL(
            "SELECT {one} FROM {schema}.{table} WHERE {one} IS NOT NULL AND {other} IS NOT NULL AND {one} <> {other}"
            " AND NOT ({one} = ANY (%s)) AND kept_for <> 0 LIMIT 1"
        ).format(one=one, other=other, schema=sql.Identifier(table.schema), table=sql.Identifier(table.name))
        row = keeper.execute(query, [list(taken)]).fetchone()
        if row is not None:
            return [Case("shared", "shared", "", row[0])]
    return []
