"""What Bloesem's own database keeps of requests about people of a foreign store: facts under keyed hashes, and acts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bloesem.plan.model import Fact, FactKind
from bloesem.rights.home import Rights
from bloesem.rights.identifiers import KINDS, Identifier, usable
from bloesem.rights.judge import ME
from bloesem.rights.world import Person, Ref
from bloesem.stores.postgres import Connection

#: After so long an act that has written nothing is taken to be dead.
AT_WORK = dt.timedelta(hours=1)


def identifiers(person: Person) -> list[Identifier]:
    """Everything by which a person is known again: the rows that are them, and what identifies nobody else."""
    found = [Identifier("customer", " ".join((table, *key))) for table, key in sorted(person.roots)]
    return [*found, *sought(person)]


def sought(person: Person) -> list[Identifier]:
    """What identifies a person in any text: a row's number does not."""
    named = [
        Identifier(kind, value)
        for kind in KINDS
        if kind not in ("name", "address")
        for value in sorted(person.identities.get(kind, ()))
    ]
    return [one for one in named if usable(one)]


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

    def __post_init__(self) -> None:
        self.rights.connection.execute("SET synchronous_commit = off")

    def facts(self, people: Sequence[Person]) -> Sequence[Sequence[Fact]]:
        """Of many people only those are asked about of whom anything is known."""
        names = [self.rights.keys.person(self.store, identifiers(person)) for person in people]
        known: set[bytes] = set()
        if len(people) > 1:
            rows = self.rights.connection.execute(
                "SELECT unnest(person) FROM rights.fact WHERE store = %s AND person && %s::bytea[]",
                [self.store, [name for one in names for name in one]],
            ).fetchall()
            known = {bytes(row[0]) for row in rows}
        return [
            self.rights.facts(self.store, identifiers(person), ME)
            if len(people) == 1 or known & set(mine)
            else []
            for person, mine in zip(people, names, strict=True)
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
        with self._surely():
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
        with self._surely():
            for number in numbers:
                self.rights.close(number, self.clock())
        return len(numbers)

    def begin(self, kind: str, plan: str, people: Sequence[Person]) -> None:
        now = self.clock()
        # On disk with `under`, which is before the act commits.
        self.act = self.rights.begin(self.store, kind, plan, self.policy, now)
        if kind == "erase":
            wanted = [one for person in people for one in sought(person)]
            if wanted:
                roots = [key[0] for person in people for _, key in sorted(person.roots)]
                self.rights.seek(self.store, wanted, self.act, now, rows=roots if self.guarded else ())

    def under(self, transaction: str) -> None:
        with self._surely():
            self.rights.under(self.act, transaction)

    def finish(self, done: bool, counts: Mapping[str, Mapping[str, int]]) -> None:
        # Lost with a machine that falls, it is asked of the store again: `settle`.
        self.rights.finish(self.act, "done" if done else "failed", self.clock(), counts)

    @contextmanager
    def _surely(self) -> Iterator[None]:
        """What commits inside is on disk, and all that committed before."""
        self.rights.connection.execute("SET synchronous_commit = on")
        yield
        self.rights.connection.execute("SET synchronous_commit = off")

    def settle(self, connection: Connection) -> int:
        """Asks the foreign server of acts that were cut off how they ended. out: how many are known now."""
        settled = 0
        for act in self.rights.open_acts(self.store):
            ended = None
            if act.transaction:
                row = connection.execute("SELECT txid_status(%s::bigint)", [act.transaction]).fetchone()
                ended = row[0] if row else None
            # Without a transaction nothing was written: it is said before the act commits. Whoever is that far is at work.
            working = act.transaction is None and self.clock() - act.began_at < AT_WORK
            if working or ended == "in progress" or (act.transaction and ended is None):
                continue
            self.rights.finish(act.number, "done" if ended == "committed" else "failed", self.clock())
            settled += 1
        return settled
