"""What is written about a breach, as values. Moments are aware; numbers are estimates, none means that nobody knows yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from bloesem.errors import BloesemError

#: What was lost (art. 4(12)): who could read it, whether it is right, whether it is there.
Loss = Literal["confidentiality", "integrity", "availability"]
Risk = Literal["unlikely", "risk", "high"]
#: Why people need not be told one by one (art. 34(3)).
Exemption = Literal["encrypted", "later-measures", "disproportionate"]
LONGEST = 8000


class BreachError(BloesemError):
    """An entry that may not be written."""


@dataclass(frozen=True)
class Recorded:
    """A breach is there. `aware_at`: when we knew with reasonable certainty, from which the hours run. `processor`: the
    recipient of the register that had it and told us, at `told_at` (art. 33(2))."""

    what: str
    losses: tuple[Loss, ...]
    discovered_at: dt.datetime
    aware_at: dt.datetime
    processor: str | None = None
    told_at: dt.datetime | None = None


@dataclass(frozen=True)
class Described:
    """More is known (art. 33(3)); what is none stays as it was."""

    categories: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    people: int | None = None
    records: int | None = None
    consequences: str | None = None
    measures: str | None = None


@dataclass(frozen=True)
class Judged:
    """How likely a risk for people is, and why."""

    risk: Risk
    reason: str


@dataclass(frozen=True)
class Notified:
    """The authority was told, at `told_at`. `late_reasons`: why later than the hours allow (art. 33(1))."""

    told_at: dt.datetime
    reference: str
    late_reasons: str | None = None


@dataclass(frozen=True)
class Supplemented:
    """The authority was told more (art. 33(4)): the notification is not whole for that."""

    told_at: dt.datetime
    what: str


@dataclass(frozen=True)
class Whole:
    """The officer says that the notification is whole."""

    note: str = ""


@dataclass(frozen=True)
class Letters:
    """People were told (art. 34): how many were asked for, and to how many a letter goes."""

    template: str
    people: int
    allowed: int


@dataclass(frozen=True)
class Exempt:
    """Why people are not told one by one. `notice`: where all can read it, which a disproportionate effort asks for."""

    ground: Exemption
    reason: str
    notice: str | None = None


@dataclass(frozen=True)
class Closed:
    reason: str


@dataclass(frozen=True)
class Reopened:
    reason: str


Contents = (
    Recorded | Described | Judged | Notified | Supplemented | Whole | Letters | Exempt | Closed | Reopened
)
KINDS: dict[str, type[Any]] = {
    "recorded": Recorded,
    "described": Described,
    "risk": Judged,
    "notified": Notified,
    "supplemented": Supplemented,
    "whole": Whole,
    "letters": Letters,
    "exempt": Exempt,
    "closed": Closed,
    "reopened": Reopened,
}
_KIND_OF = {model: kind for kind, model in KINDS.items()}
LOSSES: tuple[Loss, ...] = get_args(Loss)
RISKS: tuple[Risk, ...] = get_args(Risk)
EXEMPTIONS: tuple[Exemption, ...] = get_args(Exemption)
_MOMENTS = ("discovered_at", "aware_at", "told_at")


@dataclass(frozen=True)
class Entry:
    """One entry, as it was written at `at` by `actor`."""

    number: int
    at: dt.datetime
    said: Contents
    actor: str

    @property
    def kind(self) -> str:
        return kind_of(self.said)


def kind_of(said: Contents) -> str:
    return _KIND_OF[type(said)]


def as_json(said: Contents) -> dict[str, Any]:
    """For the table; moments in ISO 8601."""
    return {
        key: value.isoformat() if isinstance(value, dt.datetime) else value
        for key, value in asdict(said).items()
        if value is not None
    }


def from_json(kind: str, told: dict[str, Any]) -> Contents:
    """raises: BreachError for what no version of Bloesem wrote."""
    model = KINDS.get(kind)
    known = {one.name for one in fields(model)} if model is not None else set()
    if model is None or not set(told) <= known:
        raise BreachError(
            f"the register of breaches has an entry `{kind}` that is not understood",
            "an entry is written by Bloesem, and never changed",
            "read it with the version that wrote it",
        )
    values = {
        key: dt.datetime.fromisoformat(value)
        if key in _MOMENTS
        else tuple(value)
        if isinstance(value, list)
        else value
        for key, value in told.items()
    }
    made: Contents = model(**values)
    return made


__all__ = [
    "EXEMPTIONS",
    "KINDS",
    "LONGEST",
    "LOSSES",
    "RISKS",
    "BreachError",
    "Closed",
    "Contents",
    "Described",
    "Entry",
    "Exempt",
    "Exemption",
    "Judged",
    "Letters",
    "Loss",
    "Notified",
    "Recorded",
    "Reopened",
    "Risk",
    "Supplemented",
    "Whole",
    "as_json",
    "from_json",
    "kind_of",
]
