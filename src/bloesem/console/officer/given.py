"""Disclosures: to whom, when, which fields, of how many people, on which ground and mechanism, and when it comes back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bloesem.console import language as words
from bloesem.console.company import Company, said
from bloesem.console.words import WORDS
from bloesem.countries import called
from bloesem.gate.oversight import Asked, Disclosure, GivenIn
from bloesem.plan.sql.oversight import MOST_DISCLOSURES


@dataclass(frozen=True)
class Line:
    """A disclosure in words. `fields`: categories; `transfers`: country, mechanism; `totals`: it is of numbers, and of
    nobody."""

    id: int
    as_of: dt.datetime
    key: str
    name: str
    kind: str
    purpose: str
    tone: int
    ground: str
    assignment: str | None
    people: int
    fields: tuple[str, ...]
    transfers: tuple[tuple[str, str], ...]
    policy: dt.date
    ends: dt.date | None
    totals: bool = False


def known(company: Company, every: Iterable[GivenIn]) -> list[str]:
    """The recipients by which one can choose: those of the register, and those that were given something once."""
    registered = company.loaded.record.recipients if company.loaded else {}
    return list(dict.fromkeys([*registered, *(one.recipient for one in every)]))


def page(
    company: Company, every: Sequence[GivenIn], rows: Sequence[Disclosure], language: str
) -> dict[str, Any]:
    registered = company.loaded.record.recipients if company.loaded else {}
    recipients = [(key, registered[key].name if key in registered else key) for key in known(company, every)]
    given = {one.recipient for one in every}
    months = sorted({one.month for one in every}, reverse=True)
    return {
        "lines": [_line(company, row, language) for row in rows],
        "most": MOST_DISCLOSURES if len(rows) == MOST_DISCLOSURES else 0,
        "recipients": sorted(recipients, key=lambda it: (it[0] not in given, it[1].casefold())),
        "months": [(f"{month:%Y-%m}", words.month(month, language)) for month in months],
        "every": sum(one.many for one in every),
    }


def _line(company: Company, row: Disclosure, language: str) -> Line:
    kind = company.policy.recipients.get(row.kind)
    return Line(
        id=row.id,
        as_of=row.as_of,
        key=row.recipient,
        name=row.name,
        kind=said(kind.label, language) if kind else row.kind,
        purpose=company.part(row.purpose, language),
        tone=company.tones.get(row.purpose, 8),
        ground=_ground(row.ground, language),
        assignment=row.assignment,
        people=row.people,
        fields=_categories(company, row.fields, language),
        transfers=tuple(_transfer(one, language) for one in row.transfers),
        policy=row.policy,
        ends=row.ends,
        totals=_totals(company, row.kind),
    )


def _totals(company: Company, kind: str) -> bool:
    """Whether such a kind gets totals alone (P-132)."""
    delivery = company.loaded.record.deliveries.get(kind) if company.loaded else None
    return delivery is not None and delivery.shows == "totals"


def _ground(ground: str, language: str) -> str:
    """in: as it is recorded, `contract, art. 6(1)(b)`: its first word is a key of ours."""
    basis, comma, article = ground.partition(",")
    key = f"basis.{basis}"
    return (words.say(key, language) if key in WORDS else basis) + comma + article


def _transfer(one: Mapping[str, Any], language: str) -> tuple[str, str]:
    country, mechanism = str(one.get("country", "")), str(one.get("mechanism") or "none")
    key = f"mechanism.{mechanism}"
    return called(country, language), words.say(key, language) if key in WORDS else mechanism


def _categories(company: Company, fields: Mapping[str, Iterable[str]], language: str) -> tuple[str, ...]:
    """What went, by the policy's kinds of data; a column that the map has no longer by its name."""
    found: dict[str, None] = {}
    for table, names in fields.items():
        plan = company.plan.by_name.get(table)
        columns = {c.name: c for c in plan.columns} if plan else {}
        for name in names:
            column = columns.get(name)
            found[company.column(column, language) if column else f"{table}.{name}"] = None
    return tuple(found)


def of_person(company: Company, asked: Asked, category: str, language: str) -> list[dict[str, Any]]:
    """The disclosures in which this person's data of a category went out."""
    found = []
    for one in asked.given:
        table = company.plan.by_name.get(one["table"])
        columns = {c.name for c in table.columns if category in c.categories} if table else set()
        if columns & set(one["columns"]):
            found.append({**one, "for": company.part(one["purpose"], language)})
    return found
