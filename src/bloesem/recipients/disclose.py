"""Gives a recipient what it may have, and nothing else, through the gate: all of it, recorded, or nothing.

Refuses first; then opens the purpose, reads the recipient's columns of rows that the purpose may use, writes rows and
manifest, decides again, and records of each person what went, in the one transaction of the reads.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import sql

from bloesem.gate.logbook import as_login
from bloesem.gate.opening import Opened, purpose
from bloesem.gate.served import Gate, gate_of
from bloesem.plan.dates import civil
from bloesem.recipients import outbox
from bloesem.recipients.export import Piece, manifest, pieces
from bloesem.recipients.ready import DisclosureError, Given, Ready, call, decided, said_of, write_down

if TYPE_CHECKING:
    from bloesem.policy.company import Company

#: Rows that are read at once.
BATCH = 5_000


@dataclass(frozen=True)
class Disclosed:
    """What went. `directory`: where the files are; `people`: whose data is in them."""

    number: int
    directory: Path
    people: frozenset[int]
    rows: int


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

    def decide(self) -> Ready:
        """As things stand at this moment. Raises `DisclosureError`."""
        return decided(
            self.company(),
            civil(self.clock()),
            self.key,
            self.purpose,
            self.fields,
            self.gate.plan.version,
            assignment=self.assignment,
            people=self.people,
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
) -> Disclosed:
    """Give a recipient its fields of these people for a purpose, as files in a directory of their own below `to`.

    in: `company` reads the register, and is asked before and after, as is `clock` (aware moments); `fields`, fewer than
    the recipient may have; `assignment`, `actor`, `case`, `second` as kind and purpose ask for them.
    Raises `DisclosureError`, also where register or day changed while it was read; `GateError` as `gate.purpose` does.
    Nothing is then there, and nothing recorded.
    """
    gate = gate_of(using)
    whom = sorted(set(people))
    some = tuple(fields) if fields is not None else None
    export = _Export(company, clock, recipient, for_, some, assignment, gate, len(whom))
    ready = export.decide()
    wanted = _pieces(gate, for_, ready.fields)
    settle(to, using=using)
    nonce = uuid.uuid4().hex
    with outbox.begun(to, nonce) as part:
        recorded = False
        try:
            with purpose(for_, using=using, actor=actor, case=case, second=second) as opened:
                service = ready.policy.recipients[ready.recipient.kind].service
                references = _numbered(_hold_still(opened, for_, whom, service))
                given, files = _write(opened, part, wanted, references, ready.recipient.form.format)
                number, whose = _record(export, opened, part, nonce, given, files, references, ready)
                recorded = True
                if actor is not None:
                    opened.reads(whose)
        except BaseException:
            if not recorded:
                outbox.drop(part)  # where it was, the commit may have come through: `settle` asks
            raise
        directory = outbox.name(part, _final(number))
    return Disclosed(number, directory, frozenset(whose), sum(file["rows"] for file in files))


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


def _write(
    opened: Opened, part: Path, wanted: list[Piece], references: dict[int, int], form: str
) -> tuple[Given, list[dict[str, Any]]]:
    """Only what has rows is a file, and only of those who have any was anything given."""
    given: dict[str, tuple[list[str], set[int]]] = {}
    files = []
    for piece in wanted:
        opened.touched = True
        whose: set[int] = set()
        name = piece.table.name if len(piece.table.owners) == 1 else f"{piece.table.name}-{piece.owner}"
        path = part / f"{name}.{form}"
        digest, rows = outbox.write_rows(
            path, ("person", *piece.columns), _rows(opened, piece, references, whose), form
        )
        if not rows:
            path.unlink()
            continue
        columns, people = given.setdefault(piece.table.name, ([], set()))
        columns += piece.columns
        people |= whose
        files.append(
            {
                "file": path.name,
                "sha256": digest,
                "rows": rows,
                "table": piece.table,
                "columns": piece.columns,
            }
        )
    return given, files


def _rows(
    opened: Opened, piece: Piece, references: dict[int, int], whose: set[int]
) -> Iterator[tuple[Any, ...]]:
    """The piece's rows of these people that the purpose may use now. `whose` gets those who have any."""
    from django.db import connections

    raw = connections[opened.using].connection
    names = sql.SQL(", ").join(map(sql.Identifier, piece.columns))
    owner = sql.Identifier(piece.owner)
    query = sql.SQL(
        "SELECT {owner}, {names} FROM {table} WHERE {owner} = ANY (%s) AND num_nonnulls({names}) > 0"
    ).format(owner=owner, names=names, table=sql.Identifier(opened.target.name, piece.table.name))
    with raw.cursor(name=f"export_{piece.table.name}") as cursor:
        cursor.itersize = BATCH
        cursor.execute(query, [list(references)])
        for row in cursor:
            whose.add(row[0])
            yield (references[row[0]], *row[1:])


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
    recipient, decision = now.recipient, now.decision
    task = recipient.assignments.get(export.assignment or "")
    about = opened.gate.plan.purpose(export.purpose)
    ground = f"{about.basis}, art. {about.article}"
    whose = {person for _, people in given.values() for person in people}
    said = manifest(
        key=export.key,
        recipient=recipient,
        task=task,
        decision=decision,
        policy=now.policy,
        ground=ground,
        assignment=export.assignment,
        nonce=nonce,
        people=len(whose),
        files=files,
    )
    for file in said["files"]:
        file["table"] = file["table"].name
    digest = outbox.write_manifest(part, said)
    row = said_of(now, opened.gate.plan.purpose(export.purpose), export.assignment, said["rows"])
    return write_down(opened, export.purpose, row, digest, decision.until, given, references), whose


__all__ = ["Disclosed", "DisclosureError", "disclose", "settle"]
