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

_NOTHING: Mapping[str, Any] = {"tables": 0, "left": [], "kept": [], "unread": []}

#: Bloesem's own schema of other people's databases: names under keyed hashes, and what is sealed.
_HASHED = "rights."


@dataclass
class Sealing(NoRecord):
    """What an act on the case leaves behind in the act's own transaction: what it did, for the answer, and after an erasure
    whom to look for. in: the connection of the act is the bench's."""

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

    def did(self, tables: Mapping[str, Mapping[str, Any]], told: Sequence[Mapping[str, Any]]) -> None:
        self.bench.connection.execute(
            f"UPDATE {self.bench.s}.request_case SET preview = %s WHERE id = %s".encode(),
            [Jsonb({"done": {"tables": counted(tables), "told": names(told)}}), self.case.id],
        )

    def before(self) -> dict[str, Any] | None:
        """What an act did that committed; None where none did."""
        row = self.bench.connection.execute(
            f"SELECT preview->'done' FROM {self.bench.s}.request_case WHERE id = %s".encode(), [self.case.id]
        ).fetchone()
        return dict(row[0]) if row and row[0] is not None else None


def counted(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What was done, without the keys of rows: numbers, and of what stays why and until when."""
    return {
        name: {
            "deleted": len(one["deleted"]),
            "changed": [{"columns": list(row["columns"])} for row in one["changed"]],
            "kept": [
                {"reason": row["reason"], "until": row["until"], "purposes": list(row.get("purposes", ()))}
                for row in one["kept"]
            ],
        }
        for name, one in tables.items()
    }


def names(told: Sequence[Mapping[str, Any]]) -> list[str]:
    """The recipients that are told of a change (art. 19), each once."""
    return list(dict.fromkeys(str(one.get("name") or one["recipient"]) for one in told))


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
        """One pass for all that wait; what it found is written into each case. For whom nobody can look, as what identified
        them does not open, it says that, and looks for the others. raises: StoreError."""
        waiting: list[Waiting] = []
        for one in [Waiting(*row) for row in self._rows()]:
            try:
                list(self._opened(one))
            except GateError as fault:
                self._write(one, {**_NOTHING, "unopened": fault.thing})
            else:
                waiting.append(one)
        if waiting:
            for one, said in self._proven(waiting):
                self._write(one, said)

    def _write(self, one: Waiting, said: Mapping[str, Any]) -> None:
        over = not said["left"] and not said["unread"] and "unopened" not in said
        self.bench.connection.execute(
            f"UPDATE {self.bench.s}.request_case SET residue = %s,"
            " sought = CASE WHEN %s THEN NULL ELSE sought END WHERE id = %s".encode(),
            [Jsonb(said), over, one.id],
        )

    def waiting(self) -> list[int]:
        """The cases for which a pass is still to be made."""
        return [row[0] for row in self._rows()]

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

    def _proven(
        self, waiting: Sequence[Waiting], *, again: bool = True
    ) -> Iterator[tuple[Waiting, dict[str, Any]]]:
        """What is found is looked for again for each: nobody's answer waits for somebody else's, and what was read may have
        gone by itself before it was judged (a contract that kept it ended meanwhile)."""
        people = {one.id: frozenset({str(one.person)}) for one in waiting}
        names = [each for one in waiting for each in self._opened(one)]
        found = search(self.bench.connection, names)
        plan = self.bench.loaded.plan
        at = stored.moment(self.bench.connection, plan)
        residue, kept = left.judged(self.bench.connection, plan, found, people, at, waiting[0].language)
        if again and residue.found:
            for one in waiting:
                yield from self._proven([one], again=len(waiting) > 1)
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
    """raises: RightsError for what is left, or was not looked at or for: nobody is answered before it is true."""
    if "unopened" in said:
        raise RightsError(
            str(said["unopened"]),
            "an erasure is answered when it is proven (art. 5(2), P-157)",
            "restore rights.keys from its backup; then try again",
        )
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


__all__ = ["Prover", "Sealing", "clean", "counted", "names"]
