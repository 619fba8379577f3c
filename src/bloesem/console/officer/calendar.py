"""The officer's calendar: a month, day by day. What must be answered, notified or looked at again, what ends, which version
begins, and how much the clock will erase. Pure: what the database says is given.

`what` of an entry is a key of the words (`calendar.what.…`); `page` and `key` say to which page it leads.
"""

from __future__ import annotations

import calendar as calendars
import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bloesem.breaches.rules import BRUSSELS, Breach
from bloesem.cases.desk import Line
from bloesem.console import charts
from bloesem.console import language as words
from bloesem.console.company import Company
from bloesem.console.language import say
from bloesem.console.officer.common import loaded
from bloesem.console.officer.standing import thing
from bloesem.gate.oversight import Due
from bloesem.policy.company import Company as Loaded
from bloesem.publishing.errors import PublishingError
from bloesem.publishing.version import version_of
from bloesem.recipients.register import standings

#: How far from today a month may be: what is due further ahead is a guess, what is longer ago has ended.
BACK, AHEAD = 12, 18
#: The tones of an entry: what is late or urgent, what is ordinary, what is only told.
URGENT = frozenset({"case-due", "case-escalate", "breach", "breach-owed", "late"})


@dataclass(frozen=True)
class Entry:
    """One thing of a day. `label`: which one; `page`, `key`: where it leads (none: to no page). `at`: a time of that day."""

    day: dt.date
    what: str
    label: str
    page: str = ""
    key: str = ""
    at: str = ""

    @property
    def says(self) -> str:
        """The key of the words that say what it is."""
        return f"calendar.what.{self.what}"

    @property
    def urgent(self) -> bool:
        return self.what in URGENT


# ---- what there is -----------------------------------------------------------------------------------------------------


def entries(
    company: Company,
    cases: Iterable[Line],
    breaches: Iterable[Breach],
    due: Iterable[Due],
    today: dt.date,
    language: str,
) -> list[Entry]:
    """Everything that has a day, in no order; what is late stands on today."""
    files = loaded(company)
    return [
        *_cases(cases, today),
        *_breaches(breaches, today, language),
        *_record(files, today, language),
        *_versions(files, language),
        *_consents(company, due, language),
    ]


def _cases(lines: Iterable[Line], today: dt.date) -> Iterator[Entry]:
    for one in lines:
        if one.ended:
            continue

        def of(day: dt.date, what: str, number: str = one.number) -> Entry:
            return Entry(day, what, number, "portal-officer-case", number)

        if one.due is None or one.urgency == "still":
            yield of(today, "case-still" if one.due else "case-uncounted")
            continue
        yield of(one.due, "case-extended" if one.extended else "case-due")
        if one.due < today:
            yield of(today, "late")
        for day, what in ((one.warn_on, "case-warn"), (one.escalate_on, "case-escalate")):
            if day is not None:
                yield of(day, what)


def _breaches(found: Iterable[Breach], today: dt.date, language: str) -> Iterator[Entry]:
    for one in found:
        if one.closed is not None:
            continue
        number = str(one.number)
        label = say("breach.called", language, n=number)
        due = one.due.astimezone(BRUSSELS)
        if "notify" in one.owed:
            at = f"{due:%H:%M}"
            yield Entry(due.date(), "breach", label, "portal-officer-breach", number, at)
            if due.date() < today:
                yield Entry(today, "late", label, "portal-officer-breach", number)
        others = [say(f"breach.owed.{owed}", language) for owed in one.owed if owed != "notify"]
        if others:  # without undue delay: the law names no day
            said = f"{label}: {', '.join(others)}"
            yield Entry(today, "breach-owed", said, "portal-officer-breach", number)


def _record(files: Loaded, today: dt.date, language: str) -> Iterator[Entry]:
    """What recipients stand on and ends, and decisions that name the day on which they are looked at again."""
    policy = files.in_force(today)
    ends = {
        (one.recipient, condition.last, condition.kind)
        for one in standings(files, policy, today)
        for condition in one.decision.conditions
        if condition.holds and condition.last is not None
    }
    for key, last, kind in sorted(ends):
        label = f"{files.record.recipients[key].name}: {thing(kind, language)}"
        yield Entry(last, "recipient", label, "portal-officer-recipient", key)
    for where, decision in files.record.dated():
        if decision.review is not None:
            group = where.split(" ")[0].split(".")[0]
            page = {"dpia": "portal-officer-dpia", "transfers": "portal-officer-transfers"}.get(
                group, "portal-officer-register"
            )
            yield Entry(decision.review, "review", where, page)


def _versions(files: Loaded, language: str) -> Iterator[Entry]:
    for policy in files.versions:
        day = policy.version
        label = words.day(day, language)
        yield Entry(day, "version", label, "portal-officer-version", day.isoformat())
        try:
            told = version_of(files, day).last_day_of_notice()
        except (
            PublishingError
        ):  # the first version changes nothing; or nobody decided how long before people are told
            continue
        yield Entry(told, "notice", label, "portal-officer-version", day.isoformat())


def _consents(company: Company, due: Iterable[Due], language: str) -> Iterator[Entry]:
    for one in due:
        if one.what == "rows":
            continue
        label = f"{company.part(one.name, language)}: {words.number(one.many, language)}"
        page = "portal-officer-consents" if one.what == "consent" else ""
        yield Entry(one.day, one.what, label, page)


# ---- a month -----------------------------------------------------------------------------------------------------------


def span(month: dt.date) -> tuple[dt.date, dt.date]:
    """The first and last civil day of the month of a day."""
    first = month.replace(day=1)
    return first, first.replace(day=calendars.monthrange(first.year, first.month)[1])


def within(month: dt.date, today: dt.date) -> bool:
    """Whether the month is near enough to today to be shown."""
    apart = (month.year - today.year) * 12 + month.month - today.month
    return -BACK <= apart <= AHEAD


def page(
    company: Company,
    month: dt.date,
    found: Iterable[Entry],
    due: Iterable[Due],
    today: dt.date,
    language: str,
) -> dict[str, Any]:
    """What the page of a month shows. in: `due` of its days from today on."""
    first, last = span(month)
    by_day: dict[dt.date, list[Entry]] = defaultdict(list)
    for one in found:
        by_day[one.day].append(one)
    rows: dict[dt.date, Counter[str]] = defaultdict(Counter)
    for each in due:
        if each.what == "rows":
            rows[each.day][each.name] += each.many
    every = [first + dt.timedelta(days=i) for i in range((last - first).days + 1)]
    days = [
        {
            "day": day,
            "weekday": say(f"weekday.{day.weekday()}", language),
            "today": day == today,
            "past": day < today,
            "column": day.weekday() + 1 if day == first else 0,
            "entries": sorted(by_day.get(day, ()), key=lambda it: (not it.urgent, it.what, it.label)),
            "rows": sum(rows[day].values()) if day in rows else 0,
        }
        for day in every
    ]
    return {
        "month": first,
        "title": words.month(first, language),
        "before": _other(first, -1, today),
        "after": _other(first, 1, today),
        "this": None if (first.year, first.month) == (today.year, today.month) else today.replace(day=1),
        "days": days,
        "weekdays": [say(f"weekday.{i}", language) for i in range(7)],
        "picture": _picture(every, rows),
        "erased": [
            {
                "day": day,
                "total": sum(counts.values()),
                "tables": sorted(counts.items(), key=lambda it: (-it[1], it[0])),
            }
            for day, counts in sorted(rows.items())
        ],
        "total": sum(sum(counts.values()) for counts in rows.values()),
        "over": last < today,
        "empty": not any(by_day.get(day) for day in every),
    }


def _other(first: dt.date, months: int, today: dt.date) -> dt.date | None:
    at = first.year * 12 + first.month - 1 + months
    found = dt.date(at // 12, at % 12 + 1, 1)
    return found if within(found, today) else None


def _picture(days: list[dt.date], rows: dict[dt.date, Counter[str]]) -> dict[str, Any]:
    """A bar per day, of rows that go; as wide as its place."""
    counts = [sum(rows[day].values()) if day in rows else 0 for day in days]
    top, step = charts.nice(max(counts, default=0)), 100 / len(days)
    pieces = []
    for i, n in enumerate(counts):
        if n:
            x, high = round(i * step + step * 0.14, 3), round(100 * n / top, 3)
            pieces.append(charts.Piece(x, round(100 - high, 3), round(step * 0.72, 3), high, 8))
    return {"top": top, "pieces": pieces}


__all__ = ["AHEAD", "BACK", "Entry", "entries", "page", "span", "within"]
