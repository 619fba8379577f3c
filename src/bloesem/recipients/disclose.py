"""Gives a recipient what it may have, and nothing else, through the gate: all of it, recorded, or nothing.

Refuses first; then opens the purpose, reads the recipient's columns of rows that the purpose may use, writes rows and
manifest, decides again, and records of each person what went, in the one transaction of the reads.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from bloesem.gate.logbook import as_login
from bloesem.gate.opening import Opened, purpose
from bloesem.gate.served import Gate, gate_of
from bloesem.plan.dates import civil
from bloesem.plan.sql.disclosure import OVERDUE
from bloesem.recipients import delivery as giving
from bloesem.recipients import outbox
from bloesem.recipients.decide import Decision, may_disclose
from bloesem.recipients.delivery import DisclosureError, Listed
from bloesem.recipients.export import Piece, manifest, pieces, transfers_of
from bloesem.recipients.register import fields_for
from bloesem.recipients.writing import BATCH, Given, write

if TYPE_CHECKING:
    from bloesem.policy.company import Company
    from bloesem.policy.model import Policy
    from bloesem.recipients.model import Assignment, Delivery, Recipient


@dataclass(frozen=True)
class Disclosed:
    """What went. `directory`: where the files are; `people`: whose data is in them; `left_out`: of those who were asked
    for, how many are not, by reason; `due`: what has to come back by then. Of a `dry` run
    the number is 0, and nothing is there."""

    number: int
    directory: Path
    people: frozenset[int]
    rows: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    back: str | None = None
    due: dt.date | None = None
    dry: bool = False


class _DryError(Exception):
    """Everything was found out; nothing is kept of it."""

    def __init__(self, done: Disclosed) -> None:
        super().__init__()
        self.done = done


@dataclass(frozen=True)
class _Ready:
    """A decision that allows, and the terms on which it does."""

    policy: Policy
    recipient: Recipient
    decision: Decision
    fields: tuple[str, ...]
    delivery: Delivery
    task: Assignment | None
    reads: str  # the purpose through which it is read: its own, unless totals are shown

    def same(self, other: _Ready) -> bool:
        """Whether nothing of the register, the day or the fields is otherwise."""
        mine, others = self.decision, other.decision
        return (self.recipient, self.delivery, self.fields, mine.today, mine.until, transfers_of(mine)) == (
            *(
                other.recipient,
                other.delivery,
                other.fields,
                others.today,
                others.until,
                transfers_of(others),
            ),
        )


@dataclass
class _Export:
    company: Callable[[], Company]
    clock: Callable[[], dt.datetime]
    key: str
    purpose: str
    fields: tuple[str, ...] | None
    assignment: str | None
    gate: Gate
    people: int
    who: tuple[str | None, str | None] = (None, None)

    def decide(self) -> _Ready:
        """As things stand at this moment. Raises `DisclosureError`."""
        company, today = self.company(), civil(self.clock())
        policy = company.in_force(today)
        known = company.record.recipients.get(self.key)
        task = known.assignments.get(self.assignment or "") if known else None
        asked = self.fields
        if asked is None:
            registered = known is not None and known.kind in policy.recipients
            asked = fields_for(policy, known, self.purpose, task) if known and registered else ()
        how = giving.delivery_of(company.record, known) if known is not None else None
        decision = may_disclose(
            company,
            policy,
            self.key,
            self.purpose,
            asked,
            today,
            assignment=self.assignment,
            shape="aggregated" if how is not None and how.shows == "totals" else "full",
            people=self.people,
        )
        if known is None or how is None or not decision.allowed:
            raise _refused(decision)
        if policy.version != self.gate.plan.version:
            raise DisclosureError(
                f"the plan in force is of {self.gate.plan.version}, and the policy of {today} is of {policy.version}",
                "P-173: every decision cites the version in force",
                "put the policy's plan in force (bloesem plan --apply), and start this process anew",
            )
        about = self.gate.plan.purpose(how.through or self.purpose)
        giving.check(how, self.key, known.kind, self.purpose, self.who, objection=about.objection)
        return _Ready(policy, known, decision, asked, how, task, about.key)


def _refused(decision: Decision) -> DisclosureError:
    first = decision.reasons[0]
    said = "\n".join(str(one) for one in decision.reasons)
    return DisclosureError(
        f"nothing goes to `{decision.recipient}` for `{decision.purpose}` on {decision.today}: {said}",
        first.rule,
        first.remedy,
    )


def disclose(
    company: Callable[[], Company],
    recipient: str,
    for_: str,
    people: Iterable[int],
    *,
    to: Path,
    clock: Callable[[], dt.datetime],
    fields: Sequence[str] | None = None,
    assignment: str | None = None,
    using: str = "default",
    actor: str | None = None,
    case: int | None = None,
    second: str | None = None,
    dry_run: bool = False,
) -> Disclosed:
    """Give a recipient its fields of these people for a purpose, as files in a directory of their own below `to`.

    in: `company` reads the register, and is asked before and after, as is `clock` (aware moments); `fields`, fewer than
    the recipient may have; `assignment`, `actor`, `case`, `second` as kind and purpose ask for them.
    `dry_run`: all of it is found out, and nothing is left or recorded.
    Raises `DisclosureError`, also where register or day changed while it was read; `GateError` as `gate.purpose` does.
    Nothing is then there, and nothing recorded.
    """
    gate = gate_of(using)
    whom = sorted(set(people))
    some = tuple(fields) if fields is not None else None
    export = _Export(company, clock, recipient, for_, some, assignment, gate, len(whom), (actor, second))
    ready = export.decide()
    reads = ready.reads
    wanted = _pieces(gate, reads, ready.fields)
    settle(to, using=using)
    nonce = uuid.uuid4().hex
    with outbox.begun(to, nonce) as part:
        recorded = False
        try:
            by_case = (
                second if case is not None else None
            )  # where the gate asks for one; it stands in the disclosure too
            with purpose(reads, using=using, actor=actor, case=case, second=by_case) as opened:
                service = ready.policy.recipients[ready.recipient.kind].service
                known = _hold_still(opened, reads, whom, service)
                listed = giving.ask_door(opened, ready.delivery, for_, ready.task, wanted, known)
                references = _numbered(
                    [one for one in known if one in listed.people] if listed.asked else known
                )
                given, files, unusable = write(
                    opened, part, wanted, references, ready.delivery, ready.recipient.form.format, listed
                )
                number, whose = _record(export, opened, part, nonce, given, files, references, ready)
                left_out = (
                    {} if ready.delivery.through else _left_out(len(whom), len(whose), listed, unusable)
                )
                rows = sum(file["rows"] for file in files)
                due = giving.due_by(ready.delivery, ready.task, ready.decision.today)
                done = Disclosed(
                    *(number, to / _final(number), frozenset(whose), rows, left_out),
                    *(ready.delivery.back, due),
                )
                if dry_run:
                    raise _DryError(done)
                recorded = True
                if actor is not None:
                    opened.reads(whose)
        except _DryError as dry:
            outbox.drop(part)
            return replace(dry.done, number=0, dry=True)
        except BaseException:
            if not recorded:
                outbox.drop(part)  # where it was, the commit may have come through: `settle` asks
            raise
        outbox.name(part, done.directory.name)
    return done


def _left_out(asked: int, given: int, listed: Listed, unusable: Counter[str]) -> dict[str, int]:
    """Why whoever was asked for is not in it. What the door does not say of is not readable for the purpose."""
    found = Counter(listed.left_out) + unusable
    found[giving.NOT_READABLE] += max(0, asked - given - found.total())
    return {why: n for why, n in sorted(found.items()) if n}


def settle(to: Path, *, using: str = "default") -> list[Path]:
    """What a process that died left in a directory of exports: named where it was recorded, gone where it was not."""
    from django.db import connections, transaction

    gate, connection = gate_of(using), connections[using]

    def committed(digest: bytes) -> str | None:
        with transaction.atomic(using=using, durable=True), as_login(connection) as cursor:  # type: ignore[arg-type]
            cursor.execute(_call(gate, "SELECT {}.disclosure_known(%s)"), [digest])
            row = cursor.fetchone()
        if row is None or row[0] is None:
            return None
        return _final(row[0])

    return outbox.settle(to, committed)


def _final(number: int) -> str:
    return f"disclosure-{number}"


def _call(gate: Gate, query: str) -> sql.Composed:
    return sql.SQL(query).format(sql.Identifier(gate.plan.schema))


def _pieces(gate: Gate, for_: str, fields: Sequence[str]) -> list[Piece]:
    target = gate.resolve(for_)
    readable = {table.name: gate.grants(target, table.name).read for table in gate.plan.tables}
    found = list(pieces(gate.plan, fields, readable))
    if not found:
        raise DisclosureError(
            f"no column that `{for_}` reads has {', '.join(fields)}",
            "P-125: a recipient gets the fields on its list, where the map has them",
            "map the columns, or ask for other fields",
        )
    return found


# ---- reading and writing -------------------------------------------------------------------------------------------


def _hold_still(opened: Opened, for_: str, people: list[int], service: str | None) -> list[int]:
    """Those of the people who are known, and have the service that the kind is for; none of their facts changes now."""
    from django.db import connections

    connection: Any = connections[opened.using]
    with as_login(connection) as cursor:
        cursor.execute(
            _call(opened.gate, "SELECT {}.hold_still(%s, %s::bigint[], %s)"),
            [for_, people, service],
        )
        return [row[0] for row in cursor.fetchall()]


def _numbered(people: list[int]) -> dict[int, int]:
    """Each person's number in this file: of ours, and of the order in which they came, it says nothing."""
    numbers = list(range(1, len(people) + 1))
    random.SystemRandom().shuffle(numbers)
    return dict(zip(people, numbers, strict=True))


# ---- recording -----------------------------------------------------------------------------------------------------


def _record(
    export: _Export,
    opened: Opened,
    part: Path,
    nonce: str,
    given: Given,
    files: list[dict[str, Any]],
    references: dict[int, int],
    before: _Ready,
) -> tuple[int, set[int]]:
    """Decides once more, and writes manifest and disclosure. out: its number, and whose data it has."""
    now = export.decide()
    if not now.same(before):
        raise DisclosureError(
            f"the day or the register changed while `{export.key}` was read for",
            "P-136: what goes is decided for the day, and on the terms, on which it goes",
            "run it again: nothing was disclosed",
        )
    recipient, decision, task, how = now.recipient, now.decision, now.task, now.delivery
    due = giving.due_by(how, task, decision.today)
    about = opened.gate.plan.purpose(now.reads)
    ground = f"{about.basis}, art. {about.article}"
    whose = {person for _, people in given.values() for person in people}
    said = manifest(
        key=export.key,
        recipient=recipient,
        decision=decision,
        policy=now.policy,
        ground=ground,
        assignment=export.assignment,
        nonce=nonce,
        people=len(whose),
        files=files,
        delivery=how,
        due=due,
    )
    for file in said["files"]:
        file["table"] = file["table"].name
    digest = outbox.write_manifest(part, said)
    row = {
        **{
            name: said[name]
            for name in ("recipient", "name", "kind", "ground", "assignment", "transfers", "rows")
        },
        "ends": due.isoformat() if due else None,
        "back": how.back,
        "purges": how.purges,
        "decided_by": [one for one in export.who if one],
    }
    return _insert(opened, now.reads, row, digest, decision.until, given, references), whose


def _insert(
    opened: Opened,
    for_: str,
    row: dict[str, Any],
    digest: bytes,
    last: dt.date | None,
    given: Given,
    references: dict[int, int],
) -> int:
    from django.db import connections

    connection: Any = connections[opened.using]
    with as_login(connection) as cursor:
        try:
            cursor.execute(
                _call(opened.gate, "SELECT {}.record_disclosure(%s, %s, %s, %s)"),
                [for_, Jsonb(row), digest, last],
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
        query = _call(opened.gate, "SELECT {}.record_disclosed(%s, %s, %s, %s::bigint[], %s::integer[])")
        for table, (columns, whose) in given.items():
            people = sorted(whose)
            for start in range(0, len(people), BATCH):
                some = people[start : start + BATCH]
                cursor.execute(query, [number, table, columns, some, [references[one] for one in some]])
    return number


__all__ = ["Disclosed", "DisclosureError", "disclose", "settle"]
