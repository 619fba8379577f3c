"""What is proposed for a database: of each table, link and column what it is, its ground and how sure that is.

Nothing here is a decision: what would let somebody be erased carries `decide` until a person has taken it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bloesem.discover.catalogue import At

Kind = Literal["owner", "shared", "reference"]
Holds = Literal["people", "personal", "reference", "system"]

#: From here on a proposal stands as written, with one question: is it so? Below it, no choice is written.
SURE = 0.8


@dataclass(frozen=True)
class Choice:
    """One way to read something: what would be written in the map for it."""

    says: Mapping[str, Any]
    because: str
    confidence: float


@dataclass(frozen=True)
class FieldProposal:
    """`category`: what is proposed, None where nothing personal was found. `decide`: while that is unsure; a category beside
    it is the proposal. `erased`: what an erased value becomes, where it cannot be empty; `masked`: each gets a mask of its
    own instead. `hidden`: nobody is shown it. `among`: its table's words, where they alone say what is proposed."""

    name: str
    category: str | None = None
    identity: str | None = None
    because: str = ""
    confidence: float = 1.0
    primary_key: bool = False
    erased: str | None = None
    masked: bool = False
    hidden: bool = False
    among: tuple[str, ...] = ()
    decide: tuple[Choice, ...] = ()
    fields: tuple[FieldProposal, ...] = ()


@dataclass(frozen=True)
class LinkProposal:
    """`kind`: None while unsure. `to`: the table that `columns` point to, unless they hold what identifies a `person`."""

    columns: tuple[str, ...]
    to: At | None
    kind: Kind | None
    because: str
    confidence: float
    of: tuple[str, ...] = ()
    person: str | None = None
    belongs: Literal["this", "that"] = "this"
    when: tuple[str, str | int] | None = None  # a column, and what it says
    redact: tuple[str, ...] = ()
    erase: tuple[str, ...] = ()
    placeholder: int | str | None = None  # what stands for nobody in a column that cannot be empty
    decide: tuple[Choice, ...] = ()

    @property
    def erases(self) -> bool:
        return self.kind != "reference"

    @property
    def may_erase(self) -> bool:
        """Whether it makes somebody an owner or lets them share, or an alternative does."""
        return self.erases and (self.kind is not None or any("kind" in choice.says for choice in self.decide))


@dataclass(frozen=True)
class TableProposal:
    """`holds`: None while unsure. `why`: for tables that hold nobody."""

    at: At
    holds: Holds | None
    because: str
    confidence: float
    fields: tuple[FieldProposal, ...]
    links: tuple[LinkProposal, ...] = ()
    categories: tuple[str, ...] = ()
    decide: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """`copies`: materialized views, which hold copies until they are refreshed. `unread`: tables judged by names alone.
    `declare`: lines for the policy, of categories that stand here and that it lacks."""

    database: str
    tables: tuple[TableProposal, ...]
    copies: tuple[At, ...] = ()
    unread: Mapping[At, str] = field(default_factory=dict)
    declare: tuple[str, ...] = ()

    @property
    def undecided(self) -> int:
        """How many questions the map asks."""
        return sum(
            bool(t.decide)
            + sum(bool(x.decide) for x in t.links)
            + sum(bool(f.decide) for f in within(t.fields))
            for t in self.tables
        )


def within(fields: Sequence[FieldProposal]) -> Iterator[FieldProposal]:
    """Fields, and the places within documents."""
    for one in fields:
        yield one
        yield from within(one.fields)
