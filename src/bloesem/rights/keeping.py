"""What a desk asks of whoever keeps facts and acts about people of a foreign store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from bloesem.plan.model import Fact
from bloesem.rights.world import Person, Ref


class Record(Protocol):
    """What Bloesem's own database keeps about people of a foreign store."""

    def facts(self, people: Sequence[Person]) -> Sequence[Sequence[Fact]]:
        """Objections, restrictions, holds …, about each person or about rows of theirs."""

    def number(self, ref: Ref) -> int:
        """The number of a row in facts about it."""

    def begun(
        self, kind: str, plan: str, people: Sequence[Person], transaction: str
    ) -> AbstractContextManager[None]:
        """An act is recorded, with its transaction of the foreign server, while what is inside is done; it is on disk at the
        end, before that commits."""

    def finish(self, done: bool, counts: Mapping[str, Mapping[str, int]]) -> None: ...

    def did(self, tables: Mapping[str, Mapping[str, Any]], told: Sequence[Mapping[str, Any]]) -> None:
        """Within the transaction of an act on a database of ours, when all of it is written: what it did to which rows, and
        which recipients are told of it."""


class NoRecord:
    """Nothing is kept: for whom no facts are recorded, and who needs no proof of acts."""

    def facts(self, people: Sequence[Person]) -> Sequence[Sequence[Fact]]:
        return [()] * len(people)

    def number(self, ref: Ref) -> int:
        return int.from_bytes(hashlib.sha256(repr(ref).encode()).digest()[:7], "big")

    def begun(
        self, kind: str, plan: str, people: Sequence[Person], transaction: str
    ) -> AbstractContextManager[None]:
        return nullcontext()

    def finish(self, done: bool, counts: Mapping[str, Mapping[str, int]]) -> None: ...

    def did(self, tables: Mapping[str, Mapping[str, Any]], told: Sequence[Mapping[str, Any]]) -> None: ...
