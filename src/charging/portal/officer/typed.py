"""What an officer typed into a form: cleaned, cut to its length, or None where it is nothing of the kind."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest

from bloesem.plan.dates import ZONE

#: The longest text of a field.
MOST = 4000


def typed(request: HttpRequest, name: str, most: int = MOST) -> str:
    said = request.POST.get(name, "")[: most * 2]
    return "".join(sign for sign in said if sign.isprintable() or sign in "\n\r\t").strip()[:most]


def lines_of(text: str) -> str:
    """The lines of a postal address, whichever way a browser ends them."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def number_of(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def day_of(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def arrived(text: str, today: dt.date) -> dt.datetime | None:
    """The day on which it came in, as a moment of that day that is not ahead; None for what cannot be."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    if day > today or day < today - dt.timedelta(days=730):
        return None
    return dt.datetime.combine(day, dt.time.min, ZONE)


__all__ = ["MOST", "arrived", "day_of", "lines_of", "number_of", "typed"]
