"""What every disclosure does, be it a file or a page: decide on the terms of this moment, and write down who got what.

`disclose` gives files; `live` shows what a recipient reads now. Both refuse by one decision, and leave the same evidence.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.types.json import Jsonb

from bloesem.errors import BloesemError
from bloesem.gate.logbook import as_login
from bloesem.gate.opening import Opened
from bloesem.gate.served import Gate
from bloesem.recipients.decide import Decision, may_disclose
from bloesem.recipients.export import ends_of, transfers_of
from bloesem.recipients.register import fields_for

if TYPE_CHECKING:
    from bloesem.plan.model import PurposePlan
    from bloesem.policy.company import Company
    from bloesem.policy.model import Policy
    from bloesem.recipients.model import Recipient

#: People that are recorded at once.
BATCH = 5_000

#: Per table: its columns, and the people of whom any of them was given.
Given = Mapping[str, tuple[Sequence[str], AbstractSet[int]]]


class DisclosureError(BloesemError):
    """Nothing goes: each reason on a line, the first one's rule and remedy."""


@dataclass(frozen=True)
class Ready:
    """A decision that allows, and the terms on which it does."""

    policy: Policy
    recipient: Recipient
    decision: Decision
    fields: tuple[str, ...]

    def same(self, other: Ready) -> bool:
        """Whether nothing of the register, the day or the fields is otherwise."""
        mine, others = self.decision, other.decision
        return (self.recipient, self.fields, mine.today, mine.until, transfers_of(mine)) == (
            *(other.recipient, other.fields, others.today, others.until, transfers_of(others)),
        )


def decided(
    company: Company,
    today: dt.date,
    key: str,
    for_: str,
    fields: Sequence[str] | None,
    version: dt.date,
    *,
    assignment: str | None = None,
    people: int | None = None,
) -> Ready:
    """in: `fields`, or none: all that it may have; `version`, of the plan in force. Raises `DisclosureError`."""
    policy = company.in_force(today)
    known = company.record.recipients.get(key)
    task = known.assignments.get(assignment or "") if known else None
    asked = tuple(fields) if fields is not None else ()
    if fields is None and known is not None and known.kind in policy.recipients:
        asked = fields_for(policy, known, for_, task)
    decision = may_disclose(company, policy, key, for_, asked, today, assignment=assignment, people=people)
    if known is None or not decision.allowed:
        raise _refused(decision)
    if policy.version != version:
        raise DisclosureError(
            f"the plan in force is of {version}, and the policy of {today} is of {policy.version}",
            "P-173: every decision cites the version in force",
            "put the policy's plan in force (bloesem plan --apply), and start this process anew",
        )
    return Ready(policy, known, decision, asked)


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


def said_of(ready: Ready, about: PurposePlan, assignment: str | None, rows: int) -> dict[str, Any]:
    """What the register of disclosures says of one."""
    recipient = ready.recipient
    ends = ends_of(recipient.assignments.get(assignment or ""))
    return {
        "recipient": ready.decision.recipient,
        "name": recipient.name,
        "kind": recipient.kind,
        "ground": f"{about.basis}, art. {about.article}",
        "assignment": assignment,
        "transfers": transfers_of(ready.decision),
        "rows": rows,
        "ends": ends.isoformat() if ends else None,
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
    """The disclosure, and of whom it has which columns, in the transaction of the reads. out: its number."""
    from django.db import connections

    connection: Any = connections[opened.using]
    with as_login(connection) as cursor:
        cursor.execute(
            call(opened.gate, "SELECT {}.record_disclosure(%s, %s, %s, %s)"),
            [for_, Jsonb(dict(row)), digest, last],
        )
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
