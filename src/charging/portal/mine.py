"""What a person sees of themselves: everything that their own scope shows, in words, and for what it is there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connections
from psycopg import sql

from bloesem.console import language as words
from bloesem.console.company import Company
from bloesem.gate import Opened
from bloesem.plan.model import ColumnPlan, TablePlan

#: Rows of one kind on the first page; a page of its own has them all.
FIRST = 3
#: Rows on one page at most.
MOST = 1000


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


def kinds(opened: Opened, company: Company, language: str, *, only: str | None = None) -> list[Kind]:
    """in: the person's own scope, open; `only`: one table. out: what has rows, in the order of the map."""
    found = []
    for table in company.plan.tables:
        shown = _shown(opened, table)
        if shown and only in (None, table.name):
            rows, count = _rows(opened, table, shown, FIRST if only is None else MOST)
            if count:
                found.append(_kind(company, table, shown, rows, count, language))
    return [kind for kind in found if kind.items]


def _shown(opened: Opened, table: TablePlan) -> list[ColumnPlan]:
    """Columns with a meaning of their own: no ids, and no second form of a value that is there already."""
    granted = opened.grants(table.name).read
    return [c for c in table.columns if c.name in granted and c.categories and not c.name.endswith("_norm")]


def _rows(
    opened: Opened, table: TablePlan, shown: Iterable[ColumnPlan], most: int
) -> tuple[list[dict[str, Any]], int]:
    """The newest rows, and how many there are."""
    names = [c.name for c in shown]
    extra = [n for n in (table.source, table.recorded) if n and n not in names]
    columns = sql.SQL(", ").join(map(sql.Identifier, [*names, *extra]))
    order = sql.Identifier(table.recorded or table.id)
    query = sql.SQL("SELECT {c}, count(*) OVER () FROM {t} ORDER BY {o} DESC LIMIT {m}").format(
        c=columns, t=sql.Identifier(table.name), o=order, m=sql.Literal(most)
    )
    with connections[opened.using].cursor() as cursor:
        cursor.execute(query.as_string(cursor.connection))
        rows = cursor.fetchall()
    found = [dict(zip([*names, *extra], row[:-1], strict=True)) for row in rows]
    return found, rows[0][-1] if rows else 0


def _kind(
    company: Company,
    table: TablePlan,
    shown: list[ColumnPlan],
    rows: list[dict[str, Any]],
    count: int,
    language: str,
) -> Kind:
    plan = company.plan
    bits = 0
    for column in shown:
        bits |= column.purposes
    parts = tuple(p.key for p in company.parts if p.active and not p.hold and p.mask & bits)
    items = tuple(item for row in rows if (item := _item(company, table, shown, row, language)).values)
    categories = dict.fromkeys(key for c in shown if not c.key for key in c.categories)
    title = (
        words.say(f"kind.{table.name}", language)
        if f"kind.{table.name}" in words.WORDS
        else ", ".join(company.category(key, language) for key in list(categories)[:2])
    )
    assert plan.by_name[table.name]
    return Kind(table.name, title, parts, items, count)


def _item(
    company: Company, table: TablePlan, shown: list[ColumnPlan], row: Mapping[str, Any], language: str
) -> Item:
    by_kind: dict[str, list[str]] = {}
    for column in shown:
        text = said(column.name, row[column.name], language)
        if text:
            label = company.column(column, language)
            if text not in by_kind.setdefault(label, []):
                by_kind[label].append(text)
    source = str(row.get(table.source or "") or table.default_source or "")
    recorded = row.get(table.recorded or "")
    since = recorded.date() if isinstance(recorded, dt.datetime) else None
    values = tuple((label, ", ".join(texts)) for label, texts in by_kind.items())
    return Item(values, company.source(source, language) if source else "", since)


def said(name: str, value: Any, language: str) -> str:
    """A stored value as a person reads it: money and energy by the column's own unit, moments in Brussels."""
    if value is None or value == "":
        return ""
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
    return str(value)


def uses(company: Company, found: Iterable[Kind], language: str) -> list[Use]:
    """The purposes of the policy and of the law that read anything of what is there, each with what and how long."""
    there = {kind.key for kind in found}
    result = []
    for purpose in company.parts:
        if not purpose.active or purpose.hold:
            continue
        reads: dict[str, None] = {}
        for table in company.plan.tables:
            if table.name in there:
                for column in table.columns:
                    if not column.key and column.purposes & purpose.mask:
                        reads |= dict.fromkeys(company.category(key, language) for key in column.categories)
        if reads:
            tone = company.tones.get(purpose.key, 0)
            how_long = words.clocks(company, purpose.key, language)
            result.append(Use(company.part(purpose.key, language), tone, how_long, tuple(reads)))
    return result


@dataclass(frozen=True)
class Happening:
    at: dt.datetime | dt.date
    what: str


def happenings(opened: Opened, company: Company, language: str) -> list[Happening]:
    """What happened, newest first: the events and consents from which the policy's clocks run."""
    found: list[Happening] = []
    for table in company.plan.tables:
        granted = opened.grants(table.name).read
        for fact in table.facts:
            if fact.at not in granted or fact.when is not None:
                continue
            query = sql.SQL("SELECT {c} FROM {t} WHERE {c} IS NOT NULL ORDER BY 1 DESC LIMIT 20").format(
                c=sql.Identifier(fact.at), t=sql.Identifier(table.name)
            )
            with connections[opened.using].cursor() as cursor:
                cursor.execute(query.as_string(cursor.connection))
                moments = [row[0] for row in cursor.fetchall()]
            label = (
                company.event(fact.key, language)
                if fact.kind == "event"
                else company.part(fact.key, language)
            )
            found += [Happening(at, label) for at in moments]
    return sorted(found, key=lambda it: _day(it.at), reverse=True)[:40]


def _day(at: dt.datetime | dt.date) -> dt.datetime:
    return at if isinstance(at, dt.datetime) else dt.datetime(at.year, at.month, at.day, tzinfo=dt.UTC)
