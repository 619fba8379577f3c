"""How each recipient stands on a day: for each purpose and assignment, allowed or not, and what ends when. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bloesem.policy.checks import covers, reads_category
from bloesem.recipients.conditions import Condition
from bloesem.recipients.decide import DEAL, Decision, Shape, may_disclose, part_of, parts_of
from bloesem.recipients.model import Assignment, Recipient
from bloesem.terms import add_period

if TYPE_CHECKING:
    from bloesem.policy.company import Company
    from bloesem.policy.model import Policy

#: What is said of one thing that is asked for, not of the recipient: it says nothing of one that is not asked.
_OF_THE_ASKED = frozenset({"purpose", "fields"})


@dataclass(frozen=True)
class Standing:
    """One thing that a recipient could be given on a day. `fields`: all categories that it could have for it; `purpose`
    empty: it is registered for none, and gets nothing of a database."""

    recipient: str
    purpose: str
    assignment: str | None
    fields: tuple[str, ...]
    decision: Decision

    @property
    def allowed(self) -> bool:
        return bool(self.purpose) and self.decision.allowed

    @property
    def reasons(self) -> tuple[Condition, ...]:
        return of_recipient(self.decision.reasons) if not self.purpose else self.decision.reasons


def of_recipient(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Those that are about the recipient itself."""
    return tuple(one for one in conditions if one.kind not in _OF_THE_ASKED)


def fields_for(
    policy: Policy, recipient: Recipient, purpose: str, task: Assignment | None = None
) -> tuple[str, ...]:
    """All categories that a recipient could have for a purpose: on its list, of its kind, of its task, read by the part."""
    kind = policy.recipients[recipient.kind]
    part = part_of(policy, purpose)
    reads = kind.reads or (
        task.fields or () if task is not None and kind.assignment in ("request", "deal") else ()
    )
    return tuple(
        category
        for category in policy.categories
        if covers(recipient.fields, category)
        and covers(reads, category)
        and (part is None or reads_category(part, category))
        and (task is None or task.fields is None or covers(task.fields, category))
    )


def standings(company: Company, policy: Policy, today: dt.date) -> list[Standing]:
    """Of every recipient of the record. Of assignments, those that are not over, and nothing where all are."""
    return [one for key in company.record.recipients for one in standing_of(company, policy, key, today)]


def standing_of(company: Company, policy: Policy, key: str, today: dt.date) -> list[Standing]:
    recipient = company.record.recipients[key]
    kind = policy.recipients.get(recipient.kind)
    running: list[str | None] = [None]
    if kind is not None and kind.assignment is not None:
        running = [name for name, task in recipient.assignments.items() if task.last >= today] or [None]
    wanted = [
        part for part in _in_order(policy) if kind and part in parts_of(policy, recipient.purposes)
    ] or [""]
    return [_standing(company, policy, key, part, name, today) for part in wanted for name in running]


def _in_order(policy: Policy) -> Iterator[str]:
    for row in policy.purposes.values():
        yield from row.parts
    yield DEAL


def _standing(
    company: Company, policy: Policy, key: str, part: str, assignment: str | None, today: dt.date
) -> Standing:
    recipient = company.record.recipients[key]
    task = recipient.assignments.get(assignment) if assignment is not None else None
    fields = fields_for(policy, recipient, part, task) if recipient.kind in policy.recipients else ()
    shape: Shape = "aggregated" if task and task.deal and task.deal.phase == "preparation" else "full"
    decision = may_disclose(company, policy, key, part, fields, today, assignment=assignment, shape=shape)
    return Standing(key, part, assignment, fields, decision)


def warned_until(company: Company, today: dt.date) -> dt.date:
    """The last day that whoever keeps the record is told of today."""
    rules = company.record.recipient_rules
    return add_period(today, rules.warn_before) if rules is not None else today


__all__ = ["Standing", "fields_for", "of_recipient", "standing_of", "standings", "warned_until"]
