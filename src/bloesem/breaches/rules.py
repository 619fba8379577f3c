"""What the entries about a breach come to, what is owed and by when, and what may be written next. Pure; `now` is given.

R-011, R-043, R-044; art. 33, 34. The hours are plain: they run through nights, weekends and the change of the clocks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal
from zoneinfo import ZoneInfo

from bloesem.breaches.entries import (
    LONGEST,
    LOSSES,
    RISKS,
    BreachError,
    Closed,
    Contents,
    Described,
    Entry,
    Exempt,
    Judged,
    Letters,
    Notified,
    Recorded,
    Reopened,
    Supplemented,
    Whole,
)
from bloesem.law.model import Law
from bloesem.law.periods import breach_due
from bloesem.terms import add_period

BRUSSELS = ZoneInfo("Europe/Brussels")
#: What art. 33(3) asks of a notification that is whole, by the field that says it. The contact is the officer's, always.
WHOLE = ("categories", "groups", "people", "records", "consequences", "measures")
#: The first day on which a breach is one of this law (art. 99(2)).
APPLIES = dt.date(2018, 5, 25)
State = Literal["open", "to-notify", "notified", "whole", "unlikely", "closed"]
Owed = Literal["judge", "notify", "complete", "tell"]


@dataclass(frozen=True)
class Breach:
    """A breach as its entries leave it. `due`: until when the authority is told, in Brussels."""

    number: int
    recorded: Recorded
    due: dt.datetime
    entries: tuple[Entry, ...]
    described: Described = field(default_factory=Described)
    judged: Judged | None = None
    notified: Notified | None = None
    supplements: tuple[Supplemented, ...] = ()
    whole: bool = False
    letters: tuple[Letters, ...] = ()
    exempt: Exempt | None = None
    closed: Closed | None = None

    @property
    def state(self) -> State:
        if self.closed is not None:
            return "closed"
        if self.notified is not None:
            return "whole" if self.whole else "notified"
        if self.judged is None:
            return "open"
        return "unlikely" if self.judged.risk == "unlikely" else "to-notify"

    @property
    def owed(self) -> tuple[Owed, ...]:
        """What the law still asks, whoever thinks that it is over."""
        asked: list[Owed] = []
        if self.judged is None:
            asked.append("judge")
        if self.notified is None and (self.judged is None or self.judged.risk != "unlikely"):
            asked.append("notify")
        if self.notified is not None and not self.whole:
            asked.append("complete")
        if (
            self.judged is not None
            and self.judged.risk == "high"
            and not self.letters
            and self.exempt is None
        ):
            asked.append("tell")
        return tuple(asked)

    @property
    def missing(self) -> tuple[str, ...]:
        """What art. 33(3) asks and nobody said yet. No people is a number; nobody knows is none."""
        return tuple(name for name in WHOLE if getattr(self.described, name) in (None, "", ()))

    def left(self, now: dt.datetime) -> dt.timedelta | None:
        """How long until the authority must be told; negative, it is late; none: it is told, or need not be."""
        return self.due - now if "notify" in self.owed else None

    def late(self, now: dt.datetime) -> bool:
        left = self.left(now)
        return left is not None and left < dt.timedelta()


def breach(number: int, entries: Sequence[Entry], law: Law) -> Breach:
    """The entries of one breach, oldest first, taken together. raises: BreachError where the first is no record of it."""
    first = entries[0].said if entries else None
    if not isinstance(first, Recorded):
        raise BreachError(
            f"breach {number} begins with no record of what happened",
            "art. 33(5): every breach is documented",
            "look who wrote to the register beside Bloesem",
        )
    made = Breach(number, first, breach_due(law, first.aware_at.astimezone(BRUSSELS)), ())
    for entry in entries:
        made = replace(_with(made, entry.said), entries=(*made.entries, entry))
    return made


def _with(at: Breach, said: Contents) -> Breach:
    match said:
        case Described():
            known = {
                one.name: value for one in fields(said) if (value := getattr(said, one.name)) is not None
            }
            return replace(at, described=replace(at.described, **known))
        case Judged():
            return replace(at, judged=said)
        case Notified():
            return replace(at, notified=said)
        case Supplemented():
            return replace(at, supplements=(*at.supplements, said), whole=False)
        case Whole():
            return replace(at, whole=True)
        case Letters():
            return replace(at, letters=(*at.letters, said))
        case Exempt():
            return replace(at, exempt=said)
        case Closed():
            return replace(at, closed=said)
        case Reopened():
            return replace(at, closed=None)
        case Recorded():
            return at


# ---- what may be written -----------------------------------------------------------------------------------------------


def check(at: Breach | None, said: Contents, now: dt.datetime) -> None:
    """Whether an entry may be written now about a breach (none: a new one).

    raises: BreachError with every reason why not, so that a form can be mended at once."""
    wrong = list(_texts(said))
    wrong += list(_new(said, now)) if at is None else list(_next(at, said, now))
    if wrong:
        raise BreachError(
            "; ".join(what for what, _rule in wrong),
            "; ".join(dict.fromkeys(rule for _what, rule in wrong)),
            "mend it, and write the entry again: nothing was written",
        )


Wrong = tuple[str, str]


def _texts(said: Contents) -> Iterator[Wrong]:
    for one in fields(said):
        value = getattr(said, one.name)
        if isinstance(value, str) and len(value) > LONGEST:
            yield (
                f"`{one.name}` is longer than {LONGEST} characters",
                "the register holds what happened, not files",
            )
        if isinstance(value, str) and ("\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value)):
            yield f"`{one.name}` has a character that is no text", "the register is read by people"
        if isinstance(value, dt.datetime) and value.utcoffset() is None:
            yield f"`{one.name}` has no time zone", "R-011: hours are counted between moments"
        if isinstance(value, dt.datetime) and value.date() < APPLIES:
            yield f"`{one.name}` lies before {APPLIES}", "art. 99(2): the duty to notify began that day"
        if isinstance(value, int) and value < 0:
            yield f"`{one.name}` is negative", "art. 33(3)(a): a number of people, or of records"
    for name in ("what", "reason", "reference"):
        if not getattr(said, name, "-").strip():
            yield f"`{name}` is empty", "art. 33(5): facts, effects and measures are documented"


def _past(name: str, at: dt.datetime, now: dt.datetime) -> Iterator[Wrong]:
    if at.utcoffset() is not None and at > now:
        yield f"`{name}` lies ahead", "what is recorded has happened"


def _new(said: Contents, now: dt.datetime) -> Iterator[Wrong]:
    if not isinstance(said, Recorded):
        yield "there is no such breach", "art. 33(5): it is recorded first"
        return
    if not said.losses or not set(said.losses) <= set(LOSSES):
        yield f"what was lost is none of {', '.join(LOSSES)}", "art. 4(12)"
    yield from _past("aware_at", said.aware_at, now)
    yield from _past("discovered_at", said.discovered_at, now)
    if (said.processor is None) != (said.told_at is None):
        yield "`processor` and `told_at` belong together", "art. 33(2): the processor told us, at a moment"
    aware = [("discovered_at", said.discovered_at)]
    aware += [("told_at", said.told_at)] if said.told_at is not None else []
    zoned = (
        all(moment.utcoffset() is not None for _name, moment in aware)
        and said.aware_at.utcoffset() is not None
    )
    if zoned and said.discovered_at > said.aware_at:
        yield (
            "`aware_at` lies before `discovered_at`",
            "art. 33(1): nobody is aware of what was not discovered",
        )
    if said.told_at is not None and zoned and said.aware_at > said.told_at:
        yield (
            "`aware_at` lies after `told_at`",
            "EDPB 9/2022: a controller is aware at the latest when its processor has told it",
        )


def _next(at: Breach, said: Contents, now: dt.datetime) -> Iterator[Wrong]:
    if isinstance(said, Recorded):
        yield "it is recorded already", "one breach, one record"
        return
    if at.closed is not None and not isinstance(said, Reopened):
        yield "it is closed", "what is closed is opened again first, with a reason"
        return
    match said:
        case Described():
            if all(getattr(said, one.name) is None for one in fields(said)):
                yield "nothing is said", "an entry says something"
        case Judged():
            if said.risk not in RISKS:
                yield f"the risk is none of {', '.join(RISKS)}", "art. 33(1), 34(1)"
        case Notified():
            yield from _notified(at, said, now)
        case Supplemented():
            yield from _supplemented(at, said, now)
        case Whole():
            if at.notified is None:
                yield "the authority was not told", "art. 33(4): what is notified is made whole"
            if at.missing:
                yield f"nobody said yet: {', '.join(at.missing)}", "art. 33(3): what a notification holds"
        case Letters():
            if said.people < 1:
                yield "nobody was chosen", "art. 34(1): those are told whom it may harm"
            if at.described.consequences is None or at.described.measures is None:
                yield "consequences or measures are not said yet", "art. 34(2), 33(3)(c), (d)"
        case Exempt():
            yield from _exempt(said)
        case Closed():
            if at.owed:
                yield f"still owed: {', '.join(at.owed)}", "art. 33, 34: it is closed when nothing is owed"
        case Reopened():
            if at.closed is None:
                yield "it is not closed", "what is open needs no opening"


def _notified(at: Breach, said: Notified, now: dt.datetime) -> Iterator[Wrong]:
    if at.notified is not None:
        yield "the authority was told already", "art. 33(4): more is a supplement"
        return
    yield from _past("told_at", said.told_at, now)
    if said.told_at.utcoffset() is None:
        return
    if said.told_at < at.recorded.aware_at:
        yield "`told_at` lies before we were aware", "art. 33(1)"
    late = said.told_at > at.due
    if late and not (said.late_reasons or "").strip():
        yield (
            f"it was told after {at.due.isoformat(timespec='minutes')}, and no reasons are given",
            "art. 33(1): a later notification comes with reasons for the delay",
        )
    if not late and said.late_reasons:
        yield "reasons for a delay that there was not", "art. 33(1)"


def _supplemented(at: Breach, said: Supplemented, now: dt.datetime) -> Iterator[Wrong]:
    if at.notified is None:
        yield "the authority was not told yet", "art. 33(4): a supplement follows a notification"
        return
    yield from _past("told_at", said.told_at, now)
    if said.told_at.utcoffset() is not None and said.told_at < at.notified.told_at:
        yield "`told_at` lies before the notification", "art. 33(4)"


def _exempt(said: Exempt) -> Iterator[Wrong]:
    if said.ground not in ("encrypted", "later-measures", "disproportionate"):
        yield "that is no exception", "art. 34(3): encryption, later measures, disproportionate effort"
    if (said.ground == "disproportionate") != bool((said.notice or "").strip()):
        yield (
            "`notice` belongs to a disproportionate effort, and to no other exception",
            "art. 34(3)(c): then there is a public communication instead",
        )


def kept_through(at: Breach, period: str) -> dt.date | None:
    """The last civil day on which a breach is in the register: its period from the day on which it was closed. None: it is
    open, and stays. in: `period`, of what the law keeps for accountability (P5Y)."""
    if at.closed is None:
        return None
    last = max(entry.at for entry in at.entries if isinstance(entry.said, Closed))
    return add_period(last.astimezone(BRUSSELS).date(), period)


def urgent_first(found: Iterable[Breach]) -> list[Breach]:
    """Those of which the authority must be told first, by their hour; then what is open; then what is closed."""
    return sorted(
        found, key=lambda one: (one.state == "closed", "notify" not in one.owed, one.due, one.number)
    )


__all__ = [
    "BRUSSELS",
    "WHOLE",
    "Breach",
    "Owed",
    "State",
    "breach",
    "check",
    "kept_through",
    "urgent_first",
]
