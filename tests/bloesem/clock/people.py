"""A small company's database of invented people, and the clock's two implementations side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bloesem.plan import small
from tests.bloesem.plan.history import History, age, column_facts, load
from tests.databases import Database

from bloesem.clock import SweepReport, sweep
from bloesem.plan.calculus import row_masks
from bloesem.plan.dates import ZONE
from bloesem.plan.model import Fact, Plan
from bloesem.stores.postgres import Connection

Row = dict[str, Any]


def at(text: str, clock: str = "12:00") -> dt.datetime:
    """A moment in Brussels: `at("2026-10-24", "23:30")`."""
    day, hour = dt.date.fromisoformat(text), dt.time.fromisoformat(clock)
    return dt.datetime.combine(day, hour, tzinfo=ZONE)


@dataclass
class World:
    """A database with the plan in force, and what was written into it, for the plain calculus."""

    plan: Plan
    connection: Connection
    rows: dict[str, list[Row]] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)

    def fill(self, start: dt.datetime, rows: Mapping[str, Sequence[Row]], facts: Sequence[Fact] = ()) -> None:
        """Loads rows past the triggers and makes their masks as of `start`; then commits."""
        history = History(
            {t.name: [_whole(self.plan, t.name, r) for r in rows.get(t.name, ())] for t in self.plan.tables},
            list(facts),
        )
        load(self.connection, self.plan, history)
        people = [r["id"] for r in history.rows["person"]]
        self.connection.execute("SELECT bloesem.refresh(%s, %s, true)", [people, start])
        self.connection.commit()
        self.rows = history.rows
        self.facts = [*facts, *column_facts(self.plan, history)]

    def sweep(self, now: dt.datetime, **options: Any) -> SweepReport:
        return sweep(self.connection, self.plan, now, **options)

    def may_read(self, purpose: str, table: str, row: int, now: dt.datetime) -> tuple[bool, bool]:
        """Whether the purpose may read the row on the civil day of `now`: as the plain calculus says, and as the
        database does after a sweep then."""
        planned, mask = self.plan.table(table), self.plan.purpose(purpose).mask
        mine = next(r for r in self.rows[table] if r["id"] == row)
        said = row_masks(self.plan, planned, mine, self._facts(), now).used & mask
        found = self.connection.execute(
            f"SELECT used_for & %s <> 0 AND good_until > %s FROM data.{table} WHERE id = %s",
            [mask, now, row],
        ).fetchone()
        self.connection.commit()
        return bool(said), bool(found and found[0])

    def stored(self, table: str, row: int, now: dt.datetime) -> tuple[bool, bool]:
        """Whether the row is stored: as the calculus says, and as the database does."""
        planned = self.plan.table(table)
        mine = next(r for r in self.rows[table] if r["id"] == row)
        found = self.connection.execute(f"SELECT 1 FROM data.{table} WHERE id = %s", [row]).fetchone()
        self.connection.commit()
        return age(self.plan, planned, dict(mine), self._facts(), now), found is not None

    def count(self, table: str) -> int:
        found = self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        self.connection.commit()
        assert found
        return int(found[0])

    def _facts(self) -> dict[int, list[Fact]]:
        people = {f.person for f in self.facts}
        return {p: [f for f in self.facts if f.person == p] for p in people}


def _whole(plan: Plan, table: str, row: Row) -> Row:
    planned = plan.table(table)
    values: Row = {c.name: None for c in planned.columns}
    values["recorded_at"] = at("2015-01-01")
    return {**values, **row}


def world(database: Database) -> World:
    """The small company on an empty database."""
    plan = small.plan(database.role_prefix)
    connection = database.connect()
    small.create_tables(connection, plan)
    small.install(connection, plan)
    connection.commit()
    return World(plan, connection)


def customer(
    person: int, *, opened: str, ended: str | None = None, row: int | None = None
) -> dict[str, list[Row]]:
    """Rows of one person with an account."""
    n = row or person * 100
    return {
        "person": [{"id": person}],
        "identity": [{"id": n + 1, "person_id": person, "name": "An Peeters", "birth": "1980"}],
        "account": [
            {
                "id": n + 2,
                "person_id": person,
                "opened_at": at(opened),
                "terminated_at": at(ended) if ended else None,
                "iban": "BE71 0961 2345 6769",
            }
        ],
    }


def event(person: int, key: str, day: str, clock: str = "12:00") -> Fact:
    return Fact(person, "event", key, at(day, clock))


def joined(*parts: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    result: dict[str, list[Row]] = {}
    for part in parts:
        for table, rows in part.items():
            result.setdefault(table, []).extend(rows)
    return result


__all__ = ["Fact", "World", "at", "customer", "event", "joined", "world"]
