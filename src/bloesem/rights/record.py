"""What Bloesem's own database keeps of requests about people of a foreign store: facts under keyed hashes, and acts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bloesem.errors import LedgerError
from bloesem.plan.model import Fact, FactKind
from bloesem.rights.home import Rights, as_array
from bloesem.rights.identifiers import KINDS, TOGETHER, Identifier, IdentifierError, normal, words
from bloesem.rights.judge import ME
from bloesem.rights.world import Person, Ref
from bloesem.stores.postgres import Connection

#: After so long an act that has written nothing is taken to be dead.
AT_WORK = dt.timedelta(hours=1)
_ALONE = tuple(kind for kind in KINDS if kind not in TOGETHER)


def identifiers(person: Person) -> list[Identifier]:
    """Everything by which a person is known again: the rows that are them, and what identifies nobody else."""
    return [*rows(person), *sought(person)]


def rows(person: Person) -> list[Identifier]:
    """The rows that are a person, as what identifies them."""
    return [Identifier("customer", " ".join((table, *key))) for table, key in sorted(person.roots)]


def sought(person: Person) -> list[Identifier]:
    """What identifies a person in any text: a row's number does not, nor a name or an address without the other."""
    return [one for one, _ in spelled(person)]


def spelled(person: Person) -> list[tuple[Identifier, str]]:
    """The same, each with the spelling under which it is found again; what people typed for want of one is left out."""
    found = []
    mine = person.identities
    for kind in _ALONE if len(mine) > 1 else [kind for kind in mine if kind in _ALONE]:
        values = mine.get(kind, ())
        for value in sorted(values) if len(values) > 1 else values:
            one = Identifier(kind, value)
            try:
                found.append((one, normal(one)))
            except IdentifierError:
                continue
    if person.addressed:
        found += [(one, normal(one)) for one in person.addressed]
    return found


def _rows_spelled(person: Person) -> list[tuple[str, str]]:
    """Kind and spelling of the rows that are a person: `normal` of each of `rows`, which is its words in one."""
    return [
        ("customer", _named(table) + "".join([_in_one(part) for part in key]))
        for table, key in (sorted(person.roots) if len(person.roots) > 1 else person.roots)
    ]


def _in_one(text: str) -> str:
    return text.lower() if text.isascii() and text.isalnum() else "".join(words(text))


@lru_cache(1024)
def _named(table: str) -> str:
    return _in_one(table)


@dataclass
class HomeRecord:
    """in: Bloesem's own database, the digest of the store, the version of the policy; `guarded`: the store's masks say what
    is lawfully kept of somebody, so that a residue pass asks for whom."""

    rights: Rights
    store: str
    policy: str
    clock: Callable[[], dt.datetime]
    guarded: bool = False
    act: int = field(default=0, init=False)
    _next: int | None = field(default=None, init=False)
    _recorded: bool = field(default=False, init=False)
    _sought: tuple[Sequence[Person], list[list[tuple[Identifier, str]]]] = field(
        default=((), []), init=False, repr=False
    )

    def _identifiers(self, people: Sequence[Person]) -> list[list[tuple[Identifier, str]]]:
        """What identifies each in any text, as `spelled`, made out once for each request."""
        if self._sought[0] is not people:
            self._sought = people, [spelled(person) for person in people]
        return self._sought[1]

    def facts(self, people: Sequence[Person]) -> Sequence[Sequence[Fact]]:
        """Of many people only those are asked about of whom anything is known."""
        keys = self.rights.keys
        names = [
            keys.people(self.store, [*_rows_spelled(person), *[(one.kind, said) for one, said in more]])
            for person, more in zip(people, self._identifiers(people), strict=True)
        ]
        if len(people) == 1:
            return [self.rights.facts_of(self.store, names[0], ME)]
        found = self.rights.connection.execute(
            "SELECT unnest(person) FROM rights.fact WHERE store = %s AND person && %s::text::bytea[]",
            [self.store, as_array([name for one in names for name in one])],
        ).fetchall()
        if not found:
            return [()] * len(people)
        known = {bytes(row[0]) for row in found}
        return [
            self.rights.facts_of(self.store, mine, ME) if not known.isdisjoint(mine) else [] for mine in names
        ]

    def number(self, ref: Ref) -> int:
        return self.rights.keys.row(self.store, *ref)

    def note(
        self,
        person: Person,
        kind: FactKind,
        key: str,
        *,
        ended: bool = False,
        row: Ref | None = None,
        held_by: str | None = None,
        reason: str | None = None,
        review_on: dt.date | None = None,
    ) -> int:
        """Records one fact about a person from now on, or one that ends now. out: its number."""
        now = self.clock()
        return self.rights.record(
            self.store,
            identifiers(person),
            kind,
            key,
            now,
            ends_at=now if ended else None,
            row=row,
            held_by=held_by,
            reason=reason,
            review_on=review_on,
        )

    def close(self, person: Person, kind: FactKind, key: str, row: Ref | None = None) -> int:
        """Ends all open facts of one kind about a person, or about one row of theirs. out: how many."""
        numbers = self.rights.numbers(self.store, identifiers(person), kind, key, row)
        for number in numbers:
            self.rights.close(number, self.clock())
        return len(numbers)

    @contextmanager
    def begun(self, kind: str, plan: str, people: Sequence[Person], transaction: str) -> Iterator[None]:
        self.act = self._next or self.rights.draw()
        self._next, self._recorded = None, False
        wanted = [one for named in self._identifiers(people) for one, _ in named] if kind == "erase" else []
        with self.rights.begun(
            self.act,
            self.store,
            kind,
            plan,
            self.policy,
            self.clock(),
            transaction=transaction,
            identifiers=wanted,
            rows=[key[0] for person in people for _, key in sorted(person.roots)]
            if wanted and self.guarded
            else (),
        ):
            yield
        self._recorded = True

    def finish(self, done: bool, counts: Mapping[str, Mapping[str, int]]) -> None:
        try:
            self._next = self.rights.finish(self.act, "done" if done else "failed", self.clock(), counts)
        except LedgerError:
            if self._recorded:
                raise  # otherwise it never came to be recorded: nothing of it is open

    def did(self, tables: Mapping[str, Mapping[str, Any]], told: Sequence[Mapping[str, Any]]) -> None:
        """What an act counts is recorded when it ends."""

    def settle(self, connection: Connection) -> int:
        """Asks the foreign server of acts that were cut off how they ended. out: how many are known now."""
        settled = 0
        for act in self.rights.open_acts(self.store):
            ended = None
            if act.transaction:
                row = connection.execute("SELECT txid_status(%s::bigint)", [act.transaction]).fetchone()
                ended = row[0] if row else None
            # Of an older version, begun without a transaction, nothing was written; or it was at work yet.
            working = act.transaction is None and self.clock() - act.began_at < AT_WORK
            if working or ended == "in progress" or (act.transaction and ended is None):
                continue
            self.rights.finish(act.number, "done" if ended == "committed" else "failed", self.clock())
            settled += 1
        return settled
