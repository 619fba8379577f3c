"""Consents and objections over time: numbers by month, as pictures and as a table."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bloesem.console import charts
from bloesem.console import language as words
from bloesem.console.company import Company
from bloesem.gate.oversight import Count

#: Months that the pictures show; the table has those in which anything happened.
MONTHS = 24
#: What happens, in the order in which it is shown.
HAPPENINGS = ("given", "withdrawn", "expired", "objection")


@dataclass(frozen=True)
class Picture:
    """A strip of bars, one a month, of one thing that happens; its parts of the policy stacked in their colours."""

    happened: str
    label: str
    total: int
    pieces: tuple[charts.Piece, ...]
    legend: tuple[tuple[str, int, int], ...]  # label of the part, its tone, how many


def page(company: Company, counts: Iterable[Count], today: dt.date, language: str) -> dict[str, Any]:
    counts = list(counts)
    months = [_month(today, i) for i in range(1 - MONTHS, 1)]
    within = [one for one in counts if one.month >= months[0]]
    by = {
        (happened, month): sum(c.many for c in within if (c.happened, c.month) == (happened, month))
        for happened in HAPPENINGS
        for month in months
    }
    top = charts.nice(max(by.values(), default=0))
    pictures = [_picture(company, happened, within, months, top, language) for happened in HAPPENINGS]
    parts = list(dict.fromkeys((c.happened, c.part) for c in sorted(counts, key=_order)))
    return {
        "pictures": pictures,
        "top": top,
        "months": [
            (
                month,
                words.month(month, language, short=True),
                month.month == 1 or (not i and month.month < 10),
            )
            for i, month in enumerate(months)
        ],
        "first_month": words.month(months[0], language),
        "last_month": words.month(months[-1], language),
        "heads": [(words.say(f"consents.{h}.short", language), company.part(p, language)) for h, p in parts],
        "table": [
            (words.month(month, language), [numbers.get(part, 0) for part in parts])
            for month, numbers in sorted(_table(counts).items(), reverse=True)
        ],
        "totals": [sum(c.many for c in counts if (c.happened, c.part) == part) for part in parts],
    }


def _order(count: Count) -> tuple[int, str]:
    return HAPPENINGS.index(count.happened), count.part


def _table(counts: list[Count]) -> dict[dt.date, dict[tuple[str, str], int]]:
    found: dict[dt.date, dict[tuple[str, str], int]] = defaultdict(dict)
    for count in counts:
        found[count.month][count.happened, count.part] = count.many
    return found


def _month(today: dt.date, ahead: int) -> dt.date:
    months = today.year * 12 + today.month - 1 + ahead
    return dt.date(months // 12, months % 12 + 1, 1)


def _picture(
    company: Company, happened: str, within: list[Count], months: list[dt.date], top: int, language: str
) -> Picture:
    mine = [one for one in within if one.happened == happened]
    step = 100 / len(months)
    pieces: list[charts.Piece] = []
    for i, month in enumerate(months):
        y = 100.0
        for one in sorted((c for c in mine if c.month == month), key=lambda c: _tone(company, c.part)):
            h = 100 * one.many / top if top else 0
            y -= h
            pieces.append(
                charts.Piece(
                    round(i * step + step * 0.16, 3), round(y, 3), round(step * 0.68, 3), round(h, 3),
                    _tone(company, one.part), one.part,
                )
            )  # fmt: skip
    sums: dict[str, int] = defaultdict(int)
    for one in mine:
        sums[one.part] += one.many
    legend = tuple(
        (company.part(part, language), _tone(company, part), n)
        for part, n in sorted(sums.items(), key=lambda it: (_tone(company, it[0]), it[0]))
    )
    label = words.say(f"consents.{happened}", language)
    return Picture(happened, label, sum(sums.values()), tuple(pieces), legend)


def _tone(company: Company, part: str) -> int:
    return company.tones.get(part, 8)
