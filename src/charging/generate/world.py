"""Generated rows in memory: tables of tuples, facts, and who is an example of which case.

Nothing here reads a clock or a database: the same seed, day and size give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps

from bloesem.gate.ids import TAIL_BITS, id_at
from bloesem.plan.model import Fact
from charging.generate import names

BRUSSELS = ZoneInfo("Europe/Brussels")

#: Tables in the order in which they are loaded. What others point at, and what starts or stops clocks,
#: comes first: by the time that the bulk arrives, every person's state is known and a row gets its masks as
#: it is inserted.
REFERENCE = ("employer", "product", "installer", "tariff", "contest", "survey", "employer_invoice")
EVENTS = (
    "person",
    "account",
    "customer_relation",
    "consent",
    "contract",
    "login_credential",
    "contact",
    "contest_entry",
    "survey_answer",
    "marketing_interaction",
    "complaint",
    "product_ownership",
    "installation_file",
    "station",
    "fault",
)
REST = (
    "person_name",
    "address",
    "birth_date",
    "email_address",
    "phone_number",
    "work_email",
    "bank_account",
    "credit_rating",
    "home_ownership",
    "special_item",
    "criminal_item",
    "fleet_contact",
    "installation_photo",
    "card",
    "session",
    "call_recording",
    "dispute",
    "segment",
    "employer_invoice_line",
    "statement",
    "invoice",
    "payment",
    "reimbursement",
)
TABLES = REFERENCE + EVENTS + REST


def columns() -> dict[str, tuple[str, ...]]:
    """Table → its columns, from the models."""
    found = {
        model._meta.db_table: tuple(str(column.column) for column in model._meta.concrete_fields)
        for model in apps.get_models()
    }
    return {table: found[table] for table in TABLES}


@dataclass
class World:
    """Everything that was generated. `as_of`: the civil day up to which life went on."""

    seed: int
    as_of: dt.date
    columns: dict[str, tuple[str, ...]] = field(default_factory=columns)
    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: {table: [] for table in TABLES})
    facts: list[Fact] = field(default_factory=list)
    cases: dict[str, list[int]] = field(default_factory=dict)
    employers: list[dict[str, Any]] = field(default_factory=list)
    invoices: dict[tuple[int, dt.date], list[int]] = field(default_factory=dict)
    drawn: int = 0

    @property
    def now(self) -> dt.datetime:
        """The moment up to which life went on: eleven in the morning of `as_of`, in Brussels."""
        return dt.datetime.combine(self.as_of, dt.time(11), BRUSSELS).astimezone(dt.UTC)

    def ago(self, days: float) -> dt.datetime:
        return self.now - dt.timedelta(days=days)

    def id(self, at: dt.datetime) -> int:
        """An id of that moment; a counter takes the place of the random tail, so that runs are equal."""
        self.drawn += 1
        return id_at(int(at.timestamp() * 1000), self.drawn % (1 << TAIL_BITS))

    def add(self, table: str, at: dt.datetime, /, **values: Any) -> int:
        """Add a row recorded at `at`; its id. Raises `KeyError` for a column that the table does not have."""
        names_ = self.columns[table]
        values.setdefault("id", self.id(at))
        if "recorded_at" in names_:
            values.setdefault("recorded_at", at)
        unknown = set(values) - set(names_)
        if unknown:
            raise KeyError(f"{table} has no column {', '.join(sorted(unknown))}")
        self.rows[table].append(tuple(values.get(name) for name in names_))
        return int(values["id"])

    def rows_of(self, person: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every row that belongs to this person, also as second owner: its table and its values."""
        for table, names_ in self.columns.items():
            owners = [names_.index(c) for c in ("person_id", "co_person_id") if c in names_]
            owners = [names_.index("id")] if table == "person" else owners
            for row in self.rows[table]:
                if any(row[place] == person for place in owners):
                    yield table, dict(zip(names_, row, strict=True))

    def draw(self, *what: object) -> Random:
        """A source of chance of its own for each thing, so that one more person changes nobody else."""
        return Random("/".join(str(part) for part in (self.seed, *what)))  # noqa: S311 - reproducible, not secret

    def fact(self, person: int, kind: str, key: str, starts_at: dt.datetime, **more: Any) -> None:
        self.facts.append(Fact(person=person, kind=kind, key=key, starts_at=starts_at, **more))  # type: ignore[arg-type]

    def digest(self) -> dict[str, str]:
        """Table → SHA-256 of its rows; `facts` and `cases` beside them."""
        parts: dict[str, Any] = {**self.rows, "facts": self.facts, "cases": sorted(self.cases.items())}
        return {name: hashlib.sha256(repr(part).encode()).hexdigest() for name, part in parts.items()}


class Life:
    """One invented person, written row by row."""

    def __init__(self, world: World, case: str, number: int, kind: str, since: dt.datetime) -> None:
        self.world = world
        self.case = case
        self.random = world.draw(case, number)
        self.who = names.identity(self.random)
        self.kind = kind
        self.state = "prospect"
        self.customer_number: str | None = None
        self.since = since
        self.id = world.id(since)
        self.employer = self.random.choice(world.employers)
        self.station: int | None = None
        self.card: int | None = None
        self.bank: int | None = None
        world.cases.setdefault(case, []).append(self.id)

    def row(self, table: str, at: dt.datetime, /, **values: Any) -> int:
        """Add a row of this person."""
        return self.world.add(table, at, person_id=self.id, **values)

    def also(self, case: str) -> None:
        """Name this person as an example of a further case."""
        self.world.cases.setdefault(case, []).append(self.id)

    def done(self) -> None:
        """Write the person row itself, once everything about them is known."""
        self.world.add(
            "person",
            self.since,
            id=self.id,
            customer_number=self.customer_number,
            language=self.who.language,
            kind=self.kind,
            state=self.state,
            source="assigned",
        )


def civil(at: dt.datetime) -> dt.date:
    """The civil day in Brussels."""
    return at.astimezone(BRUSSELS).date()


def brussels(day: dt.date, hour: int = 12, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), BRUSSELS).astimezone(dt.UTC)


def month_end(day: dt.date) -> dt.date:
    following = (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return following - dt.timedelta(days=1)


def years_before(day: dt.date, years: int) -> dt.date:
    """The same day some years earlier; 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
