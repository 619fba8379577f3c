"""Rows that can only go are deleted as they are found: one statement for all their tables, that says what was in them.

A row is read first so that somebody may decide about it, and so that an act is bound to what it said. Of a table whose
rows have one owner, and to which nothing points, only the policy decides, by a few columns: whether a row is kept. So its
rows are deleted, inside the transaction of the act, and come back as keys, versions, and what those columns held. Where the
policy would keep any, nothing was done: the transaction is undone, and begins again with those tables read first
(`Otherwise`).

The plan's hash is of the same rows either way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bloesem.rights.graph import Graph, Table
from bloesem.rights.world import Row, Shape

_INTEGERS = frozenset(["smallint", "integer", "bigint"])
#: Keys whose text is what Python reads, or as good as.
_KEYS = _INTEGERS | {"text", "character varying", "uuid"}
_BARE = _INTEGERS | {"uuid"}
_READERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(_INTEGERS, int),
    "boolean": lambda said: said[0] == "t",
}
#: Columns that decide, of which the text says all.
_DECIDING = _KEYS | {"boolean", "date", "timestamp with time zone", "timestamp without time zone"}


class Otherwise(Exception):  # noqa: N818 - nothing is wrong: rows are looked at before they go
    """Rows were taken that would be kept. `tables`: of which that is to be expected again; none, where it was of somebody's
    own."""

    def __init__(self, tables: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.tables = tables


@dataclass(frozen=True)
class Leaf:
    """A table whose rows are taken. `deciding`: the columns by which the policy tells them apart."""

    table: Table
    deciding: tuple[str, ...]

    def row(self, held: Sequence[Any]) -> Row:
        """One that stands for all whose deciding columns hold the same."""
        return Row(Shape(self.table.qualified, self.deciding, (), ()), (), [*held, ""])

    def taken(self, listed: str | None, versions: str | None, held: Sequence[Any] | None) -> Taken:
        """in: the keys of the rows, as an array (of JSON, where they are not `bare`); their versions, in that order, with
        spaces between; what the deciding columns held, each once: of one its values, of more the values of each; all as
        PostgreSQL writes it. None: no row."""
        if not listed or not versions:
            return Taken(self, (), (), ())
        keys = listed[1:-1].split(",") if self.bare else json.loads(listed)
        read = self._readers
        if len(read) == 1:
            found: list[tuple[Any, ...]] = [(None if one is None else read[0](one),) for one in held or ()]
        elif read:
            found = [tuple(v and r(v) for r, v in zip(read, one, strict=True)) for one in held or ()]
        else:
            found = [()]
        return Taken(self, keys, versions.split(" "), found)

    @cached_property
    def bare(self) -> bool:
        """Whether keys are numbers and the like, which an array has without quotes."""
        return _base(self.table, self.table.key[0]) in _BARE

    def told(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        """Rows by their keys, as their column holds them."""
        (key,) = self.table.key
        return [{key: one} for one in (map(int, keys) if self._number else keys)]

    @cached_property
    def _number(self) -> bool:
        return _base(self.table, self.table.key[0]) in _INTEGERS

    @cached_property
    def _readers(self) -> list[Callable[[str], Any]]:
        """Per deciding column: what its text stands for in Python."""
        return [_READERS.get(_base(self.table, one), str) for one in self.deciding]


@dataclass(frozen=True)
class Taken:
    """The rows of one table that were deleted: keys as text and their versions, as they were found; what the deciding
    columns held, each once."""

    leaf: Leaf
    keys: Sequence[str]
    found: Sequence[str]
    held: Sequence[tuple[Any, ...]]

    @property
    def name(self) -> str:
        return self.leaf.table.qualified

    @cached_property
    def versions(self) -> Mapping[str, str]:
        """By key, in the order of keys."""
        return dict(sorted(zip(self.keys, self.found, strict=True)))

    @property
    def told(self) -> list[dict[str, Any]]:
        return self.leaf.told(list(self.versions))


def leaves(graph: Graph, deciding: Mapping[str, frozenset[str]], read: Container[str]) -> Mapping[str, Leaf]:
    """in: per table, the columns by which the policy decides; `read`, tables whose rows say something about their person.
    out: the tables whose rows are taken."""
    found = {}
    for name in sorted(graph.sole):
        table, columns = graph.tables[name], tuple(sorted(deciding.get(name, ())))
        edges = graph.held[name]
        if (
            len(edges) == 1
            and edges[0].kind == "owner"
            and edges[0].when is None
            and not graph.pointing[name]
            and _plain(table)
            and name not in read
            and all(_base(table, one) in _DECIDING for one in columns)
        ):
            found[name] = Leaf(table, columns)
    return found


def _plain(table: Table) -> bool:
    """Whether a DELETE does what it says, all of it, and nothing else."""
    live = table.live
    odd = live.rules or live.triggers or live.partitioned or live.inherited or live.hidden
    sure = len(table.key) == 1 and table.key == live.key and _base(table, table.key[0]) in _KEYS
    return live.writable and live.readable and sure and not odd and not table.column(table.key[0]).folds


def _base(table: Table, column: str) -> str:
    one = table.column(column)
    return one.base or one.type
