"""What must be so before anything goes to a recipient: whether it holds on a day, and until when. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Condition:
    """One thing that must be so on a civil day.

    `thing`: what it is about; `fault`: what is wrong with it, empty where it holds. `last`: the last day on which it
    holds, where that is known. `blocks`: false where it is told and refuses nothing.
    """

    kind: str
    thing: str
    rule: str
    remedy: str
    fault: str = ""
    last: dt.date | None = None
    blocks: bool = True

    @property
    def holds(self) -> bool:
        return not self.fault

    def __str__(self) -> str:
        return f"{self.thing} {self.fault or 'is in order'}"


@dataclass(frozen=True)
class Subject:
    """What conditions are said of: one thing with its rule and remedy. Makes the conditions."""

    kind: str
    thing: str
    rule: str
    remedy: str
    blocks: bool = True

    def holds(self, last: dt.date | None = None) -> Condition:
        return Condition(self.kind, self.thing, self.rule, self.remedy, "", last, self.blocks)

    def fails(self, fault: str) -> Condition:
        return Condition(self.kind, self.thing, self.rule, self.remedy, fault, None, self.blocks)

    def when(self, so: object, fault: str) -> Condition:
        """Holds when `so` is true, whatever the day."""
        return self.holds() if so else self.fails(fault)

    def during(self, today: dt.date, first: dt.date | None, last: dt.date | None) -> Condition:
        """Holds from `first` through `last`, inclusive; no `first`: it never began."""
        if first is None:
            return self.fails("has no first day")
        if today < first:
            return self.fails(f"counts from {first}")
        if last is not None and today > last:
            return self.fails(f"ended on {last}")
        return self.holds(last)


def failing(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Those that do not hold and block."""
    return tuple(one for one in conditions if one.blocks and not one.holds)


def until(conditions: Iterable[Condition]) -> dt.date | None:
    """The last day through which all that block still hold, of conditions that hold; none: no end is known."""
    return min((one.last for one in conditions if one.blocks and one.last is not None), default=None)


__all__ = ["Condition", "Subject", "failing", "until"]
