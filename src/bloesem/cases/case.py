"""A case as whoever works on it sees it, and what all of them need: the desk, the words, the day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloesem.answers import Asked, Composer, say
from bloesem.cases.model import ERASURE_GROUNDS
from bloesem.company import Loaded
from bloesem.plan.dates import civil
from bloesem.plan.quoting import ident
from bloesem.recipients.holders import holders
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
            record = self.loaded.company.record
            backups = record.deadlines.backups_kept if record.deadlines else None
            self._made = (
                today,
                Composer(
                    *(self.loaded.plan, self.loaded.policy, law, record.controller, backups),
                    tuple(holders(self.loaded.policy, record, self.loaded.company.law, today)),
                ),
            )
        return self._made[1]

    def asked(self, case: Case) -> Asked:
        today = civil(moment(self.connection, self.loaded.plan))
        return Asked(case.number, case.asked, case.language, civil(case.received_at), today)

    def ground(self, case: Case) -> str:
        """The ground of an erasure, with the statute where one orders it (P-154)."""
        letter = str(case.params.get("ground") or "a")
        letter = letter if letter in ERASURE_GROUNDS else "a"
        statute = str(case.params.get("statute") or "").strip() if letter == "e" else ""
        return f"17(1)({letter}) {statute}".strip()

    def items(self, case: Case) -> tuple[str, ...]:
        """The rows that the case is about, as the officer named them: `table[key]`, or a table."""
        return tuple(str(one) for one in case.params.get("items", ()))

    def columns(self, language: str) -> dict[str, dict[str, str]]:
        """Table → column → what it holds, in the person's language: the categories that lie in it, or what a number or
        moment of ours is. What the legend of a file says."""
        labels = self.loaded.policy.categories
        found: dict[str, dict[str, str]] = {}
        for table in self.loaded.plan.tables:
            ours = dict.fromkeys(table.owners, "owner") | {table.id: "id"}
            ours |= {
                name: key for name, key in ((table.recorded, "recorded"), (table.source, "source")) if name
            }
            found[table.qualified] = {
                column.name: say(f"legend.{ours[column.name]}", language)
                if column.name in ours
                else ", ".join(_word(labels[key].label, language) for key in column.categories)
                or say("legend.ours", language)
                for column in table.columns
            }
        return found


def _word(label: Mapping[str, str] | Any, language: str) -> str:
    return str(label.get(language) or label.get("en") or next(iter(label.values())))


__all__ = ["COLUMNS", "Bench", "Case"]
