"""What a person sees of themselves: everything that their own scope shows, in words, and for what it is there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connections
from psycopg import sql

from bloesem.console import language as words
from bloesem.console.company import Company
from bloesem.console.words import WORDS
from bloesem.gate import Opened
from bloesem.plan.model import ColumnPlan, TablePlan
from bloesem.plan.predicates import meets

#: Rows of one kind on the first page; a page of its own has them all.
FIRST = 3
#: Rows on one page at most.
MOST = 1000
#: Happenings on the page, and of one sort.
HAPPENINGS, OF_ONE_SORT = 40, 20
#: Links that are shown as what they point to.
CATALOGUES = {"product_id": "product"}

Row = dict[str, Any]


@dataclass(frozen=True)
class Wording:
    """The reader's language, and what rows of a catalogue (its table, their number) are called."""

    language: str
    names: Mapping[tuple[str, int], str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Item:
    """One row: what it says, by kind of data, and where it came from."""

    values: tuple[tuple[str, str], ...]
    source: str
    since: dt.date | None


@dataclass(frozen=True)
class Kind:
    """The rows of one table. `parts`: the purposes that read any of it."""

    key: str
    title: str
    parts: tuple[str, ...]
    items: tuple[Item, ...]
    count: int


@dataclass(frozen=True)
class Use:
    """A purpose for which something of this person is there, how long, and what."""

    label: str
    tone: int
    how_long: str
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Happening:
    at: dt.datetime
    what: str


# ---- what is there -----------------------------------------------------------------------------------------------------


def kinds(opened: Opened, company: Company, language: str, *, only: str | None = None) -> list[Kind]:
    """in: the person's own scope, open; `only`: one table. out: what has rows, in the order of the map."""
    found, wording = [], wording_of(opened, language)
    for table in company.plan.tables:
        shown = _shown(opened, table)
        if shown and only in (None, table.name):
            rows, count = _rows(opened, table, shown, FIRST if only is None else MOST)
            if count:
                found.append(_kind(company, table, shown, rows, count, wording))
    return [kind for kind in found if kind.items]


def _shown(opened: Opened, table: TablePlan) -> list[ColumnPlan]:
    """Columns with a meaning of their own: no ids, no keys but of the person's own row, no second form of a value."""
    granted = opened.grants(table.name).read
    return [
        c
        for c in table.columns
        if c.name in granted
        and c.categories
        and (table.anchor or not c.key)
        and not c.name.endswith("_norm")
        and (not c.name.endswith("_id") or c.name in CATALOGUES)
    ]


def _rows(opened: Opened, table: TablePlan, shown: Iterable[ColumnPlan], most: int) -> tuple[list[Row], int]:
    """The newest rows with what decides about them, and how many there are."""
    deciding = [n.when.column for n in table.narrow if n.when is not None]
    granted = opened.grants(table.name).read
    wanted = [
        *(c.name for c in shown),
        *(n for n in (table.source, table.recorded, *deciding) if n in granted),
    ]
    return newest(opened, table, [str(name) for name in dict.fromkeys(wanted)], most)


def newest(opened: Opened, table: TablePlan, names: list[str], most: int) -> tuple[list[Row], int]:
    """The newest rows of one's own scope, and how many there are. in: columns that may be read in it."""
    query = sql.SQL("SELECT {c}, count(*) OVER () FROM {t} ORDER BY {o} DESC LIMIT {m}").format(
        c=sql.SQL(", ").join(map(sql.Identifier, names)),
        t=sql.Identifier(table.name),
        o=sql.Identifier(table.recorded or table.id),
        m=sql.Literal(most),
    )
    rows = _ask(opened, query)
    return [dict(zip(names, row[:-1], strict=True)) for row in rows], rows[0][-1] if rows else 0


def _ask(opened: Opened, query: sql.Composed) -> list[tuple[Any, ...]]:
    with connections[opened.using].cursor() as cursor:
        cursor.execute(query.as_string(cursor.connection))
        return list(cursor.fetchall())


def _kind(
    company: Company, table: TablePlan, shown: list[ColumnPlan], rows: list[Row], count: int, wording: Wording
) -> Kind:
    bits = 0
    for row in rows:
        bits |= _bits(table, shown, row)
    parts = tuple(p.key for p in company.parts if p.active and not p.hold and p.mask & bits)
    items = tuple(item for row in rows if (item := _item(company, table, shown, row, wording)).values)
    categories = dict.fromkeys(key for c in shown if not c.key for key in c.categories)
    title = ", ".join(company.category(key, wording.language) for key in list(categories)[:2])
    return Kind(table.name, title, parts, items, count)


def _bits(table: TablePlan, shown: Iterable[ColumnPlan], row: Row) -> int:
    """The purposes that may have anything to do with this row: where it came from rules some out (P-037, P-053). Whoever
    signs in has had a contract."""
    bits = 0
    for column in shown:
        bits |= column.purposes
    for narrow in table.narrow:
        if not narrow.before_contract and (narrow.when is None or meets(narrow.when, row)):
            bits &= ~narrow.removed
    return bits


def _item(company: Company, table: TablePlan, shown: list[ColumnPlan], row: Row, wording: Wording) -> Item:
    events = {
        fact.at: company.event(fact.key, wording.language) for fact in table.facts if fact.kind == "event"
    }
    by_kind: dict[str, list[str]] = {}
    for column in shown:
        text = said(column.name, row[column.name], wording)
        if text and column.lookup:
            text = words.say("me.lookup", wording.language)
        if text:
            label = events.get(column.name) or company.column(column, wording.language)
            if text not in by_kind.setdefault(label, []):
                by_kind[label].append(text)
    source = str(row.get(table.source or "") or table.default_source or "")
    recorded = row.get(table.recorded or "")
    since = recorded.date() if isinstance(recorded, dt.datetime) else None
    values = tuple((label, ", ".join(texts)) for label, texts in by_kind.items())
    return Item(values, company.source(source, wording.language) if source else "", since)


# ---- in words ----------------------------------------------------------------------------------------------------------


def said(name: str, value: Any, wording: Wording) -> str:
    """A stored value as a person reads it: money and energy by the column's own unit, moments in Brussels, no word of the
    program where the language has one (P-002)."""
    language = wording.language
    if value is None or value == "":
        return ""
    if name in CATALOGUES:
        return wording.names.get((CATALOGUES[name], value), str(value))
    if isinstance(value, bool):
        return words.say("me.yes" if value else "me.no", language)
    if isinstance(value, dt.datetime):
        return words.moment(value, language)
    if isinstance(value, dt.date):
        return words.day(value, language)
    if isinstance(value, int) and name.endswith("_cents"):
        return f"€ {words.decimal(value / 100, language, 2)}"
    if isinstance(value, int) and name.endswith("_wh"):
        return f"{words.decimal(value / 1000, language)} kWh"
    if isinstance(value, bytes | memoryview | dict | list):
        return words.say("me.block", language, n=words.number(len(value), language))
    key = f"value.{value}"
    return words.say(key, language) if key in WORDS else str(value)


def wording_of(opened: Opened, language: str) -> Wording:
    """The language, and what rows of the catalogue are called in it; in English where nobody wrote that."""
    names: dict[tuple[str, int], str] = {}
    for table in sorted(set(CATALOGUES.values())):
        query = sql.SQL("SELECT id, COALESCE({c}, label_en) FROM {t}").format(
            c=sql.Identifier(f"label_{language}"), t=sql.Identifier(table)
        )
        names |= {(table, number): str(name) for number, name in _ask(opened, query)}
    return Wording(language, names)


# ---- for what, and what happened ---------------------------------------------------------------------------------------


def reads_of(company: Company, found: Iterable[Kind], language: str) -> dict[str, tuple[str, ...]]:
    """Part → what of what is there it reads, by kind of data."""
    by_part: dict[str, dict[str, None]] = {}
    for kind in found:
        table = company.plan.table(kind.key)
        for part in kind.parts:
            mask = company.plan.purpose(part).mask
            keys = [k for c in table.columns if not c.key and c.purposes & mask for k in c.categories]
            by_part.setdefault(part, {}).update(
                dict.fromkeys(company.category(key, language) for key in keys)
            )
    return {part: tuple(names) for part, names in by_part.items()}


def held_for(opened: Opened, company: Company, language: str) -> dict[str, tuple[str, ...]]:
    """Part → what is really there that it may have anything to do with, by kind of data: of all rows, not of the newest."""
    by_part: dict[str, dict[str, None]] = {}
    for table in company.plan.tables:
        shown = [c for c in _shown(opened, table) if not c.key]
        granted = opened.grants(table.name).read
        deciding = dict.fromkeys(
            n.when.column for n in table.narrow if n.when is not None and n.when.column in granted
        )
        if not shown:
            continue
        query = sql.SQL("SELECT {} FROM {} GROUP BY {}").format(
            sql.SQL(", ").join(
                [
                    *map(sql.Identifier, deciding),
                    *(sql.SQL("count({}) > 0").format(sql.Identifier(c.name)) for c in shown),
                ]
            ),
            sql.Identifier(table.name),
            sql.SQL(", ").join(map(sql.Identifier, deciding)) if deciding else sql.SQL("()"),
        )
        for row in _ask(opened, query):
            there = [c for c, filled in zip(shown, row[len(deciding) :], strict=True) if filled]
            bits = _bits(table, there, dict(zip(deciding, row, strict=False)))
            for purpose in company.parts:
                keys = [k for c in there if c.purposes & bits & purpose.mask for k in c.categories]
                if keys:
                    by_part.setdefault(purpose.key, {}).update(
                        dict.fromkeys(company.category(key, language) for key in keys)
                    )
    return {part: tuple(names) for part, names in by_part.items()}


def uses(company: Company, found: Iterable[Kind], language: str) -> list[Use]:
    """The purposes of the policy and of the law that read anything of what is there, each with what and how long."""
    by_part = reads_of(company, found, language)
    return [
        Use(
            company.part(purpose.key, language),
            company.tones.get(purpose.key, 0),
            words.clocks(company, purpose.key, language),
            by_part[purpose.key],
        )
        for purpose in company.parts
        if by_part.get(purpose.key)
    ]


def happenings(opened: Opened, company: Company, language: str) -> list[Happening]:
    """What happened, newest first: the events and consents from which the policy's clocks run."""
    found: dict[Happening, None] = {}
    for table in company.plan.tables:
        granted = opened.grants(table.name).read
        for fact in table.facts:
            if fact.at not in granted or fact.when is not None:
                continue
            query = sql.SQL("SELECT {c} FROM {t} WHERE {c} IS NOT NULL ORDER BY 1 DESC LIMIT {m}").format(
                c=sql.Identifier(fact.at), t=sql.Identifier(table.name), m=sql.Literal(OF_ONE_SORT)
            )
            moments = [row[0] for row in _ask(opened, query) if isinstance(row[0], dt.datetime)]
            consent = words.say("kind.consent", language)
            label = company.event(fact.key, language) if fact.kind == "event" else consent
            found |= dict.fromkeys(Happening(at, label) for at in moments)
    return sorted(found, key=lambda it: it.at, reverse=True)[:HAPPENINGS]
