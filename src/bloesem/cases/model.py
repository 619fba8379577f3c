"""A case: what somebody asks about their data, how it stands, and when an answer is due (art. 12 GDPR, R-001 to R-012)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Final, Literal

from bloesem.law.model import Law
from bloesem.law.periods import answer_due, belgian_holidays, days_ahead
from bloesem.policy.model import Deadlines

Kind = Literal["question", "complaint", "request"]
KINDS: Final = ("question", "complaint", "request")
#: What may be asked (P-147 to P-168): the rights, and what is none of them.
RIGHTS: Final = (
    *("access", "rectification", "erasure", "restriction", "portability", "objection", "marketing"),
    *("withdrawal", "human", "data_act", "other"),
)
#: Carried out without anybody's judgement: what the law gives without a condition, or only asks to show.
AUTOMATIC: Final = frozenset({"access", "portability", "data_act", "marketing", "withdrawal"})
#: Answered with files that a person takes along, and may have sent to somebody else (art. 20(2); Data Act art. 5).
TAKEN_ALONG: Final = frozenset({"portability", "data_act"})
#: By which road it came. The clock starts at the first receipt, whoever received it (R-005, R-013).
CHANNELS: Final = ("page", "form", "email", "letter", "oral", "chat", "social", "partner")
#: What somebody at the desk writes down: it came by letter, or to another of the company (a colleague who was spoken to,
#: another mailbox, a chat, social media, an installer who works for it) and was passed on (P-171, P-172).
TAKEN_IN: Final = ("letter", "oral", "email", "chat", "social", "partner")
STATES: Final = (
    *("received", "asked", "identified", "waiting", "decided", "carried"),
    *("answered", "withdrawn", "closed"),
)
#: States in which nothing more follows.
ENDED: Final = ("answered", "withdrawn", "closed")
#: The same, listed for a query.
SQL_ENDED = ", ".join(f"'{state}'" for state in ENDED)
#: The last day of a case `c`, in SQL; and whether its clock stands, in a schema `{s}`: what was asked after the last day
#: stops none (R-006).
LAST_DAY: Final = "CASE WHEN c.extended_why IS NULL THEN c.due ELSE c.extended_due END"
STANDS: Final = f"c.stopped_at IS NOT NULL AND ({{s}}.civil(c.stopped_at) > {LAST_DAY}) IS NOT TRUE"
OUTCOMES: Final = ("granted", "partly", "refused")
#: Grounds of art. 17(1) and 18(1), by the letters of the law.
ERASURE_GROUNDS: Final = ("a", "b", "c", "d", "e", "f")
#: What is wrong with what we have, as the text says it (P-148): wider than art. 16.
RECTIFICATION_GROUNDS: Final = ("wrong", "incomplete", "inappropriate", "outdated")
RESTRICTION_GROUNDS: Final = {"a": "accuracy", "b": "unlawful", "c": "claims", "d": "objection"}
LANGUAGES: Final = ("nl", "en", "fr", "de")


@dataclass(frozen=True)
class Dues:
    """Civil days in Europe/Brussels. `raw`: before any stop; `due`: with them; `extended`: with two more months;
    `warn`, `escalate`: days before the one that counts now; `last_to_extend`: until when an extension is told."""

    raw: dt.date
    due: dt.date
    extended: dt.date
    warn: dt.date
    escalate: dt.date
    last_to_extend: dt.date


def dues(
    law: Law,
    deadlines: Deadlines,
    received_on: dt.date,
    stops: Sequence[tuple[dt.date, dt.date]] = (),
    *,
    extended: bool = False,
) -> Dues:
    """When a case is due. in: the civil day of receipt; stops of the clock, each its first day and the day on which it ran
    again (R-006); whether an extension was told in time (R-007). raises: LawError where the law has no period then."""
    holidays = holidays_from(received_on.year, max((until.year for _, until in stops), default=0))

    def last_day(more: bool, stood: int = 0) -> dt.date:
        return answer_due(
            law, received_on, holidays=holidays, extended=more, careful=deadlines.careful_extension, stood=stood
        )  # fmt: skip

    raw = last_day(False)
    due, last = (last_day(more, _stood(stops, partial(last_day, more))) for more in (False, True))
    counts = last if extended else due
    return Dues(
        raw=raw,
        due=due,
        extended=last,
        warn=days_ahead(counts, deadlines.warn_before),
        escalate=days_ahead(counts, deadlines.escalate_before),
        last_to_extend=due,
    )


def _stood(stops: Sequence[tuple[dt.date, dt.date]], last_day: Callable[[int], dt.date]) -> int:
    """For how many days the clock stood. What was asked after the last day, as it was then, brings no day back (R-006)."""
    days = 0
    for since, until in sorted(stops):
        if since <= last_day(days):
            days += max(0, (until - since).days)
    return days


@cache
def pressing(due: dt.date | None, escalate: dt.date | None, warn: dt.date | None, today: dt.date) -> str:
    """How near the day of an answer is, of a case whose clock runs: late, escalate, warn, or calm (R-009)."""
    if due is not None and today > due:
        return "late"
    if escalate is not None and today >= escalate:
        return "escalate"
    return "warn" if warn is not None and today >= warn else "calm"


def holidays_from(year: int, last: int = 0) -> frozenset[dt.date]:
    """Belgian holidays of a year and on to the second after it, or after `last`, in which its clock ran again: a case may
    end in any of them (R-004)."""
    return frozenset[dt.date]().union(*(belgian_holidays(one) for one in range(year, max(year, last) + 3)))


__all__ = [
    "AUTOMATIC",
    "CHANNELS",
    "ENDED",
    "ERASURE_GROUNDS",
    "KINDS",
    "LANGUAGES",
    "LAST_DAY",
    "OUTCOMES",
    "RECTIFICATION_GROUNDS",
    "RESTRICTION_GROUNDS",
    "RIGHTS",
    "STANDS",
    "STATES",
    "TAKEN_ALONG",
    "TAKEN_IN",
    "Dues",
    "dues",
    "holidays_from",
]
