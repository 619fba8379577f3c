"""What a demonstration wrote about the people whom it names, so that their timeline shows what is erased by now.

Of each value: that it was there, its source and what decided its masks; never what it said. The people are invented,
and no other database has a diary: what the clock erases leaves nothing behind (P-083).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from bloesem.console.timeline import Row
from bloesem.plan.model import Fact, Plan, TablePlan
from bloesem.stores.facts import facts_of
from bloesem.stores.postgres import Connection

_TABLE = """
CREATE TABLE IF NOT EXISTS {s}.console_diary (
    person_id bigint PRIMARY KEY,
    facts     jsonb NOT NULL,
    rows      jsonb NOT NULL
)"""


@dataclass(frozen=True)
class Diary:
    """Facts and rows as they were when the demonstration was made."""

    facts: tuple[Fact, ...] = ()
    rows: tuple[Row, ...] = field(default=(), hash=False)


def install(keeper: Connection, plan: Plan) -> None:
    """Makes the table; nobody but the keeper reads it."""
    s = sql.Identifier(plan.schema)
    keeper.execute(sql.SQL(_TABLE).format(s=s))
    keeper.execute(
        sql.SQL("ALTER TABLE {}.console_diary OWNER TO {}").format(s, sql.Identifier(plan.role("keeper")))
    )
    keeper.execute(sql.SQL("REVOKE ALL ON {}.console_diary FROM PUBLIC").format(s))


def note(keeper: Connection, plan: Plan, people: Iterable[int]) -> None:
    """Notes what is there of these people. When their rows and facts are in, and nothing is erased yet."""
    install(keeper, plan)
    for person in people:
        facts = [
            [f.kind, f.key, _out(f.starts_at), _out(f.ends_at), f.table, f.row]
            for f in facts_of(keeper, plan, [person]).get(person, [])
        ]
        rows = [
            {"table": table.name, "values": values, "filled": filled}
            for table in plan.tables
            for values, filled in _skeletons(keeper, table, person)
        ]
        keeper.execute(
            sql.SQL(
                "INSERT INTO {}.console_diary VALUES (%s, %s, %s) ON CONFLICT (person_id) DO UPDATE"
                " SET facts = EXCLUDED.facts, rows = EXCLUDED.rows"
            ).format(sql.Identifier(plan.schema)),
            [person, json.dumps(facts), json.dumps(rows)],
        )


def read(keeper: Connection, plan: Plan, person: int) -> Diary:
    """What was noted of a person; nothing, where nothing was."""
    s = sql.Identifier(plan.schema)
    there = keeper.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{plan.schema}.console_diary"]).fetchone()
    if not there or not there[0]:
        return Diary()
    found = keeper.execute(
        sql.SQL("SELECT facts, rows FROM {}.console_diary WHERE person_id = %s").format(s), [person]
    ).fetchone()
    if found is None:
        return Diary()
    names = {table.name for table in plan.tables}
    facts = [
        Fact(person, kind, key, _in(starts), _in(ends), table, row)
        for kind, key, starts, ends, table, row in found[0]
    ]
    rows = [
        Row(
            row["table"],
            {name: _in(value) for name, value in row["values"].items()},
            frozenset(row["filled"]),
            frozenset(),
        )
        for row in found[1]
        if row["table"] in names
    ]
    return Diary(tuple(facts), tuple(rows))


def with_erased(plan: Plan, rows: Iterable[Row], diary: Diary) -> list[Row]:
    """The rows that are stored, each with the values that it had once, and those that are gone."""
    once = {_key(plan, row): row for row in diary.rows}
    found = []
    for row in rows:
        before = once.pop(_key(plan, row), None)
        found.append(
            row if before is None else Row(row.table, row.values, row.filled | before.filled, row.filled)
        )
    return found + list(once.values())


def _key(plan: Plan, row: Row) -> tuple[object, ...]:
    return row.table, *(row.values.get(name) for name in plan.table(row.table).key)


def _skeletons(keeper: Connection, table: TablePlan, person: int) -> list[tuple[dict[str, Any], list[str]]]:
    """Of each row: its keys, which decide its masks, and the names of the columns that hold a value."""
    keys = [c.name for c in table.columns if c.key]
    others = [c.name for c in table.columns if not c.key]
    filled = [sql.SQL("{} IS NOT NULL").format(sql.Identifier(name)) for name in others]
    mine = sql.SQL(" OR ").join(sql.SQL("{} = %s").format(sql.Identifier(o)) for o in table.owners)
    query = sql.SQL("SELECT {} FROM {}.{} WHERE {}").format(
        sql.SQL(", ").join([*map(sql.Identifier, keys), *filled]),
        sql.Identifier(table.schema),
        sql.Identifier(table.name),
        mine,
    )
    result = []
    for row in keeper.execute(query, [person] * len(table.owners)).fetchall():
        values: Mapping[str, Any] = dict(zip(keys, row, strict=False))
        result.append(
            (
                {name: _out(value) for name, value in values.items()},
                [name for name, full in zip(others, row[len(keys) :], strict=True) if full],
            )
        )
    return result


def _out(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return {"at": value.isoformat()}
    if isinstance(value, dt.date):
        return {"on": value.isoformat()}
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _in(value: Any) -> Any:
    if isinstance(value, dict):
        return dt.datetime.fromisoformat(value["at"]) if "at" in value else dt.date.fromisoformat(value["on"])
    return value
