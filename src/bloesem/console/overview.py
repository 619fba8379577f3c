"""What the policy is doing now, in numbers without persons. Counted as the keeper, who sees every row."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from psycopg import IsolationLevel, sql

from bloesem.clock.due import overdue
from bloesem.plan.dates import last_day, midnight
from bloesem.plan.model import RECORD, Plan, PurposePlan, TablePlan
from bloesem.plan.sql.attributed import KINDS
from bloesem.plan.sql.gate import purpose_columns
from bloesem.stores.postgres import Connection

Progress = Callable[[int, int], None]
#: How far the picture of what falls due looks ahead.
MONTHS_AHEAD = 18
DAY = dt.timedelta(days=1)
#: Acts that leave every row as it was.
UNCHANGING = ("read", "rehearsal", "denial", "access", "export", "evidence", *KINDS)
#: Among so many of the last acts, one that is committed late is still found.
RECENT = 1000


@dataclass(frozen=True)
class PartCount:
    """What a part may read now."""

    part: str
    people: int
    rows: int
    values: int


@dataclass(frozen=True)
class Due:
    """Rows that a part may no longer read from `day` on, if nothing else happens."""

    day: dt.date
    part: str
    rows: int


@dataclass(frozen=True)
class Act:
    """Lines of the append-only table, without personal data: what one run did, batch by batch (`times`), summed; of
    refusals, who (`purpose`) asked for what (`thing`, a name of the map or of a rule), and how often in a row."""

    at: dt.datetime
    as_of: dt.datetime
    kind: str
    counts: dict[str, int]
    times: int = 1
    purpose: str | None = None
    thing: str | None = None


@dataclass(frozen=True)
class Overview:
    today: dt.date
    days: int
    people: int
    rows: int
    parts: tuple[PartCount, ...]
    due: tuple[Due, ...]
    overdue: int
    overdue_since: dt.date | None
    policy: dt.date | None
    activated: dt.datetime | None
    swept: dt.date | None
    acts: tuple[Act, ...]
    counted: dt.datetime
    after: int = 0
    known: int = 0
    since: int = 0


def overview(keeper: Connection, plan: Plan, progress: Progress) -> Overview:
    """Counts everything as it stands at one moment of the database, which the answer names (`counted`): one snapshot,
    whatever others commit meanwhile. Passes over every table, so it is done beside the pages and never by one.

    `known`: of the acts numbered above `after`, how many that change something are in the numbers; `since`: how many
    came after them, which the keeper's helper fills in as they come (`jobs.amend_acts`).
    """
    keeper.commit()
    level, reads_only = keeper.isolation_level, keeper.read_only
    keeper.isolation_level, keeper.read_only = IsolationLevel.REPEATABLE_READ, True
    try:
        return _overview(keeper, plan, progress)
    finally:
        keeper.rollback()
        keeper.isolation_level, keeper.read_only = level, reads_only


def _overview(keeper: Connection, plan: Plan, progress: Progress) -> Overview:
    s = sql.Identifier(plan.schema)
    counted: dt.datetime = _one(keeper, sql.SQL("SELECT {}.moment()").format(s))
    today: dt.date = _one(keeper, sql.SQL("SELECT {}.today()").format(s))
    total = 2 * len(plan.tables) + 1
    rows: dict[str, int] = defaultdict(int)
    values: dict[str, int] = defaultdict(int)
    all_rows = 0
    for i, table in enumerate(plan.tables):
        progress(i, total)
        all_rows += _count(keeper, plan, table, today, rows, values)
    people = _people(keeper, plan, today)
    due: dict[tuple[dt.date, str], int] = defaultdict(int)
    for i, table in enumerate(plan.tables):
        progress(len(plan.tables) + 1 + i, total)
        _due(keeper, plan, table, today, due)
    late = overdue(keeper, plan, counted)
    after = max((_one(keeper, sql.SQL("SELECT max(id) FROM {}.act").format(s)) or 0) - RECENT, 0)
    installed = keeper.execute(
        sql.SQL("SELECT policy, at FROM {}.installed ORDER BY id DESC LIMIT 1").format(s)
    ).fetchone() or (None, None)
    swept = keeper.execute(sql.SQL("SELECT swept, days FROM {}.watermark").format(s)).fetchone() or (None, 0)
    return Overview(
        today=today,
        days=swept[1],
        people=_one(keeper, sql.SQL("SELECT count(*) FROM {}.state").format(s)),
        rows=all_rows,
        parts=tuple(PartCount(p.key, people[p.key], rows[p.key], values[p.key]) for p in plan.purposes),
        due=tuple(Due(day, part, n) for (day, part), n in sorted(due.items())),
        overdue=late.total,
        overdue_since=late.since,
        policy=installed[0],
        activated=installed[1],
        swept=swept[0],
        acts=last_acts(keeper, plan),
        counted=counted,
        after=after,
        known=_one(keeper, changing(plan, after)),
    )


def changing(plan: Plan, after: int | sql.Composable) -> sql.Composed:
    """How many acts above that number change what is counted. Not the newest number is compared: an act with a smaller
    one may be committed later."""
    return sql.SQL("SELECT count(*) FROM {}.act WHERE id > {} AND kind <> ALL ({})").format(
        sql.Identifier(plan.schema), after, sql.Literal(list(UNCHANGING))
    )


def _one(keeper: Connection, query: sql.SQL | sql.Composed) -> Any:
    row = keeper.execute(query).fetchone()
    return row[0] if row else None


def _readers(plan: Plan, table: TablePlan) -> list[tuple[PurposePlan, list[str]]]:
    """The purposes that read the table, each with the columns that are not keys."""
    keys = {c.name for c in table.columns if c.key}
    found = []
    for purpose in plan.purposes:
        if purpose.active:
            columns = [c for c in purpose_columns(plan, table, purpose) if c not in keys]
            if columns:
                found.append(
                    (purpose, [c for c in columns if any(c == known.name for known in table.columns)])
                )
    return found


def _mask(table: TablePlan) -> sql.Identifier:
    return sql.Identifier("kept_for" if table.always_visible else "used_for")


def _table(table: TablePlan) -> sql.Composed:
    return sql.SQL("{}.{}").format(sql.Identifier(table.schema), sql.Identifier(table.name))


def _count(
    keeper: Connection,
    plan: Plan,
    table: TablePlan,
    today: dt.date,
    rows: dict[str, int],
    values: dict[str, int],
) -> int:
    """Adds what each part reads of a table, and gives its rows: counted per mask, of which there are few, and not per
    part, of which there are many."""
    readers = _readers(plan, table)
    names = list(dict.fromkeys(c for _, columns in readers for c in columns))
    query = sql.SQL("SELECT CASE WHEN good_until > {} THEN {} ELSE 0 END, {} FROM {} GROUP BY 1").format(
        midnight(today),
        _mask(table),
        sql.SQL(", ").join(
            [sql.SQL("count(*)"), *(sql.SQL("count({})").format(sql.Identifier(c)) for c in names)]
        ),
        _table(table),
    )
    total = 0
    for mask, n, *filled in keeper.execute(query).fetchall():
        total += n
        by_name = dict(zip(names, filled, strict=True))
        for purpose, columns in readers:
            if mask & purpose.mask:
                rows[purpose.key] += n
                values[purpose.key] += sum(by_name[c] for c in columns)
    return total


def _people(keeper: Connection, plan: Plan, today: dt.date) -> dict[str, int]:
    """Per part, how many people have at least one row that it may read."""
    branches = [
        sql.SQL("SELECT {} AS person, bit_or({}) AS mask FROM {} WHERE good_until > {} GROUP BY 1").format(
            sql.Identifier(owner), _mask(table), _table(table), midnight(today)
        )
        for table in plan.tables
        for owner in table.owners
        if not table.anchor
    ]
    counts = {p.key: 0 for p in plan.purposes}
    if not branches:
        return counts
    sums = sql.SQL(", ").join(
        sql.SQL("count(*) FILTER (WHERE mask & {} <> 0)").format(p.mask) for p in plan.purposes
    )
    query = sql.SQL(
        "SELECT {} FROM (SELECT person, bit_or(mask) AS mask FROM ({}) AS every WHERE person IS NOT NULL GROUP BY 1) p"
    ).format(sums, sql.SQL(" UNION ALL ").join(branches))
    found = keeper.execute(query).fetchone()
    assert found is not None
    return {p.key: int(n) for p, n in zip(plan.purposes, found, strict=True)}


# ---- what falls due ------------------------------------------------------------------------------------------------


def horizon(today: dt.date) -> dt.date:
    months = today.month - 1 + MONTHS_AHEAD
    return dt.date(today.year + months // 12, months % 12 + 1, 1)


def _due(
    keeper: Connection, plan: Plan, table: TablePlan, today: dt.date, due: dict[tuple[dt.date, str], int]
) -> None:
    """Adds, per day and part, the rows of a table whose purpose then ends: by the person's clocks, or the record's."""
    end = horizon(today)
    readers = [p for p, _ in _readers(plan, table)]
    personal = [p for p in readers if not p.by_record and p.clocks and not p.hold]
    if personal and not table.anchor:
        _due_people(keeper, plan, table, personal, (today, end), due)
    for purpose in readers:
        if purpose.by_record and table.record_date:
            _due_records(keeper, table, purpose, (today, end), due)


def _due_people(
    keeper: Connection,
    plan: Plan,
    table: TablePlan,
    purposes: list[PurposePlan],
    span: tuple[dt.date, dt.date],
    due: dict[tuple[dt.date, str], int],
) -> None:
    numbers = sql.SQL(", ").join(sql.SQL("({}, {})").format(p.number + 1, p.mask) for p in purposes)
    query = sql.SQL(
        """
        WITH r AS (
            SELECT {owner} AS person, used_for AS used, count(*) AS n FROM {table}
            WHERE good_until > {from_} AND used_for <> 0 GROUP BY 1, 2)
        SELECT b.place, s.ends[b.place], sum(r.n)
        FROM r JOIN {s}.state s ON s.person_id = r.person
        JOIN (VALUES {numbers}) AS b (place, mask) ON r.used & b.mask <> 0
        WHERE s.next_review < {end} AND s.ends[b.place] > {today} AND s.ends[b.place] < {end}
        GROUP BY 1, 2"""
    ).format(
        owner=sql.Identifier(table.owners[0]),
        table=_table(table),
        today=span[0],
        from_=midnight(span[0]),
        end=span[1],
        s=sql.Identifier(plan.schema),
        numbers=numbers,
    )
    by_place = {p.number + 1: p.key for p in purposes}
    for place, day, n in keeper.execute(query).fetchall():
        due[(day, by_place[place])] += int(n)


def _due_records(
    keeper: Connection,
    table: TablePlan,
    purpose: PurposePlan,
    span: tuple[dt.date, dt.date],
    due: dict[tuple[dt.date, str], int],
) -> None:
    assert table.record_date is not None
    query = sql.SQL("SELECT {day}, count(*) FROM {table} WHERE used_for & {mask} <> 0 GROUP BY 1").format(
        day=sql.Identifier(table.record_date), table=_table(table), mask=purpose.mask
    )
    for day, n in keeper.execute(query).fetchall():
        ends = [
            last_day(day, clock.period, end_of_year=clock.end_of_year)
            for clock in purpose.clocks
            if clock.after == RECORD
            and (clock.records_from is None or day >= clock.records_from)
            and (clock.records_until is None or day <= clock.records_until)
        ]
        caps = [last_day(day, c.period) for c in table.ceilings if c.mask & purpose.mask]
        if ends:
            dark = min([max(ends), *caps]) + DAY
            if span[0] < dark < span[1]:
                due[(dark, purpose.key)] += int(n)


def last_acts(keeper: Connection, plan: Plan, limit: int = 8, lines: int = 200) -> tuple[Act, ...]:
    """The last runs, as far as the last lines tell of them. Cheap: reads the end of one index."""
    query = sql.SQL(
        "SELECT at, as_of, kind, counts, purpose FROM {}.act WHERE kind <> ALL ({}) ORDER BY id DESC LIMIT {}"
    ).format(sql.Identifier(plan.schema), sql.Literal(["evidence", *KINDS]), lines)
    found = keeper.execute(query).fetchall()
    acts: list[Act] = []
    for (kind, purpose, thing, _), run in groupby(found, key=_run_of):
        total: Counter[str] = Counter()
        done = list(run)
        for line in done:
            total.update(summed(line[3] or {}))
        acts.append(Act(done[0][0], done[0][1], kind, dict(total), len(done), purpose, thing))
    return tuple(acts[:limit])


def _run_of(line: tuple[Any, ...]) -> tuple[Any, ...]:
    """What makes lines one: of refusals, who was refused what; of all else, the moment for which they were decided."""
    _, as_of, kind, counts, purpose = line
    thing = counts.get("denied") if isinstance(counts, dict) else None
    return (kind, purpose, thing, None) if kind == "denial" else (kind, purpose, None, as_of)


def summed(counts: dict[str, Any]) -> dict[str, int]:
    """The counts of an act in a few numbers: people, days, partitions, rows deleted, rows changed, values erased."""
    result: dict[str, int] = defaultdict(int)
    for key in ("people", "days", "partitions"):
        if isinstance(counts.get(key), int):
            result[key] = counts[key]
    tables = counts.get("tables", counts)
    for table in tables.values() if isinstance(tables, dict) else ():
        if isinstance(table, dict):
            result["deleted"] += int(table.get("deleted", 0))
            result["changed"] += int(table.get("changed", 0))
            erased = table.get("erased", {})
            result["erased"] += sum(erased.values()) if isinstance(erased, dict) else 0
    return {key: n for key, n in result.items() if n}


__all__ = ["Act", "Due", "Overview", "PartCount", "horizon", "last_acts", "overview", "summed"]
