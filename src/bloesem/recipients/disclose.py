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

from bloesem.gate.logbook import as_login
from bloesem.gate.opening import Opened, purpose
from bloesem.gate.served import Gate, gate_of
from bloesem.plan.dates import civil
from bloesem.recipients import delivery as giving
from bloesem.recipients import outbox
from bloesem.recipients.delivery import DisclosureError, Listed
from bloesem.recipients.export import Piece, manifest, pieces
from bloesem.recipients.ready import Ready, call, decided, said_of, write_down
from bloesem.recipients.writing import Given, write

if TYPE_CHECKING:
    from bloesem.policy.company import Company


@dataclass(frozen=True)
class Disclosed:
    """What went. `directory`: where the files are; `people`: whose data is in them; `left_out`: of those who were asked
    for, how many are not, by reason; `due`: what has to come back by then. Of a `dry` run,
    and where there is nothing to give, the number is 0, and nothing is there."""

    number: int
    directory: Path
    people: frozenset[int]
    rows: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    back: str | None = None
    due: dt.date | None = None
    dry: bool = False


class _NothingGoesError(Exception):
    """Everything was found out; nothing is kept of it: it was to be counted alone, or there is nothing to give."""

    def __init__(self, done: Disclosed) -> None:
        super().__init__()
        self.done = done


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

    def decide(self) -> Ready:
        """As things stand at this moment. Raises `DisclosureError`."""
        ready = decided(
            self.company(),
            civil(self.clock()),
            self.key,
            self.purpose,
            self.fields,
            self.gate.plan,
            assignment=self.assignment,
            people=self.people,
            who=self.who,
        )
        giving.check_file(ready.delivery, self.key, ready.recipient.kind)
        return ready


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
    ending: dt.date | None = None,
    since: dt.date | None = None,
    dry_run: bool = False,
) -> Disclosed:
    """Give a recipient its fields of these people for a purpose, as files in a directory of their own below `to`.

    in: `company` reads the register, and is asked before and after, as is `clock` (aware moments); `fields`, fewer than
    the recipient may have; `assignment`, `actor`, `case`, `second` as kind and purpose ask for them.
    `ending`: of a delivery that ends with its rows, those of that last day.
    `since`: of a delivery with letters, documents of that civil day or later.
    `dry_run`: all of it is found out, and nothing is left or recorded; so too where nobody has anything that may go: who
    got nothing owes nothing back.
    Raises `DisclosureError`, also where register or day changed while it was read; `GateError` as `gate.purpose` does.
    Nothing is then there, and nothing recorded.
    """
    gate = gate_of(using)
    whom = sorted(set(people))
    some = tuple(fields) if fields is not None else None
    export = _Export(company, clock, recipient, for_, some, assignment, gate, len(whom), (actor, second))
    ready = export.decide()
    giving.check_since(ready.delivery, recipient, since)
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
                given, files, without, last = write(
                    *(opened, part, wanted, references, ready.delivery, ready.recipient.form.format, listed),
                    *(ready.policy.language, ending, ready.decision.today, nonce, since),
                )
                ready = replace(ready, ends_on=last)
                number, whose = _record(export, opened, part, nonce, given, files, references, ready)
                left_out = {} if ready.delivery.through else _left_out(len(whom), len(whose), listed, without)
                rows = sum(file["rows"] for file in files)
                done = Disclosed(
                    *(number, to / _final(number), frozenset(whose), rows, left_out),
                    *(ready.delivery.back, ready.due),
                )
                if dry_run or not files:
                    raise _NothingGoesError(done)
                recorded = True
                if actor is not None:
                    opened.reads(whose)
        except _NothingGoesError as found:
            outbox.drop(part)
            return replace(found.done, number=0, dry=dry_run)
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
            cursor.execute(call(gate, "SELECT {}.disclosure_known(%s)"), [digest])
            row = cursor.fetchone()
        if row is None or row[0] is None:
            return None
        return _final(row[0])

    return outbox.settle(to, committed)


def _final(number: int) -> str:
    return f"disclosure-{number}"


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
            call(opened.gate, "SELECT {}.hold_still(%s, %s::bigint[], %s)"),
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
    before: Ready,
) -> tuple[int, set[int]]:
    """Decides once more, and writes manifest and disclosure. out: its number, and whose data it has."""
    now = export.decide()
    if not now.same(before):
        raise DisclosureError(
            f"the day or the register changed while `{export.key}` was read for",
            "P-136: what goes is decided for the day, and on the terms, on which it goes",
            "run it again: nothing was disclosed",
        )
    now = replace(now, ends_on=before.ends_on)
    about = opened.gate.plan.purpose(now.reads)
    whose = {person for _, people in given.values() for person in people}
    said = manifest(
        key=export.key,
        recipient=now.recipient,
        decision=now.decision,
        policy=now.policy,
        ground=f"{about.basis}, art. {about.article}",
        assignment=export.assignment,
        nonce=nonce,
        people=len(whose),
        files=files,
        delivery=now.delivery,
        due=now.due,
    )
    for file in said["files"]:
        if "table" in file:
            file["table"] = file["table"].name
    digest = outbox.write_manifest(part, said)
    row = said_of(now, about, export.assignment, said["rows"], export.who)
    return write_down(opened, now.reads, row, digest, now.decision.until, given, references), whose


__all__ = ["Disclosed", "DisclosureError", "disclose", "settle"]
