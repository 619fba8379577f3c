"""What happens one by one, as it does in a running system: rows come and change hands, facts are recorded and closed,
days pass and the clock sweeps. After each step PostgreSQL has what the plain calculus says, by its own functions and
triggers alone: nothing is rebuilt in between."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.bloesem.plan import small
from tests.bloesem.plan.history import PEOPLE, age, by_person, stored
from tests.databases import DatabaseMaker

from bloesem.clock.sweep import _Sweep
from bloesem.plan.calculus import row_masks
from bloesem.plan.dates import ZONE, civil, midnight
from bloesem.plan.model import EventPlan, Fact, Plan, TablePlan
from bloesem.plan.predicates import meets
from bloesem.plan.sql.runtime import clock_functions

Connection = psycopg.Connection[Any]
SETTINGS = settings(
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
#: How long ago things happened, and how far ahead the next day is looked at: around the terms of the small company.
AGO = st.sampled_from([0, 1, 20, 40, 200, 364, 365, 366, 400, 2600, 3000])
AHEAD = st.sampled_from([1, 30, 31, 300, 365, 366, 800, 2557, 3653])


@dataclass
class Life:
    """A database in one transaction, and beside it the same people in memory."""

    plan: Plan
    connection: Connection
    rows: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    facts: dict[int, Fact] = field(default_factory=dict)  # by the number that the database gave
    days: int = 0
    number: int = 100
    steps: list[str] = field(default_factory=list)

    def now(self) -> dt.datetime:
        found = self.connection.execute("SELECT bloesem.moment()").fetchone()
        assert found is not None
        moment: dt.datetime = found[0]
        return moment

    def ago(self, days: int) -> dt.datetime:
        """Noon of a day before today; this moment for today."""
        if days == 0:
            return self.now()
        day = civil(self.now()) - dt.timedelta(days=days)
        return dt.datetime(day.year, day.month, day.day, 12, tzinfo=ZONE).astimezone(dt.UTC)

    def alive(self) -> list[int]:
        """The people whom the database knows."""
        return [p for (p,) in self.connection.execute("SELECT person_id FROM bloesem.state ORDER BY 1")]

    # ---- what happens

    def come(self, table: TablePlan, values: dict[str, Any]) -> None:
        self.number += 1
        key = values[table.owners[0]] if table.anchor else self.number
        row = {**values, table.key[0]: key}
        names = ", ".join(f'"{name}"' for name in row)
        self.connection.execute(
            f"INSERT INTO data.{table.name} ({names}) VALUES ({', '.join(['%s'] * len(row))})",
            list(row.values()),
        )
        self.rows.setdefault(table.name, {})[key] = row
        for fact in table.facts:
            self.give(table, fact, row)

    def give(self, table: TablePlan, event: EventPlan, row: dict[str, Any]) -> None:
        person, at = row[event.owner], row[event.at]
        if person is None or at is None or (event.when and not meets(event.when, row)):
            return
        found = self.connection.execute(
            "SELECT max(id) FROM bloesem.fact WHERE source_table = %s AND source_row = %s AND kind = %s AND key = %s"
            " AND person_id = %s",
            [table.name, row[table.key[0]], event.kind, event.key, person],
        ).fetchone()
        assert found is not None
        ends = row[event.until] if event.until else None
        self.facts[found[0]] = Fact(person, event.kind, event.key, at, ends)

    def change(self, table: TablePlan, key: int, values: dict[str, Any]) -> None:
        row = self.rows[table.name][key]
        old = dict(row)
        sets = ", ".join(f'"{name}" = %s' for name in values)
        self.connection.execute(
            f"UPDATE data.{table.name} SET {sets} WHERE {table.key[0]} = %s", [*values.values(), key]
        )
        row.update(values)
        for event in table.facts:
            mine = self.connection.execute(
                "SELECT id FROM bloesem.fact WHERE source_table = %s AND source_row = %s AND kind = %s AND key = %s"
                " AND person_id = %s",
                [table.name, key, event.kind, event.key, old[event.owner]],
            ).fetchall()
            if old[event.at] != row[event.at] or old[event.owner] != row[event.owner]:
                for (number,) in mine:  # it did not happen, or not to this person
                    fact = self.facts.get(number)
                    if fact is not None and fact.ends_at is None:
                        del self.facts[number]
                self.give(table, event, row)
            elif event.until and old[event.until] is None and row[event.until] is not None:
                for (number,) in mine:
                    fact = self.facts.get(number)
                    if fact is not None and fact.ends_at is None:
                        self.facts[number] = replace(fact, ends_at=row[event.until])

    def record(self, fact: Fact) -> None:
        hold = (
            ("klantendienst", "geschil", civil(self.now()) + dt.timedelta(days=9))
            if fact.kind == "hold"
            else (None,) * 3
        )
        found = self.connection.execute(
            "SELECT bloesem.record_fact(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [fact.person, fact.kind, fact.key, fact.starts_at, fact.ends_at, fact.table, fact.row, *hold],
        ).fetchone()
        assert found is not None
        self.facts[found[0]] = fact

    def close(self, number: int) -> None:
        self.connection.execute("SELECT bloesem.close_fact(%s, bloesem.moment())", [number])
        self.facts[number] = replace(self.facts[number], ends_at=self.now())

    def wait(self, days: int) -> None:
        """Days pass, and the clock sweeps as it does every hour."""
        self.days += days
        for _, text in clock_functions(self.plan, self.days):
            self.connection.execute(text)
        _Sweep(self.connection, self.plan, self.now(), 1_000, None, dry_run=True).all()

    # ---- what must be so

    def agree(self, *, swept: bool) -> None:
        """Masks are what the calculus says, at once; what nothing keeps is gone with the end of the transaction, or, a
        whole row, with the sweep."""
        self.connection.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        facts, now = by_person(list(self.facts.values())), self.now()
        for table in self.plan.tables:
            real, model = stored(self.connection, table), self.rows.get(table.name, {})
            for key, row in list(model.items()):
                kept = age(self.plan, table, row, facts, now)
                found = real.get(key)
                if not kept:
                    assert found is None or (not swept and found["kept_for"] == found["used_for"] == 0), (
                        table.name,
                        self.steps,
                        found,
                    )
                    if found is None:
                        del model[key]
                    continue
                assert found is not None, (
                    table.name,
                    self.steps,
                    row,
                    row_masks(self.plan, table, row, facts, now),
                )
                until = found.pop("good_until")
                # The bare link to an owner for whom nothing keeps the row, without a value of theirs, goes with the sweep.
                links = {o: found[o] for o in table.owners if row[o] is None and found[o] is not None}
                if links and not swept:
                    row.update(links)
                assert found == row, (table.name, self.steps)
                if links:
                    continue
                assert until > civil(now), (table.name, self.steps)
                # It may be earlier than the truth, never later: until then nothing changes by itself.
                if civil(now) < until - dt.timedelta(days=1) and until.year < 9999:
                    later = dict(row)
                    day = midnight(until - dt.timedelta(days=1)) + dt.timedelta(hours=9)
                    assert age(self.plan, table, later, facts, day), (table.name, self.steps, until)
                    assert later == row, (table.name, self.steps, until)
            assert real.keys() == model.keys() | {k for k in real if k in model}, (table.name, self.steps)
        known = set(self.alive())
        for number, fact in list(self.facts.items()):
            if fact.person not in known:
                assert not any(
                    fact.person in (row.get(o) for o in table.owners)
                    for table in self.plan.tables
                    for row in self.rows.get(table.name, {}).values()
                ), self.steps
                del self.facts[number]


@pytest.fixture(scope="module", params=["plain", "by source"])
def world(
    request: pytest.FixtureRequest, make_module_database: DatabaseMaker
) -> Iterator[tuple[Plan, Connection]]:
    database = make_module_database()
    plan = small.plan(database.role_prefix)
    if request.param == "by source":
        plan = small.plan(
            database.role_prefix,
            of=small.policy(sources=small.SOURCES),
            collections=small.by_source(small.COLLECTIONS),
            record=small.BY_SOURCE,
        )
    with database.connect() as connection:
        small.create_tables(connection, plan)
        small.install(connection, plan)
        connection.commit()
        yield plan, connection


def _value(draw: st.DrawFn, life: Life, table: TablePlan, name: str) -> Any:
    ago = life.ago(draw(AGO))
    if name == table.recorded:
        return ago
    if name in small.DATES:
        return draw(st.sampled_from([civil(ago), None])) if name != table.record_date else civil(ago)
    if name in small.MOMENTS:
        return draw(st.sampled_from([ago, None]))
    if name == "source":
        return draw(st.sampled_from(["subject:contract", "employer:Acme", "subject:request"]))
    return draw(st.sampled_from([None, "x", "y"]))


@st.composite
def _rows(draw: st.DrawFn, life: Life, table: TablePlan, people: list[int]) -> dict[str, Any]:
    values = {c.name: _value(draw, life, table, c.name) for c in table.columns if c.name not in table.key}
    owners: list[int | None] = list(draw(st.permutations(people)))
    values.update(dict(zip(table.owners, [*owners, *[None] * 2], strict=False)))
    return values


def _step(data: st.DataObject, life: Life) -> None:
    people = life.alive()
    choices = ["fact", "fact", "row", "row", "wait"]
    rows = [(t, key) for t in life.plan.tables for key in life.rows.get(t.name, {}) if not t.anchor]
    open_ = sorted(
        number
        for number, fact in life.facts.items()
        if fact.ends_at is None and fact.kind not in ("event", "consent")
    )
    choices += ["change"] * 2 if rows else []
    choices += ["close"] if open_ else []
    kind = data.draw(st.sampled_from(choices if people else ["wait"]))
    if kind == "wait":
        days = data.draw(AHEAD)
        life.steps.append(f"{days} days pass")
        life.wait(days)
        return
    if kind == "row":
        table = data.draw(st.sampled_from([t for t in life.plan.tables if not t.anchor]))
        values = data.draw(_rows(life, table, people))
        life.steps.append(f"{table.name} comes: {values}")
        life.come(table, values)
    elif kind == "change":
        table, key = data.draw(st.sampled_from(rows))
        fresh = data.draw(_rows(life, table, people))
        names = data.draw(st.sets(st.sampled_from(sorted(fresh)), min_size=1, max_size=2))
        row = life.rows[table.name][key]
        ends = {event.until for event in table.facts} - {None}
        values = {n: fresh[n] for n in names if n not in ends or row[n] is None}
        if set(table.owners) & values.keys():
            values.update({owner: fresh[owner] for owner in table.owners})  # nobody owns a row twice
        if values:
            life.steps.append(f"{table.name} {key} changes: {values}")
            life.change(table, key, values)
    elif kind == "close":
        number = data.draw(st.sampled_from(open_))
        life.steps.append(f"closed: {life.facts[number]}")
        life.close(number)
    else:
        fact = data.draw(_facts(life, people, [(t.name, key) for t, key in rows]))
        life.steps.append(f"recorded: {fact}")
        life.record(fact)


@st.composite
def _facts(draw: st.DrawFn, life: Life, people: list[int], rows: list[tuple[str, int]]) -> Fact:
    plan = life.plan
    kind = draw(
        st.sampled_from(["event", "consent", "objection", "assessing", "restriction", "hold", "erasure"])
    )
    keys = {
        "event": [e for e in plan.events if e != "consent.given"],
        "consent": ["newsletter"],
        "objection": ["marketing", "identify", "quality", "newsletter"],
        "assessing": ["identify", "quality"],
        "restriction": ["accuracy"],
        "hold": [p.key for p in plan.purposes if p.hold],
        "erasure": ["17(1)(a)"],
    }
    person = draw(st.sampled_from(people))
    of_row: tuple[str | None, int | None] = (None, None)
    mine = [
        (name, key)
        for name, key in rows
        if person in [life.rows[name][key].get(o) for o in plan.table(name).owners]
    ]
    if kind in ("restriction", "hold") and mine and draw(st.booleans()):
        of_row = draw(st.sampled_from(mine))
    ends = None
    if kind in ("restriction", "assessing") and draw(st.booleans()):
        ends = midnight(civil(life.now()) + dt.timedelta(days=draw(AHEAD)))
    return Fact(person, kind, draw(st.sampled_from(keys[kind])), life.ago(draw(AGO)), ends, *of_row)  # type: ignore[arg-type]


@SETTINGS
@given(data=st.data())
def test_whatever_happens_masks_are_what_the_facts_say(
    world: tuple[Plan, Connection], data: st.DataObject
) -> None:
    plan, connection = world
    try:
        life = Life(plan, connection)
        for person in PEOPLE:
            recorded = life.ago(data.draw(AGO.filter(lambda days: days < 365)))
            life.rows.setdefault("person", {})
            life.come(plan.table("person"), {"id": person, "recorded_at": recorded, "language": "nl"})
        life.agree(swept=False)
        for _ in range(data.draw(st.integers(1, 10))):
            before = len(life.steps)
            _step(data, life)
            life.agree(swept=bool(life.steps[before:]) and life.steps[-1].endswith("days pass"))
    finally:
        connection.rollback()
