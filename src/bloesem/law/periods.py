"""Procedural periods: when an answer is due. Regulation (EEC, Euratom) 1182/71, with the Belgian holidays.

For a period within which the company must act. A retention period is something else: no weekend or holiday
lengthens it (P-109; `bloesem.terms.add_period`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from functools import lru_cache

from dateutil.relativedelta import relativedelta
from holidays import country_holidays

from bloesem.law.model import Law
from bloesem.terms import add_period

_SATURDAY = 5


def due(receipt: dt.date, months: int, *, holidays: Collection[dt.date], stood: int = 0) -> dt.date:
    """The last day, inclusive, of a period of months from a receipt (civil dates in Europe/Brussels). `stood`: so many days
    the clock stood (R-006). They lengthen the period itself; where that then ends, free days move it, once.

    The day of receipt does not count and may be any day (art. 3(1)). The period ends on the same date of the
    last month, or on that month's last day where it has no such date (art. 3(2)(c)). An end on a Saturday, a
    Sunday or a day of `holidays` moves to the next working day (art. 3(4)). An extension counts from the same
    receipt.

    Raises `ValueError` for less than one month.
    """
    if months < 1:
        raise ValueError(f"a period of {months} months is none: one or more")
    return next_working_day(receipt + relativedelta(months=months, days=stood), holidays=holidays)


def answer_due(
    law: Law,
    receipt: dt.date,
    *,
    holidays: Collection[dt.date],
    extended: bool = False,
    careful: bool = True,
    stood: int = 0,
) -> dt.date:
    """When an answer to a request is due, by the periods of the law that is in force on the day of its receipt (R-012).

    in: `extended`, whether it was told within the first period that it takes longer; `careful`, see `extended_due`;
    `stood`, see `due`.
    Raises `LawError` where the law has no such period on that day, `ValueError` for one that is not in months.
    """
    today = law.valid_on(receipt)
    first = _months(today.rule("eu.request.answer").value)
    if not extended:
        return due(receipt, first, holidays=holidays, stood=stood)
    more = _months(today.rule("eu.request.extension").value)
    return extended_due(receipt, holidays=holidays, first=first, more=more, careful=careful, stood=stood)


def breach_due(law: Law, aware: dt.datetime) -> dt.datetime:
    """When a breach is notified at the latest, by the law on the day on which one became aware of it (an aware moment,
    in the time zone of that day). Raises as `hours_due`, and `LawError`."""
    return hours_due(aware, law.valid_on(aware.date()).rule("eu.breach.notify_hours").value)


def days_ahead(last: dt.date, period: str) -> dt.date:
    """The day that lies a period of days before another: when one warns, or escalates (R-009).

    Raises `ValueError` for what is no period of days.
    """
    return last - (add_period(dt.date(2001, 1, 1), _of(period, "D")) - dt.date(2001, 1, 1))


def _months(period: str) -> int:
    return int(_of(period, "M")[1:-1])


def _of(period: str, unit: str) -> str:
    if not re.fullmatch(rf"P\d+{unit}", str(period)):
        raise ValueError(
            f"`{period}` is no period of {'months' if unit == 'M' else 'days'}, such as P1{unit}"
        )
    return period


def extended_due(
    receipt: dt.date,
    *,
    holidays: Collection[dt.date],
    first: int = 1,
    more: int = 2,
    careful: bool = True,
    stood: int = 0,
) -> dt.date:
    """The last day, inclusive, of an answer whose month was extended by two (art. 12(3) GDPR). `stood`: as of `due`.

    The extension counts from the receipt. `careful`: it ends at the latest as many months after the first end, before that
    one moved, which is earlier where the first month is short. Only then free days move it.

    Raises `ValueError` for less than one month.
    """
    if first < 1 or more < 1:
        raise ValueError(f"a period of {first} and {more} months is none: one or more")
    whole = receipt + relativedelta(months=first + more)
    stepped = receipt + relativedelta(months=first) + relativedelta(months=more)
    last = min(whole, stepped) if careful else whole
    return next_working_day(last + dt.timedelta(days=stood), holidays=holidays)


def notice_due(
    obtained: dt.date,
    *,
    holidays: Collection[dt.date],
    first_message: dt.date | None = None,
    first_disclosure: dt.date | None = None,
) -> dt.date:
    """The last day on which somebody is told of data that another gave (art. 14(3) GDPR): a month after it was obtained,
    or the first message to them, or the first disclosure, whichever is earlier. A message is no period: it moves nothing.
    """
    sooner = [day for day in (first_message, first_disclosure) if day is not None]
    return min([due(obtained, 1, holidays=holidays), *sooner])


def next_working_day(day: dt.date, *, holidays: Collection[dt.date]) -> dt.date:
    """The day itself when it is a working day, else the first one after it (art. 2(2), 3(4))."""
    while day.weekday() >= _SATURDAY or day in holidays:
        day += dt.timedelta(days=1)
    return day


def hours_due(at: dt.datetime, hours: int) -> dt.datetime:
    """The moment so many hours after an aware moment, in its own time zone.

    Hours run through weekends and holidays (art. 3(4) leaves them out) and through the change of the clocks.
    That the hour of the event does not count (art. 3(1)) and that a period has two working days (art. 3(5))
    could give more time; neither is relied on.

    Raises `ValueError` for a moment without time zone and for less than one hour.
    """
    if at.utcoffset() is None:
        raise ValueError(f"{at} has no time zone: hours are counted between moments, not between clock faces")
    if hours < 1:
        raise ValueError(f"a period of {hours} hours is none: one or more")
    return (at.astimezone(dt.UTC) + dt.timedelta(hours=hours)).astimezone(at.tzinfo)


@lru_cache(maxsize=256)
def belgian_holidays(year: int) -> frozenset[dt.date]:
    """The legal holidays of Belgium in a year (art. 2(1)): the ten official days, Easter and Whit Sunday.

    Neither bank holidays nor bridging days. A period can end in the next year: give `due` both years.
    """
    return frozenset(country_holidays("BE", years=year, categories=("public",)))


__all__ = [
    "answer_due",
    "belgian_holidays",
    "breach_due",
    "days_ahead",
    "due",
    "extended_due",
    "hours_due",
    "next_working_day",
    "notice_due",
]
