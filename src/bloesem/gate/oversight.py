"""What the privacy officer asks of the database (art. 39), through the keeper's functions: counts, disclosures, and what
decides who may read somebody. in: a connection of the login that the record names, which alone may; no value of anybody
comes back."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

from psycopg import Error, sql

from bloesem.errors import GateError
from bloesem.plan.model import Fact, Plan, TablePlan
from bloesem.rights.identifiers import Identifier, IdentifierError, normal
from bloesem.stores.postgres import Connection

#: What a map calls a kind of identifier whose spellings `rights.identifiers` knows under another name.
_SPELT = {"phone_number": "phone", "customer_number": "customer"}


@dataclass(frozen=True)
class Count:
    """`happened` in a month, for a part of the policy: given, withdrawn, expired (consents), or objection."""

    month: dt.date
    happened: str
    part: str
    many: int


@dataclass(frozen=True)
class GivenIn:
    """What a recipient was given in a month: how many times, of how many people in all, and when last."""

    recipient: str
    month: dt.date
    many: int
    people: int
    last: dt.datetime


@dataclass(frozen=True)
class Disclosure:
    """One disclosure. `fields`: per table its columns, and `people`: how many, while the law lets both be known."""

    id: int
    as_of: dt.datetime
    recipient: str
    name: str
    kind: str
    purpose: str
    ground: str
    assignment: str | None
    transfers: tuple[Mapping[str, Any], ...] = field(hash=False)
    policy: dt.date
    ends: dt.date | None
    people: int
    fields: Mapping[str, tuple[str, ...]] = field(hash=False)


@dataclass(frozen=True)
class Due:
    """How many are due on a day, as the facts stand. `what`: rows (`name`: a table), consent (a part of the policy), or hold
    (its purpose), which is looked at again."""

    day: dt.date
    what: str
    name: str
    many: int


@dataclass(frozen=True)
class Row:
    """One row of somebody's, by what decides about it. `there`: its columns that hold something; `used`, `kept`: its masks;
    `over`: that they are certain no longer, so that nothing of it is read."""

    table: TablePlan
    decides: Mapping[str, Any] = field(hash=False)
    there: frozenset[str]
    used: int
    kept: int
    over: bool


@dataclass(frozen=True)
class Asked:
    """The answer about one person. `people`: how many answer to what was given; the rest is there of exactly one.
    `counts`: per table how many rows there are, of which `rows` has the newest."""

    people: int
    person: int | None
    at: dt.datetime
    rows: tuple[Row, ...]
    counts: Mapping[str, int] = field(hash=False)
    facts: Mapping[int, tuple[Fact, ...]] = field(hash=False)
    given: tuple[Mapping[str, Any], ...] = field(hash=False)


@dataclass(frozen=True)
class Oversight:
    """Questions over a connection of the officer's login. Each raises `GateError` where PostgreSQL does not let it ask."""

    connection: Connection
    plan: Plan

    def today(self) -> dt.date:
        """The database's own day: the real one, or that of a demonstration."""
        found: dt.date = self._ask("SELECT {s}.today()")[0][0]
        return found

    def counts(self) -> list[Count]:
        """Consents and objections by month."""
        return [Count(*row) for row in self._ask("SELECT * FROM {s}.oversight_counts()")]

    def due(self, first: dt.date, last: dt.date) -> list[Due]:
        """What is due on each civil day from `first` through `last`: numbers, and nobody. What it costs follows from what is
        due by `last`."""
        return [Due(*row) for row in self._ask("SELECT * FROM {s}.oversight_due(%s, %s)", first, last)]

    def given(self) -> list[GivenIn]:
        """Who was given what, by month, the newest first."""
        return [GivenIn(*row) for row in self._ask("SELECT * FROM {s}.oversight_given()")]

    def disclosures(self, recipient: str | None = None, month: dt.date | None = None) -> list[Disclosure]:
        """Disclosures one by one, the newest first. in: only to this recipient, only in the month of this day."""
        rows = self._ask("SELECT * FROM {s}.oversight_disclosures(%s, %s)", recipient, month)
        return [_disclosure(row) for row in rows]

    def asked(self, actor: str, kind: str, value: str, tables: Sequence[str]) -> Asked:
        """What decides who may read these tables' rows of whoever has this identifier; written down, and committed, before
        it comes back. in: `actor`, who asks; `kind`, of the map's identities, any other is a `GateError`."""
        known = identities(self.plan)
        if kind not in known:
            raise GateError(
                f"`{kind}` identifies nobody in this map",
                "the map says which columns identify a person (fides_meta.identity)",
                f"use one of: {', '.join(known)}",
            )
        query = "SELECT {s}.oversight_person(%s, %s, %s::text[], %s::text[])"
        told = self._ask(query, actor, kind, sorted(_written(kind, value)), list(tables))[0][0]
        self.connection.commit()
        return answered(self.plan, told)

    def grants(self, roles: Iterable[str]) -> frozenset[tuple[str, str, str, str]]:
        """What these roles (the cluster's names) may read of the tables of the map, by PostgreSQL's own catalogue: role,
        schema, table, column."""
        names = [table.qualified for table in self.plan.tables]
        return frozenset(
            (str(r), str(n), str(t), str(c)) for r, n, t, c in self._ask(_GRANTS, list(roles), names)
        )

    def rows(self, text: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a question; `{s}` in it is the schema of Bloesem's own."""
        return self._ask(text, *values)

    def _ask(self, text: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        try:
            query = sql.SQL(text).format(s=sql.Identifier(self.plan.schema))
            return self.connection.execute(query, values).fetchall()
        except Error as error:
            self.connection.rollback()
            raise GateError(
                f"the database does not answer the privacy officer: {error.diag.message_primary or 'no connection'}",
                "art. 39: the login that the record names (`oversight`) may ask, and no other",
                "install the plan in force, and see that the database runs",
            ) from error


_GRANTS = """
    SELECT r.rolname, n.nspname, c.relname, a.attname
    FROM pg_roles r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE r.rolname = ANY (%s) AND n.nspname || '.' || c.relname = ANY (%s)
      AND has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT')"""


def identities(plan: Plan) -> list[str]:
    """The kinds of identifier by which somebody can be asked about, in the order of the map."""
    return list(dict.fromkeys(c.identity for t in plan.tables for c in t.columns if c.identity))


# ---- how it is read ----------------------------------------------------------------------------------------------------


def _disclosure(row: tuple[Any, ...]) -> Disclosure:
    (
        number,
        as_of,
        recipient,
        name,
        kind,
        purpose,
        ground,
        assignment,
        transfers,
        policy,
        ends,
        people,
        fields,
    ) = row
    columns = {table: tuple(names) for table, names in sorted(fields.items())}
    return Disclosure(
        *(number, as_of, recipient, name, kind, purpose, ground, assignment),
        tuple(transfers),
        *(policy, ends, people),
        columns,
    )


def _written(kind: str, value: str) -> set[str]:
    """The writings under which the business may hold it: as given, in small letters, and the usual normal form."""
    bare = value.strip()
    found = {bare, bare.lower(), bare.upper()}
    with contextlib.suppress(IdentifierError):  # a kind of this map's own has no other writings
        found.add(normal(Identifier(_SPELT.get(kind, kind), bare)))  # type: ignore[arg-type]
    return found


def answered(plan: Plan, told: Mapping[str, Any]) -> Asked:
    """The answer of `oversight_person`, as values that the calculus reads."""
    facts: dict[int, tuple[Fact, ...]] = {}
    for person, kind, key, starts, ends, table, row, review in told["facts"]:
        fact = Fact(
            *(person, kind, key, _moment(starts), _moment(ends) if ends else None, table, row),
            review_on=dt.date.fromisoformat(review) if review else None,
        )
        facts[person] = (*facts.get(person, ()), fact)
    return Asked(
        people=told["people"],
        person=told["person"],
        at=_moment(told["at"]),
        rows=tuple(_row(plan, one) for one in told["rows"]),
        counts=told["counts"],
        facts=facts,
        given=tuple({**one, "at": _moment(one["at"])} for one in told["given"]),
    )


def _row(plan: Plan, told: Mapping[str, Any]) -> Row:
    """JSON has no dates: what the calculus compares as one is made one again."""
    table = plan.table(told["table"])
    decides = dict(told["decides"])
    if table.recorded and decides.get(table.recorded):
        decides[table.recorded] = _moment(decides[table.recorded])
    if table.record_date and decides.get(table.record_date):
        decides[table.record_date] = dt.date.fromisoformat(decides[table.record_date][:10])
    return Row(table, decides, frozenset(told["there"]), told["used"], told["kept"], told["over"])


def _moment(value: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
