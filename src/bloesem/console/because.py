"""Which promise of the text says why: one mechanism for every page.

From a reason (a word of `plan.calculus`, or of a refusal) and what it is about (a part, a column, a clock) to the
promises that say it. What the text does not say has no quote. Which promise says what, the company writes in
`console.yaml` under `says`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable

from bloesem.console.company import Company
from bloesem.plan.model import CONSENT, Clock, ColumnPlan, PurposePlan

Promises = tuple[str, ...]
#: Reasons that are a term: begun, running or over.
_TERMS = ("runs", "ended")
#: Of these a purpose of the law says itself why: its article.
_THE_LAWS = (*_TERMS, "held", "no-hold", "not-started", "no-date")
#: Days with the events of a person; consent for a part is `consent.given:part`.
Events = Collection[tuple[dt.date, str]]


def promises(
    company: Company,
    why: str,
    part: str,
    *,
    column: ColumnPlan | None = None,
    clocks: Iterable[Clock] = (),
    narrow: Promises = (),
) -> Promises:
    """What the text says for `why`, the narrowest first; nothing where it says nothing.

    in: `part`, of the policy or a scoped role; `column`, that was asked for; `clocks`, those that it is about (else all
    of the part); `narrow`, promises of what narrowed the row.
    """
    purpose = company.plan.by_key.get(part)
    if purpose is not None and purpose.of == "law" and why in _THE_LAWS:
        return ()
    if why == "narrowed":
        return narrow
    if why in _TERMS:
        ran = tuple(clocks) or (purpose.clocks if purpose is not None else ())
        return _each(company.says.clocks.get(clock.after, ()) for clock in ran)
    reasons = company.says.reasons
    keys = [why] if purpose is None else [f"{why}:{purpose.basis}", f"{why}:{purpose.objection}", why]
    general = next((reasons[key] for key in keys if key in reasons), ())
    if why == "column-not-needed" and column is not None:
        return _each([_of_column(company, part, column), general])
    return general


def of_law(company: Company, why: str, part: str) -> bool:
    """Whether it is an article of law that says why, not the text."""
    purpose = company.plan.by_key.get(part)
    return purpose is not None and purpose.of == "law" and why in _THE_LAWS


def _of_column(company: Company, part: str, column: ColumnPlan) -> Promises:
    """The narrower promise about one of the column's categories, where it is about this part."""
    for rule in company.says.columns:
        if (not rule.parts or part in rule.parts) and any(
            category == key or category.startswith(f"{key}.")
            for category in column.categories
            for key in rule.data_categories
        ):
            return rule.promises
    return ()


def scope(company: Company, role: str) -> Promises:
    """What the text says of the rows that a scoped role sees."""
    return company.says.scopes.get(role, ())


def clock_that_ran(purpose: PurposePlan, since: dt.date | None, events: Events) -> tuple[Clock, ...]:
    """The clock that started on `since`, by the events of that day; all of the purpose, where none is known."""
    for clock in _with_fallbacks(purpose.clocks):
        begins = f"{CONSENT}:{purpose.key}" if clock.after == CONSENT else clock.after
        if since is not None and (since, begins) in events:
            return (clock,)
    return purpose.clocks


def _with_fallbacks(clocks: Iterable[Clock]) -> Iterable[Clock]:
    for clock in clocks:
        yield clock
        if clock.fallback is not None:
            yield from _with_fallbacks([clock.fallback])


def _each(several: Iterable[Promises]) -> Promises:
    return tuple(dict.fromkeys(promise for one in several for promise in one))


def named(company: Company) -> Promises:
    """All that the company's file names: a loader holds them to the list of promises."""
    says = company.says
    return _each(
        [
            *says.reasons.values(),
            *says.clocks.values(),
            *says.scopes.values(),
            *(c.promises for c in says.columns),
        ]
    )
