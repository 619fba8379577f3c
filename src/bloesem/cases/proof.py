"""Proof of an erasure before it is answered: every value of every table that is kept is searched for what identified them.

What identified them is known before the erasure alone. It is sealed into the case in the erasure's own transaction, under a
key that is in no database, and forgotten when nothing more is found. One pass looks for all who wait for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from bloesem.cases.case import Bench, Case
from bloesem.errors import GateError, RightsError
from bloesem.rights.guarded import left
from bloesem.rights.identifiers import Identifier
from bloesem.rights.keeping import NoRecord
from bloesem.rights.keys import Keys
from bloesem.rights.record import sought
from bloesem.rights.residue import Residue, search
from bloesem.rights.world import Person
from bloesem.stores import facts as stored

#: Bloesem's own schema of other people's databases: names under keyed hashes, and what is sealed.
_HASHED = "rights."


@dataclass
class Sealing(NoRecord):
    """What an act on the case leaves behind: whom to look for. in: the connection of the act is the bench's."""

    bench: Bench
    case: Case
    keys: Keys = field(repr=False)

    def begun(
        self, kind: str, plan: str, people: Sequence[Person], transaction: str
    ) -> AbstractContextManager[None]:
        if kind == "erase":
            texts = [json.dumps([one.kind, one.value]) for person in people for one in sought(person)]
            self.bench.connection.execute(
                f"UPDATE {self.bench.s}.request_case SET sought = COALESCE(sought, '{{}}') || %s::bytea[]"
                " WHERE id = %s".encode(),
                [self.keys.current.seal(texts, _about(self.case.number)), self.case.id],
            )
        return nullcontext()


def _about(number: str) -> str:
    return f"case {number}"


@dataclass(frozen=True)
class Waiting:
    """An erasure that was carried out, and is not proven. `sought`: sealed."""

    id: int
    number: str
    person: int
    language: str
    sought: Sequence[bytes] = field(repr=False)


@dataclass
class Prover:
    """in: a keeper's connection that commits each statement by itself, outside any transaction."""

    bench: Bench
    keys: Keys = field(repr=False)

    def run(self) -> None:
        """One pass for all that wait; what it found is written into each case. raises: StoreError, GateError."""
        waiting = [Waiting(*row) for row in self._rows()]
        if waiting:
            for one, said in self._proven(waiting):
                over = not said["left"] and not said["unread"]
                self.bench.connection.execute(
                    f"UPDATE {self.bench.s}.request_case SET residue = %s,"
                    " sought = CASE WHEN %s THEN NULL ELSE sought END WHERE id = %s".encode(),
                    [Jsonb(said), over, one.id],
                )

    def result(self, case: Case) -> Mapping[str, Any] | None:
        """What the pass found after this case; None before there was one."""
        row = self.bench.connection.execute(
            f"SELECT residue FROM {self.bench.s}.request_case WHERE id = %s".encode(), [case.id]
        ).fetchone()
        found: Mapping[str, Any] | None = row[0] if row else None
        return found

    def _rows(self) -> list[tuple[Any, ...]]:
        return self.bench.connection.execute(
            f"SELECT id, number, person_id, language, sought FROM {self.bench.s}.request_case"
            " WHERE state = 'carried' AND asked = 'erasure' AND sought IS NOT NULL AND residue IS NULL"
            " AND NOT params ? 'failed' ORDER BY id".encode()
        ).fetchall()

    def _proven(self, waiting: Sequence[Waiting]) -> Iterator[tuple[Waiting, dict[str, Any]]]:
        """What is found of several at once is looked for again for each: nobody's answer waits for somebody else's."""
        people = {one.id: frozenset({str(one.person)}) for one in waiting}
        names = [each for one in waiting for each in self._opened(one)]
        found = search(self.bench.connection, names)
        plan = self.bench.loaded.plan
        at = stored.moment(self.bench.connection, plan)
        residue, kept = left.judged(self.bench.connection, plan, found, people, at, waiting[0].language)
        if len(waiting) > 1 and residue.found:
            for one in waiting:
                yield from self._proven([one])
            return
        for one in waiting:
            yield one, self._said(one, residue, kept)

    def _said(self, one: Waiting, residue: Residue, kept: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Places and numbers, never a value or a key of a row."""
        return {
            "tables": residue.tables,
            "left": [_place(found.json()) for found in residue.found],
            "kept": [
                {**_place(found), "reason": found["reason"], "until": found["until"]}
                for found in kept
                if one.id in found["acts"]
            ],
            "unread": [
                {"table": each.table, "reason": each.reason}
                for each in residue.unread
                if not self._nobodys(each.table)
            ],
        }

    def _nobodys(self, table: str) -> bool:
        """Whether a table is a library's, which the map says holds nothing of anybody, or Bloesem's of hashes."""
        libraries = {
            f"{t.schema}.{t.name}" for t in self.bench.loaded.plan.open_tables if t.holds == "system"
        }
        return table.startswith(_HASHED) or table in libraries

    def _opened(self, one: Waiting) -> Iterator[Identifier]:
        for sealed in one.sought:
            for key in reversed(self.keys.all):
                try:
                    kind, value = json.loads(key.open(bytes(sealed), _about(one.number)))
                except GateError:
                    continue
                yield Identifier(kind, value, one.id)
                break
            else:
                raise GateError(
                    f"whom to look for after case {one.number} does not open with any key here",
                    "it was sealed under a key that is no longer in rights.keys",
                    "restore rights.keys from its backup; then try again",
                )


def _place(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("table", "column", "what", "rows")}


def clean(said: Mapping[str, Any]) -> None:
    """raises: RightsError for what is left, or was not looked at: nobody is answered before it is true."""
    if said["left"]:
        places = ", ".join(f"{one['table']}.{one['column']} ({one['rows']})" for one in said["left"])
        raise RightsError(
            f"after the erasure something that identifies them is left in {places}",
            "an erasure is answered when nothing is left (art. 17, P-157)",
            "say in the map whose these rows are, or take them away; then try again",
        )
    if said["unread"]:
        places = ", ".join(one["table"] for one in said["unread"])
        raise RightsError(
            f"it was not searched: {places}",
            "what was not read proves nothing (art. 5(2))",
            "let the keeper read them, or say in the map that they hold nothing of anybody; then try again",
        )


__all__ = ["Prover", "Sealing", "clean"]
