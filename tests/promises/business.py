"""Blossom's own tables with Blossom's own plan in force, and time that moves: what happens is written as the business
writes it, the clock sweeps, and PostgreSQL and the plain calculus must say the same of every row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from tests.bloesem.gate.world import World
from tests.promises.test_gate import add, read

from bloesem.clock import SweepReport, moment, sweep
from bloesem.clock.demonstration import advance
from bloesem.plan.calculus import row_masks
from bloesem.plan.dates import midnight
from bloesem.plan.model import Fact
from bloesem.stores import facts


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@dataclass
class Business:
    """A store, the day on which it stands, and what happens in it."""

    world: World

    def on(self, text: str) -> Business:
        """It is this day now (never before today), and the clock has swept."""
        advance(self.world.admin, self.world.plan, day(text))
        self.sweep()
        return self

    def sweep(self) -> SweepReport:
        admin = self.world.admin
        report = sweep(admin, self.world.plan, moment(admin, self.world.plan))
        assert report.complete
        self.agree()
        return report

    def person(self, *, kind: str = "driver", source: str = "subject:contract", **more: Any) -> int:
        from bloesem.gate.ids import new_id

        person = new_id()
        values = {"language": "nl", "kind": kind, "state": "customer", "source": source, **more}
        return add(self.world, "person", person, id=person, **values)

    def customer(self) -> int:
        """Somebody who became a customer today, with a name."""
        person = self.person()
        self.add("account", person, opened_at=self.now())
        self.add("customer_relation", person, started_at=self.now())
        self.add("person_name", person, given_name="Lotte", family_name="Zwaenepoel")
        return person

    def add(self, table: str, person: int, **values: Any) -> int:
        return add(self.world, table, person, **values)

    def write(self, table: str, person: int, **values: Any) -> None:
        """Changes a person's rows of a table."""
        self.world.admin.execute(
            sql.SQL("UPDATE {} SET {} WHERE person_id = %s").format(
                sql.Identifier("data", table),
                sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values),
            ),
            [*values.values(), person],
        )

    def hold(self, key: str, person: int, table: str | None = None, row: int | None = None) -> int:
        review = self.today() + dt.timedelta(days=90)
        fact = Fact(
            *(person, "hold", key, self.now(), None, table, row),
            held_by="klantendienst",
            reason="geschil 7",
            review_on=review,
        )
        with self.world.admin.transaction():
            return facts.record_fact(self.world.admin, self.world.plan, fact)

    def release(self, number: int) -> None:
        with self.world.admin.transaction():
            facts.close_fact(self.world.admin, self.world.plan, number, self.now())

    def fact(self, person: int, kind: str, key: str) -> int:
        with self.world.admin.transaction():
            return facts.record_fact(
                self.world.admin,
                self.world.plan,
                Fact(person, kind, key, self.now()),  # type: ignore[arg-type]
            )

    def now(self) -> dt.datetime:
        return self.world.now()

    def today(self) -> dt.date:
        return self.world.today()

    def at(self, text: str) -> dt.datetime:
        return midnight(day(text))

    # ---- what is asked of it ---------------------------------------------------------------------------------------

    def reads(self, purpose: str, table: str, column: str) -> list[Any]:
        """The values that the purpose reads, as its process's login. A refused column is a fault of the test."""
        said = read(self.world, purpose, column, table)
        assert isinstance(said, list), f"{purpose} may not ask {table}.{column}: {said}"
        return said

    def refused(self, purpose: str, table: str, column: str) -> bool:
        return isinstance(read(self.world, purpose, column, table), str)

    def stored(self, table: str, person: int | None = None) -> int:
        query = sql.SQL("SELECT count(*) FROM {} WHERE %s::bigint IS NULL OR {} = %s").format(
            sql.Identifier("data", table), sql.Identifier("id" if table == "person" else "person_id")
        )
        found = self.world.admin.execute(query, [person, person]).fetchone()
        assert found is not None
        return int(found[0])

    def stored_of(self, person: int) -> dict[str, int]:
        """How many rows of each table are this person's."""
        counts = {t.name: self.stored(t.name, person) for t in self.world.plan.tables}
        return {name: n for name, n in counts.items() if n}

    def known(self, person: int) -> bool:
        """Whether anything is left of the person, facts and state included."""
        found = self.world.admin.execute(
            "SELECT EXISTS (SELECT FROM bloesem.state WHERE person_id = %s) "
            "OR EXISTS (SELECT FROM bloesem.fact WHERE person_id = %s)",
            [person, person],
        ).fetchone()
        assert found is not None
        return bool(found[0]) or bool(self.stored_of(person))

    def agree(self) -> None:
        """The masks of every row that is stored are what the plain calculus says they are at this moment."""
        plan, now, known = self.world.plan, self.now(), self.world.facts()
        for table in plan.tables:
            for row in self._rows(table.name):
                said = row_masks(plan, table, row, known, now)
                assert (row["used_for"], row["kept_for"]) == (said.used, said.kept), (
                    table.name,
                    plan.keys(row["used_for"]),
                    plan.keys(said.used),
                    plan.keys(row["kept_for"]),
                    plan.keys(said.kept),
                )

    def _rows(self, table: str) -> list[Mapping[str, Any]]:
        planned = self.world.plan.table(table)
        names = [*(c.name for c in planned.columns), "used_for", "kept_for"]
        query = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier("data", table)
        )
        return [dict(zip(names, row, strict=True)) for row in self.world.admin.execute(query)]
