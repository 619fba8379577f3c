"""Why a purpose ends on a table: its terms as policy and law say them, with promise, article and line of the
text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bloesem.plan.model import CONSENT, RECORD, Clock, PurposePlan, TablePlan


@dataclass(frozen=True)
class Reason:
    """`terms`: what ends it, e.g. `P1Y after account.terminated`; `lines`: of the policy's text; `promises`:
    ids."""

    terms: tuple[str, ...]
    basis: str
    article: str
    promises: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()

    def __str__(self) -> str:
        sources = [*self.promises, *(f"line {n}" for n in self.lines), f"art. {self.article}"]
        return f"{'; or '.join(self.terms)} ({', '.join(sources)})"

    def json(self) -> dict[str, Any]:
        return {
            "terms": list(self.terms),
            "basis": self.basis,
            "article": self.article,
            "promises": list(self.promises),
            "lines": list(self.lines),
        }


def reason(table: TablePlan, purpose: PurposePlan) -> Reason:
    """Everything that can end `purpose` on a row of `table` by the passing of time."""
    terms = [_term(clock) for clock in purpose.clocks]
    if purpose.hold:
        terms.append("the hold was released")
    if not purpose.stored:
        terms.append("what it reads is kept for other purposes only")
    if not purpose.active:
        terms.append(f"switched off: {purpose.why_off or 'retired'}")
    terms += [f"at most {c.period} ({c.article}, {c.key})" for c in table.ceilings if c.mask & purpose.mask]
    return Reason(tuple(terms), purpose.basis, purpose.article, purpose.promises, purpose.lines)


def _term(clock: Clock) -> str:
    span = "" if clock.period == "P0D" else f"{clock.period} after "
    if clock.after == RECORD:
        start = "the end of the record's year" if clock.end_of_year else "the record's date"
        only = [f"from {clock.records_from}"] if clock.records_from else []
        only += [f"until {clock.records_until}"] if clock.records_until else []
        return f"{span or 'on '}{start}" + (f", records {' '.join(only)}" if only else "")
    if clock.after == CONSENT:
        return f"{span}consent was given"
    if not span:
        return f"the day of {clock.after}"
    year = "the end of the year of " if clock.end_of_year else ""
    fallback = f", else {_term(clock.fallback)}" if clock.fallback else ""
    return f"{span}{year}{clock.after}{fallback}"
