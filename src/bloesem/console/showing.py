"""What the templates need, as plain values in the reader's language. Between services and pages; decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bloesem.clock.sweep import furthest
from bloesem.console import because, charts
from bloesem.console import language as words
from bloesem.console.company import Company, Promise, said
from bloesem.console.effects import Effects
from bloesem.console.jobs import Job
from bloesem.console.overview import Act, Overview
from bloesem.console.words import WORDS
from bloesem.plan.model import Clock

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Quote:
    """A promise as it is shown: the words of the text, in Dutch, and what they ask in the reader's language."""

    id: str
    where: str
    words: str
    claim: str


def quotes(company: Company, ids: Iterable[str], language: str, most: int = 2) -> list[Quote]:
    return [_quote(promise, language) for promise in company.quotes(tuple(ids))[:most]]


def grounds(
    company: Company,
    part: str,
    language: str,
    why: str = "runs",
    *,
    clocks: tuple[Clock, ...] = (),
    narrow: tuple[str, ...] = (),
) -> list[Quote]:
    """What says why: the promise; of a purpose that the law gives, its article; nothing, where nothing says it."""
    if because.of_law(company, why, part):
        article = company.plan.purpose(part).article
        return [Quote("", words.say("quote.law", language, article=article), "", "")]
    found = because.promises(company, why, part, clocks=clocks, narrow=narrow)
    return quotes(company, found, language, 1)


def _quote(promise: Promise, language: str) -> Quote:
    line = words.say("line", language, line=promise.line) if promise.line else ""
    key = "quote.of" if line else "quote.of0"
    where = words.say(key, language, id=promise.id, where=line)
    return Quote(promise.id, where, promise.quote, said(promise.claim, language) if promise.claim else "")


# ---- now -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PartRow:
    key: str
    label: str
    tone: int
    how_long: str
    people: int
    rows: int
    values: int
    share: float
    off: str | None


@dataclass(frozen=True)
class GroupRows:
    label: str
    tone: int
    parts: tuple[PartRow, ...]


def now(company: Company, seen: Overview, language: str) -> dict[str, Any]:
    counts = {c.part: c for c in seen.parts}
    most = max((c.values for c in seen.parts), default=0) or 1
    groups = []
    for group in company.groups:
        rows = []
        for key in group.parts:
            purpose, c = company.plan.purpose(key), counts.get(key)
            rows.append(
                PartRow(
                    key,
                    company.part(key, language),
                    group.tone,
                    words.clocks(company, key, language),
                    c.people if c else 0,
                    c.rows if c else 0,
                    c.values if c else 0,
                    round(100 * (c.values if c else 0) / most, 2),
                    None if purpose.active else (purpose.why_off or ""),
                )
            )
        groups.append(GroupRows(company.group(group.key, language), group.tone, tuple(rows)))
    picture = charts.bars(seen.due, seen.today, company.tones)
    return {
        "seen": seen,
        "groups": groups,
        "picture": picture,
        "bars": [_bar(company, bar, seen.today, language) for bar in picture.bars],
        "due_parts": _due_parts(company, seen, language),
        "acts": [_act(company, act, language) for act in seen.acts],
    }


def _bar(company: Company, bar: charts.Bar, today: dt.date, language: str) -> dict[str, Any]:
    last = (bar.month.replace(day=28) + 4 * DAY).replace(day=1) - DAY
    return {
        "bar": bar,
        "name": words.month(bar.month, language),
        "short": words.month(bar.month, language, short=True),
        "year": bar.month.year if bar.month.month == 1 else None,
        "day": max(last, today).isoformat(),
        "label": words.say(
            "now.due.bar",
            language,
            month=words.month(bar.month, language),
            rows=words.number(bar.total, language),
        ),
        "parts": [(company.part(part, language), company.tones.get(part, 0), n) for part, n in bar.by_part],
    }


def _due_parts(company: Company, seen: Overview, language: str) -> list[dict[str, Any]]:
    """Legend of the bars: the groups of the policy that appear, with their sums."""
    sums: dict[int, int] = {}
    for item in seen.due:
        tone = company.tones.get(item.part, 0)
        sums[tone] = sums.get(tone, 0) + item.rows
    return [
        {"label": company.group(g.key, language), "tone": g.tone, "rows": sums[g.tone]}
        for g in company.groups
        if sums.get(g.tone)
    ]


def _act(company: Company, act: Act, language: str) -> dict[str, Any]:
    key = f"act.{act.kind}"
    what = words.say(key if key in WORDS else "act.other", language, kind=act.kind)
    if act.kind == "denial":
        about = f"denied.{act.thing}"
        asked = words.say(about, language) if about in WORDS else act.thing or ""
        what = f"{what}: {company.part(act.purpose or '', language)}, {asked}"
    elif act.purpose:
        what = f"{what}: {company.part(act.purpose, language)}"
    said_counts = [
        words.count(f"count.{name}", n, language)
        for name, n in act.counts.items()
        if f"count.{name}" in WORDS
    ]
    if act.times > 1:
        again = "count.often" if act.kind in ("denial", "read") else "count.times"
        said_counts.insert(0, words.say(again, language, n=words.number(act.times, language)))
    return {"at": act.at, "what": what, "counts": ", ".join(said_counts)}


# ---- the date --------------------------------------------------------------------------------------------------------


def days(today: dt.date, chosen: str) -> dict[str, Any]:
    """The form: today, what was chosen, and some days to skip to."""
    ahead = (
        ("date.month", 1),
        ("date.quarter", 3),
        ("date.year", 12),
        ("date.years2", 24),
        ("date.years8", 96),
    )
    try:
        shown = dt.date.fromisoformat(chosen.strip())
    except ValueError:  # an input for a date shows no other text; what was wrong with it is said below
        shown = later(today, 1)
    return {
        "chosen": shown.isoformat(),
        "quick": [(key, later(today, months).isoformat()) for key, months in ahead],
    }


def later(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last day of that month."""
    count = day.month - 1 + months
    year, month = day.year + count // 12, count % 12 + 1
    last = (dt.date(year + month // 12, month % 12 + 1, 1) - DAY).day
    return dt.date(year, month, min(day.day, last))


def day_asked(text: str, today: dt.date, language: str) -> tuple[dt.date | None, str | None]:
    """The day that a form names, or why it is none."""
    try:
        day = dt.date.fromisoformat(text.strip())
    except ValueError:
        return None, words.say("date.bad", language)
    if day < today:
        return None, words.say("date.back", language, today=words.day(today, language))
    if day > (last := furthest(today)):
        return None, words.say("date.far", language, day=words.day(last, language))
    return day, None


def effects(company: Company, done: Effects, language: str) -> dict[str, Any]:
    plan = company.plan
    tables = []
    for it in done.tables:
        if not (it.deleted or any(it.erased.values())):
            continue  # only goes dark: the list above says who
        table = plan.table(it.table)
        columns = [
            {"name": name, "n": n, "what": company.column(table.column(name), language)}
            for name, n in sorted(it.erased.items(), key=lambda pair: -pair[1])
        ]
        dark = [
            {
                "key": part,
                "label": company.part(part, language),
                "tone": company.tones.get(part, 0),
                "n": n,
                "why": words.clocks(company, part, language),
                "quotes": [],
            }
            for part, n in sorted(it.dark.items(), key=lambda pair: company.tones.get(pair[0], 0))
        ]
        tables.append(
            {
                "name": it.table,
                "what": _what(company, it.table, language),
                "deleted": it.deleted,
                "columns": columns,
                "erased": sum(it.erased.values()),
                "dark": dark,
            }
        )
    return {"effects": done, "tables": tables, "parts": _dark_parts(company, done, language)}


def _what(company: Company, table: str, language: str) -> str:
    """The categories of a table, in words."""
    keys = [k for c in company.plan.table(table).columns if not c.key for k in c.categories]
    return ", ".join(company.category(k, language) for k in list(dict.fromkeys(keys))[:3])


def _ends(company: Company, part: str) -> str:
    """Why a part goes dark by the passing of days alone: its term, or the end of what it holds for."""
    return "no-hold" if company.plan.purpose(part).hold else "ended"


def _dark_parts(company: Company, done: Effects, language: str) -> list[dict[str, Any]]:
    """Per part, over all tables, rows that it can no longer read; with the promise behind it."""
    sums: dict[str, int] = {}
    for table in done.tables:
        for part, n in table.dark.items():
            sums[part] = sums.get(part, 0) + n
    most = max(sums.values(), default=0) or 1
    return [
        {
            "label": company.part(part, language),
            "tone": company.tones.get(part, 0),
            "n": n,
            "share": round(100 * n / most, 2),
            "why": words.clocks(company, part, language),
            "quotes": grounds(company, part, language, _ends(company, part)),
        }
        for part, n in sorted(sums.items(), key=lambda pair: -pair[1])
    ]


def refusal(job: Job, language: str) -> str:
    """Why the keeper did not do it, in words."""
    result = dict(job.result or {})
    key = str(result.pop("refused", "job.failed"))
    values = {k: words.day(dt.date.fromisoformat(str(v)), language) for k, v in result.items()}
    return words.say(key if key in WORDS else "job.failed", language, **values)
