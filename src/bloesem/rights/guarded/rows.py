"""The rows of a guarded database in which some people have a part, as they stand: masks, and which values are there.

One statement per table. What decides about a row is always read; the values themselves only when they are to be shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import psycopg

from bloesem.plan.model import ColumnPlan, Plan, TablePlan
from bloesem.plan.quoting import ident, literal, qualified
from bloesem.stores.postgres import Connection, pipelined

#: Qualified name of the table, key of the row.
Ref = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Shape:
    """What is read of a table, and where it stands in what comes back."""

    table: TablePlan
    values: tuple[ColumnPlan, ...]  # that can be erased: one sign each in `Item.filled`
    deciding: tuple[str, ...]
    identities: tuple[ColumnPlan, ...]

    @classmethod
    def of(cls, table: TablePlan) -> Shape:
        named = (
            table.recorded,
            table.record_date,
            table.source,
            *(n.when.column for n in table.narrow if n.when),
        )
        return cls(
            table,
            tuple(c for c in table.columns if not c.key),
            tuple(dict.fromkeys(name for name in named if name)),
            tuple(c for c in table.columns if c.identity),
        )

    def select(self, *, lock: bool, whole: bool) -> str:
        """The statement. `%(ids)s`: the people; `%(rows)s`: rows that were theirs, and may not be any more."""
        table = self.table
        names = [*table.key, *table.owners, *self.deciding, *(c.name for c in self.identities)]
        picked = [f"r.{ident(name)}" for name in names]
        # What nothing ever kept ends at -infinity, which Python has no moment for: any that was says the same.
        until = "GREATEST(r.good_until, 'epoch'::timestamptz)"
        picked += ["r.used_for", "r.kept_for", until, "r.xmin::text", self._filled()]
        if whole:
            picked.append("row_to_json(r)")
        mine = [f"r.{ident(owner)} = ANY (%(ids)s::bigint[])" for owner in table.owners]
        if len(table.owners) > 1:
            mine.append(f"r.{ident(table.id)} = ANY (%(rows)s::bigint[])")
        order = ", ".join(f"r.{ident(name)}" for name in table.key)
        return (
            f"SELECT {', '.join(picked)} FROM {qualified(table.schema, table.name)} r"
            f" WHERE {' OR '.join(mine)} ORDER BY {order}{' FOR UPDATE' if lock else ''}"
        )

    def _filled(self) -> str:
        signs = []
        for column in self.values:
            name = f"r.{ident(column.name)}"
            empty = f"{name} IS NULL"
            if column.erased is not None:
                empty += f" OR {name} = {literal(column.erased)}"
            signs.append(f"CASE WHEN {empty} THEN '0' ELSE '1' END")
        return " || ".join(signs) or "''"

    def item(self, row: Sequence[Any]) -> Item:
        table, at = self.table, iter(row)
        return Item(
            self,
            tuple(next(at) for _ in table.key),
            tuple(next(at) for _ in table.owners),
            tuple(next(at) for _ in self.deciding),
            tuple(next(at) for _ in self.identities),
            used=next(at),
            kept=next(at),
            until=next(at),
            stamp=next(at),
            filled=next(at),
            values=next(at, None),
        )

    @cached_property
    def read_by(self) -> Mapping[int, tuple[int, ...]]:
        """Per owner: of each value column, the purposes that read it; 0 where it is another's."""
        return {
            i: tuple(c.purposes if c.owner == i else 0 for c in self.values)
            for i in range(len(self.table.owners))
        }


@dataclass(frozen=True)
class Item:
    """One row. `filled`: a sign per value column, 1 where something is there; `stamp`: changes when the row does."""

    shape: Shape
    key: tuple[Any, ...]
    owners: tuple[int | None, ...]
    deciding: tuple[Any, ...]
    identities: tuple[Any, ...]
    used: int
    kept: int
    until: dt.datetime
    stamp: str
    filled: str
    values: Mapping[str, Any] | None

    @property
    def table(self) -> TablePlan:
        return self.shape.table

    @property
    def ref(self) -> Ref:
        return self.table.qualified, self.key

    @property
    def named(self) -> dict[str, Any]:
        """The key, column by column: what an answer calls the row."""
        return dict(zip(self.table.key, self.key, strict=True))

    @property
    def decides(self) -> dict[str, Any]:
        """What the calculus looks at."""
        return {**self.named, **dict(zip(self.shape.deciding, self.deciding, strict=True))}

    @property
    def source(self) -> str | None:
        table = self.table
        return self.decides.get(table.source) if table.source else table.default_source

    def whose(self, people: frozenset[int]) -> tuple[int, ...]:
        """Which of the row's owners these people are."""
        return tuple(i for i, owner in enumerate(self.owners) if owner in people)

    def has(self, owners: Sequence[int]) -> list[str]:
        """The columns of these owners that hold something."""
        return [
            c.name
            for c, sign in zip(self.shape.values, self.filled, strict=True)
            if sign == "1" and c.owner in owners
        ]

    def shown(self, owners: Sequence[int]) -> dict[str, Any]:
        """The keys, and the values of these owners: as a scoped role shows a row of several people."""
        assert self.values is not None
        return {c.name: self.values[c.name] for c in self.table.columns if c.key or c.owner in owners}


@dataclass
class Rows:
    """All rows of some people at one moment."""

    people: frozenset[int]
    items: dict[Ref, Item] = field(default_factory=dict)

    def of(self, table: str) -> list[Item]:
        return [item for item in self.items.values() if item.table.qualified == table]

    def mine(self) -> Iterator[tuple[Item, tuple[int, ...]]]:
        """Each row with the owners that these people are of it."""
        for item in self.items.values():
            owners = item.whose(self.people)
            if owners:
                yield item, owners

    def identities(self, mine: frozenset[int]) -> dict[str, set[str]]:
        """What identifies somebody, by kind, in columns that are theirs."""
        found: dict[str, set[str]] = {}
        for item in self.items.values():
            for column, value in zip(item.shape.identities, item.identities, strict=True):
                if value is not None and item.owners[column.owner] in mine:
                    found.setdefault(str(column.identity), set()).add(str(value))
        return found

    def readable(self, plan: Plan, now: dt.datetime) -> dict[str, int]:
        """Per purpose, how many values of these people it may read."""
        counts = dict.fromkeys((p.key for p in plan.purposes), 0)
        alike: dict[tuple[Any, ...], int] = {}
        for item, owners in self.mine():
            visible = item.kept if item.table.always_visible else item.used
            if item.until > now and visible:
                what = item.shape.table.qualified, owners, visible, item.filled
                alike[what] = alike.get(what, 0) + 1
        shapes = {item.table.qualified: item.shape for item in self.items.values()}
        for (name, owners, visible, filled), times in alike.items():
            for owner in owners:
                for mask, sign in zip(shapes[name].read_by[owner], filled, strict=True):
                    if sign == "1":
                        for key in plan.keys(mask & visible):
                            counts[key] += times
        return counts


class Reader:
    """Reads rows of one plan's tables. `statements`: how many it has sent."""

    def __init__(self, connection: Connection, plan: Plan) -> None:
        self.connection, self.plan = connection, plan
        self.shapes = [Shape.of(table) for table in plan.tables]
        self.statements = 0

    def rows(
        self, people: Sequence[int], *, before: Rows | None = None, lock: bool = False, whole: bool = False
    ) -> Rows:
        """in: `before`, the rows that were theirs: what a cut link has left behind is read too; `lock`: nobody else
        changes them until the transaction ends. raises: psycopg.Error."""
        was: dict[str, list[int]] = {}
        for item in before.items.values() if before else ():
            if len(item.owners) > 1:
                was.setdefault(item.table.qualified, []).append(item.key[0])
        asked: list[tuple[Shape, psycopg.Cursor[Any]]] = []
        with pipelined(self.connection):  # sent together: a person has rows in few of many tables
            for shape in self.shapes:
                given: dict[str, Any] = {"ids": list(people)}
                if len(shape.table.owners) > 1:
                    given["rows"] = was.get(shape.table.qualified, [])
                query = shape.select(lock=lock, whole=whole)
                asked.append((shape, self.connection.execute(query.encode(), given)))
        self.statements += len(asked)
        found = Rows(frozenset(people))
        for shape, cursor in asked:
            for row in cursor.fetchall():
                item = shape.item(row)
                if before is None or item.whose(found.people) or item.ref in before.items:
                    found.items[item.ref] = item
        return found
