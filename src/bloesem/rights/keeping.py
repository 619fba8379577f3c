"""What a desk asks of whoever keeps facts and acts about people of a foreign store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol

from bloesem.plan.model import Fact
from bloesem.rights.world import Person, Ref


class Record(Protocol):
    """What Bloesem's own database keeps about people of a foreign store."""

    def facts(self, people: Sequence[Person]) -> Sequence[Sequence[Fact]]:
        """Objections, restrictions, holds …, about each person or about rows of theirs."""

    def number(self, ref: Ref) -> int:
        """The number of a row in facts about it."""

    def begin(self, kind: str, plan: str, people: Sequence[Person]) -> None:
        """Before the first row is written."""

    def under(self, transaction: str) -> None:
        """In which transaction of the foreign server; said before it commits."""

    def finish(self, done: bool, counts: Mapping[str, Mapping[str, int]]) -> None: ...


class NoRecord:
    """Nothing is kept: for whom no facts are recorded, and who needs no proof of acts."""

    def facts(self, people: Sequence[Person]) -> Sequence[Sequence[Fact]]:
        return [()] * len(people)

    def number(self, ref: Ref) -> int:
        return int.from_bytes(hashlib.sha256(repr(ref).encode()).digest()[:7], "big")

    def begin(self, kind: str, plan: str, people: Sequence[Person]) -> None: ...
    def under(self, transaction: str) -> None: ...
    def finish(self, done: bool, counts: Mapping[str, Mapping[str, int]]) -> None: ...
