"""Dutch, English, French, German: numbers, dates, periods, and the reasons of the calculus, as a person would say them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Literal

from bloesem.console.company import Company
from bloesem.console.words import WORDS
from bloesem.plan.dates import ZONE
from bloesem.plan.model import CONSENT, RECORD, Clock
from bloesem.terms import MONTHS

Language = Literal["nl", "en", "fr", "de"]
LANGUAGES: tuple[Language, ...] = ("nl", "en", "fr", "de")
#: What each language calls itself.
NAMES = {"nl": "Nederlands", "en": "English", "fr": "Français", "de": "Deutsch"}

_SHORT = {"fr": ("janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc")}
_UNITS = {
    "nl": {"Y": ("jaar", "jaar"), "M": ("maand", "maanden"), "D": ("dag", "dagen"), "H": ("uur", "uur")},
    "en": {"Y": ("year", "years"), "M": ("month", "months"), "D": ("day", "days"), "H": ("hour", "hours")},
    "fr": {"Y": ("an", "ans"), "M": ("mois", "mois"), "D": ("jour", "jours"), "H": ("heure", "heures")},
    "de": {
        "Y": ("Jahr", "Jahre"),
        "M": ("Monat", "Monate"),
        "D": ("Tag", "Tage"),
        "H": ("Stunde", "Stunden"),
    },
}
_THOUSANDS = {"nl": ".", "en": ",", "fr": "\N{NARROW NO-BREAK SPACE}", "de": "."}


def language_of(value: str) -> Language:
    """A language of the console; Dutch, the language of the text, for any other."""
    return value if value in LANGUAGES else "nl"


def say(key: str, language: str, **values: object) -> str:
    """The words of `key`. Raises KeyError for a key that the catalogue does not have."""
    text = WORDS[key][language]
    return text.format(**values) if values else text


def decimal(value: float, language: str, digits: int = 1) -> str:
    """`1.1` in English, `1,1` in the others."""
    return f"{value:.{digits}f}".replace(".", "." if language == "en" else ",")


def number(value: int, language: str) -> str:
    return f"{value:,}".replace(",", _THOUSANDS[language])


def count(key: str, value: int, language: str) -> str:
    """`1 rij weg`, `3 rijen weg`: the words of `key`, or of `key` + `1` for one."""
    one = f"{key}1"
    return say(one if value == 1 and one in WORDS else key, language, n=number(value, language))


def day(value: dt.date | None, language: str) -> str:
    """`9 maart 2026`, `9 March 2026`, `1er mars 2026`, `9. März 2026`; the end of time is a dash."""
    if value is None or value.year >= 9999:
        return "–"
    number = {"de": f"{value.day}.", "fr": "1er" if value.day == 1 else str(value.day)}.get(
        language, str(value.day)
    )
    return f"{number} {MONTHS[language][value.month - 1]} {value.year}"


def month(value: dt.date, language: str, *, short: bool = False) -> str:
    name = MONTHS[language][value.month - 1]
    if short:
        return _SHORT[language][value.month - 1] if language in _SHORT else name[:3]
    return f"{name} {value.year}"


def moment(value: dt.datetime, language: str) -> str:
    """Day and time in Brussels."""
    local = value.astimezone(ZONE)
    return f"{day(local.date(), language)}, {local:%H:%M}"


def period(value: str, language: str) -> str:
    """`P1Y` → 1 jaar, 1 year. `P0D` has no words of its own: see `clock`."""
    parts = [(int(n), u) for n, u in re.findall(r"(\d+)([YMDH])", value) if int(n)]
    return " ".join(f"{n} {_UNITS[language][u][0 if n == 1 else 1]}" for n, u in parts)


def clock(company: Company, it: Clock, language: str) -> str:
    """`1 jaar na beëindiging van de account`, as the policy says it."""
    span = period(it.period, language)
    if it.after == RECORD:
        key = "clock.record-year" if it.end_of_year else "clock.record"
        text = say(key, language, span=span)
        if it.records_from:
            text = say("clock.from", language, clock=text, day=day(it.records_from, language))
        if it.records_until:
            text = say("clock.to", language, clock=text, day=day(it.records_until, language))
        return text
    if it.after == CONSENT:
        return say("clock.consent", language, span=span)
    event = company.event(it.after, language)
    return say("clock.until" if not span else "clock.after", language, span=span, event=event)


def clocks(company: Company, part: str, language: str) -> str:
    """How long a part of the policy runs; for one without a clock, why."""
    purpose = company.plan.purpose(part)
    if purpose.hold:
        return say("clock.hold", language)
    if not purpose.clocks:
        return say("clock.none", language)
    return _said(company, purpose.clocks, language)


def reason(
    company: Company,
    part: str,
    why: str,
    since: dt.date | None,
    until: dt.date | None,
    language: str,
    ran: Iterable[Clock] = (),
    *,
    own: bool = False,
) -> str:
    """One sentence: why this part of the policy may not read (or: may read) the value. `ran`: the clocks that it is
    about, where that is known; else all of the part. `own`: told to whoever it is about."""
    key = f"why.{why}"
    if why == "ended" and since is None:
        key = "why.ended-record"
    if own and f"{key}.own" in WORDS:
        key += ".own"
    if key not in WORDS:
        return why
    text = say(
        key,
        language,
        clock=_said(company, ran, language) or clocks(company, part, language),
        since=day(since, language),
        until=day(until, language),
        part=company.part(part, language),
    )
    return text[:1].upper() + text[1:]


def _said(company: Company, ran: Iterable[Clock], language: str) -> str:
    return say("or", language).join(dict.fromkeys(clock(company, c, language) for c in ran))
