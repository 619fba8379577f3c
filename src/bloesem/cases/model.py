"""A case: what somebody asks about their data, how it stands, and when an answer is due (art. 12 GDPR, R-001 to R-012)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from bloesem.law.model import Law
from bloesem.law.periods import answer_due, belgian_holidays, days_ahead, next_working_day
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
#: By which road it came. The clock starts at the first receipt, whoever received it (R-005, R-013).
CHANNELS: Final = ("page", "form", "email", "letter", "oral")
STATES: Final = (
    *("received", "asked", "identified", "waiting", "decided", "carried"),
    *("answered", "withdrawn", "closed"),
)
#: States in which nothing more follows.
ENDED: Final = ("answered", "withdrawn", "closed")
OUTCOMES: Final = ("granted", "partly", "refused")
#: Grounds of art. 17(1) and 18(1), by the letters of the law.
ERASURE_GROUNDS: Final = ("a", "b", "c", "d", "e", "f")
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
    holidays = holidays_from(received_on.year)
    raw = answer_due(law, received_on, holidays=holidays)
    longer = answer_due(
        law, received_on, holidays=holidays, extended=True, careful=deadlines.careful_extension
    )
    stopped = sum((max(0, (until - since).days) for since, until in stops), 0)
    due, last = (
        next_working_day(day + dt.timedelta(days=stopped), holidays=holidays) if stopped else day
        for day in (raw, longer)
    )
    counts = last if extended else due
    return Dues(
        raw=raw,
        due=due,
        extended=last,
        warn=days_ahead(counts, deadlines.warn_before),
        escalate=days_ahead(counts, deadlines.escalate_before),
        last_to_extend=due,
    )


@cache
def holidays_from(year: int) -> frozenset[dt.date]:
    """Belgian holidays of a year and the two after it: a case may end in any of them (R-004)."""
    return frozenset[dt.date]().union(*(belgian_holidays(one) for one in range(year, year + 3)))


__all__ = [
    "AUTOMATIC",
    "CHANNELS",
    "ENDED",
    "ERASURE_GROUNDS",
    "KINDS",
    "LANGUAGES",
    "OUTCOMES",
    "RESTRICTION_GROUNDS",
    "RIGHTS",
    "STATES",
    "Dues",
    "dues",
    "holidays_from",
]
