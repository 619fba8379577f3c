"""What every disclosure does, be it a file or a page: decide on the terms of this moment, and write down who got what.

`disclose` gives files; `live` shows what a recipient reads now. Both refuse by one decision, and leave the same evidence.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from bloesem.gate.logbook import as_login
from bloesem.gate.opening import Opened
from bloesem.gate.served import Gate
from bloesem.plan.sql.disclosure import OVERDUE
from bloesem.recipients import delivery as giving
from bloesem.recipients.decide import Decision, may_disclose
from bloesem.recipients.delivery import DisclosureError
from bloesem.recipients.export import transfers_of
from bloesem.recipients.register import fields_for

if TYPE_CHECKING:
    from bloesem.plan.model import Plan, PurposePlan
    from bloesem.policy.company import Company
    from bloesem.policy.model import Policy
    from bloesem.recipients.model import Assignment, Delivery, Recipient

#: People that are recorded at once.
BATCH = 5_000

#: Per table: its columns, and the people of whom any of them was given.
Given = Mapping[str, tuple[Sequence[str], AbstractSet[int]]]


@dataclass(frozen=True)
class Ready:
    """A decision that allows, and the terms on which it does."""

    policy: Policy
    recipient: Recipient
    decision: Decision
    fields: tuple[str, ...]
    delivery: Delivery
    task: Assignment | None
    reads: str  # the purpose through which it is read: its own, unless totals are shown
    ends_on: dt.date | None = (
        None  # of a delivery that ends with its rows: their last day, once they were read
    )

    def same(self, other: Ready) -> bool:
        """Whether nothing of the register, the day or the fields is otherwise."""
        return self._terms() == other._terms()

    def _terms(self) -> tuple[object, ...]:
        said = self.decision
        return (self.recipient, self.delivery, self.fields, said.today, said.until, transfers_of(said))

    @property
    def due(self) -> dt.date | None:
        """The last day on which what is given now has to come back, or may be used."""
        if self.delivery.ends == "record":
            return self.ends_on
        return giving.due_by(self.delivery, self.task, self.decision.today)


def decided(
    company: Company,
    today: dt.date,
    key: str,
    for_: str,
    fields: Sequence[str] | None,
    plan: Plan,
    *,
    assignment: str | None = None,
    people: int | None = None,
    who: tuple[str | None, str | None] = (None, None),
) -> Ready:
    """in: `fields`, or none: all that it may have; `plan`, the one in force; `who` gives it, and who agreed. Raises
    `DisclosureError`."""
    policy = company.in_force(today)
    known = company.record.recipients.get(key)
    task = known.assignments.get(assignment or "") if known else None
    asked = tuple(fields) if fields is not None else ()
    if fields is None and known is not None and known.kind in policy.recipients:
        asked = fields_for(policy, known, for_, task)
    how = giving.delivery_of(company.record, known) if known is not None else None
    decision = may_disclose(
        company,
        policy,
        key,
        for_,
        asked,
        today,
        assignment=assignment,
        shape="aggregated" if how is not None and how.shows == "totals" else "full",
        people=people,
    )
    if known is None or how is None or not decision.allowed:
        raise _refused(decision)
    if policy.version != plan.version:
        raise DisclosureError(
            f"the plan in force is of {plan.version}, and the policy of {today} is of {policy.version}",
            "P-173: every decision cites the version in force",
            "put the policy's plan in force (bloesem plan --apply), and start this process anew",
        )
    about = plan.purpose(how.through or for_)
    giving.check(how, key, known.kind, for_, who, objection=about.objection)
    return Ready(policy, known, decision, asked, how, task, about.key)


def _refused(decision: Decision) -> DisclosureError:
    first = decision.reasons[0]
    said = "\n".join(str(one) for one in decision.reasons)
    return DisclosureError(
        f"nothing goes to `{decision.recipient}` for `{decision.purpose}` on {decision.today}: {said}",
        first.rule,
        first.remedy,
    )


def call(gate: Gate, query: str) -> sql.Composed:
    return sql.SQL(query).format(sql.Identifier(gate.plan.schema))


def said_of(
    ready: Ready,
    about: PurposePlan,
    assignment: str | None,
    rows: int,
    who: tuple[str | None, str | None] = (None, None),
) -> dict[str, Any]:
    """What the register of disclosures says of one."""
    request = ready.task.request if ready.task else None
    return {
        "recipient": ready.decision.recipient,
        "name": ready.recipient.name,
        "kind": ready.recipient.kind,
        "ground": f"{about.basis}, art. {about.article}",
        "assignment": assignment,
        "transfers": transfers_of(ready.decision),
        "rows": rows,
        "ends": ready.due.isoformat() if ready.due else None,
        "back": ready.delivery.back,
        "purges": ready.delivery.purges,
        "certified": ready.delivery.certificate,
        "decided_by": [one for one in who if one],
        "silence": request.silence_on(ready.decision.today) if request else None,
    }


def write_down(
    opened: Opened,
    for_: str,
    row: Mapping[str, Any],
    digest: bytes,
    last: dt.date | None,
    given: Given,
    references: Mapping[int, int],
) -> int:
    """The disclosure, and of whom it has which columns, in the transaction of the reads. out: its number. Raises
    `DisclosureError` where the recipient keeps what it had to give back."""
    from django.db import connections

    connection: Any = connections[opened.using]
    with as_login(connection) as cursor:
        try:
            cursor.execute(
                call(opened.gate, "SELECT {}.record_disclosure(%s, %s, %s, %s)"),
                [for_, Jsonb(dict(row)), digest, last],
            )
        except psycopg.Error as fault:
            if fault.sqlstate != OVERDUE:
                raise
            raise DisclosureError(
                f"nothing goes to `{row['recipient']}`: what it was given earlier is overdue, and nobody confirmed its end",
                "P-116, P-117, P-120, P-121; art. 28(3)(g): returned, destroyed or dispatched by its day, with a proof",
                "see `bloesem recipients due`, ask for the proof, and write it down",
            ) from None
        made = cursor.fetchone()
        assert made is not None
        number = int(made[0])
        query = call(opened.gate, "SELECT {}.record_disclosed(%s, %s, %s, %s::bigint[], %s::integer[])")
        for table, (columns, whose) in given.items():
            people = sorted(whose)
            for start in range(0, len(people), BATCH):
                some = people[start : start + BATCH]
                cursor.execute(query, [number, table, list(columns), some, [references[one] for one in some]])
    return number


__all__ = ["DisclosureError", "Given", "Ready", "call", "decided", "said_of", "write_down"]
