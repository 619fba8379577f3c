"""Why a row of somebody is there: the calculus's own words, for a person to read.

The masks say *that* a purpose may read or must keep a row; `plan.calculus` says why and until when. Both follow from the
same facts, and are held equal by tests.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bloesem.plan import calculus
from bloesem.plan.calculus import Verdict
from bloesem.plan.model import Fact, Plan, TablePlan
from bloesem.rights.guarded.rows import Item
from bloesem.rights.judge import reason


@dataclass(frozen=True)
class Keeping:
    """What still keeps a row for somebody: the purposes, the longest of them in words, and its last day."""

    purposes: tuple[str, ...]
    reason: str
    until: dt.date | None


class Why:
    """Explains the rows of some people at one moment. in: all facts of each of them."""

    def __init__(
        self, plan: Plan, facts: Mapping[int, Sequence[Fact]], now: dt.datetime, language: str
    ) -> None:
        self.plan, self.now, self.language = plan, now, language
        self.standings = {
            number: Standing(
                calculus.person(plan, own, now), tuple(f for f in own if f.table and f.holds(now))
            )
            for number, own in facts.items()
        }
        self.facts = [fact for own in facts.values() for fact in own]
        self._since = {p.since for p in plan.purposes if p.since}

    def verdicts(self, item: Item, owners: Sequence[int]) -> tuple[Verdict, ...]:
        """What each purpose that reads the table may do with the row, as far as these of its owners go: those that the row
        has a part of are all among the people asked about."""
        found = [self._of(item, item.owners[i]) for i in owners]
        return found[0] if len(found) == 1 else tuple(v for one in found for v in one)

    def keeping(self, item: Item, owners: Sequence[int], purposes: int = -1) -> Keeping | None:
        """What keeps it, among these purposes; None when nothing of theirs does."""
        keeping = [
            v for v in self.verdicts(item, owners) if v.keep and purposes & self.plan.purpose(v.purpose).mask
        ]
        if not keeping:
            return None
        ends = [v.until for v in keeping]
        until = None if None in ends else max(end for end in ends if end is not None)
        longest = next(v for v in keeping if v.until == until)
        named = tuple(dict.fromkeys(v.purpose for v in keeping))
        return Keeping(named, reason(self.plan, longest, self.language), until)

    def _of(self, item: Item, owner: int | None) -> tuple[Verdict, ...]:
        standing = self.standings[owner or 0]
        table, values = item.table, item.decides
        items = [f for f in standing.items if f.table == table.name and f.row == item.key[0]]
        alike = (table.name, tuple(map(id, items)), *self._alike(table, standing.state, values))
        if alike not in standing.said:
            standing.said[alike] = tuple(self._judged(table, values, standing.state, items))
        return standing.said[alike]

    def _judged(
        self, table: TablePlan, values: Mapping[str, Any], state: calculus.Person, items: Sequence[Fact]
    ) -> Iterator[Verdict]:
        """As the calculus says. Of what the law's ceiling closed and does not delete, the last day is the one on which it
        goes, not the one on which it was read last."""
        judged = calculus.judge(self.plan, table, values, state, items, self.now)
        if any(v.keep and v.why == "ceiling" for v in judged.values()):
            bare = calculus.judge(self.plan, replace(table, ceilings=()), values, state, items, self.now)
            judged = {
                key: replace(v, until=bare[key].until) if v.keep and v.why == "ceiling" else v
                for key, v in judged.items()
            }
        yield from judged.values()

    def _alike(self, table: TablePlan, state: calculus.Person, values: Mapping[str, Any]) -> list[Any]:
        """By what rows differ in the eyes of the calculus."""
        recorded = values.get(table.recorded) if table.recorded else None
        marks = (state.epoch, state.erased_at, *self._since)
        steps = [(recorded < mark, recorded <= mark) for mark in marks if mark] if recorded else [None]
        narrow = [str(values.get(n.when.column)) for n in table.narrow if n.when]
        return [values.get(table.record_date or ""), *steps, *narrow]


@dataclass
class Standing:
    """How one person stands. `said`: rows alike are judged once."""

    state: calculus.Person
    items: tuple[Fact, ...]
    said: dict[tuple[Any, ...], tuple[Verdict, ...]] = field(default_factory=dict)


def unused(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """Purposes that keep and may not read, with the calculus's word for why."""
    return {v.purpose: v.why for v in verdicts if v.keep and not v.use}


def held(verdicts: Sequence[Verdict]) -> list[str]:
    """The holds that are on it."""
    return sorted({v.purpose for v in verdicts if v.keep and v.why == "held"})
