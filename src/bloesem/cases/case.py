"""A case as whoever works on it sees it, and what all of them need: the desk, the words, the day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloesem.answers import Asked, Composer
from bloesem.company import Loaded
from bloesem.plan.dates import civil
from bloesem.plan.quoting import ident
from bloesem.rights.guarded.desk import GuardedDesk
from bloesem.rights.identify import Who
from bloesem.rights.keeping import NoRecord, Record
from bloesem.stores.facts import moment
from bloesem.stores.postgres import Connection

COLUMNS = (
    "id, number, kind, asked, channel, language, person_id, address, words, params, site, state, received_at, extended_why,"
    " stops, outcome, reason, acting_at, decided_by"
)


@dataclass(frozen=True)
class Case:
    """A row of `request_case`, as the clerk needs it."""

    id: int
    number: str
    kind: str
    asked: str
    channel: str
    language: str
    person: int | None
    address: str | None
    words: str | None
    params: Mapping[str, Any]
    site: str
    state: str
    received_at: dt.datetime
    extended_why: str | None
    stops: Sequence[Sequence[str]]
    outcome: str | None
    reason: str | None
    acting_at: dt.datetime | None
    decided_by: str | None


@dataclass
class Bench:
    """in: a keeper's connection that commits each statement by itself; what the company decided and the plan in force."""

    connection: Connection
    loaded: Loaded
    _made: tuple[dt.date, Composer] | None = None

    @property
    def s(self) -> str:
        """The schema of cases."""
        return ident(self.loaded.plan.schema)

    def one(self, number: int) -> Case:
        """The case as it stands."""
        row = self.connection.execute(
            f"SELECT {COLUMNS} FROM {self.s}.request_case WHERE id = %s".encode(), [number]
        ).fetchone()
        assert row is not None
        return Case(*row)

    def event(self, case: Case, what: str) -> None:
        """What happened, by the clerk."""
        self.connection.execute(
            f"INSERT INTO {self.s}.request_event (case_id, at, what, by)"
            f" VALUES (%s, {self.s}.moment(), %s, 'clerk')".encode(),
            [case.id, what],
        )

    def desk(self, case: Case, record: Record | None = None) -> GuardedDesk:
        """`record`: what an act leaves behind besides what it does."""
        maps = self.loaded.maps.datamap
        return GuardedDesk(self.connection, self.loaded.plan, maps, case.language, record or NoRecord())

    def wanted(self, case: Case) -> tuple[tuple[Who, ...], ...]:
        anchor = next(table for table in self.loaded.plan.tables if table.anchor)
        return ((Who(anchor.id, str(case.person), anchor.name),),)

    def composer(self) -> Composer:
        """With the law of today."""
        today = civil(moment(self.connection, self.loaded.plan))
        if self._made is None or self._made[0] != today:
            law = self.loaded.company.law.valid_on(today)
            recorded = self.loaded.company.record.controller
            self._made = today, Composer(self.loaded.plan, self.loaded.policy, law, recorded)
        return self._made[1]

    def asked(self, case: Case) -> Asked:
        today = civil(moment(self.connection, self.loaded.plan))
        return Asked(case.number, case.asked, case.language, civil(case.received_at), today)

    def ground(self, case: Case) -> str:
        letter = str(case.params.get("ground") or "a")
        return f"17(1)({letter if letter in 'abcdef' else 'a'})"

    def columns(self) -> dict[str, dict[str, str]]:
        """Table → column → the categories that lie in it: what the legend of a file says."""
        labels = self.loaded.policy.categories
        return {
            table.qualified: {
                column.name: ", ".join(labels[key].label.get("en", key) for key in column.categories)
                for column in table.columns
                if column.categories
            }
            for table in self.loaded.plan.tables
        }


__all__ = ["COLUMNS", "Bench", "Case"]
