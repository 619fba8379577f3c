"""Civil dates in Europe/Brussels: the only calendar in which a period ends (P-109)."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from bloesem.policy.model import add_period

ZONE = ZoneInfo("Europe/Brussels")
FOREVER = dt.date.max


def civil(moment: dt.datetime) -> dt.date:
    """The civil date of an aware moment in Brussels."""
    return moment.astimezone(ZONE).date()


def midnight(day: dt.date) -> dt.datetime:
    """The first moment of a civil day in Brussels."""
    return dt.datetime(day.year, day.month, day.day, tzinfo=ZONE)


def last_day(start: dt.date, period: str, *, end_of_year: bool = False) -> dt.date:
    """Last day, inclusive, of a period from `start`; `end_of_year`: from 31 December of that year (P-073)."""
    return add_period(dt.date(start.year, 12, 31) if end_of_year else start, period)


def first_kept(today: dt.date, period: str) -> dt.date:
    """The first day of which the period from it is not over before `today`: what is older has run out."""
    day = today - (add_period(today, period) - today)
    while add_period(day, period) < today:
        day += dt.timedelta(days=1)
    while add_period(day - dt.timedelta(days=1), period) >= today:
        day -= dt.timedelta(days=1)
    return day


__all__ = ["FOREVER", "ZONE", "add_period", "civil", "first_kept", "last_day", "midnight"]
